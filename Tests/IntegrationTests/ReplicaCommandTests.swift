import Foundation
import Glibc
import Testing

/// `domicile replica list`, `replica clear` and `reload`, on gateways of the tests' own.
@Suite(.serialized)
struct ReplicaCommandTests {
    let testbed: Testbed

    init() throws { testbed = try Testbed() }

    private func replicas(_ own: OwnGateway) throws -> [String: [String: Any]] {
        let run = try own.domicile("replica", "list", "--json")
        try #require(run.status == 0, "\(run.error)")
        let answer = try JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Any]
        let all = try #require(answer?["replicas"] as? [[String: Any]])
        return Dictionary(all.map { ("\($0["database"] ?? "")/\($0["replica"] ?? "")", $0) }) { $1 }
    }

    private func admin(_ own: OwnGateway, _ operation: String) throws -> [RecordedLog.Record] {
        try own.testbed.log("eu-west-1").records.filter {
            $0.type == "admin" && $0.keys["operation"] as? String == operation
        }
    }

    @Test("replica list shows what the probes found; a frozen server is told by the kind of its failure")
    func list() throws {
        let own = try OwnGateway(testbed)
        defer { own.remove() }
        try testbed.eventually("the lag of every standby is known") {
            try replicas(own).values.allSatisfy { $0["lag_seconds"] != nil }
        }
        let known = try replicas(own)
        #expect(known.count == 6)
        let primary = try #require(known["orders/orders-eu-a"])
        let identifier = try testbed.direct(.euA, "select system_identifier from pg_control_system()")
        #expect(primary["system_identifier"] as? String == identifier)
        #expect(primary["recovery"] as? String == "primary" && primary["health"] as? String == "up")
        #expect(primary["attested"] as? Bool == true && primary["read_only"] as? Bool == false)
        #expect(primary["failure"] == nil && primary["quarantine"] == nil)
        #expect((primary["connections_left"] as? Int ?? 0) > 0 && primary["timeline"] as? Int == 1)
        #expect((primary["probe_age_seconds"] as? Double ?? 99) < 10)
        #expect(known["orders/orders-us-a"]?["recovery"] as? String == "standby")
        let text = try own.domicile("replica", "list").text.split(separator: "\n")
        #expect(text.count == 7 && text[0].hasPrefix("REPLICA"))
        #expect(text[1].hasPrefix("orders-eu-a") && text[1].contains(" up "), "\(text[1])")
        #expect(try admin(own, "read").allSatisfy { $0.keys["target"] as? String == "replicas" })

        try testbed.freezing([.euB]) {
            try testbed.eventually("the frozen server is told by its kind") {
                let frozen = try replicas(own)["orders/orders-eu-b"]
                return frozen?["health"] as? String == "down"
                    && frozen?["failure"] as? String == "login_timeout"
            }
            let series =
                #"domicile_replica_probe_failures_total{database="orders",replica="orders-eu-b","#
                + #"region="eu-central-1",failure="login_timeout"}"#
            #expect(try own.testbed.metric(series) ?? 0 >= 1)
            let table = try own.domicile("replica", "list").text
            #expect(table.contains("login_timeout: connected, and no login within the timeout"), "\(table)")
        }
    }

    @Test("F-POL-14: a quarantine outlives its reason until it is cleared, once, and both are recorded")
    func clear() throws {
        let exchange = try ExchangedReplica(testbed)
        defer { exchange.remove() }
        let own = try exchange.gateway()
        defer { own.remove() }
        func login() throws -> RawClient.Frame? {
            let client = try RawClient(host: own.testbed.host, port: own.testbed.port)
            defer { client.close() }
            return try client.login(
                own.testbed, parameters: [("user", "tester"), ("database", "scratch")],
                token: testbed.token(.conformance)
            ).last
        }
        #expect(try own.domicile("replica", "clear", "scratch-eu-a").status == 1)
        #expect(try own.domicile("replica", "clear", "nobody").status == 1)
        try exchange.become(.recorder(certificate: "other"))
        #expect(try login()?.field("C") == "08001")
        try testbed.eventually("the replica is in quarantine") {
            try replicas(own)["scratch/scratch-eu-a"]?["quarantine"] as? String == "tls_spki"
        }
        // It is what it was again, and stays out.
        try exchange.become(.primary)
        usleep(1_200_000)
        #expect(try login()?.field("C") == "08001")
        #expect(try own.domicile("replica", "list").text.contains("quarantined"))
        let run = try own.domicile("replica", "clear", "scratch/scratch-eu-a", "--reason", "cable mended")
        #expect(run.status == 0 && run.text == "cleared scratch/scratch-eu-a", "\(run.error)")
        try testbed.eventually("sessions are served there again") { try login()?.letter == "Z" }
        let again = try own.domicile("replica", "clear", "scratch-eu-a")
        #expect(again.status == 1 && again.error.contains("is not in quarantine"), "\(again.error)")
        let cleared = try admin(own, "clear")
        #expect(cleared.map { $0.keys["target"] as? String } == ["scratch/scratch-eu-a"])
        #expect(cleared.first?.keys["reason"] as? String == "cable mended")
        let quarantined = try admin(own, "quarantine")
        #expect(quarantined.map { $0.keys["target"] as? String } == ["scratch/scratch-eu-a"])
        #expect((quarantined.first?.keys["reason"] as? String)?.contains("public key") == true)
    }

    @Test("reload says the digests and what needs a restart; a file with mistakes changes nothing, with 78")
    func reload() throws {
        let own = try OwnGateway(testbed)
        defer { own.remove() }
        let file = own.testbed.configuration
        let text = try String(contentsOfFile: file, encoding: .utf8)
        func digest() throws -> String {
            try #require(
                try Command.run("sha256sum", [file]).text.split(separator: " ").first.map(String.init))
        }
        let first = try digest()
        try OwnGateway.without(rule: "us-analysts", text).replacingOccurrences(
            of: "\nlimits:\n", with: "\nlimits:\n  workers: 3\n"
        ).write(
            toFile: file, atomically: true, encoding: .utf8)
        let second = try digest()
        let run = try own.domicile("reload")
        #expect(run.status == 0, "\(run.error)")
        #expect(
            run.text == """
                policy \(first) to \(second)
                  limits changed
                  rule us-analysts removed
                holds after a restart only: limits.workers
                """, "\(run.output)")
        let taken = try #require(try admin(own, "reload").first)
        #expect(taken.keys["changes"] as? [String] == ["limits changed", "rule us-analysts removed"])
        let refused = try own.testbed.psql(
            "select 1", user: "analyst", database: "orders", token: .usAnalyst)
        #expect(refused.error.contains("no rule allows this principal"), "\(refused.error)")

        try (text + "\nlisen: 5\n").write(toFile: file, atomically: true, encoding: .utf8)
        let mistaken = try own.domicile("reload")
        #expect(mistaken.status == 78)
        #expect(mistaken.text == "policy \(second) goes on")
        #expect(mistaken.error.contains(": mistake: "), "\(mistaken.error)")
        let json = try own.domicile("reload", "--json")
        let answer = try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any]
        #expect(json.status == 78 && answer?["reloaded"] as? Bool == false)
        let findings = answer?["findings"] as? [[String: Any]] ?? []
        #expect(findings.filter { $0["severity"] as? String == "mistake" }.count == 1, "\(findings)")
        #expect(try own.testbed.metric("domicile_config_reloads_total") == 1)
        #expect(try own.testbed.metric("domicile_config_reload_failed_total") == 2)
        #expect(
            try admin(own, "reload").map { $0.keys["reason"] as? String } == [
                "policy \(first) to \(second)", "refused: 1 mistakes", "refused: 1 mistakes",
            ])
    }
}
