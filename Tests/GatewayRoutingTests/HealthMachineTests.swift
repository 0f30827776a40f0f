import GatewayConfiguration
import GatewayRouting
import Testing

struct HealthMachineTests {
    @Test("Nothing is known before the first probe, and nothing selected")
    func unprobed() {
        let status = HealthMachine().status
        #expect(status.health == .unknown)
        #expect(status.failure == .neverProbed)
        #expect(!status.attested)
    }

    @Test("`fall` failures in a row make it down, `rise` successes up (F-POL-10)")
    func hysteresis() {
        var machine = HealthMachine(fall: 3, rise: 2)
        #expect(machine.good(report()) == [.up, .attested])
        #expect(machine.bad() == [])
        #expect(machine.bad() == [])
        #expect(machine.status.health == .up)
        #expect(machine.good(report()) == [])
        #expect(machine.bad() == [])
        #expect(machine.bad(.queryTimeout) == [])
        #expect(machine.bad(.connectTimeout) == [.down(.connectTimeout)])
        #expect(machine.bad() == [])
        #expect(machine.good(report()) == [])
        #expect(machine.status.health == .down)
        #expect(machine.bad() == [])
        #expect(machine.good(report()) == [])
        #expect(machine.good(report()) == [.up])
        #expect(machine.status.failure == nil)
    }

