import Foundation
import Testing

/// Certificates of executors on top of the token, and tokens that are bound to one (RFC 8705).
@Suite(.serialized)
struct MutualTLSTests {
    let testbed: Testbed

    init() throws { testbed = try Testbed() }

    /// Makes, in the folder, a CA with the certificates `one` and `two`, and another CA with `stranger`.
    private static func certify(_ folder: String) throws {
        for (authority, names) in [("ca", ["one", "two"]), ("foreign", ["stranger"])] {
            let key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes"
            var script =
                "cd '\(folder)' && openssl req -x509 \(key) -days 2 -subj /CN=\(authority)"
                + " -addext basicConstraints=critical,CA:TRUE -keyout \(authority).key -out \(authority).crt"
            for name in names {
                script +=
                    " && openssl req \(key) -subj /CN=\(name) -keyout \(name).key -out \(name).csr"
                    + " && openssl x509 -req -in \(name).csr -CA \(authority).crt -CAkey \(authority).key"
                    + " -days 2 -out \(name).crt"
            }
            let run = try Command.run("sh", ["-c", script])
            guard run.status == 0 else { throw CommandFailure(run) }
        }
    }

    private func gateway() throws -> OwnGateway {
        try OwnGateway(
            testbed, prepare: MutualTLSTests.certify,
            edit: { $0.replacingOccurrences(of: "gateway.key }", with: "gateway.key, client_ca: ca.crt }") })
    }

    private func psql(
        _ gateway: OwnGateway, certificate: String?, token: String, application: String = "mutual",
        sql: String = "select current_user"
    ) throws -> Command.Run {
        var extra = ["PGAPPNAME": application]
        if let certificate {
            extra["PGSSLCERT"] = "\(gateway.folder)/\(certificate).crt"
            extra["PGSSLKEY"] = "\(gateway.folder)/\(certificate).key"
        } else {
            extra["PGSSLCERT"] = "\(gateway.folder)/nowhere.crt"
        }
        return try gateway.testbed.psql(
            sql, user: "analyst", database: "orders", password: token, extra: extra)
    }

    /// `x5t#S256` of a certificate, by the openssl command.
    private func thumbprint(_ gateway: OwnGateway, _ name: String) throws -> String {
        let run = try Command.run(
            "sh",
            [
                "-c",
                "openssl x509 -in '\(gateway.folder)/\(name).crt' -outform der | openssl dgst -sha256 -binary"
                    + " | base64 | tr '+/' '-_' | tr -d '=\\n'",
            ])
        guard run.status == 0, run.text.utf8.count == 43 else { throw CommandFailure(run) }
        return run.text
    }

    private func token(cnf: String) throws -> String { try testbed.mint("eu-analyst", "cnf=\(cnf)") }

    @Test("With client_ca a certificate of that CA is needed besides the token, and no token replaces it")
    func certificateNeeded() throws {
        let own = try gateway()
        defer { own.remove() }
        let token = try testbed.token(.euAnalyst)
        #expect(try psql(own, certificate: "one", token: token).text == "analyst")
        for certificate in [nil, "stranger"] {
            let run = try psql(own, certificate: certificate, token: token)
            #expect(run.status == 2 && run.output.isEmpty)
            #expect(run.error.contains("alert") || run.error.contains("SSL"), "\(run.error)")
        }
        // A certificate is no token.
        let run = try psql(own, certificate: "one", token: try testbed.token(.expired))
        #expect(run.error.contains("(exp)"), "\(run.error)")
    }

    @Test("F-WIRE-15: a cancel, which libpq 15 sends without TLS and so without a certificate, still arrives")
    func cancel() throws {
        let own = try gateway()
        defer { own.remove() }
        let application = Testbed.unique("mutual")
        let environment = own.testbed.environment(
            user: "analyst", database: "orders", token: try testbed.token(.euAnalyst),
            extra: [
                "PGAPPNAME": application, "PGSSLCERT": "\(own.folder)/one.crt",
                "PGSSLKEY": "\(own.folder)/one.key",
            ])
        let psql = try Command.start("psql", ["-X", "-c", "select pg_sleep(30)"], environment: environment)
        try testbed.eventually("the statement runs") {
            try testbed.direct(
                .euA,
                "select count(*) from pg_stat_activity where application_name = '\(application)' and query like 'select pg_sleep%'"
            )
                == "1"
        }
        psql.signal(SIGINT)
        let run = psql.wait(timeout: 20)
        #expect(run.error.contains("canceling statement due to user request"), "\(run.error)")
    }

