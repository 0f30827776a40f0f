import Audit

/// Records as rows: when, where, what, who, and what it says.
enum RecordRows {
    static func table(_ page: FoundPage, caption: String, showsRegion: Bool) -> Markup {
        tag(.div, .class("scroll")) {
            tag(.table, .class("wide records")) {
                tag(.caption) { caption }
                tag(.thead) {
                    tag(.tr) {
                        tag(.th, .with(.scope, "col")) { "Record" }
                        tag(.th, .with(.scope, "col")) { "Time (UTC)" }
                        tag(.th, .with(.scope, "col")) { "Type" }
                        tag(.th, .with(.scope, "col")) { "Who" }
                        tag(.th, .with(.scope, "col"), .class("what")) { "What" }
                    }
                }
                tag(.tbody, .id("records")) { page.rows.map { row($0, showsRegion: showsRegion) } }
            }
        }
    }

    private static func row(_ row: FoundPage.Row, showsRegion: Bool) -> Markup {
        tag(.tr) {
            tag(.th, .with(.scope, "row"), .class("mono")) {
                PagePart.link(PageLink("/log", steps: [row.region, "\(row.seq)"]), "\(row.seq)")
                if showsRegion { tag(.span, .class("sub")) { row.region } }
            }
            tag(.td, .class("mono")) { PagePart.time(row.time) }
            tag(.td) { type(of: row) }
            tag(.td) {
                row.text("subject")
                if let session = row.record?["session"]?.string {
                    tag(.span, .class("sub")) { PagePart.session(session, region: row.region) }
                }
            }
            tag(.td, .class("what")) { what(row) }
        }
    }

    /// Of a long text as much as a list shows; the record's own view has all of it.
    static func beginning(_ text: String) -> String {
        let shown = text.unicodeScalars.prefix(shownScalars)
        guard shown.endIndex != text.unicodeScalars.endIndex else { return text }
        return String(String.UnicodeScalarView(shown)) + "…"
    }

    private static let shownScalars = 2_000

    static func type(of row: FoundPage.Row) -> Markup {
        guard let type = row.record?["type"]?.string else { return PagePart.state("damaged", .bad) }
        return tag(.span, .class("type")) { type }
    }

    /// What a record says, in short.
    @MarkupBuilder static func what(_ row: FoundPage.Row) -> Markup {
        if let record = row.record {
            if let sql = record["sql"]?.string {
                tag(.code, .class("sqlline")) { beginning(sql) }
            } else if record["sql_base64"] != nil {
                tag(.span, .class("muted")) { "SQL in another encoding" }
            }
            let facts = facts(of: record, row)
            if !facts.isEmpty { tag(.span, .class("facts")) { facts.joined(separator: " · ") } }
            if record["verdict"]?["allowed"]?.bool == false { PagePart.state("refused", .bad) }
        } else {
            tag(.span, .class("muted")) { "The line is no JSON: domicile audit verify says what is wrong." }
        }
    }

    private static func facts(of record: JSONValue, _ row: FoundPage.Row) -> [String] {
        var facts: [String] = []
        func add(_ key: String, _ words: (String) -> String) {
            if let text = record[key].flatMap(RecordRows.text) { facts.append(words(text)) }
        }
        switch record["type"]?.string {
        case "session.start":
            facts.append(
                [row.text("database"), row.text("role")].compactMap { $0 }.joined(separator: " as "))
            add("replica") { "on \($0)" }
            add("rule") { "by rule \($0)" }
            add("application") { $0 }
        case "session.refused":
            add("sqlstate") { $0 }
            add("reason") { $0 }
        case "session.end":
            add("reason") { $0 }
            add("statements") { $0 == "1" ? "1 statement" : "\($0) statements" }
        case "admin":
            add("operation") { $0 }
            add("target") { $0 }
            add("reason") { $0 }
        default:
            add("of") { "of message \($0)" }
            add("tag") { $0 }
            add("rows") { $0 == "1" ? "1 row" : "\($0) rows" }
            add("direction") { $0 }
            add("bytes") { "\($0) bytes" }
            add("duration_us") { UInt64($0).map { PagePart.span(microseconds: $0) } ?? $0 }
            add("sqlstate") { "SQLSTATE \($0)" }
            add("reason") { $0 }
            add("part") { "part \($0)" }
        }
        return facts.filter { !$0.isEmpty }
    }

    /// A value as a person reads it.
    static func text(_ value: JSONValue) -> String {
        switch value {
        case .null: "null"
        case .bool(let flag): flag ? "true" : "false"
        case .number(let number): number
        case .string(let text): text
        case .list(let values) where values.allSatisfy { $0.string != nil }:
            values.compactMap(\.string).joined(separator: ", ")
        case .list, .object: String(decoding: value.indented, as: UTF8.self)
        }
    }
}
