import Gateway
import GatewayConfiguration
import GatewayPolicy

/// What `explain` shows, as text and as JSON. Of the claims it shows the subject, planner and task alone.
struct Explanation {
    var configuration: Configuration
    var identity: ExplainedIdentity
    var request: AccessRequest
    var trace: PolicyTrace
    var replicas: [ReplicaLine]

    // MARK: Text

    var text: String {
        let principal = identity.principal
        let proof = identity.isVerified ? "token verified" : "not verified: claims from \(identity.source)"
        var lines = [
            "identity  \(Explanation.printable(principal.subject)) of \(principal.issuer) (\(proof))",
            "request   database \(request.database), role \(request.role ?? "auto"), region "
                + (request.regionsAsked.isEmpty ? "any" : request.regionsAsked.joined(separator: " and ")),
        ]
        for rule in trace.rules {
            let place = rule.line.map { " (line \($0))" } ?? ""
            lines.append("rule      \(rule.name)\(place): \(Explanation.words(rule.verdict))")
            guard rule.verdict != .notReached else { continue }
            lines.append(
                "          \(Explanation.mark(rule.databaseHeld)) database in \(Explanation.list(rule.databases))"
            )
            lines += Explanation.lines(rule.who, indent: 0)
        }
        for check in trace.checks {
            lines.append(
                "check     \(Explanation.mark(check.held)) \(check.name.rawValue): \(Explanation.printable(check.detail))"
            )
        }
        switch trace.outcome {
        case .success(let decision):
            lines.append(
                "decision  allowed by rule \(decision.rule): role \(decision.role), \(decision.access.rawValue), "
                    + "regions \(decision.regions.joined(separator: ", "))")
            if !decision.replicatesTo.isEmpty {
                lines.append(
                    "          what it writes streams on to \(decision.replicatesTo.joined(separator: ", "))")
            }
        case .failure(let refusal):
            lines += Explanation.lines(ExecutorError(.policy(refusal)))
        }
        for replica in replicas {
            let reason = replica.reason.map { ": \($0)" } ?? ""
            let outcome = replica.outcome == .passedOver ? "passed over" : replica.outcome.rawValue
            lines.append("replica   \(replica.name) in \(replica.region), \(outcome)\(reason)")
        }
        if case .success = trace.outcome, let refusal { lines += Explanation.lines(refusal) }
        return lines.joined(separator: "\n")
    }

    /// What an executor would be told; nil where it would get its session.
    var refusal: ExecutorError? {
        switch trace.outcome {
        case .failure(let refusal): return ExecutorError(.policy(refusal))
        case .success(let decision):
            guard !replicas.contains(where: { $0.outcome == .selected }) else { return nil }
            let passedOver = replicas.map { "\($0.name): \($0.reason ?? "passed over")" }
            return ExecutorError(
                .noReplica(database: decision.database, regions: decision.regions, passedOver: passedOver))
        }
    }

    static func lines(_ error: ExecutorError) -> [String] {
        [
            "decision  refused: \(error.sqlstate) \(error.message)", "          \(error.detail)",
            "          \(error.hint)",
        ]
    }

    private static func lines(_ condition: ConditionTrace, indent: Int) -> [String] {
        let margin = "          " + String(repeating: "  ", count: indent)
        switch condition {
        case .claim(let name, let patterns, let present, let held):
            let absent = present ? "" : " (no such claim)"
            return ["\(margin)\(mark(held)) \(name) in \(list(patterns))\(absent)"]
        case .all(let parts, let held):
            guard indent > 0 || parts.isEmpty else { return parts.flatMap { lines($0, indent: indent) } }
            return ["\(margin)\(mark(held)) all of"] + parts.flatMap { lines($0, indent: indent + 1) }
        case .any(let parts, let held):
            return ["\(margin)\(mark(held)) any of"] + parts.flatMap { lines($0, indent: indent + 1) }
        }
    }

    /// On one line and harmless to a terminal: the subject and authorization_details are what their issuer chose.
    private static func printable(_ text: String) -> String {
        text.unicodeScalars.map { scalar in
            let isControl = scalar.value < 0x20 || (0x7f..<0xa0).contains(scalar.value)
            return isControl ? "\\u{\(String(scalar.value, radix: 16))}" : String(scalar)
        }.joined()
    }

