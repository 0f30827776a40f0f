import Foundation

/// A session's records, held against what its messages were and how a server ended them.
struct WireRecords {
    private typealias Record = RecordedLog.Record

    private let records: [Record]

    init(_ records: [RecordedLog.Record]) { self.records = records }

    private static let ofMessages: Set<String> = ["query", "parse", "bind", "execute", "function_call"]

    /// What differs, in words; nothing where each message has its record, and each record what it must have.
    func differences(from account: WireAccount, _ traffic: WireTraffic) -> [String] {
        var all = messages(traffic)
        all += compare(
            "outcomes", account.outcomes.map { "\($0)" },
            records.filter { $0.type == "outcome" && $0.keys["reason"] == nil }.map { "\(outcome($0))" })
        let unrun = records.filter { $0.type == "outcome" && $0.keys["reason"] != nil }
        all += compare(
            "messages passed over", account.skipped.map { "\($0) skipped" },
            unrun.map { "\($0.of ?? -1) \($0.keys["reason"] ?? "")" })
        all += copies(account)
        all += sources(account, traffic)
        all += frame(traffic)
        return all
    }

    private func compare(_ what: String, _ expected: [String], _ found: [String]) -> [String] {
        if expected == found { return [] }
        let place = zip(expected, found).prefix { $0 == $1 }.count
        let due = place < expected.count ? expected[place] : "nothing"
        let got = place < found.count ? found[place] : "nothing"
        return ["\(what), \(place): \(got) instead of \(due)"]
    }

    // MARK: What came

    /// One record for each message that has one, in order, with what was in it.
    private func messages(_ traffic: WireTraffic) -> [String] {
        let due = traffic.messages.enumerated().compactMap { index, message in
            WireRecords.words(message).map { "\(index + 1) \($0)" }
        }
        let found = records.filter { WireRecords.ofMessages.contains($0.type) }.map {
            "\($0.message ?? -1) \(WireRecords.words($0))"
        }
        return compare("messages", due, found)
    }

    private static func words(_ message: WireTraffic.Message) -> String? {
        switch message.kind {
        case .query(let texts): return "query \(texts.map(\.sql).joined(separator: "; "))"
        case .parse(let name, let text, let types): return "parse \(name) \(types) \(text.sql)"
        case .bind(let portal, let statement, let values):
            return "bind \(portal) \(statement) \(values.map(words))"
        case .execute(let portal, let rows): return "execute \(portal) \(rows)"
        case .call(let function, let values): return "function_call \(function) \(values.map(words))"
        case .malformed(let type, let bytes):
            let names: [Character: String] = [
                "Q": "query", "P": "parse", "B": "bind", "E": "execute", "F": "function_call",
            ]
            return names[type].map { "\($0) of \(bytes) malformed" }
        case .describe, .close, .sync, .flush, .copyData, .copyDone, .copyFail: return nil
        }
    }

    private static func words(_ value: WireTraffic.Value) -> String {
        guard let bytes = value.bytes else { return "null \(value.format)" }
        if value.format == 1 { return "\(Data(bytes).base64EncodedString()) \(value.format)" }
        return "\(String(decoding: bytes, as: UTF8.self)) \(value.format)"
    }

    private static func words(_ record: Record) -> String {
        func text(_ key: String) -> String { record.keys[key] as? String ?? "" }
        if record.keys["reason"] != nil {
            return "\(record.type) of \(record.keys["bytes"] as? Int ?? -1) \(text("reason"))"
        }
        let values = (record.keys["parameters"] as? [[String: Any]] ?? []).map(words)
        switch record.type {
        case "query": return "query \(text("sql"))"
        case "parse":
            let types = record.keys["parameter_types"] as? [UInt32] ?? []
            return "parse \(text("statement_name")) \(types) \(text("sql"))"
        case "bind": return "bind \(text("portal")) \(text("statement_name")) \(values)"
        case "execute": return "execute \(text("portal")) \(record.keys["max_rows"] as? Int ?? -9)"
        default: return "\(record.type) \(record.keys["function_oid"] as? Int ?? -1) \(values)"
        }
    }

    private static func words(_ parameter: [String: Any]) -> String {
        let format = parameter["format"].map { "\($0)" } ?? "no format"
        let isBinary = format == "binary" || format == "1"
        let value = (isBinary ? parameter["value_base64"] : parameter["value"]) as? String
        return "\(value ?? "null") \(isBinary ? 1 : 0)"
    }

    // MARK: What became of it

    private func outcome(_ record: Record) -> WireAccount.Outcome {
        WireAccount.Outcome(
            of: record.of ?? -1, index: record.keys["index"] as? Int ?? -1, tag: record.tag,
            rows: record.keys["rows"] as? Int, bytes: record.keys["bytes"] as? Int ?? -1,
            sqlstate: record.sqlstate)
    }

    private func copies(_ account: WireAccount) -> [String] {
        let found = records.filter { $0.type == "copy" }
        guard found.count == account.copies.count else {
            return ["\(found.count) copy records instead of \(account.copies.count)"]
        }
        return zip(account.copies, found).compactMap { due, record in
            let isRight =
                record.of == due.of && record.keys["direction"] as? String == due.direction
                && (due.bytes == nil || record.keys["bytes"] as? Int == due.bytes)
            return isRight ? nil : "\(record.line) instead of \(due)"
        }
    }

    /// The Parse that an Execute's records name is the one whose text ran: the outcome's word where it has one, else the
    /// Execute's own.
    private func sources(_ account: WireAccount, _ traffic: WireTraffic) -> [String] {
        var named: [Int: Int] = [:]
        var restated: Set<Int> = []
        for record in records where record.type == "bind" || record.type == "execute" {
            named[record.message ?? -1] = record.keys["statement"] as? Int
        }
        for record in records where record.type == "outcome" && record.keys["statement"] != nil {
            named[record.of ?? -1] = record.keys["statement"] as? Int
            restated.insert(record.of ?? -1)
        }
        var all: [String] = []
        for (message, meaning) in account.ran.sorted(by: { $0.key < $1.key }) {
            // A Bind that succeeds has no outcome: what it was taken for is certain only for who waits.
            if case .bind = traffic.messages[message - 1].kind, !traffic.waits { continue }
            var due: Int?
            if case .parse(let parse) = meaning.source { due = parse }
            if named[message] == nil, !meaning.isSure { continue }
            if named[message] != due {
                let (right, found) = (String(describing: due), String(describing: named[message]))
                all.append("message \(message) ran \(right), not \(found)")
            }
        }
        if traffic.waits {
            let succeeded = restated.filter { account.ran[$0] != nil }
            if !succeeded.isEmpty { all.append("restated: \(succeeded.sorted())") }
        }
        return all
    }

    /// The session's first and last record, and nothing of any other kind.
    private func frame(_ traffic: WireTraffic) -> [String] {
        var all: [String] = []
        let known = WireRecords.ofMessages.union(["session.start", "outcome", "copy", "session.end"])
        for record in records where !known.contains(record.type) { all.append(record.line) }
        if records.first?.type != "session.start" || records.last?.type != "session.end" {
            all.append("\(records.first?.line ?? "") … \(records.last?.line ?? "")")
        }
        let statements = traffic.messages.count { message in
            switch message.kind {
            case .query, .parse, .call: true
            case .malformed: false
            case .bind, .describe, .execute, .close, .sync, .flush, .copyData, .copyDone, .copyFail: false
            }
        }
        let end = records.last?.keys ?? [:]
        if end["statements"] as? Int != statements || end["reason"] as? String != "terminated" {
            all.append("\(end) instead of \(statements) statements, terminated")
        }
        return all
    }
}
