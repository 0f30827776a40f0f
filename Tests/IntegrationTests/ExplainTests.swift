import Foundation
import Glibc
import Testing

/// `domicile explain` and `POST /api/explain`: by a running gateway, and by a file.
@Suite(.serialized)
struct ExplainTests {
    let testbed: Testbed

    init() throws { testbed = try Testbed() }

    /// Runs explain for the token, or the claims, and reads its JSON.
    private func explain(
        _ own: OwnGateway, _ arguments: String..., token: String? = nil, claims: String? = nil
    ) throws -> (run: Command.Run, report: [String: Any]) {
        let file = "\(own.folder)/identity"
        try (token ?? claims ?? testbed.token(.euAnalyst)).write(
            toFile: file, atomically: true, encoding: .utf8)
        let run = try Command.run(
            testbed.binary,
            [
                "explain", "--config", own.testbed.configuration, claims == nil ? "--token" : "--claims",
                file,
                "--database", "orders", "--json",
            ] + arguments)
        let report = try? JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Any]
        return (run, report ?? [:])
    }

    private func replica(_ report: [String: Any], _ name: String) -> [String: Any] {
        (report["replicas"] as? [[String: Any]])?.first { $0["name"] as? String == name } ?? [:]
    }

    private func source(_ report: [String: Any]) -> [String: Any] {
        report["source"] as? [String: Any] ?? [:]
    }

    @Test("A running gateway explains, by its own policy and sessions, and says when the file is another")
    func running() throws {
        let own = try OwnGateway(testbed)
        defer { own.remove() }
        let client = try RawClient(host: own.testbed.host, port: own.testbed.port)
        defer { client.close() }
        _ = try client.login(
            own.testbed, parameters: [("user", "auto"), ("database", "orders")],
            token: testbed.token(.euAnalyst))
        let (run, report) = try explain(own)
        #expect(run.status == 0, "\(run.error)")
        #expect(source(report)["kind"] as? String == "gateway" && source(report)["is_file"] as? Bool == true)
        #expect(replica(report, "orders-eu-a")["outcome"] as? String == "selected")
        #expect(replica(report, "orders-eu-a")["sessions"] as? Int == 1)
        #expect(replica(report, "orders-us-a")["outcome"] as? String == "passed_over")
        // A file that the gateway has not read: it explains what it would do.
        let text = try String(contentsOfFile: own.testbed.configuration, encoding: .utf8)
        try OwnGateway.without(rule: "eu-analysts", text).write(
            toFile: own.testbed.configuration, atomically: true, encoding: .utf8)
        let other = try explain(own)
        #expect(other.run.status == 0 && source(other.report)["is_file"] as? Bool == false)
        let fromFile = try explain(own, "--from-file")
        #expect(fromFile.run.status == 1)
        #expect(source(fromFile.report)["kind"] as? String == "probes")
        #expect((fromFile.report["refusal"] as? [String: Any])?["sqlstate"] as? String == "42501")
        #expect(try own.domicile("reload").status == 0)
        #expect(try explain(own).run.status == 1)
        let reads = try own.testbed.log("eu-west-1").records.filter {
            $0.type == "admin" && $0.keys["target"] as? String == "explain"
        }
        #expect(reads.count == 3 && reads.allSatisfy { $0.keys["operation"] as? String == "read" })
    }

    @Test("Without a gateway on the socket each replica is probed from here, and the first line says so")
    func probed() throws {
        let own = try OwnGateway(testbed)
        defer { own.remove() }
        own.process.signal(SIGTERM)
        _ = own.process.wait(timeout: 20)
        let (run, report) = try explain(own, "--statement", "select count(*) from customers")
        #expect(run.status == 0, "\(run.error)")
        let reason = source(report)["reason"] as? String ?? ""
        #expect(reason.hasPrefix("no gateway answers on \(own.folder)/admin.sock"), "\(reason)")
        #expect(replica(report, "orders-eu-a")["outcome"] as? String == "selected")
        #expect(replica(report, "orders-eu-a")["sessions"] == nil)
        let statement = report["statement"] as? [String: Any]
        #expect((statement?["catalog"] as? [String: Any])?["read"] as? Bool == true, "\(run.output)")
        #expect(statement?["allowed"] as? Bool == true)
    }

    @Test("--statement is judged as in the session: what a session is told, explain tells with its reasons")
    func statement() throws {
        let own = try OwnGateway(
            testbed,
            edit: {
                $0.replacingOccurrences(
                    of: "    access: read_only", with: "    access: read_only\n    forbid: [egress, peers]")
            })
        defer { own.remove() }
        for (sql, allowed) in [
            ("select count(*) from customers", true), ("select * from pg_stat_activity", false),
            ("select pg_terminate_backend(1)", false), ("set transaction read write", false),
            ("select * from nowhere_at_all", false), ("create table t (a int)", true),
        ] {
            let (run, report) = try explain(own, "--statement", sql)
            let statement = try #require(report["statement"] as? [String: Any], "\(run)")
            #expect(statement["allowed"] as? Bool == allowed, "\(sql): \(run.output)")
            #expect(run.status == (allowed ? 0 : 1))
            #expect((statement["catalog"] as? [String: Any])?["read"] as? Bool == true)
            let told = try own.testbed.psql("begin; \(sql)")
            let refusal = statement["refusal"] as? [String: Any]
            // psql sends it behind another: the same is forbidden.
            #expect(
                (refusal != nil) == told.error.contains("statement is not allowed"), "\(sql): \(told.error)")
            if let refusal {
                #expect(refusal["sqlstate"] as? String == "42501")
                let findings = try #require(statement["findings"] as? [[String: Any]])
                #expect(findings.contains { $0["refused"] as? Bool == true })
                #expect(told.error.contains(refusal["hint"] as? String ?? "?"))
            }
        }
    }

    @Test("Claims are taken over the socket, and over the address neither claims nor another's word")
    func doors() throws {
        let ground = try RevocationGround(testbed)
        defer { ground.remove() }
        let claims = #"{"iss":"\#(ground.issuer)","sub":"exec-9","groups":["eu-analysts"]}"#
        let (run, report) = try explain(ground.gateway, claims: claims)
        #expect(run.status == 0, "\(run.error)")
        let identity = report["identity"] as? [String: Any]
        #expect(identity?["verified"] as? Bool == false && identity?["subject"] as? String == "exec-9")
        let dba = try ground.token("dba-1", "operator")
        let analyst = try ground.token("exec-1")
        let byClaims = #"{"database":"orders","claims":\#(claims)}"#
        let byToken = #"{"database":"orders","token":"\#(analyst)"}"#
        func status(_ body: String, _ token: String?) throws -> Int {
            try ground.http("POST", "/api/explain", body, token: token).status
        }
        #expect(try status(byClaims, dba) == 403)
        #expect(try status(byToken, dba) == 200)
        #expect(try status(byToken, analyst) == 403)
        #expect(try status(byToken, nil) == 401)
        let answer = try ground.http("POST", "/api/explain", byToken, token: dba).body
        #expect(answer.contains(#""allowed":true"#) && !answer.contains(analyst))
        // What a revoked executor would be told.
        try ground.revoke("--subject", "exec-1", "--issuer", ground.issuer)
        let revoked = try explain(ground.gateway, token: analyst)
        #expect(revoked.run.status == 1)
        #expect((revoked.report["refusal"] as? [String: Any])?["sqlstate"] as? String == "28000")
        #expect(!(revoked.run.output + revoked.run.error).contains(analyst))
    }

    @Test("A frozen replica is told apart by the running gateway that knows it, without another probe")
    func frozen() throws {
        let own = try OwnGateway(testbed)
        defer { own.remove() }
        try testbed.freezing([.euA]) {
            try testbed.eventually("the frozen server is passed over, and why") {
                let report = try explain(own).report
                return replica(report, "orders-eu-a")["failure"] as? String == "login_timeout"
                    && replica(report, "orders-eu-b")["outcome"] as? String == "selected"
            }
            let took = Date()
            #expect(try explain(own).run.status == 0)
            #expect(Date().timeIntervalSince(took) < 2)
        }
    }
}
