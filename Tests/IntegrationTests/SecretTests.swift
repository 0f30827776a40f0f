import Foundation
import Glibc
import PGWire
import Testing

/// Tokens, passwords and keys are nowhere that somebody else reads.
@Suite(.serialized)
struct SecretTests {
    let testbed: Testbed

    init() throws { testbed = try Testbed() }

    private static let upstreamPassword = "canary-upstream-5e1f0c9b7a"
    private static let introspectionSecret = "canary-introspection-93d20b6e41"
    private static let brokenPassword = "canary-broken-configuration-20c7d4"
    private static let garbage = "canary-garbage-token-6b0e9f12"

    /// A gateway that tells everything it has to tell, with an upstream password and an introspection secret that are
    /// wrong.
    private func ground() throws -> RevocationGround {
        let issuer = try Testbed.variable("DOMICILE_ISSUER2")
        let entry = "  - issuer: \(issuer)\n"
        let introspection =
            "    introspection: { endpoint: \"\(issuer)/introspect\", client_id: gateway, client_secret: \(Self.introspectionSecret), cache: 0, on_error: allow }\n"
        return try RevocationGround(
            testbed, arguments: ["--log-level", "trace"],
            edit: {
                $0.replacingOccurrences(of: entry, with: entry + introspection)
                    .replacingOccurrences(of: "${DOMICILE_PASSWORD_TESTER}", with: Self.upstreamPassword)
            })
    }

    /// What must be nowhere, by name, and everything that somebody got to see.
    private struct Search {
        var canaries: [(name: String, bytes: Data)] = []
        var seen: [(place: String, bytes: Data)] = []

        mutating func hide(_ name: String, _ text: String) { canaries.append((name, Data(text.utf8))) }

        /// The whole token, its payload and its signature.
        mutating func hide(token: String, _ name: String) {
            hide(name, token)
            for (part, text) in zip(["header", "payload", "signature"], token.split(separator: "."))
            where part != "header" && text.utf8.count > 16 {
                hide("\(part) of \(name)", String(text))
            }
        }

        /// A key as bytes, in hex and in base64.
        mutating func hide(key: [UInt8], _ name: String) {
            canaries.append((name, Data(key)))
            hide("\(name) in hex", key.map { String(format: "%02x", $0) }.joined())
            hide("\(name) in base64", Data(key).base64EncodedString())
        }

        mutating func see(_ place: String, _ text: String) { seen.append((place, Data(text.utf8))) }

        mutating func see(_ place: String, _ frames: [RawClient.Frame]) {
            seen.append((place, Data(frames.flatMap(\.body))))
        }

        mutating func see(folder: String) throws {
            let files = try #require(FileManager.default.enumerator(atPath: folder))
            for case let name as String in files {
                var isFolder: ObjCBool = false
                let path = "\(folder)/\(name)"
                guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder),
                    !isFolder.boolValue,
                    let bytes = FileManager.default.contents(atPath: path)
                else { continue }
                seen.append((path, bytes))
            }
        }

        func bytes(_ place: String) -> Data { seen.first { $0.place == place }?.bytes ?? Data() }

