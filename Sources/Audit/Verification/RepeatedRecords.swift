import Glibc

/// What a segment holds from the next one's first record on: records that a failed sync made the writer write again there.
///
/// They must stand there byte for byte. A crash may have cut them anywhere, and left NUL bytes where blocks never reached the disk:
/// no record can be made of those.
struct RepeatedRecords {
    /// Bytes that are compared at a time.
    private static let block = 1 << 16

    let path: String
    /// Where in the segment they begin.
    let offset: Int
    /// The segment in which they stand again, from its beginning on.
    let next: String

    /// - Returns: the offset in the segment of the first byte that does not stand again; nil: all do.
    func difference() throws(AuditError) -> Int? {
        let file = try ReadFile(path: path)
        let length = try file.size()
        guard length > offset else { return nil }
        let again = try ReadFile(path: next)
        var done = 0
        while offset + done < length {
            let count = min(RepeatedRecords.block, length - offset - done)
            let found = try RepeatedRecords.read(file, path, from: offset + done, count: count)
            let expected = try RepeatedRecords.read(again, next, from: done, count: count)
            for at in found.indices
            where found[at] != 0 && (at >= expected.count || found[at] != expected[at]) {
                return offset + done + at
            }
            // It became shorter meanwhile: its writer cut it.
            guard found.count == count else { return nil }
            done += count
        }
        return nil
    }

    /// As many bytes as there are.
    private static func read(
        _ file: ReadFile, _ path: String, from offset: Int, count: Int
    ) throws(AuditError) -> [UInt8] {
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: count)
        while bytes.count < count {
            let read = pread(file.descriptor, &piece, count - bytes.count, offset + bytes.count)
            if read < 0 && errno == EINTR { continue }
            guard read >= 0 else { throw .system(operation: "read", path: path, code: errno) }
            if read == 0 { break }
            bytes += piece[..<read]
        }
        return bytes
    }
}
