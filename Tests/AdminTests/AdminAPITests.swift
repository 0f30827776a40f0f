import Admin
import Gateway
import GatewayConfiguration
import GatewayIdentity
import Testing

@Suite struct AdminAPITests {
    private func call(
        _ operations: FakeOperations, _ method: String, _ path: String, _ body: String = "",
        door: AdminAPI.Door = .socket
    ) async -> AdminPages.Answer {
        await AdminAPI(operations: operations, configuration: operations).answer(
            method: method, path: "/api/" + path, body: Array(body.utf8), through: door)
    }

    @Test("Over the socket sessions are shown, with the keys of the records")
    func sessions() async {
        let operations = FakeOperations()
        let answer = await call(operations, "GET", "sessions")
        #expect(answer.status == 200)
        #expect(
            answer.body
                == #"{"sessions":[{"bytes_in":0,"bytes_out":0,"client":"127.0.0.1:5","duration_us":0,"#
                + #""expires":2000,"issuer":"https://id.example.com","session":"0123","state":"idle","#
                + #""statements":0,"subject":"exec-1"}]}"# + "\n")
        #expect(operations.asked == [.sessions])
    }

    @Test("A session is killed by its name, with the operator's reason; one that is not there is 404")
    func kill() async {
        let operations = FakeOperations()
        #expect(await call(operations, "POST", "kill", #"{"session":"0123","reason":"why"}"#).status == 200)
        let unknown = await call(operations, "POST", "kill", #"{"session":"9"}"#)
        #expect(unknown.status == 404)
        #expect(unknown.body == #"{"error":"there is no session 9"}"# + "\n")
        #expect(operations.asked == [.kill("0123", reason: "why"), .kill("9", reason: nil)])
    }

    @Test(
        "A revocation is of a subject, a token id or an issuer, and the answer names the sessions that ended")
    func revoke() async {
        let operations = FakeOperations()
        let answer = await call(operations, "POST", "revoke", #"{"subject":"exec-1"}"#)
        #expect(
            answer.body
                == #"{"complete":true,"ended":["0123"],"issuer":"https://id.example.com","subject":"exec-1","#
                + #""time":1000}"# + "\n")
        _ = await call(operations, "POST", "revoke", #"{"token_id":"j","issuer":"https://i","reason":"r"}"#)
        _ = await call(operations, "POST", "revoke", #"{"issuer":"https://i","subject":null}"#)
        #expect(
            operations.asked == [
                .revoke(.subject("exec-1"), issuer: nil, reason: nil),
                .revoke(.tokenID("j"), issuer: "https://i", reason: "r"),
                .revoke(.issuer, issuer: "https://i", reason: nil),
            ])
    }

    @Test(
        "Revocations are listed, each as what it is of, and one is lifted by its name; one that is not there is 404"
    )
    func lift() async {
        let operations = FakeOperations()
        #expect(
            await call(operations, "GET", "revocations").body
                == #"{"revocations":[{"issuer":"https://id.example.com","time":1},"#
                + #"{"issuer":"https://id.example.com","subject":"exec-1","time":2},"#
                + #"{"expires":9,"issuer":"https://id.example.com","time":3,"token_id":"j"}]}"# + "\n")
        let lifted = await call(operations, "POST", "lift", #"{"subject":"exec-1","reason":"r"}"#)
        #expect(lifted.status == 200)
        #expect(
            lifted.body
                == #"{"revocations":[{"issuer":"https://id.example.com","subject":"exec-1","time":2}]}"#
                + "\n")
        let unknown = await call(operations, "POST", "lift", #"{"token_id":"j","issuer":"https://i"}"#)
        #expect(unknown.status == 404)
        #expect(unknown.body == "{\"error\":\"there is no revocation of somebody\u{fffd}\"}\n")
        #expect(
            operations.asked == [
                .revocations, .lift(.subject("exec-1"), issuer: nil, reason: "r"),
                .lift(.tokenID("j"), issuer: "https://i", reason: nil),
            ])
    }

    @Test(
        "What could mean more than was meant is refused, and nothing is done",
        arguments: [
            "", "{}", "[]", "null", #"{"subjct":"x","issuer":"https://i"}"#,
            #"{"subject":"a","token_id":"b"}"#,
            #"{"subject":1}"#, #"{"subject":["a"]}"#, #"{"issuer":"i","issuer":"j"}"#, #"{"reason":"r"}"#,
            #"{"issuer":"https://i"} {"#,
        ])
    func wrongBodies(body: String) async {
        let operations = FakeOperations()
        #expect(await call(operations, "POST", "revoke", body).status == 400)
        #expect(await call(operations, "POST", "kill", body).status == 400)
        #expect(await call(operations, "POST", "lift", body).status == 400)
        #expect(operations.asked.isEmpty)
    }

    @Test("Only the calls there are, by their methods")
    func otherCalls() async {
        let operations = FakeOperations(rights: [.read, .kill, .revoke, .reload])
        for path in ["", "session", "sessions/", "kill/0123", "../metrics"] {
            #expect(await call(operations, "GET", path).status == 404)
        }
        for (method, path) in [
            ("POST", "sessions"), ("HEAD", "sessions"), ("GET", "kill"), ("PUT", "revoke"),
            ("POST", "revocations"), ("GET", "lift"), ("DELETE", "lift"), ("POST", "replicas"),
            ("GET", "clear"), ("GET", "reload"),
        ] {
            #expect(await call(operations, method, path).status == 405)
        }
        #expect(operations.asked.isEmpty)
    }

    @Test(
        "F-OPS-08: over the network nothing is done without an operator's token that has the right",
        arguments: [
            (nil, 401), ("", 401), ("Bearer", 401), ("Bearer ", 401), ("Bearer bad", 401),
            ("Basic good", 401),
            ("good", 401), ("Bearer good", 403), ("bearer good", 403),
        ] as [(String?, Int)])
    func noRight(authorization: String?, status: Int) async {
        let operations = FakeOperations()
        let door = AdminAPI.Door.network(authorization: authorization)
        for (method, path, body) in [
            ("GET", "sessions", ""), ("POST", "kill", #"{"session":"0123"}"#),
            ("POST", "revoke", #"{"subject":"x"}"#), ("GET", "revocations", ""),
            ("POST", "lift", #"{"subject":"exec-1"}"#), ("GET", "replicas", ""),
            ("POST", "clear", #"{"replica":"orders-eu-a"}"#), ("POST", "reload", ""),
            ("POST", "explain", #"{"database":"orders","token":"t"}"#),
        ] {
            let answer = await call(operations, method, path, body, door: door)
            #expect(answer.status == status)
            #expect(!answer.body.contains("good"))
        }
        #expect(operations.asked.isEmpty)
    }

    @Test(
        "Each right opens its own call and no other",
        arguments: [Operator.Right.read, .kill, .revoke, .reload])
    func ownRight(right: Operator.Right) async {
        let operations = FakeOperations(rights: [right])
        let door = AdminAPI.Door.network(authorization: "Bearer good")
        let statuses = [
            await call(operations, "GET", "sessions", door: door).status,
            await call(operations, "POST", "kill", #"{"session":"0123"}"#, door: door).status,
            await call(operations, "POST", "revoke", #"{"subject":"x"}"#, door: door).status,
            await call(operations, "GET", "revocations", door: door).status,
            await call(operations, "POST", "lift", #"{"subject":"exec-1"}"#, door: door).status,
            await call(operations, "GET", "replicas", door: door).status,
            await call(operations, "POST", "clear", #"{"replica":"orders-eu-a"}"#, door: door).status,
            await call(operations, "POST", "reload", door: door).status,
        ]
        switch right {
        case .read: #expect(statuses == [200, 403, 403, 200, 403, 200, 403, 403])
        case .kill: #expect(statuses == [403, 200, 403, 403, 403, 403, 403, 403])
        case .revoke: #expect(statuses == [403, 403, 200, 403, 200, 403, 403, 403])
        case .reload: #expect(statuses == [403, 403, 403, 403, 403, 403, 200, 200])
        }
    }

    @Test("A quarantine is lifted by the replica's name; 404 where there is none, 409 where it has none")
    func clear() async {
        let operations = FakeOperations()
        let cleared = await call(operations, "POST", "clear", #"{"replica":"orders-eu-a","reason":"r"}"#)
        #expect(cleared.status == 200)
        #expect(cleared.body == #"{"database":"orders","replica":"orders-eu-a"}"# + "\n")
        #expect(await call(operations, "POST", "clear", #"{"replica":"orders-eu-b"}"#).status == 409)
        #expect(await call(operations, "POST", "clear", #"{"replica":"x"}"#).status == 404)
        for wrong in ["", "{}", #"{"replica":1}"#, #"{"replica":"a","reson":"b"}"#] {
            #expect(await call(operations, "POST", "clear", wrong).status == 400)
        }
        #expect(
            operations.asked == [
                .clear("orders-eu-a", reason: "r"), .clear("orders-eu-b", reason: nil),
                .clear("x", reason: nil),
            ])
    }

    @Test("A reload answers with the digests and what needs a restart, or 422 with the mistakes")
    func reload() async {
        let operations = FakeOperations()
        let taken = await call(operations, "POST", "reload", "{}")
        #expect(taken.status == 200)
        #expect(
            taken.body
                == #"{"changes":["listen changed"],"findings":[],"policy":"d2","previous":"d1","reloaded":true,"restart":["listen"]}"#
                + "\n")
        operations.reloadIsRefused.withLock { $0 = true }
        let refused = await call(operations, "POST", "reload")
        #expect(refused.status == 422)
        #expect(
            refused.body
                == #"{"changes":[],"error":"the old one goes on","findings":[{"column":1,"file":"domicile.yaml","line":3,"#
                + #""message":"unknown key `lisen`","severity":"mistake"}],"policy":"d1","previous":"d1","#
                + #""reloaded":false,"restart":[]}"# + "\n")
        #expect(await call(operations, "POST", "reload", #"{"file":"other.yaml"}"#).status == 400)
        #expect(operations.asked == [.reload, .reload])
    }

    @Test("F-POL-07: each replica is shown with what its probes found, the kind of failure among it")
    func replicas() async {
        let operations = FakeOperations()
        let answer = await call(operations, "GET", "replicas")
        #expect(answer.status == 200)
        let good =
            #"{"address":"127.0.0.1","attested":true,"connections_left":90,"database":"orders","#
            + #""failures_in_a_row":0,"health":"up","kind":"primary","lag_bytes":0,"lag_seconds":0,"#
            + #""maintenance":false,"probe_age_seconds":1.25,"read_only":false,"recovery":"primary","#
            + #""region":"eu-west-1","replica":"a","round_trip_us":412,"server_version":150018,"sessions":3,"#
            + #""system_identifier":"7001","timeline":4}"#
        let other =
            #"{"address":"127.0.0.1","attested":false,"connections_left":90,"database":"orders","#
            + #""difference":"cluster_name","difference_reason":"cluster_name is \"elsewhere\", not \"b\"","#
            + #""failures_in_a_row":0,"health":"up","kind":"auto","lag_bytes":0,"lag_seconds":0,"#
            + #""maintenance":false,"probe_age_seconds":1.25,"quarantine":"cluster_name","#
            + #""quarantine_reason":"cluster_name is \"elsewhere\", not \"b\"","read_only":false,"#
            + #""recovery":"primary","region":"eu-west-1","replica":"b","round_trip_us":412,"#
            + #""server_version":150018,"sessions":0}"#
        let frozen =
            #"{"attested":false,"database":"orders","failure":"login_timeout","#
            + #""failure_reason":"connected, and no login within the timeout","failures_in_a_row":1,"#
            + #""health":"down","kind":"standby","maintenance":true,"probe_age_seconds":1.25,"#
            + #""region":"eu-west-1","replica":"c","sessions":0}"#
        let unprobed =
            #"{"attested":false,"database":"orders","failure":"never_probed","#
            + #""failure_reason":"not probed yet","failures_in_a_row":0,"health":"unknown","kind":"standby","#
            + #""maintenance":false,"region":"eu-west-1","replica":"d","sessions":0}"#
        #expect(
            answer.body == #"{"replicas":["# + [good, other, frozen, unprobed].joined(separator: ",")
                + "]}\n")
        #expect(operations.asked == [.replicas])
    }

    @Test("A question is read whole or not at all, and what nothing proves is taken over the socket only")
    func explain() async {
        let operations = FakeOperations(rights: [.read])
        let network = AdminAPI.Door.network(authorization: "Bearer good")
        let byToken = #"{"database":"orders@EU","user":"auto","token":"t","statement":"SELECT 1"}"#
        let byClaims = #"{"database":"orders","claims":{"iss":"i","sub":"s"},"replication":true}"#
        // What it is answered is the operations' to say: the fake one says 400.
        for (body, door) in [(byToken, network), (byToken, .socket), (byClaims, .socket)] {
            #expect(await call(operations, "POST", "explain", body, door: door).body.contains("explained"))
        }
        #expect(await call(operations, "POST", "explain", byClaims, door: network).status == 403)
        for wrong in [
            "", "{}", #"{"database":"orders"}"#, #"{"token":"t"}"#, #"{"database":1,"token":"t"}"#,
            #"{"database":"o","token":"t","claims":{}}"#, #"{"database":"o","claims":"{}"}"#,
            #"{"database":"o","token":"t","statment":"x"}"#,
            #"{"database":"o","token":"t","statement":"\u0000"}"#,
            #"{"database":"o","token":"t","replication":"yes"}"#,
            #"{"database":"o","token":"t","statement":""# + String(repeating: "x", count: 65_537) + #""}"#,
            #"{"database":"o","token":""# + String(repeating: "x", count: 65_537) + #""}"#,
        ] {
            let answer = await call(operations, "POST", "explain", wrong)
            #expect(answer.status == 400 && !answer.body.contains("explained"), "\(wrong.prefix(60))")
        }
        let atLimit =
            #"{"database":"o","token":"t","statement":""# + String(repeating: "x", count: 65_536) + #""}"#
        #expect(await call(operations, "POST", "explain", atLimit).body.contains("explained"))
        #expect(AdminAPI.bodyLimit(ofPath: "/api/explain") == 524_288)
        #expect(AdminAPI.bodyLimit(ofPath: "/api/kill") == 16_384)
        #expect(
            operations.asked.prefix(3) == [
                .explain(database: "orders@EU", user: "auto", statement: "SELECT 1", isToken: true),
                .explain(database: "orders@EU", user: "auto", statement: "SELECT 1", isToken: true),
                .explain(database: "orders", user: nil, statement: nil, isToken: false),
            ])
        #expect(operations.asked.count == 4)
    }
}
