import GatewayExplanation

/// Why a login would be allowed or refused: a form, and the answer below it.
struct ExplainView {
    let viewer: PageFrame.Viewer
    /// Claims that nothing proves may stand in the token's place: over the admin socket, as for `domicile explain`.
    let takesClaims: Bool
    /// What was asked, without the token.
    var asked: [String: String] = [:]
    var report: ExplanationReport?
    var mistake: String?

    @MarkupBuilder var body: Markup {
        tag(.p, .class("lead")) {
            "What the policy in force would answer to a login, and to a statement in its session. Nothing is connected or run."
        }
        form
        if let mistake { PagePart.notice(.bad) { tag(.p) { mistake } } }
        if let report { answer(report) }
    }

    private var form: Markup {
        tag(.form, .class("card explain"), .action(PageLink("/explain")), .with(.method, "post")) {
            PageFrame.token(viewer)
            tag(.div, .class("fields")) {
                field("database", "Database", "orders, orders@EU", isRequired: true)
                field("user", "Role", "auto", isRequired: false)
                field("region", "Region", "as in domicile.region", isRequired: false)
            }
            tag(.label) {
                tag(.span) {
                    "Executor's token (yours where it is left empty; it is not kept and not shown again)"
                }
                tag(
                    .textarea, .with(.name, "token"), .with(.rows, "2"), .with(.autocomplete, "off"),
                    .with(.spellcheck, "false"))
                if !takesClaims {
                    tag(.small) {
                        "Claims in its place are for the admin socket: domicile explain --claims FILE, or this page where the socket is forwarded."
                    }
                }
            }
            if takesClaims {
                tag(.label) {
                    tag(.span) { "Or claims in its place, a JSON object; nothing proves them" }
                    tag(
                        .textarea, .with(.name, "claims"), .with(.rows, "3"), .with(.autocomplete, "off"),
                        .with(.spellcheck, "false"), .class("mono")
                    ) {
                        "\n" + (asked["claims"] ?? "")
                    }
                    tag(.small) {
                        #"{"iss": "https://id.example.com", "sub": "anna", "groups": ["analysts"]}"#
                    }
                }
            }
            tag(.label) {
                tag(.span) { "Statement (optional)" }
                tag(
                    .textarea, .with(.name, "statement"), .with(.rows, "4"), .with(.spellcheck, "false"),
                    .class("mono")
                ) {
                    // A first line break is not the text's (HTML Standard, section 13.1.2.5).
                    "\n" + (asked["statement"] ?? "")
                }
            }
            tag(.div, .class("actions")) { tag(.button, .with(.type, "submit")) { "Explain" } }
        }
    }

    private func field(_ name: String, _ title: String, _ hint: String, isRequired: Bool) -> Markup {
        let attributes: [Attribute] =
            [
                .name(name), .value(asked[name] ?? ""), .with(.autocomplete, "off"),
                .with(.spellcheck, "false"),
            ]
            + (isRequired ? [.isRequired] : [])
        return tag(.label) {
            tag(.span) { title }
            Markup.element(.input, attributes, .empty)
            tag(.small) { hint }
        }
    }

    // MARK: The answer

    @MarkupBuilder private func answer(_ report: ExplanationReport) -> Markup {
        tag(.h2) { "Answer" }
        if report.isWhollyAllowed {
            PagePart.notice(.good) {
                tag(.p) {
                    tag(.strong) { report.statement == nil ? "Allowed." : "Allowed, and the statement too." }
                }
            }
        } else {
            PagePart.notice(.bad) {
                tag(.p) {
                    tag(.strong) {
                        report.refusal == nil ? "The login is allowed, the statement is refused." : "Refused."
                    }
                }
                if let error = report.refusal ?? report.statement?.refusal { refusal(error) }
                if let cause = report.cause { tag(.p, .class("muted")) { cause } }
            }
        }
        tag(.dl, .class("pairs cols card")) {
            PagePart.pair("Subject", report.identity?.subject)
            PagePart.pair("Issuer", report.identity?.issuer)
            PagePart.pair("Rule", report.decision?.rule)
            PagePart.pair("Role", report.decision?.role)
            PagePart.pair("Access", report.decision?.access)
            PagePart.pair("Regions", report.decision?.regions.joined(separator: ", "))
            PagePart.pair(
                "Forbidden",
                report.decision.flatMap { $0.forbid.isEmpty ? nil : $0.forbid.joined(separator: ", ") })
        }
        if let rules = report.rules { table(rules) }
        if let checks = report.checks, !checks.isEmpty { table(checks) }
        if let replicas = report.replicas, !replicas.isEmpty { table(replicas) }
        if let statement = report.statement { table(statement) }
        tag(.details) {
            tag(.summary) { "As domicile explain prints it" }
            tag(.pre, .class("sql")) { report.text }
        }
    }

