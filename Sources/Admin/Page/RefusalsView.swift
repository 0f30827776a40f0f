import Audit

/// The last refusals, and why.
struct RefusalsView {
    let page: FoundPage

    @MarkupBuilder var body: Markup {
        if page.isCut {
            PagePart.notice(.warn) {
                tag(.p) { "The time for one search was over. “Older” goes on from here." }
            }
        }
        if page.rows.isEmpty {
            tag(.p, .class("muted")) { "Nothing was refused." }
        } else {
            tag(.ol, .class("refusals")) { page.rows.map(entry) }
        }
        if let next = page.next {
            tag(.nav, .class("pager"), .label("Pages")) {
                PagePart.link(PageLink("/refusals", [("cursor", next)]), "Older")
            }
        }
    }

    private func entry(_ row: FoundPage.Row) -> Markup {
        let record = row.record
        return tag(.li, .class("card")) {
            tag(.div, .class("entryhead")) {
                RecordRows.type(of: row)
                tag(.strong) { record?["sqlstate"]?.string ?? (record?["verdict"] != nil ? "42501" : "") }
                tag(.span) { row.text("subject") ?? "nobody verified" }
                tag(.span, .class("mono muted")) { PagePart.time(row.time) }
                PagePart.link(PageLink("/log", steps: [row.region, "\(row.seq)"]), "record \(row.seq)")
            }
            tag(.ul, .class("why")) { RefusalsView.reasons(of: record).map { reason in tag(.li) { reason } } }
            tag(.dl, .class("pairs small")) {
                PagePart.pair("Asked for", RefusalsView.asked(record))
                PagePart.pair("Rule", row.text("rule"))
                PagePart.pair("Client", record?["client"]?.string)
                PagePart.pair("Application", record?["application"]?.string)
                PagePart.pair("Planner, task", RefusalsView.joined(row.text("planner"), row.text("task")))
            }
            if let sql = record?["sql"]?.string { PagePart.sql(RecordRows.beginning(sql)) }
        }
    }

    static func reasons(of record: JSONValue?) -> [String] {
        let reasons = record?["verdict"]?["reasons"]?.list?.compactMap(\.string) ?? []
        return reasons.isEmpty ? [record?["reason"]?.string ?? "The record says no reason."] : reasons
    }

    /// What a login asked for.
    private static func asked(_ record: JSONValue?) -> String? {
        guard let asked = record?["asked"] else { return nil }
        let regions = asked["regions"]?.list?.compactMap(\.string) ?? []
        let parts = [
            asked["database"]?.string.map { "database \($0)" }, asked["role"]?.string.map { "role \($0)" },
            regions.isEmpty ? nil : "region \(regions.joined(separator: " and "))",
        ]
        return parts.compactMap { $0 }.joined(separator: ", ")
    }

    private static func joined(_ parts: String?...) -> String? {
        let known = parts.compactMap { $0 }
        return known.isEmpty ? nil : known.joined(separator: ", ")
    }
}