    @Test(
        "F-POL-07: a server without a slot for the probe stays up if it was, and is no server to begin with if not"
    )
    func full() {
        var machine = HealthMachine(fall: 2)
        #expect(machine.good(report()) == [.up, .attested])
        for _ in 0..<10 { #expect(machine.bad(.serverFull) == []) }
        #expect(machine.status.health == .up)
        #expect(machine.status.failure == .serverFull)
        #expect(machine.bad(.queryTimeout) == [])
        #expect(machine.bad(.queryTimeout) == [.down(.queryTimeout)])
        #expect(machine.bad(.serverFull) == [])
        #expect(machine.status.health == .down)
        var never = HealthMachine(fall: 2)
        #expect(never.bad(.serverFull) == [])
        #expect(never.bad(.serverFull) == [.down(.serverFull)])
    }

    @Test(
        "F-WIRE-27: a replica that repeats a login in a session is quarantined, whatever its probes say, until cleared"
    )
    func loginRepeated() {
        var machine = HealthMachine(fall: 2)
        #expect(machine.good(report()) == [.up, .attested])
        #expect(machine.contradicted(.loginRepeated) == [.quarantined(.loginRepeated)])
        #expect(!machine.status.attested)
        _ = machine.good(report())
        #expect(!machine.status.attested)
        #expect(machine.status.quarantined == .loginRepeated)
        machine.cleared()
        #expect(machine.good(report()) == [.up, .attested])
    }

    @Test("One probe in three lost moves nothing (F-POL-10)")
    func oneInThree() {
        var machine = HealthMachine(fall: 2)
        var told: [HealthTransition] = []
        for round in 0..<300 {
            told += round % 3 == 2 ? machine.bad(.queryTimeout) : machine.good(report())
        }
        #expect(told == [.up, .attested])
    }

    @Test("Never reached: down after `fall`, with its reason")
    func neverUp() {
        var machine = HealthMachine(fall: 2)
        #expect(machine.bad(.resolution("no such name")) == [])
        #expect(machine.status.health == .unknown)
        #expect(machine.bad(.resolution("no such name")) == [.down(.resolution("no such name"))])
    }

    @Test(
        "The next probe: an interval after the last began, then ever later, at most ten seconds",
        arguments: [
            // failures before, began, ended, jitter, next (all in ms)
            (0, 1000, 1100, 0.0, 3000), (0, 1000, 1100, 1.0, 2800), (1, 1000, 2000, 0.0, 3000),
            (1, 1000, 4000, 0.0, 4000), (2, 1000, 2000, 0.0, 4000), (2, 1000, 2000, 1.0, 3500),
            (3, 1000, 2000, 0.0, 6000), (4, 1000, 2000, 0.0, 10000), (5, 1000, 2000, 0.0, 12000),
            (60, 1000, 2000, 0.0, 12000), (60, 1000, 2000, 1.0, 9500),
        ])
    func schedule(failures: Int, began: Int64, ended: Int64, jitter: Double, next: Int64) {
        var machine = HealthMachine(fall: 2)
        if failures == 0 {
            let step = machine.probeSucceeded(
                report(), cluster: nil, trail: PrimaryTrail(), startedAt: at(began), now: at(ended),
                jitter: jitter)
            #expect(step.nextProbe == at(next))
            return
        }
        for _ in 1..<max(failures, 1) { _ = machine.bad() }
        let step = machine.probeFailed(.queryTimeout, startedAt: at(began), now: at(ended), jitter: jitter)
        #expect(step.nextProbe == at(next))
    }

    @Test(
        "F-POL-12: until the verdict a probe behind a failed one has no longer than an interval",
        arguments: [
            // interval, timeout (ms), failures before, patience (ms); fall is 3
            (500, 1000, 0, 1000), (500, 1000, 1, 500), (500, 1000, 2, 500), (500, 1000, 3, 1000),
            (2000, 1000, 1, 1000),
        ])
    func patience(interval: Int, timeout: Int, failures: Int, patience: Int) {
        var machine = HealthMachine(
            expectation: AttestationExpectation(kind: .auto, attest: Attestation()),
            settings: .init(
                interval: .milliseconds(interval), timeout: .milliseconds(timeout), fall: 3, rise: 1))
        var step = machine.probeSucceeded(
            report(), cluster: nil, trail: PrimaryTrail(), startedAt: 0, now: 0, jitter: 0)
        for _ in 0..<failures {
            step = machine.probeFailed(.queryTimeout, startedAt: 0, now: 0, jitter: 0)
        }
        #expect(step.patience == .milliseconds(patience))
    }

    @Test("An interval longer than the longest back-off holds")
    func longInterval() {
        var machine = HealthMachine(
            expectation: AttestationExpectation(kind: .auto, attest: Attestation()),
            settings: .init(interval: .seconds(30), timeout: .seconds(1), fall: 1, rise: 1))
        for _ in 0..<10 { _ = machine.bad() }
        #expect(machine.probeFailed(.lost, startedAt: 0, now: 0, jitter: 0).nextProbe == at(30_000))
    }

    @Test("A wrong recovery state is not attested until it is right again")
    func kindMismatch() {
        var machine = HealthMachine(kind: .standby)
        let difference = AttestationFailure.kindMismatch(expected: .standby, found: .primary)
        #expect(machine.good(report(.primary)) == [.up, .attestationLost(difference)])
        #expect(machine.status.health == .up)
        #expect(!machine.status.attested)
        #expect(machine.good(report(.primary)) == [])
        #expect(
            machine.good(report(.standby, replication: level())) == [
                .recoveryChanged(to: .standby), .attested,
            ])
        #expect(
            machine.good(report(.primary)) == [.recoveryChanged(to: .primary), .attestationLost(difference)])
    }

    @Test("kind: auto follows a promotion and a demotion (F-POL-03, F-POL-15)")
    func promotion() {
        var machine = HealthMachine(kind: .auto)
        #expect(machine.good(report(.standby, replication: level())) == [.up, .attested])
        #expect(machine.good(report(.primary, timeline: 2)) == [.recoveryChanged(to: .primary)])
        #expect(machine.status.attested)
        #expect(machine.status.timeline == 2)
        #expect(machine.good(report(.standby, timeline: 3)) == [.recoveryChanged(to: .standby)])
    }

    @Test(
        "What a server cannot change by itself quarantines, and a right answer later does not lift it",
        arguments: [
            (
                Attestation(), report(identifier: "7002"),
                AttestationFailure.systemIdentifierMismatch(expected: "7001", found: "7002")
            ),
            (Attestation(), report(timeline: 4), .timelineWentBack(from: 5, to: 4)),
            (Attestation(), report(backendMatches: false, timeline: 5), .pooler),
        ])
    func quarantine(attest: Attestation, wrong: ProbeReport, difference: AttestationFailure) {
        var machine = HealthMachine(kind: .primary, attest: attest)
        #expect(machine.good(report(timeline: 5)) == [.up, .attested])
        #expect(machine.good(wrong) == [.quarantined(difference)])
        #expect(machine.good(report(timeline: 5)) == [])
        #expect(machine.status.quarantined == difference)
        #expect(machine.status.systemIdentifier == "7001")
        #expect(machine.status.timeline == 5)
        #expect(!machine.status.attested)
        #expect(machine.status.health == .up)
        machine.cleared()
        #expect(machine.good(report(timeline: 5)) == [.up, .attested])
    }

    @Test(
        "What the configuration says of a replica must be so at its first probe",
        arguments: [
            (
                Attestation(systemIdentifier: "7009"), nil,
                AttestationFailure.systemIdentifierMismatch(expected: "7009", found: "7001")
            ),
            // Learnt from another replica of the database.
            (Attestation(), "7008", .systemIdentifierMismatch(expected: "7008", found: "7001")),
            (
                Attestation(clusterName: "orders-eu-a"), nil,
                .clusterNameMismatch(expected: "orders-eu-a", found: "orders-us-a")
            ),
            (Attestation(tlsSPKI: "sha256/a"), nil, .spkiMismatch(expected: "sha256/a", found: "sha256/b")),
        ] as [(Attestation, String?, AttestationFailure)])
    func configured(attest: Attestation, cluster: String?, difference: AttestationFailure) {
        var machine = HealthMachine(attest: attest)
        let found = report(clusterName: "orders-us-a", spki: "sha256/b")
        #expect(machine.good(found, cluster: cluster) == [.up, .quarantined(difference)])
        #expect(machine.status.systemIdentifier == nil)
    }

    @Test("A name that points elsewhere is told once, ends by itself, and is not taken for health (F-POL-01)")
    func networks() {
        var machine = HealthMachine()
        #expect(machine.good(report()) == [.up, .attested])
        let difference = AttestationFailure.networks(address: "10.0.0.1", region: "eu-west-1")
        for round in 0..<3 {
            let step = machine.identityContradicted(difference, startedAt: 0, now: 0, jitter: 0)
            #expect(step.transitions == (round == 0 ? [.attestationLost(difference)] : []))
            #expect(step.nextProbe >= at(2000))
        }
        #expect(machine.status.health == .unknown)
        #expect(machine.bad(.lost) == [.down(.lost)])
        #expect(machine.status.difference == difference)
        #expect(machine.good(report()) == [.up, .attested])
    }

    @Test("Failed probes alone take no attestation away (F-POL-10)")
    func failuresKeepAttestation() {
        var machine = HealthMachine()
        _ = machine.good(report())
        for _ in 0..<5 { _ = machine.bad() }
        #expect(machine.status.attested)
        #expect(machine.good(report()) == [.up])
    }

    @Test("The round trip is smoothed: a quarter of the newest")
    func roundTrip() {
        var machine = HealthMachine()
        _ = machine.good(report(roundTrip: .milliseconds(8)))
        #expect(machine.status.roundTrip == .milliseconds(8))
        _ = machine.good(report(roundTrip: .milliseconds(16)))
        #expect(machine.status.roundTrip == .milliseconds(10))
    }

    @Test("A replica probed with other settings keeps what is known")
    func continued() {
        var machine = HealthMachine()
        _ = machine.good(report())
        var other = HealthMachine(
            expectation: AttestationExpectation(kind: .auto, attest: Attestation()),
            settings: .init(interval: .seconds(1), timeout: .seconds(1), fall: 1, rise: 1),
            status: machine.status)
        #expect(other.good(report()) == [])
        #expect(other.bad() == [.down(.connectionRefused)])
    }
}
