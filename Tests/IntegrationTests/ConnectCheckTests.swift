import Foundation
import Testing

/// `domicile check --connect` on the testbed's servers.
@Suite(.serialized)
struct ConnectCheckTests {
    let testbed: Testbed

    init() throws { testbed = try Testbed() }

    private func check(
        _ edit: (String) -> String = { $0 }, environment: [String: String]? = nil
    ) throws -> (status: Int32, report: [String: Any], run: Command.Run) {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(Testbed.unique("connect"))
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appendingPathComponent("domicile.yaml").path
        let text = try String(contentsOfFile: testbed.configuration, encoding: .utf8)
            .replacingOccurrences(of: " certificates/", with: " \(testbed.folder)/certificates/")
            .replacingOccurrences(of: "key: audit.key", with: "key: \(testbed.folder)/audit.key")
        try edit(text).write(toFile: file, atomically: true, encoding: .utf8)
        let run = try Command.run(
            testbed.binary, ["check", "--config", file, "--connect", "--json"], environment: environment)
        let json = try JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Any]
        let report = try #require(json?["connect"] as? [String: Any], "\(run.output) \(run.error)")
        return (run.status, report, run)
    }

    private func replicas(_ report: [String: Any]) throws -> [[String: Any]] {
        try #require(report["replicas"] as? [[String: Any]])
    }

    private func logins(_ replica: [String: Any]) throws -> [String: String] {
        let logins = try #require(replica["logins"] as? [[String: Any]])
        return Dictionary(
            logins.map { ($0["role"] as? String ?? "", $0["problem"] as? String ?? "ok") },
            uniquingKeysWith: { first, _ in first })
    }

    @Test(
        "Every replica of the testbed is attested, and both roles are let in, by password and by a minted certificate"
    )
    func good() throws {
        let (status, report, run) = try check()
        #expect(status == 0, "\(run.output) \(run.error)")
        let found = try replicas(report)
        #expect(found.count >= 3)
        for replica in found {
            #expect(replica["attested"] as? Bool == true, "\(replica)")
            #expect((replica["tls"] as? String)?.hasPrefix("TLSv1.") == true)
            #expect(try logins(replica).values.allSatisfy { $0 == "ok" }, "\(replica)")
        }
        let orders = found.filter { $0["database"] as? String == "orders" }
        #expect(orders.compactMap { $0["recovery"] as? String } == ["primary", "standby", "standby"])
        #expect(try logins(try #require(orders.first)) == ["analyst": "ok", "writer": "ok"])
        #expect(orders.last?["lag_bytes"] != nil)
        for name in ["ANALYST", "HEALTH", "TESTER"] {
            let secret = try Testbed.variable("DOMICILE_PASSWORD_\(name)")
            #expect(!run.output.contains(secret) && !run.error.contains(secret))
        }
    }

    @Test(
        "A wrong password, a replica that is none and one of another place are failures with their reasons, and 1"
    )
    func failures() throws {
        var environment = ProcessInfo.processInfo.environment
        environment["DOMICILE_PASSWORD_ANALYST"] = "wrong-secret-word"
        let gone = try OwnGateway.freePort()
        let port = try Testbed.variable("DIRECT_PORT_EU_B")
        let (status, report, run) = try check(
            { $0.replacingOccurrences(of: "port: \(port)", with: "port: \(gone)") }, environment: environment)
        #expect(status == 1)
        #expect(report["ok"] as? Bool == false)
        let orders = try replicas(report).filter { $0["database"] as? String == "orders" }
        let first = try #require(orders.first)
        #expect(try logins(first)["analyst"] == "the login is refused (28P01)")
        #expect(try logins(first)["writer"] == "ok")
        let missing = try #require(orders.first { $0["port"] as? Int == gone })
        #expect(missing["problem"] as? String == "connection refused")
        #expect(!run.output.contains("wrong-secret-word"))
    }

    @Test(
        "As text it is a table with a line for each replica and role, and the statements for what a reader may write"
    )
    func text() throws {
        let table = Testbed.unique("connect").replacingOccurrences(of: "-", with: "_")
        _ = try testbed.direct(.euA, "create table \(table) (a int); grant insert on \(table) to analyst")
        defer { _ = try? testbed.direct(.euA, "drop table \(table)") }
        let run = try Command.run(
            testbed.binary, ["check", "--config", testbed.configuration, "--connect"])
        #expect(run.status == 0, "\(run.output) \(run.error)")
        let lines = run.output.split(separator: "\n").map(String.init)
        #expect(lines.contains { $0.hasPrefix("DATABASE") && $0.hasSuffix("LOGIN") })
        #expect(lines.contains { $0.hasPrefix("orders") && $0.contains("orders-eu-b") && $0.hasSuffix("ok") })
        #expect(
            run.output.contains(
                "orders: writes: analyst may INSERT public.\(table)\n"
                    + "    REVOKE INSERT ON TABLE \"public\".\"\(table)\" FROM \"analyst\";"),
            "\(run.output)")
    }
}
