import AuditTree
import Glibc

/// Reads notes that stand one behind the other, an empty line after each: `checkpoints.log`, and files of anchors. Streaming.
package struct CheckpointHistory {
    package enum Entry: Sendable, Equatable {
        case note(SignedNote)
        /// Bytes that are no note, from an offset on.
        case damaged(offset: Int)
    }

    /// Lines that a note may have.
    private static let lineLimit = 256

    private let file: ReadFile
    private let end: Int
    private var lines: LineReader

    /// - Throws: `AuditError.system`, where the file is missing too.
    package init(path: String) throws(AuditError) {
        file = try ReadFile(path: path)
        // What is written behind this while it is read is of no interest: it may speak of records that were not read.
        end = try file.size()
        lines = LineReader(descriptor: file.descriptor, path: path, offset: 0)
    }

    /// The next note. A last one that is not whole (yet) is passed over.
    package mutating func next() throws(AuditError) -> Entry? {
        var bytes: [UInt8] = []
        var count = 0
        var isSigned = false
        let start = lines.offset
        while lines.offset < end, let line = try lines.next() {
            if line.isEmpty && count == 0 { continue }
            if line.isEmpty && isSigned {
                return SignedNote(bytes).map(Entry.note) ?? .damaged(offset: start)
            }
            count += 1
            if count > CheckpointHistory.lineLimit || bytes.count + line.count > SignedNote.limit {
                return try skip(from: start)
            }
            isSigned = isSigned || line.starts(with: "— ".utf8)
            bytes += line
            bytes.append(0x0a)
        }
        guard isSigned, lines.rest.isEmpty, let note = SignedNote(bytes) else {
            return bytes.isEmpty || lines.offset >= end ? nil : .damaged(offset: start)
        }
        return .note(note)
    }

    /// Passes over what cannot be a note, up to the next empty line.
    private mutating func skip(from start: Int) throws(AuditError) -> Entry {
        while lines.offset < end, let line = try lines.next(), !line.isEmpty {}
        return .damaged(offset: start)
    }
}
