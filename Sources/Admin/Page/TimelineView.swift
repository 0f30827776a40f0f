import Audit
import AuditTree

/// A session from its start to its end, with its receipt.
struct TimelineView {
    let session: String
    let region: String?
    let page: FoundPage
    /// nil: there is none, and `reason` says why.
    let receipt: ResidencyReceipt?
    var reason: String?

    @MarkupBuilder var body: Markup {
        summary
        tag(.h2) { "Records" }
        if page.isCut {
            PagePart.notice(.warn) {
                tag(.p) { "The time for one search was over. “Later” goes on from here." }
            }
        }
        if page.rows.isEmpty {
            tag(.p, .class("muted")) { "No record of this session." }
        } else {
            tag(.ol, .class("timeline")) { page.rows.map(entry) }
        }
        if let next = page.next {
            tag(.nav, .class("pager"), .label("Pages")) {
                PagePart.link(
                    PageLink("/timeline", steps: [session], [("region", region), ("cursor", next)]), "Later")
            }
        }
    }

    @MarkupBuilder private var summary: Markup {
        if let value = receipt?.value {
            tag(.section, .class("card"), .label("Residency receipt")) {
                tag(.div, .class("cardhead")) {
                    tag(.h2) { "Residency receipt" }
                    tag(
                        .a, .class("button small"), .download("\(session).receipt.json"),
                        .href(PageLink("/timeline", steps: [session], end: "/receipt", [("region", region)]))
                    ) { "Keep the receipt" }
                }
                tag(.dl, .class("pairs cols")) {
                    PagePart.pair("Subject", value["principal"]?["subject"]?.string)
                    PagePart.pair("Planner", value["principal"]?["planner"]?.string)
                    PagePart.pair("Task", value["principal"]?["task"]?.string)
                    PagePart.pair("Region", value["region"]?.string)
                    PagePart.pair("Replica", value["replica"]?.string)
                    PagePart.pair("Database", value["database"]?.string)
                    PagePart.pair("Role", value["role"]?.string)
                    PagePart.pair("Rule", value["rule"]?.string)
                    PagePart.pair("Application", value["principal"]?["application"]?.string)
                    PagePart.pair("Client", value["principal"]?["client"]?.string)
                    PagePart.pair("Began", value["began"]?.string)
                    PagePart.pair("Ended", value["ended"]?.string ?? "it lives")
                    PagePart.pair("Reason", value["reason"]?.string)
                }
                tag(.p, .class("muted")) {
                    "A signed checkpoint covers its first and its newest record. "
                    tag(.code) { "domicile audit verify --receipt FILE --key KEY" }
                    " needs nothing else."
                }
            }
        } else {
            PagePart.notice(.warn) {
                tag(.p) {
                    tag(.strong) { "No receipt." }
                    " \(reason ?? "")"
                }
            }
        }
    }

    private func entry(_ row: FoundPage.Row) -> Markup {
        tag(.li) {
            tag(.div, .class("when mono")) { PagePart.time(row.time) }
            tag(.div, .class("entry")) {
                tag(.div, .class("entryhead")) {
                    RecordRows.type(of: row)
                    PagePart.link(PageLink("/log", steps: [row.region, "\(row.seq)"]), "record \(row.seq)")
                }
                tag(.div, .class("what")) { RecordRows.what(row) }
            }
        }
    }
}
