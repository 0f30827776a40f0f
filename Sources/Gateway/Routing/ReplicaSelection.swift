import GatewayConfiguration
import GatewayPolicy

/// Which replicas may serve a session, the best first, and why each other one may not. Never one outside the
/// decision's regions, whatever the state of those inside.
package struct ReplicaSelection: Sendable {
    /// The best first. Empty: 08001.
    package let candidates: [AttestedReplica]
    /// All others, in the order of the configuration.
    package let passedOver: [Passed]

    package struct Passed: Sendable, Hashable {
        package let replica: ReplicaID
        package let why: PassedOver
    }

    /// What the selection rests on, apart from the decision.
    package struct State: Sendable {
        package var statuses: [ReplicaID: ReplicaStatus]
        /// Live sessions and logins in flight of each replica; absent: none.
        package var sessions: [ReplicaID: Int]
        package var gatewayRegion: String
        /// What the session itself asked for (`domicile.max_lag`); narrows the replicas' own limits.
        package var maxLag: Duration?

        package init(
            statuses: [ReplicaID: ReplicaStatus], sessions: [ReplicaID: Int] = [:], gatewayRegion: String,
            maxLag: Duration? = nil
        ) {
            self.statuses = statuses
            self.sessions = sessions
            self.gatewayRegion = gatewayRegion
            self.maxLag = maxLag
        }
    }

    /// The replicas for a decision. A configuration without its database (it was reloaded in between) has none.
    package static func select(
        decision: Decision, configuration: Configuration, statuses: [ReplicaID: ReplicaStatus],
        sessions: [ReplicaID: Int] = [:], maxLag: Duration? = nil
    ) -> ReplicaSelection {
        let targets =
            configuration.database(named: decision.database)
            .map { ReplicaTarget.targets(of: $0, regions: configuration.regions) } ?? []
        let state = State(
            statuses: statuses, sessions: sessions, gatewayRegion: configuration.region, maxLag: maxLag)
        let ranking = Ranking(
            targets: targets, regions: decision.regions, access: decision.access, state: state)
        return ReplicaSelection(
            candidates: ranking.order.compactMap { target in
                AttestedReplica(
                    target: target, status: statuses[target.id] ?? ReplicaStatus(),
                    writes: decision.access == .readWrite)
            },
            passedOver: ranking.passedOver)
    }

    /// One line for an error's DETAIL: why each replica in an allowed region was passed over.
    package var detail: String {
        let inside = passedOver.filter { passed in
            if case .regionNotAllowed = passed.why { return false }
            return true
        }
        guard !inside.isEmpty else { return "The database has no replica in an allowed region." }
        return inside.map { "\($0.replica.replica): \($0.why.reason)" }.joined(separator: "; ")
    }
}

