import AuditTree

/// What `checkpoint` and `checkpoints.log` of a log's folder say, as a crash or somebody left them. Changes nothing.
struct CheckpointFiles {
    /// A checkpoint with the note that it was read from.
    struct Head: Sendable, Equatable {
        let checkpoint: Checkpoint
        let note: [UInt8]
    }

    /// The one that covers most.
    private(set) var head: Head?
    /// `checkpoint` as it stands there.
    private(set) var note: [UInt8]?
    /// `checkpoints.log` does not have the head: a copy that was made while it was written.
    private(set) var isUnlogged = false
    /// Bytes of whole notes in `checkpoints.log`, and all of them.
    private(set) var length = 0
    private(set) var fileLength = 0

    /// Bytes from the end of `checkpoints.log` in which its last note is looked for.
    private static let tail = 64 << 10

    private let files: any TreeFiles
    private let keys: [VerifierKey]
    private let keyFile: String

    /// - Parameter keys: of which one must have signed.
    init(files: any TreeFiles, keys: [VerifierKey], keyFile: String) throws(AuditError) {
        self.files = files
        self.keys = keys
        self.keyFile = keyFile
        do throws(FileFault) {
            note = try files.read("checkpoint", from: 0, count: SignedNote.limit)
            let file = try CheckpointFiles.end(of: "checkpoints.log", files)
            fileLength = file.length
            length = file.length - file.tail.count
            try readLog(file.tail)
        } catch {
            throw error.error
        }
        let logged = try last.map { bytes throws(AuditError) in try verified(bytes, in: "checkpoints.log") }
        let standing = try note.map { bytes throws(AuditError) in try verified(bytes, in: "checkpoint") }
        try choose(standing, logged)
    }

    private var last: [UInt8]?

    private mutating func choose(_ standing: Head?, _ logged: Head?) throws(AuditError) {
        if let standing, let logged, standing.checkpoint.size == logged.checkpoint.size,
            standing.checkpoint != logged.checkpoint
        {
            throw .contradicted(
                path: files.path(of: "checkpoint"),
                reason: "two trees of \(standing.checkpoint.size) records were signed")
        }
        head = logged
        if let standing, standing.checkpoint.size > logged?.checkpoint.size ?? 0 || logged == nil {
            head = standing
            isUnlogged = true
        }
    }

    private func verified(_ bytes: [UInt8], in name: String) throws(AuditError) -> Head {
        guard let note = SignedNote(bytes), let checkpoint = Checkpoint(text: note.text) else {
            throw .contradicted(path: files.path(of: name), reason: "it holds no checkpoint")
        }
        guard let key = note.signer(among: keys), key.name == checkpoint.origin else {
            throw .contradicted(
                path: files.path(of: name),
                reason:
                    "its checkpoint of \(checkpoint.size) records is not signed by a key of \(keyFile) as "
                    + (keys.first?.name ?? ""))
        }
        return Head(checkpoint: checkpoint, note: bytes)
    }

    private static func end(
        of name: String, _ files: any TreeFiles
    ) throws(FileFault) -> (length: Int, tail: [UInt8]) {
        // The file grows for years.
        let length = try files.length(of: name) ?? 0
        let from = max(0, length - tail)
        return (length, try files.read(name, from: from, count: length - from) ?? [])
    }

    /// Notes are followed by an empty line each; they have one inside, too, before their signatures.
    private mutating func readLog(_ tail: [UInt8]) throws(FileFault) {
        let start = length
        var from = 0
        var line = 0
        var isSigned = false
        var isWhole = start == 0
        while let end = tail[line...].firstIndex(of: 0x0a) {
            if end == line, isSigned {
                if isWhole { last = Array(tail[from..<line]) }
                // What stands before the first end in a tail may be cut.
                isWhole = true
                from = end + 1
                length = start + from
                isSigned = false
            } else {
                isSigned = tail[line..<end].starts(with: Array("— ".utf8))
            }
            line = end + 1
        }
    }
}
