import Foundation
import Testing

/// The command and the admin endpoint.
@Suite(.serialized)
struct CommandTests {
    let testbed: Testbed

    init() throws { testbed = try Testbed() }

    private func domicile(_ arguments: String...) throws -> Command.Run {
        try Command.run(testbed.binary, arguments)
    }

    /// A file in a folder of its own, for as long as `body` runs.
    private func with<R>(file name: String, _ text: String, _ body: (String) throws -> R) throws -> R {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(Testbed.unique("command"))
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appendingPathComponent(name)
        try text.write(to: file, atomically: true, encoding: .utf8)
        return try body(file.path)
    }

    @Test(
        "/livez and /readyz say 200, /metrics counts sessions, statements and refusals, anything else is 404")
    func admin() throws {
        #expect(try testbed.http("/livez").status == 200)
        #expect(try testbed.http("/readyz").status == 200)
        #expect(try testbed.http("/nothing").status == 404)
        #expect(try testbed.http("/metrics").body.contains("# TYPE domicile_sessions_started_total counter"))
        func counters() throws -> [Double] {
            try [
                "domicile_sessions_started_total", "domicile_sessions_ended_total",
                "domicile_statements_total",
                #"domicile_refusals_total{sqlstate="28P01"}"#, "domicile_connections_total",
            ].map { try testbed.metric($0) ?? 0 }
        }
        _ = try testbed.psql("select 1", token: .expired)
        let before = try counters()
        let run = try testbed.psqlCommands(
            ["select 1", "select 2", "select 3"], token: testbed.token(.euAnalyst), application: "counted")
        #expect(run.text == "1\n2\n3")
        _ = try testbed.psql("select 1", token: .expired)
        let expected = zip(before, [1, 1, 3, 1, 2]).map { $0 + $1 }
        try testbed.eventually("the counters are \(expected), not \(try counters())") {
            try counters() == expected
        }
    }

    @Test("check takes the testbed's configuration with status 0")
    func checkGood() throws {
        let run = try domicile("check", "--config", testbed.configuration)
        #expect(run.status == 0, "\(run.error)")
        #expect(run.output.contains("0 mistakes"))
    }

    @Test(
        "check lists every mistake of a file in one run with file, line and column, and ends with status 78")
    func checkBad() throws {
        let text = """
            region: eu-west-1
            lisen: 5
            listen:
              - address: 127.0.0.1:99999
                tls: { required: false }
            issuers:
              - issuer: http://127.0.0.1:1
                audience: [domicile]
            regions:
              eu-west-1: { jurisdiction: EU }
            databases:
              orders:
                replicas:
                  - { name: orders-eu-a, region: mars, kind: primary, host: 127.0.0.1, port: 5501 }
                upstream:
                  sslmode: disable
                  roles:
                    analyst: { password: x }
            health: { interval: 2, password: x }
            audit:
              durability: sometimes
            rules:
              - name: everybody
                who: { groups: [x] }
                databases: [orders]
                regions: [EU]
                roles: [nobody]

            """
        try with(file: "bad.yaml", text) { file in
            let run = try domicile("check", "--config", file)
            #expect(run.status == 78)
            let all = run.output + run.error
            // Each with the place where it stands above, counted by hand.
            for place in ["2:1", "4:14", "14:38", "19:21", "21:15", "27:13"] {
                #expect(all.contains("\(file):\(place): mistake: "), "\(place) of\n\(all)")
            }
            #expect(all.split(separator: "\n").filter { $0.contains(": mistake: ") }.count == 6, "\(all)")
            // A gateway does not start with it, and says the same.
            let serve = try domicile("serve", "--config", file)
            #expect(serve.status == 78)
            #expect(serve.error.contains("\(file):2:1: mistake: "))
        }
    }

