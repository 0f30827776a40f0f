import AuditTree

/// A session's residency receipt: who it was, what was decided, where it ran, and proofs that the log's signed checkpoint covers
/// the records that say so. Checked with nothing but the log's key.
///
/// All that it says follows from the two records in it, the session's first and last: who checks it derives it anew.
package struct ResidencyReceipt: Sendable {
    /// Bytes that such a file may have.
    package static let limit = 4 << 20
    private static let format = "domicile.receipt/1"

    /// One of its records, with the path to the checkpoint's root.
    private struct Proved {
        let seq: UInt64
        let record: [UInt8]
        let path: [TreeHash]
    }

    private let first: Proved
    private let last: Proved
    private let note: SignedNote

    /// Makes the receipt of a session.
    /// - Returns: nil where the log has no such session.
    /// - Throws: `AuditError.unproved` where no checkpoint covers its last record (yet), or its first one was removed.
    package init?(session: String, folder: String) throws {
        var start: RecordLine?
        var end: RecordLine?
        try RecordSearch.session(session, in: folder) { line, value in
            guard value["session"]?.string == session else { return true }
            if value["type"]?.string == "session.start" { start = line }
            end = line
            return value["type"]?.string != "session.end"
        }
        if start == nil, end != nil, case let first = try AuditReader.first(of: folder), first > 0 {
            throw AuditError.unproved(
                path: folder,
                reason:
                    "the session's first record was removed by retention: the log begins with record \(first)"
            )
        }
        guard let start, let end else { return nil }
        try self.init(first: start, last: end, folder: folder)
    }

    /// Makes the receipt of a session whose first and newest records were found.
    /// - Returns: nil where they have no number.
    /// - Throws: `AuditError.unproved` where no checkpoint covers them (yet).
    package init?(first start: RecordLine, last end: RecordLine, folder: String) throws(AuditError) {
        guard let from = start.seq, let to = end.seq else { return nil }
        note = try RecordProof.newest(in: folder)
        first = Proved(
            seq: from, record: start.bytes,
            path: try RecordProof.proof(of: start.bytes, seq: from, note: note, folder: folder).path)
        last = Proved(
            seq: to, record: end.bytes,
            path: try RecordProof.proof(of: end.bytes, seq: to, note: note, folder: folder).path)
    }

    /// Reads a receipt's file; nil where it is none.
    package init?(_ bytes: [UInt8]) {
        guard bytes.count <= ResidencyReceipt.limit, let value = JSONValue(bytes),
            value["format"]?.string == ResidencyReceipt.format,
            let text = value["checkpoint"]?.string, let note = SignedNote(Array(text.utf8)),
            let proofs = value["proofs"]?.list, proofs.count == 2,
            let first = ResidencyReceipt.proved(proofs[0]), let last = ResidencyReceipt.proved(proofs[1])
        else { return nil }
        self.note = note
        self.first = first
        self.last = last
        guard value == JSONValue(self.bytes) else { return nil }
    }

    private static func proved(_ value: JSONValue) -> Proved? {
        guard let seq = value["seq"]?.unsigned, let record = value["record"]?.string,
            let path = value["path"]?.list, path.count <= TreeProof.limit
        else { return nil }
        var hashes: [TreeHash] = []
        for hash in path {
            guard let bytes = hash.string.flatMap({ Base64Text.bytes($0) }), let hash = TreeHash(bytes) else {
                return nil
            }
            hashes.append(hash)
        }
        return Proved(seq: seq, record: Array(record.utf8), path: hashes)
    }

    /// The checkpoint that covers its records, where one of the keys signed it, both records lead to its root, and they are the
    /// first and a later one of one session.
    package func verified(by keys: [VerifierKey]) -> Checkpoint? {
        var covering: Checkpoint?
        for proved in [first, last] {
            let proof = ProofFile(record: proved.record, index: proved.seq, path: proved.path, note: note)
            guard let checkpoint = proof.verified(by: keys) else { return nil }
            covering = checkpoint
        }
        guard let start = JSONValue(first.record), let end = JSONValue(last.record), first.seq <= last.seq,
            start["type"]?.string == "session.start", let session = start["session"]?.string,
            end["session"]?.string == session, start["seq"]?.unsigned == first.seq,
            end["seq"]?.unsigned == last.seq
        else { return nil }
        return covering
    }

    /// The file: one JSON object.
    package var bytes: [UInt8] { value.indented + [0x0a] }

    /// What it says, in keys of the records.
    package var value: JSONValue {
        let start = JSONValue(first.record)
        let end = JSONValue(last.record)
        func members(_ names: [String], of record: JSONValue?) -> [JSONValue.Member] {
            names.compactMap { name in
                record?[name].map { JSONValue.Member(name: name, value: $0) }
            }
        }
        let isEnded = end?["type"]?.string == "session.end"
        let checkpoint = Checkpoint(text: note.text)
        var all: [JSONValue.Member] = [
            .init(name: "format", value: .string(ResidencyReceipt.format)),
            .init(name: "origin", value: .string(checkpoint?.origin ?? "")),
        ]
        all += members(["session", "region", "replica", "attested", "database", "role"], of: start)
        all.append(
            .init(
                name: "principal",
                value: .object(
                    members(
                        ["issuer", "subject", "planner", "task", "token_id", "client", "application"],
                        of: start))))
        all += members(["rule", "decision"], of: start)
        all += [
            .init(name: "began", value: start?["time"] ?? .null),
            .init(name: "ended", value: isEnded ? end?["time"] ?? .null : .null),
            .init(name: "first_seq", value: .number("\(first.seq)")),
            .init(name: "last_seq", value: .number("\(last.seq)")),
            .init(
                name: "counts",
                value: isEnded
                    ? .object(members(["statements", "bytes_in", "bytes_out", "duration_us"], of: end))
                    : .null),
        ]
        all += members(["sqlstate", "reason"], of: isEnded ? end : nil)
        all += [
            .init(name: "checkpoint", value: .string(String(decoding: note.bytes, as: UTF8.self))),
            .init(name: "proofs", value: .list([first, last].map(ResidencyReceipt.value))),
        ]
        return .object(all)
    }

    private static func value(_ proved: Proved) -> JSONValue {
        .object([
            .init(name: "seq", value: .number("\(proved.seq)")),
            .init(name: "record", value: .string(String(decoding: proved.record, as: UTF8.self))),
            .init(name: "path", value: .list(proved.path.map { .string(Base64Text.of($0.bytes)) })),
        ])
    }
}
