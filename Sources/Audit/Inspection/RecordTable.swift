/// Records as rows for people: time, region, seq, type, subject, database, replica, message, and what it
/// says.
package struct RecordTable {
    private let showsRegion: Bool
    private let width: Int
    /// Identities of sessions by their session.start, for records that leave it out.
    private var sessions: [String: Identity] = [:]

    private struct Identity {
        var subject = ""
        var database = ""
        var replica = ""
    }

    /// Columns below which times come without dates and columns are narrower; columns that a row always gets.
    private static let narrow = 170
    private static let leastRow = 150

    private var isNarrow: Bool { width > 0 && width < RecordTable.narrow }

    /// Sessions whose identity is remembered at once.
    private static let sessionLimit = 100_000

    /// - Parameter width: columns of the terminal; 0: rows are not shortened.
    package init(showsRegion: Bool, width: Int) {
        self.showsRegion = showsRegion
        self.width = width
    }

    package var header: String {
        row(["TIME", "REGION", "SEQ", "TYPE", "SUBJECT", "DATABASE", "REPLICA", "MSG", "WHAT"])
    }

    /// Notes the identity that a session.start gives.
    package mutating func remember(_ value: JSONValue?) {
        guard let value, let session = value["session"]?.string else { return }
        switch value["type"]?.string {
        case "session.start": sessions[session] = identity(in: value)
        case "session.end": break
        default: return
        }
        if sessions.count > RecordTable.sessionLimit { sessions.removeAll() }
    }

    /// Notes the identity of a session that is known from elsewhere.
    package mutating func remember(_ session: String, subject: String?, database: String?, replica: String?) {
        sessions[session] = Identity(
            subject: subject ?? "", database: database ?? "", replica: replica ?? "")
        if sessions.count > RecordTable.sessionLimit { sessions.removeAll() }
    }

    package mutating func row(_ record: FollowedRecord) -> String {
        guard let value = record.value, record.line.seq != nil else {
            return row(["", record.region, "\(record.line.expected)", "DAMAGED", "", "", "", "", "no record"])
        }
        remember(value)
        var who = identity(in: value)
        if let session = value["session"]?.string, let known = sessions[session] {
            if who.subject.isEmpty { who.subject = known.subject }
            if who.database.isEmpty { who.database = known.database }
            if who.replica.isEmpty { who.replica = known.replica }
        }
        let seq = record.line.isInSequence ? "" : "!"
        let message = value["message"]?.unsigned ?? value["of"]?.unsigned
        return row([
            shortTime(record.time), record.region, seq + "\(record.line.seq ?? 0)",
            value["type"]?.string ?? "",
            who.subject, who.database, who.replica, message.map(String.init) ?? "", RecordTable.what(value),
        ])
    }

    /// What a record says, in one line.
    static func what(_ value: JSONValue) -> String {
        var parts: [String] = []
        if let verdict = value["verdict"]?["allowed"]?.bool, !verdict { parts.append("REFUSED") }
        if let text = value["verdict"]?.string ?? value["decision"]?.string { parts.append(text) }
        if let access = value["decision"]?["access"]?.string { parts.append(access) }
        if let sqlstate = value["sqlstate"]?.string { parts.append(sqlstate) }
        if let reason = value["reason"]?.string { parts.append(reason) }
        if let tag = value["tag"]?.string { parts.append(tag) }
        if let direction = value["direction"]?.string { parts.append(direction) }
        if let operation = value["operation"]?.string { parts.append(operation) }
        if let name = value["statement_name"]?.string, !name.isEmpty { parts.append("[\(name)]") }
        if let target = value["target"]?.string { parts.append(target) }
        if let sql = value["sql"]?.string { parts.append(sql) }
        if let encoding = value["client_encoding"]?.string { parts.append("SQL in \(encoding), base64") }
        if let statement = value["statement"]?.unsigned { parts.append("of parse \(statement)") }
        if let parameters = value["parameters"]?.list { parts.append("\(parameters.count) parameters") }
        if let bytes = value["bytes"]?.unsigned { parts.append("\(bytes) bytes") }
        if let micros = value["duration_us"]?.unsigned { parts.append(duration(micros)) }
        return parts.joined(separator: " ")
    }

    private static func duration(_ micros: UInt64) -> String {
        if micros < 1000 { return "\(micros) µs" }
        if micros < 1_000_000 { return "\(micros / 1000).\(micros / 100 % 10) ms" }
        return "\(micros / 1_000_000).\(micros / 100_000 % 10) s"
    }

    private func identity(in value: JSONValue) -> Identity {
        Identity(
            subject: value["subject"]?.string ?? "", database: value["database"]?.string ?? "",
            replica: value["replica"]?.string ?? "")
    }

    /// `2026-01-31T23:59:59.123456Z` as `2026-01-31 23:59:59.123`.
    private func shortTime(_ time: String) -> String {
        guard time.utf8.count == RecordClock.width else { return time }
        let text = String(time.prefix(23)).replacing("T", with: " ")
        return isNarrow ? String(text.dropFirst(11)) : text
    }

    private func row(_ cells: [String]) -> String {
        let widths = isNarrow ? [12, 12, 6, 13, 12, 10, 12, 4] : [23, 13, 8, 15, 20, 14, 16, 5]
        var out = ""
        for (at, cell) in cells.enumerated() {
            if at == 1 && !showsRegion { continue }
            var text = VisibleText.of(cell)
            guard at < widths.count else {
                out += text
                break
            }
            let room = widths[at]
            if text.count > room && at != 2 { text = text.prefix(room - 1) + "…" }
            out += text + String(repeating: " ", count: max(0, room - text.count)) + " "
        }
        while out.last == " " { out.removeLast() }
        // On a narrow terminal rows wrap rather than say nothing.
        let room = max(width, RecordTable.leastRow)
        guard width > 0, out.count > room else { return out }
        return out.prefix(room - 1) + "…"
    }
}

/// One record in full for people: a key a line; SQL as it was written, each of its lines marked.
package enum RecordSheet {
    package static func lines(_ value: JSONValue) -> [String] {
        guard case .object(let members) = value else { return [] }
        return members.flatMap { member -> [String] in
            let name = member.name + String(repeating: " ", count: max(0, 16 - member.name.count))
            if member.name == "sql", let sql = member.value.string {
                return [member.name]
                    + sql.split(separator: "\n", omittingEmptySubsequences: false).map {
                        "  | " + VisibleText.of(String($0))
                    }
            }
            return ["\(name) \(VisibleText.of(text(member.value)))"]
        }
    }

    /// Who and where a session is, from its session.start.
    package static func identity(_ start: JSONValue) -> [String] {
        guard case .object(let members) = start else { return [] }
        let names: Set<String> = [
            "time", "replica", "database", "role", "issuer", "subject", "planner", "task", "token_id",
            "client",
            "application", "rule",
        ]
        return lines(.object(members.filter { names.contains($0.name) }))
    }

    private static func text(_ value: JSONValue) -> String {
        switch value {
        case .null: "null"
        case .bool(let value): value ? "true" : "false"
        case .number(let text): text
        case .string(let text): text
        case .list(let values): "[" + values.map(text).joined(separator: ", ") + "]"
        case .object(let members):
            "{" + members.map { "\($0.name): \(text($0.value))" }.joined(separator: ", ") + "}"
        }
    }
}
