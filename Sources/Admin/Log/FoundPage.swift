import Audit
import AuditIndex
import AuditTree
import Gateway

/// A page of records, as the calls and the page show it.
package struct FoundPage: Sendable {
    package struct Row: Sendable {
        package let region: String
        package let seq: UInt64
        package let time: String
        /// nil: the line is no JSON; `verify` says what is wrong with it.
        package let record: JSONValue?
        /// Who and where its session is; nil: it has none, or it is not known.
        package let identity: SessionIdentity?
    }

    package let rows: [Row]
    /// Where the next page goes on; nil: there is none.
    package let next: String?
    /// The time was over before the page was full.
    package let isCut: Bool

    init(_ page: BrowsedPage) {
        rows = page.records.map { record in
            Row(
                region: record.region, seq: record.line.expected, time: record.time,
                record: JSONValue(record.line.bytes), identity: record.identity)
        }
        next = page.isLast ? nil : RecordQuery.cursor(page.places)
        isCut = page.isCut
    }

    /// `{"records": […], "complete": …, "next": …}`
    var json: JSONValue {
        var members: [JSONValue.Member] = [
            .init(name: "records", value: .list(rows.map(\.json))),
            .init(name: "complete", value: .bool(!isCut)),
        ]
        if let next { members.append(.init(name: "next", value: .string(next))) }
        return .object(members)
    }
}

extension FoundPage.Row {
    private static let identityKeys = [
        "issuer", "subject", "planner", "task", "database", "replica", "role", "rule",
    ]

    /// A value of the record, or of its session where the record leaves it out.
    package func text(_ key: String) -> String? {
        record?[key]?.string ?? identity?.value(named: key)
    }

    /// `{"region", "seq", "session": {…}, "record": {…}}`; `session` has what the record leaves out.
    var json: JSONValue {
        var members: [JSONValue.Member] = [
            .init(name: "region", value: .string(region)), .init(name: "seq", value: .number("\(seq)")),
        ]
        let known = FoundPage.Row.identityKeys.compactMap { key -> JSONValue.Member? in
            guard record?[key] == nil, let value = identity?.value(named: key) else { return nil }
            return JSONValue.Member(name: key, value: .string(value))
        }
        if !known.isEmpty { members.append(.init(name: "session", value: .object(known))) }
        members.append(.init(name: "record", value: record ?? .null))
        return .object(members)
    }
}

/// One record, and what proves that it is in its log.
package struct ProvedRecord: Sendable {
    package let region: String
    package let seq: UInt64
    /// nil: retention removed it.
    package let line: [UInt8]?
    package let leaf: TreeHash?
    /// nil: nothing proves it, and `reason` says why.
    package let proof: ProofFile?
    package let reason: String?

    /// - Returns: nil where the log has no such record.
    init?(_ seq: UInt64, in folder: RegionFolder) throws(AuditError) {
        region = folder.region
        self.seq = seq
        line = try RecordSearch.record(seq, in: folder.folder)?.bytes
        leaf = line.map { TreeHash.leaf($0.span) }
        do throws(AuditError) {
            proof = try RecordProof.of(seq, in: folder.folder)
            reason = nil
        } catch {
            guard line != nil else { return nil }
            proof = nil
            if case .unproved(_, let why) = error { reason = why } else { reason = "\(error)" }
        }
    }

    package var record: JSONValue? { line.flatMap { JSONValue($0) } }
    package var checkpoint: Checkpoint? { proof.flatMap { Checkpoint(text: $0.note.text) } }

    var json: JSONValue {
        var members: [JSONValue.Member] = [
            .init(name: "region", value: .string(region)), .init(name: "seq", value: .number("\(seq)")),
            .init(name: "record", value: record ?? .null),
        ]
        if let leaf { members.append(.init(name: "leaf", value: .string(Base64Text.of(leaf.bytes)))) }
        if let checkpoint {
            members.append(.init(name: "size", value: .number("\(checkpoint.size)")))
            members.append(.init(name: "root", value: .string(Base64Text.of(checkpoint.root.bytes))))
        }
        if let proof {
            members.append(
                .init(name: "path", value: .list(proof.path.map { .string(Base64Text.of($0.bytes)) })))
            members.append(.init(name: "proof", value: .string(proof.text)))
        }
        if let reason { members.append(.init(name: "unproved", value: .string(reason))) }
        return .object(members)
    }
}
