/// The live sessions, and how one is ended.
struct SessionsView {
    let sessions: [SessionsReport.Session]
    let viewer: PageFrame.Viewer
    /// What was done before this is shown.
    var done: String?

    @MarkupBuilder var body: Markup {
        if let done { PagePart.notice(.good) { tag(.p) { done } } }
        if sessions.isEmpty {
            tag(.p, .class("muted")) { "No session is live." }
        } else {
            tag(.div, .class("scroll")) {
                tag(.table, .class("wide")) {
                    tag(.caption) { "\(PagePart.number(sessions.count)) live, the oldest first" }
                    PagePart.heads(
                        "Session", "State", "Subject", "Database and role", "Replica", "Client", "Age",
                        "Statements", "Sent", "")
                    tag(.tbody) { sessions.map(row) }
                }
            }
        }
    }

    private func row(_ session: SessionsReport.Session) -> Markup {
        tag(.tr) {
            tag(.th, .with(.scope, "row")) { PagePart.session(session.session, region: session.region) }
            tag(.td) { PagePart.state(session.state, session.state == "active" ? .good : .quiet) }
            tag(.td) {
                session.subject
                tag(.span, .class("sub")) {
                    [session.planner, session.task].compactMap { $0 }.joined(separator: " · ")
                }
            }
            tag(.td) {
                session.database ?? "–"
                tag(.span, .class("sub")) { session.role ?? "" }
            }
            tag(.td) {
                session.replica ?? "–"
                tag(.span, .class("sub")) { session.region ?? "" }
            }
            tag(.td) {
                session.application ?? "–"
                tag(.span, .class("sub")) { session.client }
            }
            tag(.td, .class("num")) { PagePart.span(microseconds: session.durationUs) }
            tag(.td, .class("num")) { PagePart.number(session.statements) }
            tag(.td, .class("num")) { PagePart.bytes(session.bytesOut) }
            tag(.td) {
                tag(
                    .a, .class("button small danger"), .href(PageLink("/sessions", steps: [session.session])),
                    .label("Kill the session \(session.session) of \(session.subject)")
                ) { "Kill…" }
            }
        }
    }

    /// The question before a session is ended.
    static func question(_ session: SessionsReport.Session, _ viewer: PageFrame.Viewer) -> Markup {
        tag(.section, .class("card narrow")) {
            tag(.p) {
                "This ends the session of "
                tag(.strong) { session.subject }
                " on \(session.replica ?? "no replica yet") with SQLSTATE 57P01. A transaction under way is rolled back."
            }
            tag(.form, .action(PageLink("/sessions")), .with(.method, "post"), .class("stack")) {
                PageFrame.token(viewer)
                tag(.input, .with(.type, "hidden"), .with(.name, "session"), .value(session.session))
                tag(.label, .with(.for, "reason")) { "Why (it is recorded)" }
                tag(
                    .input, .id("reason"), .with(.name, "reason"), .with(.maxlength, "512"),
                    .with(.autocomplete, "off"))
                tag(.div, .class("actions")) {
                    tag(.button, .with(.type, "submit"), .class("danger")) { "Kill the session" }
                    tag(.a, .class("button plain"), .href(PageLink("/sessions"))) { "Back" }
                }
            }
        }
    }
}
