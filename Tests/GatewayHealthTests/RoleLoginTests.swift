import Foundation
import GatewayConfiguration
import GatewayHealth
import GatewayRouting
import Testing

/// Where `check --connect` uses the roles' credentials: on servers that are what they should be, only.
@Suite(.serialized)
struct RoleLoginTests {
    private let settings = ProbeSettings(
        timing: HealthMachine.Settings(interval: .seconds(1), timeout: .seconds(2), fall: 2, rise: 1),
        user: "probe", password: Secret(PostgresServer.password))

    private let roles = [
        ReplicaExamination.Role(name: "trusted", readsOnly: true, credential: .trust),
        ReplicaExamination.Role(
            name: "unprivileged", readsOnly: true, credential: .password(Secret(PostgresServer.password))),
    ]

    private func examine(_ target: ReplicaTarget) -> ReplicaExamination {
        var found = ReplicaExamination(target, settings: settings, roles: roles)
        found.logIn(as: roles, settings: settings)
        return found
    }

    /// Roles that the server let in or refused, but the health role.
    private func visitors(_ server: PostgresServer) throws -> [String] {
        let log = try String(contentsOfFile: server.data + "/log", encoding: .utf8)
        return ["trusted", "unprivileged"].filter {
            log.contains("user=\($0) ") || log.contains("user \"\($0)\"")
        }
    }

    @Test(
        "F-POL-01: Where anything of the attestation differs no role's credential is used, and its row says so"
    )
    func notTried() throws {
        let server = try PostgresServer(settings: [
            "log_connections = on", "listen_addresses = '127.0.0.1,127.0.0.2'",
        ])
        let wrongKey = "sha256/" + String(repeating: "A", count: 43) + "="
        let elsewhere = Network(address: [192, 0, 2, 0], prefix: 24)
        let targets = [
            ("cluster_name", server.target(kind: .primary, attest: Attestation(clusterName: "elsewhere"))),
            ("system_identifier", server.target(kind: .primary, attest: Attestation(systemIdentifier: "1"))),
            ("public key", server.target(kind: .primary, attest: Attestation(tlsSPKI: wrongKey))),
            ("configured as", server.target(kind: .standby)),
            ("outside the networks", server.target(kind: .primary, networks: [elsewhere])),
            ("TLS identity", server.target(kind: .primary, host: "127.0.0.2")),
        ]
        for (difference, target) in targets {
            let found = examine(target)
            #expect(found.problem?.contains(difference) == true, "\(difference): \(found.problem ?? "none")")
            #expect(found.logins.map(\.role) == ["trusted", "unprivileged"])
            #expect(found.logins.allSatisfy { $0.problem == "not tried: not attested" }, "\(difference)")
            #expect(found.grants == [])
            #expect(!found.isGood)
        }
        #expect(try visitors(server) == [])
        #expect(examine(server.target(kind: .primary)).isGood)
        #expect(try visitors(server) == ["trusted", "unprivileged"])
    }

    @Test("F-POL-14: A replica of another cluster than the database's others gets no role's credential")
    func anotherCluster() throws {
        let server = try PostgresServer(settings: ["log_connections = on"])
        var found = ReplicaExamination(server.target(kind: .primary), settings: settings, roles: roles)
        #expect(found.problem == nil)
        found.isOfAnotherCluster(than: "b", identifier: "1")
        found.logIn(as: roles, settings: settings)
        #expect(found.problem?.hasSuffix("not 1 (that of b)") == true)
        #expect(found.logins.allSatisfy { $0.problem == "not tried: not attested" })
        #expect(try visitors(server) == [])
    }

    @Test(
        "F-POL-08: A server that changed its key after it was attested is not let see a role's name or password"
    )
    func keyChanged() throws {
        let server = try PostgresServer(settings: ["log_connections = on"])
        let probed = ReplicaExamination(
            server.target(kind: .primary, sslmode: .require), settings: settings, roles: [])
        let key = try #require(probed.report?.facts.spki)
        let pinned = server.target(
            kind: .primary, attest: Attestation(tlsSPKI: key), sslmode: .require)
        #expect(examine(pinned).isGood)
        #expect(try visitors(server) == ["trusted", "unprivileged"])

        var found = ReplicaExamination(pinned, settings: settings, roles: roles)
        #expect(found.problem == nil)
        try run(
            "/usr/bin/openssl",
            [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                "-subj", "/CN=localhost", "-keyout", server.data + "/server.key", "-out",
                server.data + "/server.crt",
            ])
        try server.stop()
        try FileManager.default.removeItem(atPath: server.data + "/log")
        try server.start()
        found.logIn(as: roles, settings: settings)
        for login in found.logins {
            let problem = try #require(login.problem)
            #expect(problem.hasPrefix("public key of its certificate is sha256/"), "\(problem)")
            #expect(problem.hasSuffix("not \(key)"), "\(problem)")
        }
        #expect(try visitors(server) == [])
    }

    @Test("A pin where there is no TLS is a difference, before a password is proved")
    func noTLS() throws {
        let server = try PostgresServer()
        let pin = "sha256/" + String(repeating: "A", count: 43) + "="
        try server.allowWithoutTLS()
        let found = examine(
            server.target(kind: .primary, attest: Attestation(tlsSPKI: pin), sslmode: .disable))
        #expect(found.problem == "public key of its certificate is absent, not \(pin)")
        #expect(found.logins.allSatisfy { $0.problem == "not tried: not attested" })
    }
}

extension PostgresServer {
    /// A line of pg_hba.conf that takes everyone with SCRAM, TLS or not.
    fileprivate func allowWithoutTLS() throws {
        let file = try FileHandle(forWritingTo: URL(fileURLWithPath: data + "/pg_hba.conf"))
        try file.seekToEnd()
        file.write(Data("hostnossl all all 127.0.0.1/32 scram-sha-256\n".utf8))
        try file.close()
        try PostgresServer.program("pg_ctl", ["-D", data, "reload"])
    }
}