    private static func mark(_ held: Bool) -> String { held ? "yes" : "no " }

    private static func list(_ texts: [String]) -> String { "[\(texts.joined(separator: ", "))]" }

    private static func words(_ verdict: RuleTrace.Verdict) -> String {
        switch verdict {
        case .matched: return "matched"
        case .observed: return "matched; it only observes"
        case .passedOver: return "passed over"
        case .notReached: return "not reached"
        }
    }

    // MARK: JSON

    var report: ExplanationReport { ExplanationReport(self) }
}

/// An error as an executor would see it.
struct ExecutorError: Encodable {
    var sqlstate: String
    var message: String
    var detail: String
    var hint: String
}

/// The JSON form of a login that ends before the policy is asked.
struct EarlyRefusalReport: Encodable {
    var configuration: String
    var digest: String
    var allowed = false
    var refusal: ExecutorError

    init(_ configuration: Configuration, _ refusal: ExecutorError) {
        self.configuration = configuration.file
        digest = configuration.digest
        self.refusal = refusal
    }
}

/// The JSON form of an explanation.
struct ExplanationReport: Encodable {
    struct Identity: Encodable {
        var issuer: String
        var subject: String
        var planner: String?
        var task: String?
        var verified: Bool
    }
    struct Request: Encodable {
        var database: String
        var role: String?
        var regions: [String]
        var replication: Bool
    }
    struct Rule: Encodable {
        var name: String
        var line: Int?
        var verdict: String
        var databases: [String]
        var databaseHeld: Bool
        var who: Condition
    }
    final class Condition: Encodable {
        let claim: String?
        let patterns: [String]?
        let present: Bool?
        let all: [Condition]?
        let any: [Condition]?
        let held: Bool

        init(_ trace: ConditionTrace) {
            held = trace.held
            switch trace {
            case .claim(let name, let patterns, let present, _):
                (claim, self.patterns, self.present, all, any) = (name, patterns, present, nil, nil)
            case .all(let parts, _):
                (claim, patterns, present, all, any) = (nil, nil, nil, parts.map(Condition.init), nil)
            case .any(let parts, _):
                (claim, patterns, present, all, any) = (nil, nil, nil, nil, parts.map(Condition.init))
            }
        }
    }
    struct Check: Encodable {
        var name: String
        var held: Bool
        var detail: String
    }
    struct DecisionReport: Encodable {
        var rule: String
        var database: String
        var regions: [String]
        var role: String
        var access: String
        var replication: Bool
        var replicatesTo: [String]
    }

    var configuration: String
    var digest: String
    var identity: Identity
    var request: Request
    var rules: [Rule]
    var checks: [Check]
    var allowed: Bool
    var decision: DecisionReport?
    var refusal: ExecutorError?
    var replicas: [ReplicaLine]

    init(_ explanation: Explanation) {
        configuration = explanation.configuration.file
        digest = explanation.configuration.digest
        let principal = explanation.identity.principal
        identity = Identity(
            issuer: principal.issuer, subject: principal.subject, planner: principal.planner,
            task: principal.task,
            verified: explanation.identity.isVerified)
        let asked = explanation.request
        request = Request(
            database: asked.database, role: asked.role, regions: asked.regionsAsked,
            replication: asked.replication)
        rules = explanation.trace.rules.map { rule in
            Rule(
                name: rule.name, line: rule.line, verdict: rule.verdict.rawValue, databases: rule.databases,
                databaseHeld: rule.databaseHeld, who: Condition(rule.who))
        }
        checks = explanation.trace.checks.map {
            Check(name: $0.name.rawValue, held: $0.held, detail: $0.detail)
        }
        switch explanation.trace.outcome {
        case .success(let answer):
            allowed = true
            decision = DecisionReport(
                rule: answer.rule, database: answer.database, regions: answer.regions, role: answer.role,
                access: answer.access.rawValue, replication: answer.replication,
                replicatesTo: answer.replicatesTo)
        case .failure:
            allowed = false
        }
        refusal = explanation.refusal
        replicas = explanation.replicas
    }
}