        func expectNothing() {
            for (place, bytes) in seen {
                for (name, canary) in canaries where bytes.range(of: canary) != nil {
                    Issue.record("\(name) is in \(place)")
                }
            }
        }
    }

    @Test(
        "F-ID-11: no token, password, client secret or cancel key is in the log at trace level, records, state, metrics, pages, errors or arguments after a run of all failures"
    )
    func nowhere() throws {
        let ground = try ground()
        defer { ground.remove() }
        let own = ground.gateway.testbed
        var search = Search()
        search.hide("the upstream password", Self.upstreamPassword)
        search.hide("the introspection secret", Self.introspectionSecret)
        search.hide("the password of a broken configuration", Self.brokenPassword)
        let authority = try String(
            contentsOfFile: Testbed.variable("DOMICILE_ROLE_CA_KEY"), encoding: .utf8)
        for line in authority.split(separator: "\n") where !line.hasPrefix("-----") {
            search.hide("the key of the roles' CA", String(line))
        }
        for name in ["ANALYST", "HEALTH", "TESTER"] {
            search.hide("the password of \(name)", try Testbed.variable("DOMICILE_PASSWORD_\(name)"))
        }
        try refuse(ground, &search)
        try refuseBearers(ground, &search)
        try useCancelKeys(ground, &search)
        try useAdmin(ground, &search)
        try breakConfiguration(ground, &search)

        for path in ["/metrics", "/readyz", "/livez", "/", "/api/sessions"] {
            search.see(path, try own.http(path).body)
        }
        search.see("domicile sessions", try ground.gateway.domicile("sessions", "--json").output)
        search.see(
            "/proc arguments", try String(contentsOfFile: "/proc/\(own.processID)/cmdline", encoding: .utf8))
        // It ends, and has said everything.
        ground.gateway.process.signal(SIGTERM)
        let run = ground.gateway.process.wait(timeout: 20)
        search.see("the log", run.error + run.output)
        try search.see(folder: own.audit)
        try search.see(folder: "\(ground.gateway.folder)/state")
        search.expectNothing()

        // What was looked through is what had to be.
        #expect(search.bytes("the log").range(of: Data("session refused".utf8)) != nil)
        #expect(search.bytes("the log").range(of: Data("replica passed over".utf8)) != nil)
        #expect(search.bytes("/metrics").range(of: Data("domicile_refusals_total".utf8)) != nil)
        #expect(search.bytes("/proc arguments").range(of: Data("serve".utf8)) != nil)
        let refusals = try own.log("eu-west-1").records.filter { $0.type == "session.refused" }
        #expect(refusals.count >= 15)
        #expect(search.seen.contains { $0.place.contains("/segments/") && $0.bytes.count > 10_000 })
        #expect(search.canaries.count > 40)
    }

    /// Logins by password that are refused, each for another reason, and some that are not.
    private func refuse(_ ground: RevocationGround, _ search: inout Search) throws {
        let good = try ground.token("exec-1")
        let revoked = try ground.token("exec-revoked")
        try ground.revoke("--subject", "exec-revoked", "--issuer", ground.issuer)
        let broken = try Command.run(
            "\(testbed.root)/script/testbed", ["token", "eu-analyst", "--signature", "broken"])
        try #require(broken.status == 0, "\(broken.error)")
        let logins: [(name: String, token: String, user: String, database: String)] = [
            ("good", good, "auto", "orders"), ("expired", try testbed.token(.expired), "auto", "orders"),
            ("wrong audience", try testbed.token(.wrongAudience), "auto", "orders"),
            ("broken signature", broken.text, "auto", "orders"), ("garbage", Self.garbage, "auto", "orders"),
            ("garbage in three", "\(Self.garbage).\(Self.garbage).\(Self.garbage)", "auto", "orders"),
            ("cut", String(good.prefix(400)), "auto", "orders"),
            ("too long", String(repeating: Self.garbage, count: 700), "auto", "orders"),
            ("far too long", String(repeating: Self.garbage, count: 3_000), "auto", "orders"),
            ("revoked", revoked, "auto", "orders"), ("role", good, "nobody", "orders"),
            ("database", good, "auto", "nothing"), ("region", good, "auto", "orders@us-east-1"),
            ("no rule", try ground.token("exec-1", "eu-analyst", "groups=[\"none\"]"), "auto", "orders"),
            ("future", try ground.token("exec-1", "eu-analyst", "nbf=+600"), "auto", "orders"),
            ("upstream password", try ground.token("exec-1", "conformance"), "tester", "scratch"),
            ("minted certificate", try ground.token("exec-1", "eu-writer"), "writer", "orders"),
        ]
        for (name, token, user, database) in logins {
            search.hide(token: token, "the token \(name)")
            let (client, answer) = try ground.login(token, user: user, database: database, application: name)
            client.close()
            let isGood = ["good", "minted certificate"].contains(name)
            #expect(answer.last?.letter == (isGood ? "Z" : "E"), "\(name)")
            search.see("the answer to \(name)", isGood ? [] : answer)
        }
    }

    private func refuseBearers(_ ground: RevocationGround, _ search: inout Search) throws {
        let good = try ground.token("exec-3")
        search.hide(token: good, "the token of OAUTHBEARER")
        let own = ground.gateway.testbed
        for (index, message) in [
            RawClient.bearerMessage("Bearer \(try testbed.token(.expired))"),
            RawClient.bearerMessage("Bearer \(good)x"), RawClient.bearerMessage("Basic \(Self.garbage)"),
            Array("n,a=\(Self.garbage),\u{1}auth=Bearer \(good)\u{1}\u{1}".utf8),
            Array("n,,\u{1}auth=Bearer \(good)".utf8), RawClient.bearerMessage("Bearer \(good)"),
        ].enumerated() {
            let client = try RawClient.offered(own, application: "bearer-\(index)")
            defer { client.close() }
            try client.chooseBearer(message)
            let first = try #require(try client.readFrame())
            // A challenge is acknowledged, by a second token at that.
            if first.letter == "R", first.body.prefix(4) == [0, 0, 0, 11] {
                try client.respond(RawClient.bearerMessage("Bearer \(good)"))
            }
            let rest = try client.readFrames(until: index == 5 ? "Z" : "E")
            #expect(first.letter == "E" || rest.last?.letter == (index == 5 ? "Z" : "E"), "\(index)")
            search.see("the answer to OAUTHBEARER \(index)", index == 5 ? [] : [first] + rest)
        }
    }

    /// Right and wrong cancel requests for sessions with short and long keys.
    private func useCancelKeys(_ ground: RevocationGround, _ search: inout Search) throws {
        let own = ground.gateway.testbed
        let token = try ground.token("exec-4")
        search.hide(token: token, "the token of cancels")
        for version in [ProtocolVersion.v30, .v32] {
            let client = try RawClient(host: own.host, port: own.port)
            defer { client.close() }
            try client.beginTLS(authority: own.authority, host: own.host)
            try client.startup([("user", "auto"), ("database", "orders")], version: version)
            #expect(try client.readFrame()?.letter == "R")
            try client.password(token)
            let key = try #require(try client.readFrames(until: "Z").first { $0.letter == "K" }).body
            #expect(key.count == (version == .v30 ? 8 : 36))
            search.hide(key: Array(key.dropFirst(4)), "the cancel key of \(version)")
            let sql = "select pg_sleep(30), '\(Testbed.unique("canceled"))'"
            try client.send(AbuseFrames.query(sql))
            // A cancel that comes before its statement runs is lost.
            _ = try testbed.backend(at: .euA, running: sql.replacingOccurrences(of: "'", with: "''"))
            for wrong in [true, false] {
                let cancel = try RawClient(host: own.host, port: own.port)
                defer { cancel.close() }
                var sent = key
                if wrong { sent[sent.count - 1] ^= 1 }
                try cancel.beginTLS(authority: own.authority, host: own.host)
                try cancel.send(AbuseFrames.cancelRequest(sent))
                #expect(try cancel.readToEnd().isEmpty)
            }
            let answer = try client.readFrames(until: "Z")
            #expect(answer.contains { $0.field("C") == "57014" })
            search.see("the answer to a cancel", answer)
        }
    }

    private func useAdmin(_ ground: RevocationGround, _ search: inout Search) throws {
        let tokens = [
            ("operator", try ground.token("dba-1", "operator")),
            ("expired operator", try ground.token("dba-1", "operator", "exp=-600")),
            ("no operator", try ground.token("exec-5")), ("operator's garbage", Self.garbage),
        ]
        for (name, token) in tokens {
            search.hide(token: token, "the token of \(name)")
            for (method, path, body) in [
                ("GET", "/api/sessions", ""), ("POST", "/api/kill", #"{"session":"unknown"}"#),
                ("POST", "/api/revoke", "{\"subject\": \"\(Self.garbage)"),
            ] {
                search.see(
                    "\(path) for \(name)", try ground.http(method, path, body, token: token).body)
            }
        }
    }

    /// Configurations that are refused at a reload and by `check`, with passwords in them.
    private func breakConfiguration(_ ground: RevocationGround, _ search: inout Search) throws {
        for broken in [
            "passwort: \"\(Self.brokenPassword)\"", "password: [\"\(Self.brokenPassword)\"]",
            "password: { \(Self.brokenPassword): 1 }", "password: \"\(Self.brokenPassword)",
            "password: \"\(Self.brokenPassword)\", password: \"b\"",
            "password: \(Self.brokenPassword): x",
        ] {
            try ground.gateway.reload {
                $0.replacingOccurrences(of: "password: \"${DOMICILE_PASSWORD_TESTER}\"", with: broken)
            }
            let check = try Command.run(
                testbed.binary, ["check", "--config", ground.gateway.testbed.configuration])
            #expect(check.status != 0, "\(broken)")
            search.see("check", check.output + check.error)
        }
    }

    @Test(
        "F-OPS-14: no core is written, and another process of the same user cannot look into the gateway's memory"
    )
    func memory() throws {
        let ground = try RevocationGround(testbed)
        defer { ground.remove() }
        // Root may look into everything, so both do without that right of its.
        let through = getuid() == 0 ? ["setpriv", "--bounding-set", "-sys_ptrace"] : []
        try ground.gateway.restart(SIGTERM, through: through)
        let other = try Command.start(
            (through + ["sleep", "60"])[0], Array((through + ["sleep", "60"]).dropFirst()))
        defer { other.signal(SIGKILL) }
        func look(_ process: Int32) throws -> String {
            let line = through + ["head", "-c", "1", "/proc/\(process)/mem"]
            return try Command.run(line[0], Array(line.dropFirst())).error
        }
        // The first page of memory is nobody's: it is opened, and then there is nothing to read.
        try testbed.eventually("another process can be looked into", within: 5) {
            try look(other.processID).contains("Input/output error")
        }
        let refused = try look(ground.gateway.process.processID)
        #expect(refused.contains(String(cString: strerror(EACCES))), "\(refused)")
        let limits = try String(
            contentsOfFile: "/proc/\(ground.gateway.process.processID)/limits", encoding: .utf8)
        let core = try #require(limits.split(separator: "\n").first { $0.hasPrefix("Max core file size") })
        #expect(core.split(separator: " ").suffix(3).prefix(2) == ["0", "0"])
    }
}
