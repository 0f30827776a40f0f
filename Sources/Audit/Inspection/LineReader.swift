import Glibc

/// Lines of a file from an offset on, read in blocks. Bytes behind the last newline are not a line; when the
/// file has grown, reading goes on.
package struct LineReader {
    private let descriptor: Int32
    private let path: String
    private var buffer: [UInt8] = []
    private var piece: [UInt8] = []
    private var from = 0
    private var searched = 0
    /// Offset in the file of the next line.
    package private(set) var offset: Int

    private let block: Int

    package init(descriptor: Int32, path: String, offset: Int, block: Int = 1 << 18) {
        self.block = block
        self.descriptor = descriptor
        self.path = path
        self.offset = offset
    }

    /// Bytes that were read behind the last newline.
    package var rest: ArraySlice<UInt8> { buffer[from...] }

    /// The next line without its newline; nil where there is none (yet).
    package mutating func next() throws(AuditError) -> ArraySlice<UInt8>? {
        while true {
            if let end = newline() {
                let line = buffer[from..<end]
                from = end + 1
                searched = from
                offset += line.count + 1
                return line
            }
            searched = buffer.count
            guard try fill() else { return nil }
        }
    }

    private func newline() -> Int? {
        // SAFETY: the pointer is used only inside the closure, for the bytes between `searched` and the end.
        buffer.withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress, searched < bytes.count else { return nil }
            guard let found = memchr(base + searched, 0x0a, bytes.count - searched) else { return nil }
            return UnsafeRawPointer(found) - base
        }
    }

    private mutating func fill() throws(AuditError) -> Bool {
        if from > 0 {
            buffer.removeFirst(from)
            searched -= from
            from = 0
        }
        let kept = buffer.count
        let position = offset + kept
        if piece.isEmpty { piece = [UInt8](repeating: 0, count: block) }
        var count = 0
        repeat { count = pread(descriptor, &piece, piece.count, position) } while count < 0 && errno == EINTR
        guard count >= 0 else { throw .system(operation: "read", path: path, code: errno) }
        buffer.append(contentsOf: piece[..<count])
        return count > 0
    }
}
