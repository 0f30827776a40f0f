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

    /// The newest checkpoints of a log that its history holds, the newest first; none where the log is not signed.
    ///
    /// - Parameter limit: how many at most. Memory grows with it, and not with the history.
    package static func newest(of folder: String, limit: Int) throws(AuditError) -> [(Checkpoint, SignedNote)]
    {
        let path = folder + "/checkpoints.log"
        var history: CheckpointHistory
        do throws(AuditError) {
            history = try CheckpointHistory(path: path)
        } catch {
            if case .system(_, _, ENOENT) = error { return [] }
            throw error
        }
        let start = max(0, history.end - limit * noteLength)
        history.lines = LineReader(descriptor: history.file.descriptor, path: path, offset: start)
        var found: [(Checkpoint, SignedNote)] = []
        // Reading may begin inside a note: what is left of that one is no checkpoint.
        while let entry = try history.next() {
            guard case .note(let note) = entry, let checkpoint = Checkpoint(text: note.text) else { continue }
            found.append((checkpoint, note))
        }
        return found.suffix(limit).reversed()
    }

    /// Bytes that are read for each note that is asked for: most have less than half.
    private static let noteLength = 1 << 10

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
