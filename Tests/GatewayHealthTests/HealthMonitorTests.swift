import Foundation
import GatewayConfiguration
import GatewayHealth
import GatewayRouting
import Testing

/// Against real servers. One at a time: they measure time.
@Suite(.serialized, .timeLimit(.minutes(1)))
struct HealthMonitorTests {
    @Test("A server that stops is down after `fall` probes and up again when it is back (F-POL-07, F-POL-10)")
    func stopAndStart() throws {
        let server = try PostgresServer()
        let watch = Watch([server.target(kind: .primary)])
        #expect(watch.becomes { $0.health == .up && $0.attested })
        let status = watch.status()
        #expect(status.recovery == .primary)
        #expect(status.lag == .zero)
        #expect(status.address?.bytes == [127, 0, 0, 1])
        #expect(
            status.systemIdentifier == (try server.psql("SELECT system_identifier FROM pg_control_system()")))
        #expect(status.timeline == 1)
        #expect("\(status.serverVersion ?? 0)" == (try server.psql("SHOW server_version_num")))
        #expect(status.readOnly == false)
        try server.stop()
        #expect(watch.becomes { $0.health == .down })
        #expect(watch.status().failure == .connectionRefused)
        #expect(watch.status().failuresInARow >= 2)
        try server.start()
        #expect(watch.becomes { $0.health == .up && $0.attested })
        #expect(watch.transitions() == [.up, .attested, .down(.connectionRefused), .up])
    }

    @Test("A restart that is over before the next probe is no failure")
    func restartUnnoticed() throws {
        let server = try PostgresServer()
        let watch = Watch([server.target()], fall: 1000)
        #expect(watch.becomes { $0.health == .up })
        try server.stop()
        try server.start()
        let before = watch.status().probedAt ?? 0
        #expect(watch.becomes { ($0.probedAt ?? 0) > before && $0.failure == nil })
        #expect(watch.transitions() == [.up, .attested])
    }

    @Test(
        "A frozen server is down within fall × interval + timeout, the others' probes stay on time (F-POL-12)"
    )
    func frozenServer() throws {
        let frozen = try PostgresServer()
        let other = try SharedServer.get()
        let watch = Watch([frozen.target("a"), other.target("b")])
        #expect(watch.becomes("a") { $0.health == .up })
        #expect(watch.becomes("b") { $0.health == .up })
        // A machine that is busy for a moment delays all probes; probes that waited for the frozen server would each time.
        var delays: [String] = []
        for _ in 0..<3 {
            if let delay = try delayWhileFrozen(frozen, watch) { delays.append(delay) } else { break }
            #expect(watch.becomes("a") { $0.health == .up })
            #expect(watch.becomes("b") { $0.health == .up })
        }
        #expect(delays.count < 3, "\(delays)")
    }

    /// Freezes the server `a` until it is down; what was late meanwhile, there or of `b`.
    private func delayWhileFrozen(_ frozen: PostgresServer, _ watch: Watch) throws -> String? {
        let before = watch.transitions("b")
        let start = ContinuousClock.now
        frozen.freeze()
        defer { frozen.resume() }
        var newest = watch.status("b").probedAt ?? 0
        var longest: Int64 = 0
        let down = eventually {
            let probedAt = watch.status("b").probedAt ?? 0
            longest = max(longest, probedAt - newest)
            newest = probedAt
            return watch.status("a").health == .down
        }
        let took = ContinuousClock.now - start
        #expect(down)
        let failure = watch.status("a").failure
        #expect(failure == .loginTimeout || failure == .queryTimeout)
        // 2 × 100 ms + 800 ms, and half a second for a busy machine: less than two timeouts take.
        if took >= .milliseconds(1500) { return "detected after \(took)" }
        if longest >= 500_000_000 { return "the other's probes were \(longest / 1_000_000) ms apart" }
        let after = watch.transitions("b")
        return after == before ? nil : "the other was taken for down: \(after)"
    }

    @Test("stop() ends within the timeout though a server is frozen")
    func stopWhileFrozen() throws {
        let server = try SharedServer.get()
        defer { server.resume() }
        let watch = Watch([server.target()])
        #expect(watch.becomes { $0.health == .up })
        server.freeze()
        #expect(watch.becomes { $0.failure != nil })
        let start = ContinuousClock.now
        #expect(watch.monitor.stop())
        #expect(ContinuousClock.now - start < .milliseconds(1800))
        server.resume()
    }

    @Test("What cannot be connected to is told apart (F-POL-07)")
    func connectFailures() throws {
        let server = try SharedServer.get()
        let silent = try SilentListener()
        let blackHole = try SilentListener(backlog: 0)
        try blackHole.fill()
        let unused = try PostgresServer.freePort()
        let watch = Watch([
            server.target("silent", port: silent.port), server.target("closed", port: unused),
            server.target("unknown", host: "replica.invalid"), server.target("hole", port: blackHole.port),
        ])
        #expect(watch.becomes("silent") { $0.health == .down && $0.failure == .loginTimeout })
        #expect(watch.becomes("hole") { $0.health == .down && $0.failure == .connectTimeout })
        #expect(watch.becomes("closed") { $0.health == .down && $0.failure == .connectionRefused })
        #expect(
            watch.becomes("unknown") { status in
                switch status.failure {
                case .resolution, .resolutionTimeout: status.health == .down
                default: false
                }
            })
        // Each kind is counted by itself.
        let counts = watch.monitor.probeFailures()
        #expect(counts[watch.id("silent")]?.keys.sorted() == ["login_timeout"])
        #expect(counts[watch.id("hole")]?.keys.sorted() == ["connect_timeout"])
        #expect(counts[watch.id("closed")]?.keys.sorted() == ["connection_refused"])
        #expect((counts[watch.id("closed")]?["connection_refused"] ?? 0) >= 2)
    }

    @Test("A wrong password is authentication, 28P01")
    func wrongPassword() throws {
        let server = try SharedServer.get()
        let watch = Watch([server.target()], password: "wrong")
        #expect(watch.becomes { $0.health == .down })
        #expect(watch.status().failure == .authentication(sqlstate: "28P01"))
    }

    @Test(
        "Rule 4: a server that asks for the password in cleartext or by MD5 does not get it"
    )
    func weakAuthentication() throws {
        let server = try SharedServer.get()
        for user in ["cleartext", "md5", "trusted"] {
            let watch = Watch([server.target()], user: user)
            #expect(watch.becomes { $0.health == .down && $0.failure == .weakAuthentication }, "\(user)")
        }
        // Where there is no password to lose, trust is the operator's business.
        let without = Watch([server.target()], user: "trusted", password: nil)
        #expect(without.becomes { $0.health == .up })
    }

    @Test("A server without a free slot is serverFull, and up when one is free (F-POL-07)")
    func fullServer() throws {
        let server = try PostgresServer(
            settings: ["max_connections = 4", "superuser_reserved_connections = 3", "max_wal_senders = 0"])
        let session = try server.session()
        let watch = Watch([server.target()])
        #expect(watch.becomes { $0.health == .down && $0.failure == .serverFull })
        session.process.terminate()
        session.process.wait()
        try server.psql("SELECT pg_terminate_backend(\(session.pid))")
        #expect(watch.becomes { $0.health == .up })
    }

    @Test("libpq's environment does not reach a probe")
    func environment() throws {
        setenv("PGSERVICE", "nobody", 1)
        setenv("PGOPTIONS", "-c default_transaction_read_only=on", 1)
        setenv("PGPASSWORD", PostgresServer.password, 1)
        setenv("PGSSLMODE", "disable", 1)
        setenv("PGHOST", "10.255.255.1", 1)
        defer { for name in ["PGPASSWORD", "PGSSLMODE", "PGHOST"] { unsetenv(name) } }
        let server = try SharedServer.get()
        let watch = Watch([server.target()])
        #expect(watch.becomes { $0.health == .up })
        #expect(watch.status().readOnly == false)
        let without = Watch([server.target()], password: nil)
        #expect(without.becomes { $0.failure == .authentication(sqlstate: "28P01") })
    }

    @Test("A planted search_path moves no probe (F-WIRE-09)")
    func plantedFunctions() throws {
        let server = try SharedServer.get()
        try server.psql(
            """
            CREATE SCHEMA evil;
            CREATE FUNCTION evil.pg_is_in_recovery() RETURNS bool LANGUAGE sql AS 'SELECT true';
            CREATE ROLE planted LOGIN PASSWORD '\(PostgresServer.password)';
            GRANT USAGE ON SCHEMA evil TO planted;
            ALTER ROLE planted SET search_path = evil, pg_catalog;
            """)
        let watch = Watch([server.target(kind: .primary)], user: "planted")
        #expect(watch.becomes { $0.health == .up && $0.attested })
        #expect(watch.status().recovery == .primary)
    }
}
