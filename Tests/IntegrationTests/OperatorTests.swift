import Foundation
import Testing

/// The admin socket and the admin address: who may do what, and what is shown.
@Suite(.serialized)
struct OperatorTests {
    let testbed: Testbed

    init() throws { testbed = try Testbed() }

    @Test(
        "sessions shows live sessions with the facts of their records, kill ends the one named and no other")
    func sessionsAndKill() throws {
        let ground = try RevocationGround(testbed)
        defer { ground.remove() }
        let tokens = [try ground.token("exec-1"), try ground.token("exec-2")]
        let clients = try [("first", tokens[0]), ("second", tokens[1])].map {
            try ground.session($0.1, application: $0.0)
        }
        defer { for client in clients { client.close() } }
        _ = try ground.run("select 1", clients[0])
        let sessions = try ground.sessions()
        #expect(sessions.map { $0["application"] as? String } == ["first", "second"])
        let first = try #require(sessions.first)
        let expected = [
            "database": "orders", "role": "analyst", "replica": "orders-eu-a", "region": "eu-west-1",
            "issuer": ground.issuer, "subject": "exec-1", "rule": "eu-analysts", "state": "idle",
            "planner": "quarterly-report",
            "token_id": try #require(try Testbed.claims(tokens[0])["jti"] as? String),
        ]
        for (key, value) in expected { #expect(first[key] as? String == value, "\(key)") }
        #expect(first["statements"] as? Int == 1)
        #expect(first["expires"] as? Int == (try Testbed.claims(tokens[0])["exp"] as? Int))
        let text = try ground.gateway.domicile("sessions").text
        #expect(text.split(separator: "\n").count == 3)
        for secret in tokens.flatMap({ [$0, String($0.split(separator: ".")[2])] }) {
            #expect(!text.contains(secret))
        }

        let name = try #require(first["session"] as? String)
        let run = try ground.gateway.domicile("kill", name)
        #expect(run.status == 0)
        #expect(run.text == "ended \(name) of exec-1")
        try ground.expectEnd(clients[0], message: "terminating session: killed by an operator")
        try ground.expectAlive(clients[1])
        // A kill is no revocation.
        try ground.session(tokens[0]).close()
        for unknown in [name, "nothing", String(repeating: "a", count: 1_000)] {
            #expect(try ground.gateway.domicile("kill", unknown).status == 1)
        }
        let log = try ground.gateway.testbed.log("eu-west-1")
        let reads = log.records.filter { $0.type == "admin" && $0.keys["operation"] as? String == "read" }
        #expect(reads.count == 2)
    }

    @Test("The admin socket is its owner's alone, and gone when the gateway is")
    func socketMode() throws {
        let ground = try RevocationGround(testbed)
        defer { ground.remove() }
        let path = "\(ground.gateway.folder)/admin.sock"
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        #expect((attributes[.posixPermissions] as? NSNumber)?.intValue == 0o600)
        #expect(attributes[.type] as? FileAttributeType == .typeSocket)
        #expect(!FileManager.default.fileExists(atPath: path + "~"))
        // What a killed one leaves behind gives way.
        try ground.gateway.restart(SIGKILL)
        #expect(try ground.sessions().isEmpty)
        ground.gateway.process.signal(SIGTERM)
        #expect(ground.gateway.process.wait(timeout: 20).status == 0)
        #expect(!FileManager.default.fileExists(atPath: path))
        let run = try ground.gateway.domicile("sessions")
        #expect(run.status == 1)
        #expect(run.error.contains("no gateway answers on \(path)"), "\(run.error)")
    }

    @Test("--config finds the socket without the gateway's secrets in the environment; wrong usage is 64")
    func commandLine() throws {
        let ground = try RevocationGround(testbed)
        defer { ground.remove() }
        let run = try Command.run(
            testbed.binary, ["sessions", "--json", "--config", ground.gateway.testbed.configuration],
            environment: ["PATH": "/usr/bin:/bin"])
        #expect(run.status == 0, "\(run.error)")
        #expect(run.text == #"{"sessions":[]}"#)
        for arguments in [
            ["revoke"], ["revoke", "--subject", "a", "--token-id", "b"], ["kill"],
            ["sessions", "--socket", "a", "--config", "b"],
        ] {
            #expect(try Command.run(testbed.binary, arguments).status == 64, "\(arguments)")
        }
    }

    @Test(
        "Over the address only operators' tokens do anything, each what its entry gives; who did it is recorded"
    )
    func bearerTokens() throws {
        let issuers = "issuer: [\"\(try Testbed.variable("DOMICILE_ISSUER2"))\"]"
        let reader = "\n  - who: { \(issuers), groups: [watchers] }\n    may: [read]\n"
        let ground = try RevocationGround(testbed, edit: { $0 + reader })
        defer { ground.remove() }
        let victim = try ground.session(try ground.token("exec-1"), application: "victim")
        defer { victim.close() }
        let name = try ground.name("victim")
        let analyst = try ground.token("exec-2")
        let watcher = try ground.token("watcher", "operator", #"groups=["watchers"]"#)
        let dba = try ground.token("dba-1", "operator")
        let expired = try ground.token("dba-1", "operator", "exp=-60")
        func statuses(_ token: String?) throws -> [Int] {
            [
                try ground.http("GET", "/api/sessions", token: token).status,
                try ground.http("POST", "/api/kill", #"{"session":"unknown"}"#, token: token).status,
                try ground.http("POST", "/api/revoke", #"{"subject":"nobody"}"#, token: token).status,
            ]
        }
        for token in [nil, "", "x", expired, analyst + "x"] {
            #expect(try statuses(token) == [401, 401, 401])
        }
        #expect(try statuses(analyst) == [403, 403, 403])
        #expect(try statuses(watcher) == [200, 403, 403])
        // 400: there are two issuers.
        #expect(try statuses(dba) == [200, 404, 400])
        try ground.expectAlive(victim)
        #expect(try ground.http("POST", "/api/kill", #"{"session":"\#(name)"}"#, token: dba).status == 200)
        try ground.expectEnd(victim, message: "terminating session: killed by an operator")
        let log = try ground.gateway.testbed.log("eu-west-1")
        let admin = try #require(
            log.records.last { $0.type == "admin" && $0.keys["target"] as? String == name })
        #expect(admin.keys["subject"] as? String == "dba-1")
        #expect(admin.keys["issuer"] as? String == ground.issuer)
        // An operator is cut off like anybody else.
        try ground.revoke("--subject", "dba-1", "--issuer", ground.issuer)
        #expect(try statuses(dba) == [401, 401, 401])
    }

    @Test("A body beyond 16 KiB is refused with 413, and a foreign Host with 421, whoever asks")
    func httpLimits() throws {
        let ground = try RevocationGround(testbed)
        defer { ground.remove() }
        let dba = try ground.token("dba-1", "operator")
        let padding = String(repeating: " ", count: (16 << 10) - 2)
        #expect(try ground.http("POST", "/api/revoke", "{}" + padding, token: dba).status == 400)
        #expect(try ground.http("POST", "/api/revoke", "{}" + padding + " ", token: dba).status == 413)
        let parts = ground.gateway.testbed.admin.split(separator: ":")
        let connection = try RawClient(host: String(parts[0]), port: Int(parts[1]) ?? 0)
        defer { connection.close() }
        try connection.send(
            Array(
                ("GET /api/sessions HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n"
                    + "Authorization: Bearer \(dba)\r\n\r\n").utf8))
        #expect(String(decoding: try connection.readToEnd(), as: UTF8.self).hasPrefix("HTTP/1.1 421"))
    }
}
