/// Decides from one replica's probes whether it is up and attested, and when to probe again. Times are monotonic
/// nanoseconds; jitter is in 0..<1.
package struct HealthMachine: Sendable {
    /// How often and how patiently to probe.
    package struct Settings: Sendable, Hashable {
        package var interval: Duration
        package var timeout: Duration
        /// Failures in a row after which a replica that was up is down.
        package var fall: Int
        /// Successes in a row after which one that was down is up.
        package var rise: Int

        package init(interval: Duration, timeout: Duration, fall: Int, rise: Int) {
            self.interval = interval
            self.timeout = timeout
            self.fall = fall
            self.rise = rise
        }
    }

    /// What to do after a probe.
    package struct Step: Sendable, Hashable {
        package var transitions: [HealthTransition]
        /// When to probe again.
        package var nextProbe: Int64
        /// How long that probe may take.
        package var patience: Duration
    }

    /// The longest wait between probes of a replica that is down, unless the interval itself is longer.
    package static let longestBackOff = Duration.seconds(10)
    /// The longest wait as a multiple of the interval.
    package static let backOffFactor = 8

    package private(set) var status = ReplicaStatus()
    private let expectation: AttestationExpectation
    private let settings: Settings
    private var successesInARow = 0

    package init(expectation: AttestationExpectation, settings: Settings) {
        self.expectation = expectation
        self.settings = settings
    }

    /// The same replica probed with other settings: what is known of it stays.
    package init(expectation: AttestationExpectation, settings: Settings, status: ReplicaStatus) {
        self.init(expectation: expectation, settings: settings)
        self.status = status
    }

    /// `cluster` is the system_identifier that the database's replicas are known by, if any; `trail` where its primary
    /// was seen.
    package mutating func probeSucceeded(
        _ report: ProbeReport, cluster: String?, trail: PrimaryTrail, startedAt: Int64, now: Int64,
        jitter: Double
    ) -> Step {
        let before = status
        status.failure = nil
        status.failuresInARow = 0
        status.probedAt = now
        successesInARow += 1
        switch status.health {
        case .unknown: status.health = .up
        case .down: if successesInARow >= settings.rise { status.health = .up }
        case .up: break
        }
        let difference = difference(of: report, cluster: cluster)
        if difference == nil { learn(report) }
        measure(report, trail: trail, now: now)
        judge(difference)
        return step(since: before, nextProbe: regular(startedAt: startedAt, now, jitter))
    }

    /// No answer.
    package mutating func probeFailed(
        _ failure: ProbeFailure, startedAt: Int64, now: Int64, jitter: Double
    ) -> Step {
        let before = status
        status.failure = failure
        status.probedAt = now
        if failure == .serverFull, status.health == .up {
            // It answers, and its sessions work: that it is full is for those to hear who ask for one more.
            return step(since: status, nextProbe: regular(startedAt: startedAt, now, jitter))
        }
        status.failuresInARow += 1
        successesInARow = 0
        if status.failuresInARow >= settings.fall { status.health = .down }
        let excess = status.failuresInARow - settings.fall
        // The interval holds until the verdict, so that it falls within fall × interval + timeout.
        let next = excess < 0 ? regular(startedAt: startedAt, now, jitter) : backOff(excess, now, jitter)
        return step(since: before, nextProbe: next)
    }

    /// The replica was found to be another before anything was asked of it: its address or its certificate.
    package mutating func identityContradicted(
        _ difference: AttestationFailure, startedAt: Int64, now: Int64, jitter: Double
    ) -> Step {
        let before = status
        status.health = .unknown
        status.failure = nil
        status.failuresInARow += 1
        status.probedAt = now
        successesInARow = 0
        judge(difference)
        let excess = max(0, status.failuresInARow - settings.fall)
        return step(since: before, nextProbe: backOff(excess, now, jitter))
    }

    /// A session found that the replica is not what it must be. When it is probed next stays as it is.
    package mutating func contradicted(_ difference: AttestationFailure) -> [HealthTransition] {
        let before = status
        judge(difference)
        return transitions(since: before)
    }

    /// An operator cleared the replica, or the configuration was loaded again: it starts anew.
    package mutating func cleared() {
        status = ReplicaStatus()
        successesInARow = 0
    }

    private func difference(of report: ProbeReport, cluster: String?) -> AttestationFailure? {
        var expectation = expectation
        expectation.systemIdentifier = expectation.systemIdentifier ?? cluster ?? status.systemIdentifier
        if let difference = expectation.difference(from: report.facts) { return difference }
        if let known = status.timeline, report.timeline < known {
            return .timelineWentBack(from: known, to: report.timeline)
        }
        return nil
    }

    /// Keeps what later probes are compared with; only from a replica that nothing speaks against.
    private mutating func learn(_ report: ProbeReport) {
        status.systemIdentifier = report.facts.systemIdentifier
        status.timeline = report.timeline
    }

    private mutating func measure(_ report: ProbeReport, trail: PrimaryTrail, now: Int64) {
        let lag = ReplayLag(report.replication, recovery: report.facts.recovery, trail: trail, now: now)
        status.recovery = report.facts.recovery
        status.lag = lag.time
        status.lagBytes = lag.bytes
        status.roundTrip = status.roundTrip.map { ($0 * 3 + report.roundTrip) / 4 } ?? report.roundTrip
        status.serverVersion = report.serverVersion
        status.readOnly = report.readOnly
        status.connectionsLeft = report.connectionsLeft
        status.address = report.address
    }

    private mutating func judge(_ difference: AttestationFailure?) {
        status.difference = difference
        if let difference, difference.quarantines, status.quarantined == nil {
            status.quarantined = difference
        }
        status.attested = difference == nil && status.quarantined == nil
    }

    private func step(since before: ReplicaStatus, nextProbe: Int64) -> Step {
        Step(transitions: transitions(since: before), nextProbe: nextProbe, patience: patience)
    }

    /// A probe that follows one without an answer has no more than an interval where the timeout is longer: two that
    /// hang, one behind the other, would else take fall × timeout until the verdict (F-POL-12).
    private var patience: Duration {
        let awaitsVerdict = status.health == .up && status.failuresInARow > 0
        return awaitsVerdict ? min(settings.timeout, settings.interval) : settings.timeout
    }

    private func transitions(since before: ReplicaStatus) -> [HealthTransition] {
        var found: [HealthTransition] = []
        if before.health != .up, status.health == .up { found.append(.up) }
        if before.health != .down, status.health == .down, let failure = status.failure {
            found.append(.down(failure))
        }
        if let state = status.recovery, let old = before.recovery, old != state {
            found.append(.recoveryChanged(to: state))
        }
        if before.quarantined == nil, let difference = status.quarantined {
            found.append(.quarantined(difference))
        } else if status.quarantined == nil, let difference = status.difference,
            before.difference?.label != difference.label
        {
            found.append(.attestationLost(difference))
        }
        if !before.attested, status.attested { found.append(.attested) }
        return found
    }

    /// One interval after the last probe began, a tenth less at most, so that probes of many replicas spread.
    private func regular(startedAt: Int64, _ now: Int64, _ jitter: Double) -> Int64 {
        let wait = Double(settings.interval.wholeNanoseconds) * (1 - 0.1 * jitter)
        return max(now, startedAt &+ Int64(wait))
    }

    /// Twice as long with every further failure, up to a limit, a quarter less at most.
    private func backOff(_ excess: Int, _ now: Int64, _ jitter: Double) -> Int64 {
        let factor = excess >= 3 ? HealthMachine.backOffFactor : 1 << excess
        let longest = max(settings.interval, HealthMachine.longestBackOff)
        let wait = Double(min(settings.interval * factor, longest).wholeNanoseconds) * (1 - 0.25 * jitter)
        return now &+ Int64(wait)
    }
}
