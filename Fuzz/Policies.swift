import Foundation
import GatewayConfiguration
import GatewayPolicy

/// The text of a configuration. What is found stands in it and says no secret; where nothing is wrong, its policy is
/// asked for principals that its own rules describe, and answers the same each time and within the rule it names.
func run(_ input: [UInt8]) {
    let reading = read(input)
    let again = read(input)
    check(reading.findings == again.findings, "the same text, the same findings")
    check(reading.configuration?.digest == again.configuration?.digest, "the same text, the same digest")
    checkFindings(reading, input)
    guard let configuration = reading.configuration else { return }
    let questions = requests(of: configuration)
    let policy = Policy(configuration)
    for request in questions { checkDecision(policy, request, configuration) }
}

private let secret = "correct horse battery staple"

private func read(_ text: [UInt8]) -> ConfigurationReading {
    ConfigurationFile.read(text, file: "fuzz.yaml", environment: ["SECRET": secret], hostName: "host")
}

// MARK: - Findings

private func checkFindings(_ reading: ConfigurationReading, _ input: [UInt8]) {
    let findings = reading.findings
    let isMistaken = findings.contains { $0.severity == .mistake }
    check(isMistaken == (reading.configuration == nil), "a mistake, or a configuration")
    check(findings.count <= 1_000, "findings within their limit")
    let lines = widths(of: input)
    var last = (0, 0)
    for finding in findings {
        check((1...lines.count).contains(finding.line), "\(finding) is on one of \(lines.count) lines")
        check((1...lines[finding.line - 1] + 1).contains(finding.column), "\(finding) is within its line")
        check((finding.line, finding.column) >= last, "findings in the order of the text")
        check(!finding.message.contains(secret), "no secret in \(finding)")
        last = (finding.line, finding.column)
    }
}

/// Scalars of each line; lines end as in YAML 1.1, section 4.2, and there is one behind the last end. What is no text has
/// one mistake, and lines that end at LF.
private func widths(of input: [UInt8]) -> [Int] {
    let start = input.starts(with: [0xef, 0xbb, 0xbf]) ? 3 : 0
    guard String(validating: input, as: UTF8.self) != nil, !input.contains(0) else {
        return input[start...].split(separator: 0x0a, omittingEmptySubsequences: false)
            .map { String(decoding: $0, as: UTF8.self).unicodeScalars.count }
    }
    var scalars = Array(String(decoding: input[start...], as: UTF8.self).unicodeScalars)[...]
    var widths = [0]
    while let scalar = scalars.popFirst() {
        switch scalar {
        case "\r":
            if scalars.first == "\n" { scalars.removeFirst() }
            widths.append(0)
        case "\n", "\u{85}", "\u{2028}", "\u{2029}": widths.append(0)
        default: widths[widths.count - 1] += 1
        }
    }
    return widths
}

// MARK: - Decisions

/// Who the rules describe, and who they do not, each asking for several databases, regions and roles.
private func requests(of configuration: Configuration) -> [AccessRequest] {
    let databases = configuration.databases.prefix(3).map(\.name) + ["nowhere"]
    let places: [[String]] =
        [[], ["nowhere"]]
        + configuration.regions.prefix(3).flatMap {
            [[$0.name], [$0.jurisdiction], [$0.name, $0.jurisdiction]]
        }
    var requests: [AccessRequest] = []
    for rule in configuration.rules.prefix(4) {
        let principal = principal(fitting: rule.who)
        for database in databases {
            for asked in places {
                for role in [nil, "auto", "nobody"] + rule.roles.prefix(2).map(Optional.some) {
                    requests.append(
                        AccessRequest(
                            principal: principal, database: database, regionsAsked: asked, role: role,
                            replication: role == "auto"))
                }
            }
        }
    }
    return requests
}

private func principal(fitting condition: Condition) -> Principal {
    var claims: [String: ClaimValue] = [:]
    func take(_ condition: Condition) {
        switch condition {
        case .claim(let name, let patterns):
            let texts = patterns.prefix(2).map { pattern in
                ClaimValue.string(String(pattern.text.map { $0 == "*" || $0 == "?" ? "x" : $0 }))
            }
            claims[name] = texts.count == 1 ? texts[0] : .array(Array(texts))
        case .all(let parts), .any(let parts): for part in parts.prefix(8) { take(part) }
        }
    }
    take(condition)
    func text(_ name: String) -> String? {
        if case .string(let text)? = claims[name] { text } else { nil }
    }
    return Principal(
        issuer: text("issuer") ?? text("iss") ?? "https://id.example.com",
        subject: text("subject") ?? text("sub") ?? "exec-1", planner: text("planner"), task: text("task"),
        tokenID: nil, claims: claims, mapped: [:])
}