    @Test("A token bound by cnf is good with its own certificate, and with none or another it is 28000")
    func bound() throws {
        let own = try gateway()
        defer { own.remove() }
        let token = try token(cnf: #"{"x5t#S256":"\#(try thumbprint(own, "one"))"}"#)
        #expect(try psql(own, certificate: "one", token: token).text == "analyst")
        let application = Testbed.unique("mutual")
        let run = try psql(own, certificate: "two", token: token, application: application)
        #expect(run.status == 2)
        #expect(run.error.contains("FATAL:  the token is bound to another holder"), "\(run.error)")
        #expect(run.error.contains("bound to another certificate"), "\(run.error)")
        let record = try #require(try own.testbed.refusal(application))
        #expect(record.sqlstate == "28000" && record.keys["subject"] as? String == "eu-analyst")
        #expect((record.keys["reason"] as? String)?.contains("another certificate") == true)
        // Where no certificate is asked for, none can be shown; nor is there one without TLS.
        let local = ["PGHOST": try #require(try socketFolder()), "PGSSLMODE": "disable"]
        for (name, place) in [("tls", [:]), ("unix", local)] {
            let application = Testbed.unique("mutual_\(name)")
            let run = try testbed.psql(
                "select 1", user: "analyst", database: "orders", password: token,
                extra: place.merging(["PGAPPNAME": application]) { $1 })
            #expect(run.error.contains("has shown none"), "\(name): \(run.error)")
            let record = try #require(try testbed.refusal(application))
            #expect(record.sqlstate == "28000")
        }
    }

    /// The folder of the testbed's Unix socket, from its configuration.
    private func socketFolder() throws -> String? {
        let text = try String(contentsOfFile: testbed.configuration, encoding: .utf8)
        let line = text.split(separator: "\n").first { $0.hasPrefix("  - unix: ") }
        return line.map {
            let path = $0.dropFirst("  - unix: ".count).trimmingCharacters(
                in: CharacterSet(charactersIn: "\""))
            return (path as NSString).deletingLastPathComponent
        }
    }

    @Test(
        "F-ID-19: by OAUTHBEARER a bound token needs its own certificate, an unbound one any of the CA, and none is no login; remembered or not"
    )
    func bearer() throws {
        let own = try gateway()
        defer { own.remove() }
        let plain = try testbed.token(.euAnalyst)
        let bound = try token(cnf: #"{"x5t#S256":"\#(try thumbprint(own, "one"))"}"#)
        // Whose certificate, which token, how it ends; nil: a session.
        let cases: [(String, String, String?)] = [
            ("one", plain, nil), ("two", plain, nil), ("one", bound, nil), ("two", bound, "28000"),
            ("one", bound, nil), ("two", bound, "28000"), ("two", plain, nil),
        ]
        for (name, token, sqlstate) in cases {
            let application = Testbed.unique("bearer_\(name)")
            let client = try RawClient.offered(
                own.testbed, application: application, identity: "\(own.folder)/\(name)")
            defer { client.close() }
            try client.chooseBearer(RawClient.bearerMessage("Bearer \(token)"))
            let last = try #require(try client.readFrames(until: "Z").last)
            if sqlstate != nil { #expect(last.field("C") == sqlstate, "\(name)") }
            #expect((last.letter == "Z") == (sqlstate == nil), "\(name)")
            guard let sqlstate else { continue }
            #expect(last.field("D")?.contains("bound to another certificate") == true)
            let record = try #require(try own.testbed.refusal(application))
            #expect(record.sqlstate == sqlstate && record.keys["subject"] as? String == "eu-analyst")
        }
        // Without a certificate, or with one of another CA, it does not come to a token.
        for name in [nil, "stranger"] {
            #expect(throws: (any Error).self) {
                let client = try RawClient.offered(
                    own.testbed, application: "nobody", identity: name.map { "\(own.folder)/\($0)" })
                client.close()
            }
        }
    }

    @Test("A token bound by what cannot be proved here is refused, also with a certificate")
    func unprovable() throws {
        let own = try gateway()
        defer { own.remove() }
        for (cnf, sqlstate, detail) in [
            (#"{"jkt":"0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"}"#, "28000", "cannot be proved here"),
            ("{}", "28000", "cannot be proved here"), ("true", "28P01", "confirmation (cnf)"),
            (#"{"x5t#S256":"short"}"#, "28P01", "confirmation (cnf)"),
        ] {
            let application = Testbed.unique("mutual")
            let run = try psql(own, certificate: "one", token: try token(cnf: cnf), application: application)
            #expect(run.error.contains(detail), "\(run.error)")
            #expect(try own.testbed.refusal(application)?.sqlstate == sqlstate)
        }
    }
}