/// The order of a selection, without the right to connect to anything.
package struct Ranking: Sendable, Hashable {
    package let order: [ReplicaTarget]
    package let passedOver: [ReplicaSelection.Passed]

    package init(
        targets: [ReplicaTarget], regions: [String], access: Access, state: ReplicaSelection.State
    ) {
        let allowed = Set(regions)
        let writers = Ranking.writers(targets, in: allowed, state)
        let newest = Ranking.newestTimeline(targets, state)
        var fit: [ReplicaTarget] = []
        var passed: [ReplicaSelection.Passed] = []
        for target in targets {
            let status = state.statuses[target.id] ?? ReplicaStatus()
            if let why = Ranking.obstacle(target, status, allowed: allowed, maxLag: state.maxLag)
                ?? (access == .readWrite
                    ? Ranking.writeObstacle(status, writers: writers, newest: newest) : nil)
            {
                passed.append(ReplicaSelection.Passed(replica: target.id, why: why))
            } else {
                fit.append(target)
            }
        }
        passedOver = passed
        order = fit.map { ($0, Preference($0, state)) }.sorted { $0.1 < $1.1 }.map(\.0)
    }

    private static func obstacle(
        _ target: ReplicaTarget, _ status: ReplicaStatus, allowed: Set<String>, maxLag: Duration?
    ) -> PassedOver? {
        guard allowed.contains(target.region) else { return .regionNotAllowed(target.region) }
        if target.maintenance { return .maintenance }
        if let difference = status.quarantined { return .quarantined(difference) }
        if let difference = status.difference { return .notAttested(difference) }
        guard status.health == .up else { return .unhealthy(status.failure) }
        guard status.attested, let address = status.address, status.systemIdentifier != nil,
            status.timeline != nil, let recovery = status.recovery
        else { return .notAttested(nil) }
        guard target.admits(address) else {
            return .notAttested(.networks(address: address.text, region: target.region))
        }
        if recovery == .standby, let limit = [target.maxLag, maxLag].compactMap({ $0 }).min() {
            guard let lag = status.lag, lag <= limit else { return .lag(status.lag, limit: limit) }
        }
        return nil
    }

    private static func writeObstacle(
        _ status: ReplicaStatus, writers: [String], newest: [String: UInt32]
    ) -> PassedOver? {
        guard status.recovery == .primary else { return .notPrimary }
        if writers.count > 1 { return .severalPrimaries(writers) }
        if let identifier = status.systemIdentifier, let found = status.timeline,
            let newest = newest[identifier], found < newest
        {
            return .timelineBehind(found: found, newest: newest)
        }
        return nil
    }

    /// Servers in the allowed regions that take writes, those that should not (a promoted `kind: standby`) included:
    /// two of them have parted ways whatever they are configured as.
    private static func writers(
        _ targets: [ReplicaTarget], in allowed: Set<String>, _ state: ReplicaSelection.State
    ) -> [String] {
        targets.filter { target in
            guard allowed.contains(target.region), let status = state.statuses[target.id],
                status.health == .up, status.recovery == .primary, status.quarantined == nil
            else { return false }
            guard let difference = status.difference else { return status.attested }
            if case .kindMismatch = difference { return true }
            return false
        }.map(\.id.replica)
    }

    /// The latest timeline of each cluster, of whatever region, as attested replicas showed it.
    private static func newestTimeline(
        _ targets: [ReplicaTarget], _ state: ReplicaSelection.State
    ) -> [String: UInt32] {
        var newest: [String: UInt32] = [:]
        for target in targets {
            guard let status = state.statuses[target.id], status.attested,
                let identifier = status.systemIdentifier, let timeline = status.timeline
            else { continue }
            newest[identifier] = max(newest[identifier] ?? 0, timeline)
        }
        return newest
    }
}

/// What one candidate is preferred by: the gateway's own region, else the lower round trip; then the fewer sessions for
/// its weight.
private struct Preference: Comparable {
    let elsewhere: Int
    let distance: Int
    /// Sessions by weight, with the one that is to be placed.
    let load: Double
    let roundTrip: Duration
    let id: ReplicaID

    init(_ target: ReplicaTarget, _ state: ReplicaSelection.State) {
        let measured = state.statuses[target.id]?.roundTrip ?? .seconds(3600)
        elsewhere = target.region == state.gatewayRegion ? 0 : 1
        distance = elsewhere == 0 ? 0 : Preference.distance(measured)
        load = Double((state.sessions[target.id] ?? 0) + 1) / Double(max(1, target.weight))
        roundTrip = measured
        id = target.id
    }

    /// Round trips that differ by less than a quarter, or are under a millisecond, count as the same: else no two
    /// replicas would ever be equally near, and load would decide nothing.
    private static func distance(_ roundTrip: Duration) -> Int {
        let nanoseconds = roundTrip.wholeNanoseconds
        var step = 0
        var bound: Int64 = 1_000_000
        while nanoseconds > bound, step < 100 {
            bound += bound / 4
            step += 1
        }
        return step
    }

    static func < (left: Preference, right: Preference) -> Bool {
        (left.elsewhere, left.distance, left.load, left.roundTrip, left.id)
            < (right.elsewhere, right.distance, right.load, right.roundTrip, right.id)
    }
}
