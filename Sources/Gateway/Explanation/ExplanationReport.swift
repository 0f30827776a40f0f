import Gateway
import GatewayConfiguration
import GatewayPolicy
import GatewayRouting

/// An explanation, as JSON has it; text is made of it. Of the claims it shows the subject, planner and task alone. A
/// login that ends before the policy is asked has a refusal and nothing of the policy.
package struct ExplanationReport: Codable, Sendable {
    /// Who explained.
    package struct Source: Codable, Sendable {
        package enum Kind: String, Codable, Sendable {
            /// A running gateway, by its own policy and what it knows of its replicas.
            case gateway
            /// The configuration file, and probes from here.
            case probes
        }
        package var kind: Kind
        /// The gateway's name.
        package var gateway: String
        /// Why no running gateway explained.
        package var reason: String?
        /// The digest of the file that was named, where a running gateway explained, and whether it is the gateway's.
        package var fileDigest: String?
        package var isFile: Bool?

        package init(kind: Kind, gateway: String, reason: String? = nil) {
            self.kind = kind
            self.gateway = gateway
            self.reason = reason
        }
    }
    package struct Identity: Codable, Sendable {
        package var issuer: String
        package var subject: String
        package var planner: String?
        package var task: String?
        package var verified: Bool
        /// Where claims are from that nothing verified.
        package var source: String?
    }
    package struct Request: Codable, Sendable {
        package var database: String
        package var role: String?
        package var regions: [String]
        package var replication: Bool
    }
    package struct Rule: Codable, Sendable {
        package var name: String
        package var line: Int?
        package var verdict: String
        package var databases: [String]
        package var databaseHeld: Bool
        package var who: Condition
    }
    package struct Check: Codable, Sendable {
        package var name: String
        package var held: Bool
        package var detail: String
    }
    package struct DecisionReport: Codable, Sendable {
        package var rule: String
        package var database: String
        package var regions: [String]
        package var role: String
        package var access: String
        package var replication: Bool
        package var replicatesTo: [String]
        package var forbid: [String]
    }

    /// What the first rule with `mode: observe` that matches would have answered. Nothing rests on it.
    package struct Observed: Codable, Sendable {
        package var rule: String
        package var allowed: Bool
        package var refusal: ExecutorError?
        /// Why it would refuse the statement; absent where it would not, or none is asked about.
        package var statementReasons: [String]?
    }

    package var source: Source
    package var configuration: String
    package var digest: String
    package var identity: Identity?
    package var request: Request?
    package var rules: [Rule]?
    package var checks: [Check]?
    /// By the policy. A login for which there is no replica has a refusal all the same.
    package var allowed = false
    package var decision: DecisionReport?
    package var observed: Observed?
    package var refusal: ExecutorError?
    /// What is known of the refusal beyond what an executor is told.
    package var cause: String?
    package var replicas: [Replica]?
    package var statement: StatementReport?

    /// Whether the login and the statement, where there is one, would be allowed.
    package var isWhollyAllowed: Bool { refusal == nil && statement?.allowed ?? true }

    init(on ground: some ExplanationGround) {
        source = ground.source
        configuration = ground.configuration.file
        digest = ground.configuration.digest
    }

    init(refused refusal: Refusal, cause: String, on ground: some ExplanationGround) {
        self.init(on: ground)
        self.refusal = ExecutorError(refusal)
        self.cause = cause
    }

    mutating func show(_ principal: Principal, verified: Bool, source: String?) {
        identity = Identity(
            issuer: principal.issuer, subject: principal.subject, planner: principal.planner,
            task: principal.task, verified: verified, source: source)
    }

    mutating func show(_ asked: AccessRequest, _ trace: PolicyTrace) {
        request = Request(
            database: asked.database, role: asked.role, regions: asked.regionsAsked,
            replication: asked.replication)
        rules = trace.rules.map { rule in
            Rule(
                name: rule.name, line: rule.line, verdict: rule.verdict.rawValue, databases: rule.databases,
                databaseHeld: rule.databaseHeld, who: Condition(rule.who))
        }
        checks = trace.checks.map { Check(name: $0.name.rawValue, held: $0.held, detail: $0.detail) }
        replicas = []
        observed = trace.observation.map { observation in
            switch observation.outcome {
            case .success: Observed(rule: observation.rule, allowed: true)
            case .failure(let refusal):
                Observed(
                    rule: observation.rule, allowed: false, refusal: ExecutorError(.policy(refusal)))
            }
        }
        switch trace.outcome {
        case .success(let answer):
            allowed = true
            decision = DecisionReport(
                rule: answer.rule, database: answer.database, regions: answer.regions, role: answer.role,
                access: answer.access.rawValue, replication: answer.replication,
                replicatesTo: answer.replicatesTo, forbid: answer.forbid.map(\.rawValue).sorted())
        case .failure(let refusal): self.refusal = ExecutorError(.policy(refusal))
        }
    }
}

extension ExplanationReport {
    /// A condition of `who`, and whether it held: a claim with its patterns, or conditions of which all or any must hold.
    package struct Condition: Codable, Sendable {
        package var claim: String?
        package var patterns: [String]?
        package var present: Bool?
        package var all: [Condition]?
        package var any: [Condition]?
        package var held: Bool

        init(_ trace: ConditionTrace) {
            held = trace.held
            switch trace {
            case .claim(let name, let patterns, let present, _):
                claim = name
                self.patterns = patterns
                self.present = present
            case .all(let parts, _): all = parts.map(Condition.init)
            case .any(let parts, _): any = parts.map(Condition.init)
            }
        }
    }

    /// A replica: the one that would serve, or why it was passed over, and what is known of it.
    package struct Replica: Codable, Sendable {
        package enum Outcome: String, Codable, Sendable {
            case selected
            /// Would serve if the one selected did not.
            case candidate
            case passedOver = "passed_over"
        }
        package var name: String
        package var region: String
        package var outcome = Outcome.candidate
        /// Why it was passed over or comes behind; nil for the one selected.
        package var reason: String?
        package var recovery: String?
        package var health: String
        /// The kind of failure of its newest probe.
        package var failure: String?
        package var attested: Bool
        package var lagSeconds: Double?
        package var roundTripUs: Int64?
        /// Absent where no gateway says.
        package var sessions: Int?

        init(name: String, region: String, status: ReplicaStatus, sessions: Int?) {
            self.name = name
            self.region = region
            recovery = status.recovery?.rawValue
            health = status.health.rawValue
            failure = status.failure?.label
            attested = status.attested
            lagSeconds = status.lag.map { Double($0.wholeNanoseconds / 1_000_000) / 1_000 }
            roundTripUs = status.roundTrip.map { $0.wholeNanoseconds / 1_000 }
            self.sessions = sessions
        }
    }
}
