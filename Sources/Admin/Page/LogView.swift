import Gateway

/// The log with its search.
struct LogView {
    let folders: [RegionFolder]
    /// What was asked, by the parameters' names.
    let asked: [String: String]
    /// nil: the search was refused, and `mistake` says why.
    let page: FoundPage?
    var mistake: String?

    /// Conditions that are always shown, and the others.
    private static let first = ["subject", "relation", "text", "since", "until"]
    private static let more = [
        "planner", "task", "session", "database", "role", "replica", "rule", "class", "sqlstate",
        "fingerprint",
    ]
    private static let types = [
        "session.start", "session.refused", "session.end", "query", "parse", "bind", "execute", "outcome",
        "copy",
        "function_call", "cancel", "admin", "text", "log.recovered", "log.rotated_key", "log.pruned",
        "log.sealed",
    ]

    @MarkupBuilder var body: Markup {
        form
        if let mistake { PagePart.notice(.bad) { tag(.p) { mistake } } }
        if let page {
            follow
            if page.isCut {
                PagePart.notice(.warn) {
                    tag(.p) {
                        "The time for one search was over before this page was full. “Older” goes on from here."
                    }
                }
            }
            if page.rows.isEmpty {
                tag(.p, .class("muted")) { page.isCut ? "Nothing found so far." : "No record fits." }
            } else {
                RecordRows.table(page, caption: caption(page), showsRegion: folders.count > 1)
            }
            pager(page)
        }
    }

    private var isDescending: Bool { asked["order"] != "asc" }

    private func caption(_ page: FoundPage) -> String {
        "\(PagePart.number(page.rows.count)) records, the \(isDescending ? "newest" : "oldest") first"
    }

    private func pager(_ page: FoundPage) -> Markup {
        tag(.nav, .class("pager"), .label("Pages")) {
            if asked["cursor"]?.isEmpty == false {
                PagePart.link(link(to: nil), isDescending ? "Newest" : "Oldest")
            }
            if let next = page.next { PagePart.link(link(to: next), isDescending ? "Older" : "Newer") }
        }
    }

    private func link(to cursor: String?) -> PageLink {
        let query = asked.filter { $0.key != "cursor" }.sorted { $0.key < $1.key }.map {
            ($0.key, Optional($0.value))
        }
        return PageLink("/log", query + [("cursor", cursor)])
    }

    /// Filled by the script, which alone can follow.
    private var follow: Markup {
        tag(.div, .id("follow"), .class("follow"), .isHidden) {
            tag(.button, .with(.type, "button"), .id("followbutton"), .class("plain")) { "Follow live" }
            tag(.span, .id("followstate"), .with(.role, "status"), .class("muted"))
        }
    }

    private var form: Markup {
        tag(
            .form, .class("search"), .action(PageLink("/log")), .with(.role, "search"),
            .label("Search the log")
        ) {
            tag(.div, .class("fields")) {
                LogView.first.map { field($0, LogView.hint[$0]) }
                choice("type", [("", "any")] + LogView.types.map { ($0, $0) })
                choice("region", [("", "all")] + folders.map { ($0.region, $0.region) })
            }
            details
            tag(.div, .class("actions")) {
                tag(.button, .with(.type, "submit")) { "Search" }
                tag(.a, .class("button plain"), .href(PageLink("/log"))) { "Clear" }
            }
        }
    }

    private var details: Markup {
        let isOpen = (LogView.more + ["order", "refused"]).contains { asked[$0]?.isEmpty == false }
        let content = Markup.all([
            tag(.summary) { "More conditions" },
            tag(.div, .class("fields")) {
                LogView.more.map { field($0, nil) }
                choice("order", [("", "newest first"), ("asc", "oldest first")])
                choice("refused", [("", "everything"), ("true", "only what was refused")])
            },
        ])
        return isOpen ? tag(.details, .isOpen) { content } : tag(.details) { content }
    }

    private static let hint = [
        "subject": "alice, svc-*", "relation": "customers", "text": "part of the SQL",
        "since": "yesterday, 2d, 2026-03", "until": "now, or a time",
    ]

    private func field(_ name: String, _ hint: String?) -> Markup {
        tag(.label) {
            tag(.span) { LogView.title(name) }
            tag(
                .input, .name(name), .value(asked[name] ?? ""), .with(.autocomplete, "off"),
                .with(.spellcheck, "false"), .with(.maxlength, "1024"))
            if let hint { tag(.small) { hint } }
        }
    }

    private func choice(_ name: String, _ values: [(value: String, title: String)]) -> Markup {
        tag(.label) {
            tag(.span) { LogView.title(name) }
            tag(.select, .name(name)) {
                values.map { value, title in
                    if value == asked[name] ?? "" {
                        tag(.option, .value(value), .isSelected) { title }
                    } else {
                        tag(.option, .value(value)) { title }
                    }
                }
            }
        }
    }

    private static func title(_ name: String) -> String {
        switch name {
        case "text": "SQL contains"
        case "sqlstate": "SQLSTATE"
        case "class": "Statement class"
        case "refused": "Show"
        default: name.prefix(1).uppercased() + name.dropFirst()
        }
    }
}
