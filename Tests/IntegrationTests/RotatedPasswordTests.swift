import Foundation
import Glibc
import Testing

/// Passwords of upstream roles that stand in files, and change while the gateway runs.
@Suite(.serialized)
struct RotatedPasswordTests {
    let testbed: Testbed

    init() throws { testbed = try Testbed() }

    private func write(_ password: String, to file: String) throws {
        let draft = "\(file).new"
        try Data("\(password)\n".utf8).write(to: URL(fileURLWithPath: draft))
        chmod(draft, 0o600)
        rename(draft, file)
    }

    private func login(_ own: Testbed, as role: String) throws -> (client: RawClient, last: RawClient.Frame?)
    {
        let client = try RawClient(host: own.host, port: own.port)
        let answer = try client.login(
            own, parameters: [("user", role), ("database", "orders")], token: testbed.token(.euAnalyst))
        return (client, answer.last)
    }

    private func drop(_ role: String) {
        _ = try? testbed.direct(.euA, "drop role if exists \(role)")
    }

    @Test(
        "After ALTER ROLE and a new file the next logins work without a reload, and open sessions never notice"
    )
    func role() throws {
        let role = Testbed.unique("rotated")
        try testbed.direct(.euA, "create role \(role) login password 'first password' in role guests")
        defer { drop(role) }
        let own = try OwnGateway(
            testbed, prepare: { try write("first password", to: "\($0)/password") },
            edit: {
                $0.replacingOccurrences(
                    of: "        analyst: { password: \"${DOMICILE_PASSWORD_ANALYST}\" }",
                    with: "        \(role): { password_file: password }"
                ).replacingOccurrences(of: "roles: [analyst]", with: "roles: [\(role)]")
            })
        defer { own.remove() }
        let (before, greeting) = try login(own.testbed, as: role)
        defer { before.close() }
        try #require(greeting?.letter == "Z", "\(greeting?.field("D") ?? "")")
        try testbed.direct(.euA, "alter role \(role) password 'second \"password\"'")
        let (refused, answer) = try login(own.testbed, as: role)
        refused.close()
        #expect(answer?.field("C") == "08001")
        #expect(
            answer?.field("D")?.contains("orders-eu-a: login failed: the replica answered SQLSTATE 28P01")
                == true)
        try write("second \"password\"", to: "\(own.folder)/password")
        try testbed.eventually("the new password is taken", within: 5) {
            let (client, last) = try login(own.testbed, as: role)
            client.close()
            return last?.letter == "Z"
        }
        #expect(try before.values("select session_user") == [role])
        // A file that is no password any more changes nothing, and is said without a word of it.
        try Data("torn\nfile".utf8).write(to: URL(fileURLWithPath: "\(own.folder)/password"))
        try testbed.eventually("the file's fault is said", within: 5) {
            own.process.read("error").contains("holds a control character")
        }
        let (after, last) = try login(own.testbed, as: role)
        after.close()
        #expect(last?.letter == "Z")
        let said = own.process.read("error")
        #expect(said.contains("password file taken"))
        for secret in ["first password", "second", "torn"] { #expect(!said.contains(secret)) }
        #expect(try own.testbed.metric("domicile_config_reloads_total") == 0)
    }

    @Test("A reload with a file that holds no password is refused whole, and the old configuration goes on")
    func reload() throws {
        let own = try OwnGateway(
            testbed, prepare: { try write("irrelevant", to: "\($0)/password") },
            edit: {
                $0.replacingOccurrences(of: "{ certificate: minted }", with: "{ password_file: password }")
            })
        defer { own.remove() }
        try Data().write(to: URL(fileURLWithPath: "\(own.folder)/password"))
        try own.reload {
            $0.replacingOccurrences(of: "{ certificate: minted }", with: "{ password_file: password }")
        }
        try own.testbed.eventually("the reload is refused") {
            try own.testbed.metric("domicile_config_reload_failed_total") == 1
        }
        let (client, last) = try login(own.testbed, as: "analyst")
        client.close()
        #expect(last?.letter == "Z")
    }

    @Test("Probes log in with the file's password of that moment: health.password_file")
    func probes() throws {
        let role = Testbed.unique("prober")
        try testbed.direct(
            .euA,
            "create role \(role) login password 'first' in role guests, pg_monitor, pg_signal_backend")
        defer { drop(role) }
        let own = try OwnGateway(
            testbed, prepare: { try write("first", to: "\($0)/password") },
            edit: {
                $0.replacingOccurrences(of: "user: domicile_health", with: "user: \(role)")
                    .replacingOccurrences(
                        of: "password: \"${DOMICILE_PASSWORD_HEALTH}\"", with: "password_file: password")
            })
        defer { own.remove() }
        let up = #"domicile_replica_up{database="orders",replica="orders-eu-a",region="eu-west-1"}"#
        #expect(try own.testbed.metric(up) == 1)
        try testbed.direct(.euA, "alter role \(role) password 'second'")
        let end = "select count(pg_terminate_backend(pid)) from pg_stat_activity where usename = '\(role)'"
        #expect(try testbed.direct(.euA, end) != "0")
        try own.testbed.eventually("the probe is not let in") { try own.testbed.metric(up) == 0 }
        try write("second", to: "\(own.folder)/password")
        try own.testbed.eventually("the probe is let in", within: 10) { try own.testbed.metric(up) == 1 }
    }
}
