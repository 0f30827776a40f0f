import Foundation

/// What shows that a record is in a log: C2SP tlog-proof, with the record's line as its extra data where the log still has it.
package struct ProofFile: Sendable, Equatable {
    private static let heading = "c2sp.org/tlog-proof@v1"
    /// Bytes that such a file may have: a record is bounded by its log, this only bounds what is read.
    package static let limit = 4 << 20

    /// The record's line without its newline; nil: who checks the proof has it.
    package let record: [UInt8]?
    package let index: UInt64
    package let path: [TreeHash]
    /// The checkpoint, as it was signed.
    package let note: SignedNote

    package init(record: [UInt8]?, index: UInt64, path: [TreeHash], note: SignedNote) {
        self.record = record
        self.index = index
        self.path = path
        self.note = note
    }

    package var text: String {
        var lines = [ProofFile.heading]
        if let record { lines.append("extra \(Base64Text.of(record))") }
        lines.append("index \(index)")
        lines += path.map { Base64Text.of($0.bytes) }
        return lines.joined(separator: "\n") + "\n\n" + String(decoding: note.bytes, as: UTF8.self)
    }

    /// Reads what `text` writes; nil where it is no such file.
    package init?(_ bytes: [UInt8]) {
        guard bytes.count <= ProofFile.limit, let text = String(validating: bytes, as: UTF8.self),
            let divide = text.range(of: "\n\n"), let note = SignedNote(text[divide.upperBound...].utf8)
        else { return nil }
        var lines = text[..<divide.lowerBound].split(separator: "\n", omittingEmptySubsequences: false)[...]
        guard lines.popFirst() == ProofFile.heading[...] else { return nil }
        var record: [UInt8]?
        if let extra = lines.first, extra.hasPrefix("extra ") {
            guard let bytes = Base64Text.bytes(extra.dropFirst(6)) else { return nil }
            record = Array(bytes)
            lines.removeFirst()
        }
        guard let at = lines.popFirst(), at.hasPrefix("index "),
            let index = Checkpoint.number(at.dropFirst(6)), lines.count <= TreeProof.limit
        else { return nil }
        var path: [TreeHash] = []
        for line in lines {
            guard let bytes = Base64Text.bytes(line), let hash = TreeHash(bytes) else {
                return nil
            }
            path.append(hash)
        }
        self.init(record: record, index: index, path: path, note: note)
    }

    /// The same proof with a record's line in it.
    package func with(record: [UInt8]) -> ProofFile {
        ProofFile(record: record, index: index, path: path, note: note)
    }

    /// The checkpoint that covers the record, where one of the keys signed it and the path leads from the record to its root.
    package func verified(by keys: [VerifierKey]) -> Checkpoint? {
        guard let record, let signer = note.signer(among: keys), let checkpoint = Checkpoint(text: note.text),
            checkpoint.origin == signer.name
        else { return nil }
        let leaf = TreeHash.leaf(record.span)
        let root = TreeProof.root(leaf: leaf, index: index, size: checkpoint.size, path: path)
        return root == checkpoint.root ? checkpoint : nil
    }
}