    @Test(
        "explain prints the rule and the replica it would pick with status 0, and the refusal of a region with status 1"
    )
    func explain() throws {
        try with(file: "token", testbed.token(.euAnalyst)) { file in
            let allowed = try domicile(
                "explain", "--config", testbed.configuration, "--token", file, "--database", "orders")
            #expect(allowed.status == 0, "\(allowed)")
            #expect(allowed.output.contains("allowed by rule eu-analysts"), "\(allowed.output)")
            #expect(allowed.output.contains("orders-eu-a in eu-west-1, selected"), "\(allowed.output)")
            #expect(allowed.output.contains("orders-us-a in us-east-1, passed over"), "\(allowed.output)")
            let refused = try domicile(
                "explain", "--config", testbed.configuration, "--token", file, "--database", "orders",
                "--region",
                "us-east-1")
            #expect(refused.status == 1)
            #expect(refused.output.contains("42501"), "\(refused.output)")
            #expect(!(allowed.output + refused.output).contains(try testbed.token(.euAnalyst)))
        }
        try with(file: "token", testbed.token(.expired)) { file in
            let run = try domicile(
                "explain", "--config", testbed.configuration, "--token", file, "--database", "orders")
            #expect(run.status == 1)
            #expect((run.output + run.error).contains("(exp)"), "\(run)")
            let json = try domicile(
                "explain", "--config", testbed.configuration, "--token", file, "--database", "orders",
                "--json")
            #expect(json.status == 1)
            let report = try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any]
            #expect(report?["allowed"] as? Bool == false)
            #expect((report?["refusal"] as? [String: Any])?["sqlstate"] as? String == "28P01")
        }
    }

    @Test("explain ends with status 1 and 08001 where the policy allows and no replica can be selected")
    func explainWithoutReplica() throws {
        try with(file: "token", testbed.token(.euAnalyst)) { file in
            try testbed.stopping([.euB]) {
                let run = try domicile(
                    "explain", "--config", testbed.configuration, "--from-file", "--token", file,
                    "--database", "orders@eu-central-1")
                #expect(run.status == 1)
                #expect(run.output.contains("allowed by rule eu-analysts"), "\(run.output)")
                #expect(run.output.contains("decision  refused: 08001"), "\(run.output)")
            }
        }
    }

    @Test(
        "check finds a key that is not the certificate's and a file that holds no CA, each where it is named")
    func materials() throws {
        let original = try String(contentsOfFile: testbed.configuration, encoding: .utf8)
            .replacingOccurrences(of: " certificates/", with: " \(testbed.folder)/certificates/")
        let keys = try #require(original.firstMatch(of: #/key: (\S+gateway\.key)/#))
        let wrong = original.replacingOccurrences(
            of: "key: \(keys.1)", with: "key: \(testbed.folder)/certificates/orders-eu-a.key")
        let authority = try #require(wrong.firstMatch(of: #/sslrootcert: (\S+)/#))
        try with(file: "junk", "no certificate") { junk in
            try with(
                file: "domicile.yaml",
                wrong.replacingOccurrences(of: "sslrootcert: \(authority.1)", with: "sslrootcert: \(junk)")
            ) { file in
                let run = try domicile("check", "--config", file)
                #expect(run.status == 78)
                #expect(run.output.contains("mistake: `key` cannot be used: "), "\(run.output)")
                #expect(run.output.contains("mistake: `sslrootcert` cannot be used: "), "\(run.output)")
            }
        }
    }

    @Test("audit show and audit tail show a session as the files have it, gateway running")
    func audit() throws {
        let application = Testbed.unique("shown")
        let run = try testbed.psqlCommands(
            ["select 'shown', 1", "select 2/0"], token: testbed.token(.euAnalyst), application: application)
        #expect(run.text == "shown|1")
        let (log, sessions) = try testbed.endedSessions(application, region: "eu-west-1")
        let session = try #require(sessions.first)
        let lines = log.records.filter { $0.session == session }.map(\.line)
        #expect(lines.count == 6)
        let json = try domicile("audit", "show", session, testbed.audit, "--json")
        #expect(json.status == 0, "\(json.error)")
        #expect(json.text.split(separator: "\n").map(String.init) == lines)
        let table = try domicile("audit", "show", session, testbed.audit)
        #expect(table.status == 0)
        for text in ["select 'shown', 1", "22012", "eu-analysts", "orders-eu-a"] {
            #expect(table.output.contains(text), "\(text)")
        }
        let tail = try domicile("audit", "tail", testbed.audit, "-n", "50", "--json", "--region", "eu-west-1")
        #expect(tail.status == 0)
        #expect(lines.allSatisfy { tail.output.contains($0) })
        #expect(try domicile("audit", "show", "no-such-session", testbed.audit).status == 1)
    }

    @Test(
        "wrong usage ends with status 64, --help and --version with 0",
        arguments: [
            (["frob"], 64), (["check", "--frob"], 64), (["explain", "--config"], 64),
            (["audit", "frob"], 64),
            (["--help"], 0), (["--version"], 0), (["serve", "--help"], 0), (["audit", "tail", "--help"], 0),
        ] as [([String], Int32)])
    func usage(arguments: [String], status: Int32) throws {
        let run = try Command.run(testbed.binary, arguments)
        #expect(run.status == status)
        #expect(!(status == 0 ? run.output : run.error).isEmpty)
    }

    @Test("a gateway whose folders for state and logs are not there yet makes them and starts")
    func emptyFolder() throws {
        let gateway = try OwnGateway(
            testbed, prepare: { try FileManager.default.removeItem(atPath: "\($0)/state") })
        defer { gateway.remove() }
        #expect(try gateway.testbed.psql("select 1").text == "1")
    }
}
