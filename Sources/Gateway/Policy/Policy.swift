/// The rules, compiled once against the regions and databases of one configuration. Pure: the same request
/// gets the same answer (docs/policy.md).
///
/// All names are compared byte by byte. `String`'s own `==` takes canonical equivalents for equal (U+212A
/// KELVIN SIGN is a `K` to it), which would let one name stand for another.
package struct Policy: Sendable {
    private let rules: [CompiledRule]
    private let index: RuleIndex
    /// Over the rules that only observe as well; nil where there are none.
    private let observingIndex: RuleIndex?
    private let regions: [PolicyRegion]
    private let databases: [PolicyDatabase]
    private let gatewayRegion: String

    /// - Parameters:
    ///   - rules: in the order of the file; the first that matches decides.
    ///   - regions: every region of the configuration.
    ///   - databases: every database, with the regions that hold a replica of it.
    ///   - gatewayRegion: the region that this gateway runs in.
    package init(
        rules: [Rule], regions: [PolicyRegion], databases: [PolicyDatabase], gatewayRegion: String
    ) {
        self.rules = rules.map { CompiledRule($0, regions: regions, databases: databases) }
        index = RuleIndex(
            self.rules.map { ($0.source.who, $0.source.mode == .enforce ? $0.databases : []) })
        observingIndex =
            rules.contains { $0.mode == .observe }
            ? RuleIndex(self.rules.map { ($0.source.who, $0.databases) }) : nil
        self.regions = regions
        self.databases = databases
        self.gatewayRegion = gatewayRegion
    }

    /// What the policy answers for one connection.
    ///
    /// - Throws: `PolicyRefusal`. Nothing that is not allowed in so many words is allowed.
    package func decide(_ request: AccessRequest) throws(PolicyRefusal) -> Decision {
        guard let databaseIndex = index(ofDatabase: request.database) else {
            throw .unknownDatabase(request.database)
        }
        guard let number = index.first(for: request.principal, database: databaseIndex) else { throw .noRule }
        return try decide(request, by: rules[number], on: databases[databaseIndex])
    }

    /// What the rule that only observes would answer, if it were enforced; nil where none would decide.
    package func observe(_ request: AccessRequest) -> Observation? {
        guard let observingIndex, let databaseIndex = index(ofDatabase: request.database),
            let number = observingIndex.first(for: request.principal, database: databaseIndex),
            rules[number].source.mode == .observe
        else { return nil }
        let outcome: Result<Decision, PolicyRefusal>
        do throws(PolicyRefusal) {
            outcome = .success(try decide(request, by: rules[number], on: databases[databaseIndex]))
        } catch {
            outcome = .failure(error)
        }
        return Observation(rule: rules[number].source.name, outcome: outcome)
    }

    /// The decision, rule by rule and check by check, for `domicile explain` and tests. Its outcome is what
    /// `decide` answers. Claims' values are not in it.
    package func explain(_ request: AccessRequest) -> PolicyTrace {
        let databaseIndex = index(ofDatabase: request.database)
        var traces: [RuleTrace] = []
        var decisive: CompiledRule?
        for rule in rules {
            let trace = RuleTrace(
                rule: rule.source,
                reached: decisive == nil && databaseIndex != nil,
                databaseHeld: databaseIndex.map(rule.databases.contains) ?? false,
                who: rule.source.who.trace(for: request.principal))
            if trace.verdict == .matched { decisive = rule }
            traces.append(trace)
        }
        var checks: [CheckTrace] = []
        if let decisive, let databaseIndex {
            checks = self.checks(request, by: decisive, on: databases[databaseIndex])
        }
        let outcome: Result<Decision, PolicyRefusal>
        do throws(PolicyRefusal) {
            outcome = .success(try decide(request))
        } catch {
            outcome = .failure(error)
        }
        return PolicyTrace(
            rules: traces, checks: checks, outcome: outcome, observation: observe(request))
    }

    // MARK: The checks behind the match

    private func decide(
        _ request: AccessRequest, by rule: CompiledRule, on database: PolicyDatabase
    ) throws(PolicyRefusal) -> Decision {
        let rights = try self.rights(request, by: rule)
        try checkTransit(rule)
        let replicatesTo = try self.replicatesTo(rule, database)
        guard !request.replication || rule.source.replication else {
            throw .replication(rule: rule.source.name)
        }
        // After the rule's own checks, which look at the rule alone: a token opens nothing by asking for less.
        let left = try narrowed(rights, request, by: rule)
        guard let role = left.roles.first else { throw .narrowed(.role, rule: rule.source.name) }
        return Decision(
            terms: rule.terms, database: database.name, rights: left, role: role,
            replication: request.replication, replicatesTo: replicatesTo)
    }

    /// What the rule allows of what was asked for.
    private func rights(_ request: AccessRequest, by rule: CompiledRule) throws(PolicyRefusal) -> Rights {
        Rights(
            roles: try allowedRoles(request, by: rule), regions: try allowedRegions(request, by: rule),
            access: rule.source.access, forbid: rule.source.forbid)
    }

    /// What the token leaves of it: by the first of its entries that leaves something. Entries are alternatives (RFC
    /// 9396 section 2), and none is mixed with another.
    private func narrowed(
        _ rights: Rights, _ request: AccessRequest, by rule: CompiledRule
    ) throws(PolicyRefusal) -> Rights {
        guard !request.principal.narrowings.isEmpty else { return rights }
        var nearest = Narrowing.Member.database
        for narrowing in request.principal.narrowings {
            switch rights.narrowed(by: narrowing, database: request.database, regions: regions) {
            case .left(let left): return left
            case .nothingLeft(let member): if member.rawValue > nearest.rawValue { nearest = member }
            }
        }
        throw .narrowed(nearest, rule: rule.source.name)
    }

    /// The role asked for; for `auto` all of the rule's, the first of which is meant.
    private func allowedRoles(_ request: AccessRequest, by rule: CompiledRule) throws(PolicyRefusal)
        -> [String]
    {
        let allowed = rule.source.roles
        if let asked = request.role {
            if let same = allowed.first(where: { $0.hasSameBytes(as: asked) }) { return [same] }
            let isAuto = asked.hasSameBytes(as: "auto") || asked.hasSameBytes(as: request.principal.subject)
            guard isAuto else { throw .role(asked, rule: rule.source.name, allowed: allowed) }
        }
        guard !allowed.isEmpty else {
            throw .role(request.role ?? "auto", rule: rule.source.name, allowed: allowed)
        }
        return allowed
    }

    /// The rule's regions, narrowed by every name asked for.
    private func allowedRegions(_ request: AccessRequest, by rule: CompiledRule) throws(PolicyRefusal)
        -> [String]
    {
        var left = rule.regions
        for asked in request.regionsAsked {
            let meant = PolicyRegion.expand([asked], in: regions)
            left = left.filter { region in meant.contains { $0.hasSameBytes(as: region) } }
        }
        guard !left.isEmpty else {
            throw .region(asked: request.regionsAsked, rule: rule.source.name, allowed: rule.regions)
        }
        return left
    }

    private func checkTransit(_ rule: CompiledRule) throws(PolicyRefusal) {
        guard (rule.regions + rule.transit).contains(where: { $0.hasSameBytes(as: gatewayRegion) }) else {
            throw .transit(gateway: gatewayRegion, rule: rule.source.name)
        }
    }

    private func replicatesTo(_ rule: CompiledRule, _ database: PolicyDatabase) throws(PolicyRefusal)
        -> [String]
    {
        switch rule.source.access {
        case .readOnly: return []
        case .readWrite: break
        }
        let outside = database.regions.filter { region in
            !rule.regions.contains { $0.hasSameBytes(as: region) }
        }
        guard outside.isEmpty || rule.source.replicates else {
            throw .replicates(to: outside, rule: rule.source.name)
        }
        return outside
    }

    private func checks(
        _ request: AccessRequest, by rule: CompiledRule, on database: PolicyDatabase
    ) -> [CheckTrace] {
        func held(_ check: () throws(PolicyRefusal) -> Void) -> Bool {
            do throws(PolicyRefusal) { try check() } catch { return false }
            return true
        }
        let asked = request.regionsAsked
        let allowed = try? rights(request, by: rule)
        let left = allowed.flatMap { try? narrowed($0, request, by: rule) }
        return [
            CheckTrace(
                name: .role,
                held: held { () throws(PolicyRefusal) in _ = try allowedRoles(request, by: rule) },
                detail: "asked \(request.role ?? "auto"), allowed \(list(rule.source.roles))"),
            CheckTrace(
                name: .region,
                held: held { () throws(PolicyRefusal) in _ = try allowedRegions(request, by: rule) },
                detail: "asked \(asked.isEmpty ? "none" : list(asked)), allowed \(list(rule.regions))"),
            CheckTrace(
                name: .transit, held: held { () throws(PolicyRefusal) in try checkTransit(rule) },
                detail:
                    "gateway in \(gatewayRegion), allowed \(list(rule.regions)), transit \(list(rule.transit))"
            ),
            CheckTrace(
                name: .replicates,
                held: held { () throws(PolicyRefusal) in _ = try replicatesTo(rule, database) },
                detail: "access \(rule.source.access.rawValue), replicas in \(list(database.regions)), "
                    + "replicates \(rule.source.replicates ? "allow" : "refuse")"),
            CheckTrace(
                name: .replication, held: !request.replication || rule.source.replication,
                detail: "\(request.replication ? "asked for" : "not asked for"), rule says "
                    + (rule.source.replication ? "allow" : "refuse")),
            CheckTrace(
                name: .token, held: allowed == nil || left != nil,
                detail: PolicyTrace.words(request.principal.narrowings)),
        ]
    }

    private func list(_ names: [String]) -> String { "[\(names.joined(separator: ", "))]" }

    private func index(ofDatabase name: String) -> Int? {
        databases.firstIndex { $0.name.hasSameBytes(as: name) }
    }
}

/// A rule with its names resolved: databases as indexes, regions and transit as regions.
private struct CompiledRule: Sendable {
    let source: Rule
    let terms: RuleTerms
    let databases: Set<Int>
    let regions: [String]
    let transit: [String]

    init(_ rule: Rule, regions: [PolicyRegion], databases: [PolicyDatabase]) {
        source = rule
        terms = RuleTerms(rule)
        self.databases = Set(
            databases.indices.filter { index in
                rule.databases.contains { $0.matches(databases[index].name) }
            })
        self.regions = PolicyRegion.expand(rule.regions, in: regions)
        transit = PolicyRegion.expand(rule.transit, in: regions)
    }
}

extension String {
    /// Equal byte for byte, which `==` is not.
    package func hasSameBytes(as other: String) -> Bool { utf8.elementsEqual(other.utf8) }
}
