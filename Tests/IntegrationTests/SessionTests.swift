import Foundation
import Testing

/// What a session may do, where it runs, and what it leaves in the log.
@Suite(.serialized)
struct SessionTests {
    let testbed: Testbed

    init() throws { testbed = try Testbed() }

    private static let whereAmI = """
        select current_setting('cluster_name'), current_setting('default_transaction_read_only'), current_user, \
        current_database()
        """

    @Test(
        "an EU analyst runs queries on an EU replica, read-only, and the log of that region alone has all of it"
    )
    func euAnalyst() throws {
        let application = Testbed.unique("analyst")
        let token = try testbed.token(.euAnalyst)
        let before = try testbed.direct(.euA, "select count(*), max(id), sum(credit_limit) from customers")
        let insert =
            "insert into customers (name, country, joined) values ('\(application)', 'NL', '2024-01-01')"
        let run = try testbed.psqlCommands(
            [Self.whereAmI, insert, "select count(*) from customers"], token: token, application: application)
        #expect(run.status == 0)
        #expect(run.text == "orders-eu-a|on|analyst|orders\n10")
        #expect(run.error.contains("ERROR:  25006: cannot execute INSERT in a read-only transaction"))
        let after = try testbed.direct(.euA, "select count(*), max(id), sum(credit_limit) from customers")
        #expect(after == before)

        let (log, sessions) = try testbed.endedSessions(application, region: "eu-west-1")
        #expect(sessions.count == 1)
        #expect(log.isGapFree)
        let records = log.records.filter { sessions.contains($0.session) }
        #expect(
            records.map(\.type) == [
                "session.start", "query", "outcome", "query", "outcome", "query", "outcome", "session.end",
            ])
        try #require(records.count == 8)
        #expect(
            [1, 3, 5].map { records[$0].sql } == [Self.whereAmI, insert, "select count(*) from customers"])
        #expect([1, 3, 5].map { records[$0].message } == [1, 2, 3])
        #expect([2, 4, 6].map { records[$0].of } == [1, 2, 3])
        #expect([2, 4, 6].map { records[$0].tag } == ["SELECT 1", nil, "SELECT 1"])
        #expect([2, 4, 6].map { records[$0].sqlstate } == [nil, "25006", nil])
        #expect([2, 4, 6].map { records[$0].keys["rows"] as? Int } == [1, nil, 1])
        #expect(records[7].keys["statements"] as? Int == 3)
        try expectIdentity(records, token: token, application: application)
        #expect(try testbed.regionsThatMention(application) == ["eu-west-1"])
        #expect(try testbed.regionsThatMention(records[0].session) == ["eu-west-1"])
    }

    private func expectIdentity(_ records: [RecordedLog.Record], token: String, application: String) throws {
        let claims = try Testbed.claims(token)
        let expected: [String: String] = try [
            "gateway": "testbed-eu-west-1", "region": "eu-west-1", "replica": "orders-eu-a",
            "database": "orders",
            "role": "analyst", "issuer": Testbed.variable("DOMICILE_ISSUER"),
            "subject": #require(claims["sub"] as? String), "planner": "quarterly-report",
            "task": "task-eu-analyst",
            "application": application, "rule": "eu-analysts",
        ]
        for record in records where ["session.start", "query", "session.end"].contains(record.type) {
            for (key, value) in expected {
                #expect(record.keys[key] as? String == value, "\(key) of \(record.line)")
            }
            let client = try #require(record.keys["client"] as? String)
            #expect(client.hasPrefix("127.0.0.1:"))
        }
        for record in records {
            #expect(record.line.hasPrefix(#"{"seq":\#(record.seq),"salt":""#))
            #expect((record.keys["salt"] as? String)?.count == 32)
            let time = try #require(record.keys["time"] as? String)
            #expect(time.wholeMatch(of: #/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z/#) != nil, "\(time)")
        }
        let outcomes = records.filter { $0.type == "outcome" }
        #expect(outcomes.allSatisfy { $0.keys["subject"] == nil && $0.keys["issuer"] == nil })
    }

    @Test("a read-only session cannot turn its read-only default off: 42501, and it changes nothing")
    func readOnlyStays() throws {
        let application = Testbed.unique("escape")
        let before = try testbed.direct(.euA, "select count(*) from customers")
        let run = try testbed.psqlCommands(
            [
                "set default_transaction_read_only = off",
                "insert into customers (name, country, joined) values ('x', 'NL', '2024-01-01')",
            ], token: try testbed.token(.euAnalyst), application: application)
        #expect(run.error.contains("42501") && run.error.contains("25006"), "\(run)")
        #expect(try testbed.direct(.euA, "select count(*) from customers") == before)
        let (log, sessions) = try testbed.endedSessions(application, region: "eu-west-1")
        let refused = try #require(log.records(of: sessions, "query").first)
        #expect((refused.keys["verdict"] as? [String: Any])?["allowed"] as? Bool == false)
        #expect(refused.sql == "set default_transaction_read_only = off")
    }

    @Test(
        "a US region asked for by an EU analyst is refused with 42501, rule and hint, and no US server is touched",
        arguments: [
            ("orders@us-east-1", nil), ("orders", "-c domicile.region=us-east-1"), ("orders@US", nil),
            ("orders", "-c domicile.region=US"),
        ] as [(String, String?)])
    func refusedRegion(database: String, options: String?) throws {
        let application = Testbed.unique("refused")
        let asked = database.contains("US") || options?.contains("=US") == true ? "US" : "us-east-1"
        let connections = try testbed.connections(to: .usA) {
            let run = try testbed.psql(
                "select 1", database: database,
                extra: ["PGOPTIONS": options ?? "", "PGAPPNAME": application])
            #expect(run.status == 2)
            #expect(run.output.isEmpty)
            #expect(run.error.contains("FATAL:  region is not allowed"), "\(run.error)")
            #expect(
                run.error.contains("DETAIL:  Rule \"eu-analysts\" allows eu-west-1, eu-central-1"),
                "\(run.error)")
            #expect(run.error.contains("asked for: \(asked)"), "\(run.error)")
            #expect(run.error.contains("HINT:  "), "\(run.error)")
        }
        #expect(connections == 0)
        let record = try #require(try testbed.refusal(application))
        #expect(record.sqlstate == "42501")
        #expect(record.keys["region"] as? String == "eu-west-1")
        #expect(record.keys["planner"] as? String == "quarterly-report")
        #expect(try testbed.regionsThatMention(application) == ["eu-west-1"])
        // The SQLSTATE itself: psql does not print that of a connection that is refused.
        let client = try RawClient(host: testbed.host, port: testbed.port)
        defer { client.close() }
        var parameters = [("user", "analyst"), ("database", database)]
        if let options { parameters.append(("options", options)) }
        let answer = try client.login(testbed, parameters: parameters, token: testbed.token(.euAnalyst))
        #expect(answer.map(\.letter) == ["E"])
        #expect(answer.first?.field("C") == "42501")
        #expect(answer.first?.field("V") == "FATAL")
    }

    @Test("a US analyst does reach the US server and its log, so the checks above can tell")
    func usAnalyst() throws {
        let application = Testbed.unique("american")
        let connections = try testbed.connections(to: .usA) {
            let run = try testbed.psqlCommands(
                ["show cluster_name"], token: try testbed.token(.usAnalyst), application: application)
            #expect(run.text == "orders-us-a")
        }
        #expect(connections == 1)
        let (log, _) = try testbed.endedSessions(application, region: "us-east-1")
        #expect(log.isGapFree)
        #expect(try testbed.regionsThatMention(application) == ["us-east-1"])
    }

    @Test(
        "a region or jurisdiction of the EU that is asked for is where the session runs and is recorded",
        arguments: [
            ("orders@EU", "", "orders-eu-a", "eu-west-1"),
            ("orders@eu-west-1", "", "orders-eu-a", "eu-west-1"),
            ("orders@eu-central-1", "", "orders-eu-b", "eu-central-1"),
            ("orders", "-c domicile.region=eu-central-1", "orders-eu-b", "eu-central-1"),
        ])
    func askedRegion(database: String, options: String, server: String, region: String) throws {
        let application = Testbed.unique("asked")
        let run = try testbed.psql(
            "show cluster_name", database: database, extra: ["PGOPTIONS": options, "PGAPPNAME": application])
        #expect(run.text == server)
        #expect(run.status == 0, "\(run.error)")
        let (log, sessions) = try testbed.endedSessions(application, region: region)
        #expect(log.isGapFree)
        #expect(log.records(of: sessions, "query").map(\.sql) == ["show cluster_name"])
        #expect(try testbed.regionsThatMention(application) == [region])
    }

    @Test(
        "a role, a database or a principal that no rule allows gets 42501, an unknown database 3D000",
        arguments: [
            ("writer", "orders", "42501", "role \"writer\" is not allowed"),
            ("postgres", "orders", "42501", "role \"postgres\" is not allowed"),
            ("tester", "orders", "42501", "role \"tester\" is not allowed"),
            ("analyst", "scratch", "42501", "no rule allows this principal to use this database"),
            ("analyst", "nowhere", "3D000", "database \"nowhere\" does not exist"),
            ("analyst", "postgres", "3D000", "database \"postgres\" does not exist"),
        ])
    func refusedRequest(user: String, database: String, sqlstate: String, message: String) throws {
        let application = Testbed.unique("refused")
        let client = try RawClient(host: testbed.host, port: testbed.port)
        defer { client.close() }
        let answer = try client.login(
            testbed, parameters: [("user", user), ("database", database), ("application_name", application)],
            token: testbed.token(.euAnalyst))
        #expect(answer.map(\.letter) == ["E"])
        #expect(answer.first?.field("C") == sqlstate)
        #expect(answer.first?.field("M") == message)
        #expect(answer.first?.field("D")?.isEmpty == false)
        #expect(answer.first?.field("H")?.isEmpty == false)
        #expect(try testbed.refusal(application)?.sqlstate == sqlstate)
    }

    @Test("a verified principal that no rule names is refused with 42501")
    func nobody() throws {
        let token = try testbed.mint("eu-analyst", #"groups=["visitors"]"#)
        let client = try RawClient(host: testbed.host, port: testbed.port)
        defer { client.close() }
        let answer = try client.login(
            testbed, parameters: [("user", "analyst"), ("database", "orders")], token: token)
        #expect(answer.map(\.letter) == ["E"])
        #expect(answer.first?.field("C") == "42501")
        #expect(answer.first?.field("D") == "No rule of the policy matches the principal and the database.")
    }

    @Test("user=auto and the principal's own name get the rule's first role")
    func ownName() throws {
        let token = try testbed.token(.euAnalyst)
        let subject = try #require(try Testbed.claims(token)["sub"] as? String)
        for user in ["auto", subject] {
            let run = try testbed.psql(
                "select current_user, session_user", user: user, database: "orders", password: token)
            #expect(run.text == "analyst|analyst", "\(user): \(run.error)")
        }
        let minted = try testbed.mint("eu-writer", "sub=order-robot")
        let run = try testbed.psql(
            "select current_user", user: "order-robot", database: "orders", password: minted)
        #expect(run.text == "writer", "\(run.error)")
    }

    @Test("the session's verified facts reach the server as settings")
    func facts() throws {
        let token = try testbed.mint("eu-analyst", "sub=somebody", "task_id=task-77")
        let run = try testbed.psql(
            """
            select current_setting('domicile.subject', true), current_setting('domicile.planner', true), \
            current_setting('domicile.task', true)
            """, user: "auto", database: "orders", password: token)
        #expect(run.text == "somebody|quarterly-report|task-77", "\(run.error)")
    }
}