    private func refusal(_ error: ExecutorError) -> Markup {
        tag(.dl, .class("pairs small")) {
            PagePart.pair("SQLSTATE", error.sqlstate)
            PagePart.pair("Message", error.message)
            PagePart.pair("Detail", error.detail)
            PagePart.pair("Hint", error.hint)
        }
    }

    private func table(_ rules: [ExplanationReport.Rule]) -> Markup {
        frame("Rules, in their order") {
            PagePart.heads("Rule", "Verdict", "Database", "Line")
            tag(.tbody) {
                rules.map { rule in
                    tag(.tr) {
                        tag(.th, .with(.scope, "row")) { rule.name }
                        tag(.td) {
                            PagePart.state(
                                rule.verdict.split(separator: "_").joined(separator: " "),
                                ExplainView.mood(ofRule: rule.verdict))
                        }
                        tag(.td) { rule.databases.joined(separator: ", ") }
                        tag(.td, .class("num")) { rule.line.map { "\($0)" } ?? "–" }
                    }
                }
            }
        }
    }

    private static func mood(ofRule verdict: String) -> PagePart.Mood {
        verdict == "matched" ? .good : .quiet
    }

    private func table(_ checks: [ExplanationReport.Check]) -> Markup {
        frame("Checks") {
            PagePart.heads("Check", "Held", "Detail")
            tag(.tbody) {
                checks.map { check in
                    tag(.tr) {
                        tag(.th, .with(.scope, "row")) { check.name }
                        tag(.td) { PagePart.state(check.held ? "yes" : "no", check.held ? .good : .bad) }
                        tag(.td) { check.detail }
                    }
                }
            }
        }
    }

    private func table(_ replicas: [ExplanationReport.Replica]) -> Markup {
        frame("Replicas") {
            PagePart.heads("Replica", "Region", "Outcome", "Why")
            tag(.tbody) {
                replicas.map { replica in
                    tag(.tr) {
                        tag(.th, .with(.scope, "row")) { replica.name }
                        tag(.td) { replica.region }
                        tag(.td) {
                            switch replica.outcome {
                            case .selected: PagePart.state("selected", .good)
                            case .candidate: PagePart.state("candidate", .quiet)
                            case .passedOver: PagePart.state("passed over", .warn)
                            }
                        }
                        tag(.td) { replica.reason ?? "" }
                    }
                }
            }
        }
    }

    private func table(_ statement: StatementReport) -> Markup {
        frame("What the statement does") {
            PagePart.heads("Finding", "Counts as", "Refused")
            tag(.tbody) {
                statement.findings.map { finding in
                    tag(.tr) {
                        tag(.th, .with(.scope, "row")) { finding.reason }
                        tag(.td) { finding.classes.joined(separator: ", ") }
                        tag(.td) {
                            PagePart.state(finding.refused ? "yes" : "no", finding.refused ? .bad : .good)
                        }
                    }
                }
            }
        }
    }

    private func frame(_ caption: String, @MarkupBuilder content: () -> Markup) -> Markup {
        tag(.div, .class("scroll")) {
            tag(.table) {
                tag(.caption) { caption }
                content()
            }
        }
    }
}
