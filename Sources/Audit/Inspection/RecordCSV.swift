/// Records as rows of a CSV file (RFC 4180), for spreadsheets: one record a line, the first line names the columns.
///
/// Every cell is what a person may safely see (`VisibleText`), so that no line break is in it. One that a spreadsheet
/// could take for a formula, since it begins with `=`, `+`, `-` or `@`, has an apostrophe before it, which shows it as
/// text. The bytes themselves are in the record's own line.
package struct RecordCSV {
    /// Who and where sessions are by their session.start, for records that leave it out.
    private var sessions: [String: [String]] = [:]

    private static let sessionLimit = 100_000

    /// Keys that a record without them has from its session.
    private static let identity = [
        "subject", "planner", "task", "database", "replica", "role", "issuer", "rule", "client",
    ]
    private static let columns =
        ["time", "region", "seq", "type", "session"] + identity + [
            "message", "of", "statement", "statement_name", "class", "relations", "fingerprint", "verdict",
            "sqlstate",
            "reason", "operation", "target", "tag", "rows", "bytes", "duration_us", "sql",
        ]

    package init() {}

    package static var header: String { columns.joined(separator: ",") }

    /// Notes who and where a session is.
    package mutating func remember(_ value: JSONValue?) {
        guard let value, value["type"]?.string == "session.start", let session = value["session"]?.string
        else {
            return
        }
        remember(session) { value[$0]?.string }
    }

    /// - Parameter identity: by the key of a record.
    package mutating func remember(_ session: String, _ identity: (String) -> String?) {
        if sessions.count >= RecordCSV.sessionLimit { sessions.removeAll() }
        sessions[session] = RecordCSV.identity.map { identity($0) ?? "" }
    }

    /// A record's line, without its end (CR LF); nil where it is no record.
    package mutating func row(_ record: FollowedRecord) -> String? {
        guard let value = record.value, let seq = record.line.seq else { return nil }
        remember(value)
        let session = value["session"]?.string.flatMap { sessions[$0] }
        return RecordCSV.columns.map { column in
            switch column {
            case "region": return RecordCSV.cell(record.region)
            case "seq": return String(seq)
            case "verdict": return RecordCSV.cell(RecordCSV.verdict(value))
            default:
                if let own = value[column] { return RecordCSV.cell(RecordCSV.text(own)) }
                let at = RecordCSV.identity.firstIndex(of: column)
                return RecordCSV.cell(at.flatMap { session?[$0] } ?? "")
            }
        }.joined(separator: ",")
    }

    private static func verdict(_ value: JSONValue) -> String {
        if let word = value["verdict"]?.string { return word }
        return value["verdict"]?["allowed"]?.bool.map { $0 ? "allowed" : "refused" } ?? ""
    }

    private static func text(_ value: JSONValue) -> String {
        switch value {
        case .null: ""
        case .bool(let value): value ? "true" : "false"
        case .number(let text): text
        case .string(let text): text
        case .list(let values): values.map(text).joined(separator: " ")
        case .object: ""
        }
    }

    /// A cell, quoted where it must be.
    static func cell(_ text: String) -> String {
        var text = VisibleText.of(text)
        // The last four are the same signs in full width, which spreadsheets take, too.
        if let first = text.unicodeScalars.first,
            "=+-@\u{ff1d}\u{ff0b}\u{ff0d}\u{ff20}".unicodeScalars.contains(first)
        {
            text = "'" + text
        }
        guard text.contains(where: { $0 == "," || $0 == "\"" || $0 == " " || $0 == ";" }) else { return text }
        return "\"" + text.replacing("\"", with: "\"\"") + "\""
    }
}
