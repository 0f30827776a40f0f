import Gateway

/// What stands around each view: head, navigation, and who is signed in.
struct PageFrame {
    /// The views that the navigation leads to.
    enum View: String, CaseIterable {
        case overview = "Overview"
        case sessions = "Sessions"
        case log = "Log"
        case refusals = "Refusals"
        case explain = "Explain"

        var link: PageLink {
            switch self {
            case .overview: PageLink("/")
            case .sessions: PageLink("/sessions")
            case .log: PageLink("/log")
            case .refusals: PageLink("/refusals")
            case .explain: PageLink("/explain")
            }
        }
    }

    static let style = PageLink("/page.css")
    static let script = PageLink("/page.js")
    static let icon = PageLink("/icon.svg")

    let title: String
    /// The gateway's own region.
    let region: String
    /// Who is signed in; nil: nobody.
    var viewer: Viewer?
    var view: View?

    struct Viewer {
        let subject: String
        /// What forms must say.
        let form: String
    }

    func document(@MarkupBuilder content: () -> Markup) -> String {
        Markup.document(
            tag(.html, .with(.lang, "en")) {
                head
                tag(.body) {
                    tag(.a, .class("skip"), .href(PageLink("#main"))) { "Skip to the content" }
                    header
                    tag(.main, .id("main"), .with(.tabindex, "-1")) {
                        tag(.h1) { title }
                        content()
                    }
                    tag(.footer) {
                        tag(.p) {
                            "Domicile \(Version.current). What is looked at here is recorded in the audit log."
                        }
                    }
                }
            })
    }

    private var head: Markup {
        tag(.head) {
            tag(.meta, .with(.charset, "utf-8"))
            tag(.meta, .with(.name, "viewport"), .with(.content, "width=device-width, initial-scale=1"))
            tag(.meta, .with(.name, "color-scheme"), .with(.content, "light dark"))
            tag(.title) { "\(title) · Domicile · \(region)" }
            tag(.link, .with(.rel, "stylesheet"), .href(PageFrame.style))
            tag(.link, .with(.rel, "icon"), .with(.type, "image/svg+xml"), .href(PageFrame.icon))
            tag(.script, .source(PageFrame.script), .isDefer)
        }
    }

    private var header: Markup {
        tag(.header, .class("top")) {
            tag(.div, .class("brand")) {
                tag(.a, .href(PageLink("/"))) { "Domicile" }
                tag(.span, .class("region")) { region }
            }
            if let viewer {
                tag(.nav, .label("Views")) {
                    tag(.ul) { View.allCases.map(item) }
                }
                tag(.form, .class("out"), .action(PageLink("/signout")), .with(.method, "post")) {
                    PageFrame.token(viewer)
                    tag(.span, .class("who")) { viewer.subject }
                    tag(.button, .with(.type, "submit"), .class("plain")) { "Sign out" }
                }
            }
        }
    }

    private func item(_ other: View) -> Markup {
        tag(.li) {
            if other == view {
                tag(.a, .href(other.link), .with(.ariaCurrent, "page")) { other.rawValue }
            } else {
                tag(.a, .href(other.link)) { other.rawValue }
            }
        }
    }

    /// The field that a form of another site cannot have.
    static func token(_ viewer: Viewer) -> Markup {
        tag(.input, .with(.type, "hidden"), .with(.name, "form"), .value(viewer.form))
    }
}

/// Pieces that several views have.
enum PagePart {
    /// A figure with its name below it.
    static func figure(_ name: String, _ value: String) -> Markup {
        tag(.div, .class("figure")) {
            tag(.dt) { name }
            tag(.dd) { value }
        }
    }

    static func pair(_ name: String, _ value: Markup) -> Markup {
        .all([tag(.dt) { name }, tag(.dd) { value }])
    }

    static func pair(_ name: String, _ value: String?) -> Markup {
        guard let value else { return .empty }
        return pair(name, .text(value))
    }

    enum Mood {
        case good, warn, bad, quiet
    }

    /// A word with a mark whose colour says what the word says.
    static func state(_ word: String, _ mood: Mood) -> Markup {
        switch mood {
        case .good: tag(.span, .class("state good")) { word }
        case .warn: tag(.span, .class("state warn")) { word }
        case .bad: tag(.span, .class("state bad")) { word }
        case .quiet: tag(.span, .class("state quiet")) { word }
        }
    }

    /// A heading row.
    static func heads(_ names: String...) -> Markup {
        tag(.thead) {
            tag(.tr) { names.map { name in tag(.th, .with(.scope, "col")) { name } } }
        }
    }

    static func notice(_ mood: Mood, @MarkupBuilder content: () -> Markup) -> Markup {
        switch mood {
        case .good: tag(.div, .class("notice good"), .with(.role, "status"), content: content)
        case .warn: tag(.div, .class("notice warn"), .with(.role, "status"), content: content)
        case .bad: tag(.div, .class("notice bad"), .with(.role, "alert"), content: content)
        case .quiet: tag(.div, .class("notice"), content: content)
        }
    }

    /// SQL as it was sent, whatever it holds.
    static func sql(_ text: String) -> Markup { tag(.pre, .class("sql")) { tag(.code) { text } } }

    /// A record's time without the day's date, which stands in its title.
    static func time(_ time: String) -> Markup {
        let parts = time.split(separator: "T", maxSplits: 1)
        guard parts.count == 2 else { return .text(time) }
        let clock = parts[1].prefix(12)
        return tag(.time, .moment(time)) {
            tag(.span, .class("day")) { String(parts[0]) }
            " "
            tag(.span, .class("clock")) { String(clock) }
        }
    }

    static func link(_ link: PageLink, _ text: String) -> Markup { tag(.a, .href(link)) { text } }

    static func session(_ name: String, region: String? = nil) -> Markup {
        tag(.a, .class("mono"), .href(PageLink("/timeline", steps: [name], [("region", region)]))) { name }
    }

    /// A whole number with its thousands apart.
    static func number(_ value: some BinaryInteger) -> String {
        var out = ""
        let digits = String(value)
        for (at, digit) in digits.enumerated() {
            if at > 0, (digits.count - at).isMultiple(of: 3), out.last != "-" { out += "\u{202f}" }
            out.append(digit)
        }
        return out
    }

    /// A span as people say it: `850 ms`, `12 s`, `3 min`, `5 h`.
    static func span(microseconds: UInt64) -> String {
        switch microseconds {
        case 0..<1_000: "\(microseconds) µs"
        case 0..<1_000_000: "\(microseconds / 1_000) ms"
        case 0..<120_000_000: "\(microseconds / 1_000_000) s"
        case 0..<7_200_000_000: "\(microseconds / 60_000_000) min"
        default: "\(microseconds / 3_600_000_000) h"
        }
    }

    static func bytes(_ count: UInt64) -> String {
        switch count {
        case 0..<10_240: "\(number(count)) B"
        case 0..<(10 << 20): "\(number(count >> 10)) KiB"
        default: "\(number(count >> 20)) MiB"
        }
    }
}
