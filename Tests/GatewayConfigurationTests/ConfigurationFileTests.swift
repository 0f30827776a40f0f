import Foundation
import GatewayConfiguration
import GatewayPolicy
import Testing

@Suite("Reading a configuration without mistakes")
struct ConfigurationFileTests {
    let fixture: Fixture
    init() throws { fixture = try Fixture() }

    private func configuration(_ text: String = Fixture.clean) throws -> Configuration {
        let reading = fixture.read(text)
        return try #require(reading.configuration, "\(reading.findings)")
    }

    @Test("The clean configuration has no findings")
    func clean() { #expect(fixture.findings(Fixture.clean) == []) }

    @Test("Values are those of the file, paths are absolute, and defaults are those of the reference")
    func values() throws {
        let read = try configuration()
        #expect(read.file == fixture.folder + "/gateway.yaml")
        #expect(read.region == "eu-west-1" && read.gateway == "gw-1" && read.leeway == .seconds(30))
        #expect(read.state == fixture.folder + "/state")
        let tls = ListenerTLS(
            certificate: fixture.folder + "/gateway.crt", key: fixture.folder + "/gateway.key", clientCA: nil)
        #expect(
            read.listeners == [
                Listener(
                    address: .tcp(host: "127.0.0.1", port: 6432), tls: tls, tlsRequired: true,
                    auth: .cleartext)
            ])
        #expect(
            read.admin
                == AdminEndpoint(host: "127.0.0.1", port: 6480, socket: fixture.folder + "/state/admin.sock"))
        #expect(
            read.issuers == [
                Issuer(
                    issuer: "https://id.example.com", audience: ["domicile"],
                    algorithms: [.rs256, .es256, .edDSA],
                    keys: .discovery, ca: nil, types: nil,
                    claims: [
                        "subject": ["sub"], "planner": ["azp"], "task": ["task_id"], "groups": ["groups"],
                    ],
                    keysMaxAge: .seconds(86_400), keysRefresh: .seconds(900))
            ])
        #expect(
            read.regions == [
                Region(
                    name: "eu-west-1", jurisdiction: "EU", audit: fixture.folder + "/audit/eu-west-1",
                    networks: []),
                Region(
                    name: "eu-central-1", jurisdiction: "EU", audit: fixture.folder + "/logs/central",
                    networks: [
                        Network(address: [10, 2, 0, 0], prefix: 16),
                        Network(address: [0xfd] + [UInt8](repeating: 0, count: 15), prefix: 8),
                    ]),
            ])
        #expect(
            read.health
                == Health(
                    interval: .seconds(2), timeout: .seconds(1), user: "domicile_health",
                    password: Secret("pass-h"),
                    fall: 2, rise: 1))
        #expect(
            read.audit
                == AuditSettings(
                    durability: .acknowledged, syncInterval: .seconds(1), segment: 268_435_456,
                    recordLimit: 65_536,
                    parameters: .hash, literals: .keep, describe: true, origin: nil, key: nil, retention: nil,
                    captureKey: fixture.folder + "/state/capture.key", allowFilesystems: []))
        #expect(
            read.session
                == SessionSettings(
                    expiry: .drain, expiryNotice: .seconds(60), drainTimeout: .seconds(30),
                    maxLifetime: .seconds(28_800), idleTimeout: .zero, startupTimeout: .seconds(10),
                    shutdownTimeout: .seconds(30)))
        #expect(
            read.limits
                == Limits(
                    logBytesPerSecondPerSubject: 10_485_760, sessions: 10_000, sessionsPerSubject: 100,
                    sessionsPerAddress: 1_000_000, loginsPerSecondPerAddress: 50,
                    loginsPerSecondPerSubject: 1000, failureDelay: .seconds(2), statement: 67_108_864,
                    token: 16_384, rememberedTokens: 4096, workers: nil))
        #expect(read.operators == [])
    }

    @Test("What a listener demands and what discovery says are read")
    func proofs() throws {
        let text = Fixture.changed([
            (
                "    tls: { certificate: gateway.crt, key: gateway.key }",
                "    auth: oauthbearer\n    tls: { certificate: gateway.crt, key: gateway.key, client_ca: upstream-ca.pem }"
            ),
            (
                "audience: [domicile]\n",
                "audience: [domicile]\n    scope: openid domicile\n    jwks: jwks.json\n"
                    + "  - { issuer: https://id.example.org/x/, audience: [domicile] }\n"
            ), ("who: { subject", "who: { issuer: https://id.example.com, subject"),
            ("who: { sub:", "who: { issuer: https://id.example.com, sub:"),
        ])
        let reading = fixture.read(text)
        let read = try #require(reading.configuration, "\(reading.findings)")
        let listener = try #require(read.listeners.first)
        #expect(listener.auth == .oauthbearer)
        #expect(listener.tls?.clientCA == fixture.folder + "/upstream-ca.pem")
        #expect(read.issuers.map(\.scope) == ["openid domicile", "openid"])
        // Executors are sent to a provider whose discovery document is known to be there.
        #expect(
            read.discoveryIssuer?.discoveryDocument
                == "https://id.example.org/x/.well-known/openid-configuration")
    }

    @Test("Databases and their credentials are read")
    func databases() throws {
        let database = try #require(try configuration().databases.first)
        let credential = UpstreamCredential.certificate(
            certificate: fixture.folder + "/role.crt", key: fixture.folder + "/role.key")
        #expect(
            database
                == Database(
                    name: "orders",
                    replicas: [
                        Replica(
                            name: "orders-a", region: "eu-west-1", kind: .primary, host: "127.0.0.1",
                            port: 5501,
                            dbname: "orders", maxLag: nil, attest: Attestation(), maintenance: false),
                        Replica(
                            name: "orders-b", region: "eu-central-1", kind: .standby, host: "10.2.3.4",
                            port: 5432,
                            dbname: "orders", maxLag: nil, attest: Attestation(clusterName: "orders-b"),
                            maintenance: false),
                    ],
                    upstream: Upstream(
                        sslmode: .verifyFull, sslrootcert: fixture.folder + "/upstream-ca.pem",
                        // SHA-256 of the file's length and its one byte: `1 -`.
                        trustDigest: "986731b271c6a448faba0f0e9cdb7708fb592de023bcf65f5803d81151b5c0e3",
                        allowsWeakAuthentication: false,
                        roles: ["analyst": credential, "writer": credential],
                        certificateAuthority: nil),
                    rowLevelFacts: false))
    }

    @Test("Rules are read with their overrides, and stand where they stand in the file")
    func rules() throws {
        let text = Fixture.changed([
            (
                "    roles: [writer]\n",
                """
                    roles: [writer]
                    transit: [EU]
                    replicates: allow
                    replication: allow
                    temporary: allow
                    forbid: []
                    capture: { parameters: drop }
                    session: { expiry: kill, max_lifetime: 1h, idle_timeout: 0 }

                """
            )
        ])
        let rules = try configuration(text).rules
        var session = SessionOverride()
        session.expiry = .kill
        session.maxLifetime = .seconds(3_600)
        session.idleTimeout = .zero
        #expect(
            rules == [
                Rule(
                    name: "analyst", line: 29, column: 5,
                    who: .all([
                        .claim(name: "subject", patterns: [Pattern("exec-1")]),
                        .claim(name: "groups", patterns: [Pattern("eu-*")]),
                    ]), databases: [Pattern("orders")], regions: ["EU"], roles: ["analyst"], access: .readOnly
                ),
                Rule(
                    name: "writer", line: 34, column: 5,
                    who: .claim(name: "sub", patterns: [Pattern("exec-2")]),
                    databases: [Pattern("orders")], regions: ["eu-west-1", "eu-central-1"], roles: ["writer"],
                    access: .readWrite, transit: ["EU"], replicates: true, replication: true,
                    capture: CaptureOverride(parameters: .drop), session: session),
            ])
    }

    @Test("who knows any and all, and values of every kind are text")
    func who() throws {
        let text = Fixture.changed([
            (
                "who: { sub: exec-2 }",
                "who: { sub: exec-2, any: [ { level: 7, ok: true }, { all: [ { a: x }, { b: [y, no] } ] } ] }"
            )
        ])
        func claim(_ name: String, _ texts: String...) -> Condition {
            .claim(name: name, patterns: texts.map { Pattern($0) })
        }
        #expect(
            try configuration(text).rules.last?.who
                == .all([
                    claim("sub", "exec-2"),
                    .any([
                        .all([claim("level", "7"), claim("ok", "true")]),
                        .all([claim("a", "x"), claim("b", "y", "no")]),
                    ]),
                ]))
    }

    @Test("Further keys of interface.md are read")
    func furtherKeys() throws {
        let text = Fixture.changed([
            (
                "admin: { address: 127.0.0.1:6480 }\n",
                """
                  - unix: run/.s.PGSQL.6432
                  - { address: "[::1]:6433", tls: { certificate: gateway.crt, key: gateway.key } }
                admin: { address: 127.0.0.1:6480, socket: run/admin.sock }
                session: { expiry: lifetime, idle_timeout: 5m, startup_timeout: 500ms, shutdown_timeout: 0 }
                limits: { log_bytes_per_second_per_subject: 1GiB, statement: 1024, workers: 2 }
                audit: { durability: strict, sync_interval: 500ms, segment: 1MiB, record_limit: 8KiB,
                         capture: { parameters: keep }, capture_key: k, allow_filesystem: [fuse],
                         origin: example.com/audit, key: keys/audit.key }
                operators:
                  - { who: { groups: dba }, may: [read, kill] }
                state: var
                leeway: 0

                """
            ),
            (
                "    audience: [domicile]\n",
                "    audience: domicile\n    jwks: jwks.json\n    types: [JWT, x+jwt]\n"
                    + "    claims: { task: act.task, teams: [realm.x, roles], groups: \"https://example.com/groups\" }\n"
                    + "    algorithms: ES256\n"
            ),
            ("host: 10.2.3.4\n", "host: 10.2.3.4\n        max_lag: 10s\n        maintenance: true\n"),
        ])
        let read = try configuration(text)
        #expect(read.listeners.count == 3)
        #expect(read.listeners[1].address == .unix(path: fixture.folder + "/run/.s.PGSQL.6432"))
        #expect(read.listeners[1].tlsRequired == false)
        #expect(read.listeners[2].address == .tcp(host: "::1", port: 6433))
        #expect(read.audit.origin == "example.com/audit")
        #expect(read.audit.key == fixture.folder + "/keys/audit.key")
        #expect(read.admin?.socket == fixture.folder + "/run/admin.sock")
        #expect(read.session.expiry == .lifetime && read.session.idleTimeout == .seconds(300))
        #expect(read.session.startupTimeout == .milliseconds(500) && read.session.shutdownTimeout == .zero)
        #expect(read.limits.statement == 1_024 && read.limits.workers == 2)
        #expect(read.limits.logBytesPerSecondPerSubject == 1 << 30)
        #expect(read.audit.durability == .strict && read.audit.parameters == .keep)
        #expect(read.audit.captureKey == fixture.folder + "/k" && read.audit.allowFilesystems == ["fuse"])
        #expect(read.operators.first?.may == [.read, .kill])
        #expect(read.state == fixture.folder + "/var" && read.leeway == .zero)
        let issuer = try #require(read.issuers.first)
        #expect(issuer.keys == .file(fixture.folder + "/jwks.json") && issuer.audience == ["domicile"])
        #expect(issuer.types == ["jwt", "x+jwt"] && issuer.algorithms == [.es256])
        #expect(
            issuer.claims == [
                "subject": ["sub"], "planner": ["azp"], "task": ["act", "task"],
                "teams": ["realm.x", "roles"],
                "groups": ["https://example.com/groups"],
            ])
        #expect(read.databases.first?.replicas.last?.maxLag == .seconds(10))
        #expect(read.databases.first?.replicas.last?.maintenance == true)
    }

    @Test("The gateway's name is the host's by default, the digest is the file's SHA-256")
    func digest() throws {
        let text = Fixture.changed([("gateway: gw-1\n", "")])
        #expect(try configuration(text).gateway == "host-1")
        // printf '' | sha256sum is not a configuration; this one is of the text above, by sha256sum(1).
        let path = fixture.folder + "/digest.yaml"
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/sha256sum")
        process.arguments = [path]
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let output = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        #expect(try configuration(text).digest == String(decoding: output.prefix(64), as: UTF8.self))
        #expect(ConfigurationFile.load(path: path, environment: Fixture.environment).configuration != nil)
    }

    @Test(
        "${NAME} is replaced in values, as one text that is not read as YAML again",
        arguments: [
            // raw, password
            (#""${P}""#, #"a: [b] # c"#), (#""x${P}y${Q}""#, #"xa: [b] # cyz"#), (#""$${P}""#, "${P}"),
            (#""$P""#, "$P"), (#""${Q}$${Q}""#, "z${Q}"), (#""${NESTED}""#, "${P}"),
        ])
    func substitution(raw: String, password: String) throws {
        let text = Fixture.changed([(#""${HEALTH_PASSWORD}""#, raw)])
        let reading = fixture.read(text, environment: ["P": "a: [b] # c", "Q": "z", "NESTED": "${P}"])
        let read = try #require(reading.configuration, "\(reading.findings)")
        #expect(read.health.password?.reveal() == password)
        let port = fixture.read(Fixture.changed([("port: 5501", #"port: "${PORT}""#)]))
        #expect(port.configuration?.databases.first?.replicas.first?.port == 5501)
    }

    @Test("An alias stands for what its anchor holds")
    func alias() throws {
        let text = Fixture.changed([
            (
                "analyst: { certificate: role.crt, key: role.key }",
                "analyst: &c { certificate: role.crt, key: role.key }"
            ),
            ("writer: { certificate: role.crt, key: role.key }", "writer: *c"),
        ])
        let roles = try #require(try configuration(text).databases.first?.upstream.roles)
        #expect(roles["writer"] == roles["analyst"])
    }

    @Test("A policy of the configuration decides by its rules")
    func policy() throws {
        let policy = Policy(try configuration())
        let principal = Principal(
            issuer: "https://id.example.com", subject: "exec-1", planner: nil, task: nil, tokenID: nil,
            claims: ["sub": .string("exec-1"), "groups": .array([.string("eu-analysts")])],
            mapped: ["subject": ["sub"]])
        let decision = try policy.decide(
            AccessRequest(principal: principal, database: "orders", regionsAsked: ["EU"]))
        #expect(decision.rule == "analyst" && decision.regions == ["eu-west-1", "eu-central-1"])
    }
}
