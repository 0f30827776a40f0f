/// The report as text for people.
extension ExplanationReport {
    package var text: String {
        var lines = sourceLines
        if let identity { lines.append(line(of: identity)) }
        if let request { lines.append(line(of: request)) }
        for rule in rules ?? [] { lines += ExplanationReport.lines(of: rule) }
        for check in checks ?? [] {
            lines.append(
                "check     \(ExplanationReport.mark(check.held)) \(check.name): "
                    + ExplanationReport.printable(check.detail))
        }
        if let observed { lines.append(ExplanationReport.line(of: observed)) }
        if let decision { lines += ExplanationReport.lines(of: decision) }
        if !allowed, let refusal { lines += refusal.lines() }
        for replica in replicas ?? [] { lines.append(ExplanationReport.line(of: replica)) }
        if allowed, let refusal { lines += refusal.lines() }
        if let statement { lines += statement.lines }
        for reason in observed?.statementReasons ?? [] {
            lines.append(
                "observed  rule \(ExplanationReport.printable(observed?.rule ?? "")) would refuse the statement: "
                    + ExplanationReport.printable(reason))
        }
        return lines.joined(separator: "\n")
    }

    private var sourceLines: [String] {
        let policy = "policy \(digest.prefix(12))"
        switch source.kind {
        case .gateway:
            let first =
                "source    the running gateway \(ExplanationReport.printable(source.gateway)), \(policy)"
            guard source.isFile == false else { return [first] }
            let digest = source.fileDigest?.prefix(12) ?? "?"
            return [
                first,
                "          not the file's, which is \(digest): it is not reloaded, or another gateway's",
            ]
        case .probes:
            let reason = source.reason.map { " (\($0))" } ?? ""
            return [
                "source    \(ExplanationReport.printable(configuration)), \(policy), and probes from here"
                    + ExplanationReport.printable(reason)
            ]
        }
    }

    private func line(of identity: Identity) -> String {
        let proof =
            identity.verified ? "token verified" : "not verified: claims from \(identity.source ?? "?")"
        return "identity  \(ExplanationReport.printable(identity.subject)) of \(identity.issuer) "
            + "(\(ExplanationReport.printable(proof)))"
    }

    private func line(of request: Request) -> String {
        let regions = request.regions.isEmpty ? "any" : request.regions.joined(separator: " and ")
        return "request   database \(ExplanationReport.printable(request.database)), role "
            + "\(ExplanationReport.printable(request.role ?? "auto")), region "
            + ExplanationReport.printable(regions)
    }

    private static func lines(of rule: Rule) -> [String] {
        let place = rule.line.map { " (line \($0))" } ?? ""
        let verdict = rule.verdict.split(separator: "_").joined(separator: " ")
        let first = "rule      \(printable(rule.name))\(place): \(verdict)"
        guard rule.verdict != "not_reached" else { return [first] }
        return [first, "          \(mark(rule.databaseHeld)) database in \(list(rule.databases))"]
            + lines(of: rule.who, indent: 0)
    }

    private static func line(of observed: Observed) -> String {
        let answer = observed.refusal.map { "refuse: \($0.sqlstate) \($0.message)" } ?? "allow"
        return "observed  rule \(printable(observed.rule)) would \(printable(answer))"
    }

    private static func lines(of decision: DecisionReport) -> [String] {
        var lines = [
            "decision  allowed by rule \(decision.rule): role \(decision.role), \(decision.access), "
                + "regions \(decision.regions.joined(separator: ", "))"
        ]
        if !decision.forbid.isEmpty {
            lines.append("          forbidden: \(decision.forbid.joined(separator: ", "))")
        }
        if !decision.replicatesTo.isEmpty {
            lines.append(
                "          what it writes streams on to \(decision.replicatesTo.joined(separator: ", "))")
        }
        return lines
    }

    private static func line(of replica: Replica) -> String {
        let outcome = replica.outcome == .passedOver ? "passed over" : replica.outcome.rawValue
        var facts: [String] = []
        if let recovery = replica.recovery { facts.append(recovery) }
        if let lag = replica.lagSeconds, replica.recovery == "standby" { facts.append("lag \(lag) s") }
        if let time = replica.roundTripUs { facts.append("round trip \(Double(time / 10) / 100) ms") }
        if let sessions = replica.sessions { facts.append("sessions \(sessions)") }
        let reason = replica.reason.map { ": \(printable($0))" } ?? ""
        let known = facts.isEmpty ? "" : " (\(facts.joined(separator: ", ")))"
        return "replica   \(replica.name) in \(replica.region), \(outcome)\(reason)\(known)"
    }

    private static func lines(of condition: Condition, indent: Int) -> [String] {
        let margin = "          " + String(repeating: "  ", count: indent)
        if let claim = condition.claim {
            let absent = condition.present == false ? " (no such claim)" : ""
            return ["\(margin)\(mark(condition.held)) \(claim) in \(list(condition.patterns ?? []))\(absent)"]
        }
        if let parts = condition.any {
            return ["\(margin)\(mark(condition.held)) any of"]
                + parts.flatMap { lines(of: $0, indent: indent + 1) }
        }
        let parts = condition.all ?? []
        guard indent > 0 || parts.isEmpty else { return parts.flatMap { lines(of: $0, indent: indent) } }
        return ["\(margin)\(mark(condition.held)) all of"]
            + parts.flatMap { lines(of: $0, indent: indent + 1) }
    }

    /// On one line and harmless to a terminal: much of it is what others chose.
    static func printable(_ text: String) -> String {
        text.unicodeScalars.map { scalar in
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator:
                "\\u{\(String(scalar.value, radix: 16))}"
            default: String(scalar)
            }
        }.joined()
    }

    static func mark(_ held: Bool) -> String { held ? "yes" : "no " }

    private static func list(_ texts: [String]) -> String { "[\(texts.joined(separator: ", "))]" }
}
