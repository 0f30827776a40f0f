import Foundation
import GatewayConfiguration
import GatewayHealth
import GatewayPolicy
import GatewayRouting
import Synchronization
import Testing

extension HealthMonitorTests {
    @Test(
        "Idle is no lag, a cut receiver is, a promotion shows at once (F-POL-03, F-POL-04, F-POL-05, F-POL-15)"
    )
    func standby() throws {
        let primary = try PostgresServer()
        try primary.psql("CREATE TABLE t (a int); INSERT INTO t VALUES (1); CHECKPOINT")
        try PostgresServer.program("pg_ctl", ["-D", primary.data, "-m", "fast", "-w", "stop"])
        let standby = try PostgresServer(standbyOf: primary)
        let alone = Watch([standby.target("s", kind: .standby)])
        #expect(alone.becomes("s") { $0.attested })
        #expect(alone.status("s").lag == nil, "no primary, no receiver: unknown")
        alone.monitor.stop()
        try primary.start()
        try expectNoLagWithoutRights(standby)

        let watch = Watch([primary.target("p"), standby.target("s")])
        #expect(watch.becomes("s") { $0.recovery == .standby && $0.lag == .zero && $0.lagBytes == 0 })
        #expect(watch.becomes("p") { $0.attested && $0.recovery == .primary })
        #expect(watch.status("s").systemIdentifier == watch.status("p").systemIdentifier)

        // The receiver is cut and the primary writes on: the bound grows from the last common position.
        try standby.reload("primary_conninfo = ''")
        try primary.psql("INSERT INTO t SELECT generate_series(1, 100)")
        #expect(watch.becomes("s") { ($0.lag ?? .zero) > .milliseconds(500) && ($0.lagBytes ?? 0) > 0 })

        try standby.promote()
        #expect(watch.becomes("s", within: .seconds(2)) { $0.recovery == .primary && $0.timeline == 2 })
        #expect(watch.transitions("s").contains(.recoveryChanged(to: .primary)))
        #expect(watch.becomes("p") { $0.health == .up })
        let ranking = Ranking(
            targets: [primary.target("p"), standby.target("s")], regions: ["eu-west-1"], access: .readWrite,
            state: ReplicaSelection.State(
                statuses: watch.monitor.snapshot(), gatewayRegion: "eu-west-1"))
        #expect(ranking.order.isEmpty)
        #expect(
            ranking.passedOver.map(\.why) == [.severalPrimaries(["p", "s"]), .severalPrimaries(["p", "s"])])
    }

    /// Without pg_monitor and without a probe of the primary: health, but no lag.
    private func expectNoLagWithoutRights(_ standby: PostgresServer) throws {
        #expect(try eventually { try standby.psql("SELECT status FROM pg_stat_wal_receiver") == "streaming" })
        let watch = Watch([standby.target("s")], user: "unprivileged")
        #expect(watch.becomes("s") { $0.attested })
        #expect(watch.status("s").lag == nil)
        let privileged = Watch([standby.target("s")])
        #expect(privileged.becomes("s") { $0.lag == .zero })
    }

    @Test("A backend is ended and known to be gone; another one with the same pid is spared")
    func termination() throws {
        let server = try SharedServer.get()
        try server.psql("CREATE ROLE worker LOGIN")
        let session = try server.session(role: "worker")
        let watch = Watch([server.target()])
        #expect(watch.becomes { $0.health == .up })
        #expect(watch.terminates(session.pid, startedAt: "1.000000") == .gone)
        #expect(try server.sleepers().count == 1)
        #expect(watch.terminates(session.pid, startedAt: session.startedAt) == .gone)
        #expect(try server.sleepers().isEmpty)
        session.process.wait()
        #expect(watch.terminates(session.pid, startedAt: session.startedAt) == .gone)
    }

    @Test("Without the right to signal, or without an answer, the outcome says so")
    func terminationRefused() throws {
        let server = try SharedServer.get()
        let session = try server.session()
        let plain = Watch([server.target()], user: "unprivileged")
        #expect(plain.becomes { $0.health == .up })
        #expect(plain.terminates(session.pid, startedAt: session.startedAt) == .notPermitted)
        // pg_signal_backend does not reach a superuser's session.
        let watch = Watch([server.target()])
        #expect(watch.becomes { $0.health == .up })
        #expect(watch.terminates(session.pid, startedAt: session.startedAt) == .notPermitted)
        server.freeze()
        let start = ContinuousClock.now
        let outcome = watch.terminates(session.pid, startedAt: session.startedAt, within: .milliseconds(200))
        #expect(outcome == .notInTime(.queryTimeout) || outcome == .notInTime(.loginTimeout))
        #expect(ContinuousClock.now - start < .milliseconds(2500))
        server.resume()
        session.process.terminate()
        session.process.wait()
        #expect(watch.terminates(1, replica: "unknown") == .unknownReplica)
    }
}

extension Watch {
    func terminates(
        _ pid: Int32, startedAt: String? = nil, replica: String = "a", within: Duration = .seconds(3)
    ) -> TerminationOutcome? {
        let outcome = Outcome()
        monitor.terminateBackend(replica: id(replica), pid: pid, startedAt: startedAt, within: within) {
            outcome.value = $0
        }
        _ = eventually(within: .seconds(8)) { outcome.value != nil }
        return outcome.value
    }
}

private final class Outcome: Sendable {
    private let stored = Mutex<TerminationOutcome?>(nil)

    var value: TerminationOutcome? {
        get { stored.withLock { $0 } }
        set { stored.withLock { $0 = newValue } }
    }
}