private func checkDecision(_ policy: Policy, _ request: AccessRequest, _ configuration: Configuration) {
    let answer = decide(policy, request)
    check(decide(policy, request) == answer, "the same request, the same answer")
    let trace = policy.explain(request)
    check(trace.outcome == answer, "explain and decide answer the same")
    check(trace.rules.count == configuration.rules.count, "every rule is explained")
    let matched = trace.rules.filter { $0.verdict == .matched }
    check(matched.count <= 1, "one rule decides")
    switch answer {
    case .failure(let refusal):
        check(refusal.rule == matched.first?.name, "the rule that refuses is the one that matched")
    case .success(let decision):
        check(matched.first?.name == decision.rule, "the rule that allows is the one that matched")
        checkAllowed(decision, request, policy, configuration)
    }
}

/// By the rule's own words, and not by how the policy compiles them.
private func checkAllowed(
    _ decision: Decision, _ request: AccessRequest, _ policy: Policy, _ configuration: Configuration
) {
    guard let rule = configuration.rules.first(where: { $0.name.hasSameBytes(as: decision.rule) }) else {
        return check(false, "a rule of the configuration")
    }
    let database = configuration.database(named: request.database)
    check(database != nil && decision.database == request.database, "the database asked for")
    check(rule.databases.contains { $0.matches(request.database) }, "a database of the rule")
    check(!decision.regions.isEmpty, "a region to be served from")
    for name in decision.regions {
        guard let region = configuration.region(named: name) else {
            return check(false, "a region that is there")
        }
        check(isNamed(region, in: rule.regions), "\(name) is a region of the rule")
        for asked in request.regionsAsked {
            check(isNamed(region, in: [asked]), "\(name) is what was asked for")
        }
    }
    guard let own = configuration.region(named: configuration.region) else {
        return check(false, "a gateway in a region that is there")
    }
    check(isNamed(own, in: rule.regions + rule.transit), "a gateway that the rule lets be in the path")
    check(rule.roles.contains { $0.hasSameBytes(as: decision.role) }, "a role of the rule")
    check(decision.access == rule.access, "the access of the rule")
    check(!decision.replication || rule.replication, "replication where the rule allows it")
    check(decision.forbid == rule.forbid, "what the rule forbids")
    if rule.access == .readWrite, !rule.replicates {
        for replica in database?.replicas ?? [] {
            let region = configuration.region(named: replica.region)
            check(
                region.map { isNamed($0, in: rule.regions) } == true, "writes that stay in the rule's regions"
            )
        }
    }
    var wider = request
    wider.regionsAsked = []
    guard case .success(let whole) = decide(policy, wider) else {
        return check(false, "what is allowed in one region is allowed")
    }
    check(decision.regions.allSatisfy(whole.regions.contains), "a region asked for narrows")
    checkNarrowings(decision, request, policy, configuration)
}

/// A token takes away and never gives, whatever it names.
private func checkNarrowings(
    _ decision: Decision, _ request: AccessRequest, _ policy: Policy, _ configuration: Configuration
) {
    func decided(_ narrowings: Narrowing...) -> Result<Decision, PolicyRefusal> {
        var narrowed = request
        let principal = request.principal
        narrowed.principal = Principal(
            issuer: principal.issuer, subject: principal.subject, planner: principal.planner,
            task: principal.task, tokenID: nil, claims: principal.claims, mapped: [:], narrowings: narrowings)
        return decide(policy, narrowed)
    }
    let elsewhere = Narrowing(databases: [])
    let everything = Narrowing(
        databases: [Pattern(request.database)], regions: configuration.regions.map(\.name),
        roles: ["nobody", decision.role], access: .readWrite)
    switch decided(elsewhere, everything) {
    case .success(let same): check(same == decision, "a token that names more gets no more")
    case .failure(let refusal): check(false, "\(refusal) where the token names all that is allowed")
    }
    let least = Narrowing(regions: [decision.regions[0]], access: .readOnly)
    switch decided(least) {
    case .success(let left):
        check(left.regions.allSatisfy(decision.regions.contains), "a token's region narrows")
        check(left.access == .readOnly, "a token's access narrows")
        check(left.role == decision.role, "the same role")
    case .failure(let refusal): check(false, "\(refusal) where the token leaves a region")
    }
    for nothing in [elsewhere, Narrowing(regions: []), Narrowing(roles: ["nobody"])] {
        guard case .failure(.narrowed(_, rule: decision.rule)) = decided(nothing) else {
            return check(false, "nothing where the token leaves nothing")
        }
    }
    guard case .success(let stricter) = decided(Narrowing(forbid: [.ddl])) else {
        return check(false, "a session with what the token forbids besides")
    }
    check(stricter.forbid == decision.forbid.union([.ddl]), "a token forbids more, and allows nothing")
}

private func isNamed(_ region: Region, in names: [String]) -> Bool {
    names.contains { $0.hasSameBytes(as: region.name) || $0.hasSameBytes(as: region.jurisdiction) }
}

private func decide(_ policy: Policy, _ request: AccessRequest) -> Result<Decision, PolicyRefusal> {
    do throws(PolicyRefusal) { return .success(try policy.decide(request)) } catch { return .failure(error) }
}
