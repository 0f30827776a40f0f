import Foundation
import Glibc
import Testing

/// The operational log: its form, its level, and what stands in it of a refusal.
@Suite(.serialized)
struct OperationalLogTests {
    let testbed: Testbed

    init() throws { testbed = try Testbed() }

    private struct Line: Decodable {
        var time: String
        var level: String
        var message: String
        var session: String?
        var sqlstate: String?
        var reason: String?
        var detail: String?
        var number: String?
    }

    /// The lines of the gateway's standard error that are JSON, and those that are not.
    private func lines(_ own: OwnGateway) -> (json: [Line], text: [Substring]) {
        var (json, text): ([Line], [Substring]) = ([], [])
        for line in own.process.read("error").split(separator: "\n") {
            if let object = try? JSONDecoder().decode(Line.self, from: Data(line.utf8)) {
                json.append(object)
            } else {
                text.append(line)
            }
        }
        return (json, text)
    }

    private func refusals(_ own: OwnGateway) -> [Line] {
        lines(own).json.filter { $0.message == "session refused" }
    }

    @Test(
        "log.format json: every line is an object, each refused session has one line with the session's id of its record, and refused statements have some a second"
    )
    func json() throws {
        let own = try OwnGateway(testbed, edit: { $0 + "log: { format: json }\n" })
        defer { own.remove() }
        _ = try own.testbed.psql("select 1", token: .expired)
        _ = try own.testbed.psql("select 1", database: "orders@us-east-1")
        _ = try own.testbed.psql("select 1", database: "nothing")
        try own.testbed.eventually("three refusals are told of") { refusals(own).count == 3 }
        let told = refusals(own)
        #expect(told.map(\.sqlstate) == ["28P01", "42501", "3D000"])
        #expect(told.allSatisfy { $0.level == "info" })
        let records = try RecordedLog(folder: own.testbed.audit, region: "eu-west-1").records.filter {
            $0.type == "session.refused"
        }
        #expect(records.map(\.session) == told.map(\.session))
        for (record, line) in zip(records, told) {
            let reason = record.keys["reason"] as? String
            #expect(reason == "\(line.reason ?? ""): \(line.detail ?? "")")
        }
        #expect(lines(own).text == [])
        let application = Testbed.unique("told")
        _ = try Command.run(
            "psql",
            ["-X", "-q"]
                + (0..<300).flatMap { _ in ["-c", "SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE"] },
            environment: own.testbed.environment(
                user: "analyst", database: "orders", token: try testbed.token(.euAnalyst),
                extra: ["PGAPPNAME": application]))
        let statements = lines(own).json.filter { $0.message == "statement refused" }
        let (log, sessions) = try own.testbed.endedSessions(application, region: "eu-west-1")
        let refused = log.records(of: sessions, "query").filter { $0.keys["verdict"] != nil }
        #expect(refused.count == 300)
        #expect(statements.allSatisfy { $0.session == refused.first?.session && $0.sqlstate == "42501" })
        #expect(statements.map(\.number).starts(with: refused.prefix(20).map { "\($0.message ?? 0)" }))
        #expect(statements.count < 300)
        // RFC 3339, UTC.
        #expect(told.allSatisfy { $0.time.hasSuffix("Z") && $0.time.count >= 24 }, "\(told.map(\.time))")
    }

    @Test("A reload changes level and format for loggers that are there; --log-level goes before the file")
    func reload() throws {
        let own = try OwnGateway(testbed)
        defer { own.remove() }
        _ = try own.testbed.psql("select 1", token: .expired)
        try own.testbed.eventually("text tells of it") {
            lines(own).text.contains {
                $0.contains(" info session refused ") && $0.contains(" sqlstate=28P01")
            }
        }
        try own.reload { $0 + "log: { level: warning, format: json }\n" }
        try own.testbed.eventually("reloaded") {
            try own.testbed.metric("domicile_config_reloads_total") == 1
        }
        _ = try own.testbed.psql("select 1", token: .expired)
        try own.reload { $0 + "log: { level: debug, format: json }\n" }
        try own.testbed.eventually("reloaded again") {
            try own.testbed.metric("domicile_config_reloads_total") == 2
        }
        _ = try own.testbed.psql("select 1", database: "nothing")
        try own.testbed.eventually("JSON tells of the third alone") {
            refusals(own).map(\.sqlstate) == ["3D000"]
        }
    }

    @Test("--log-level holds whatever the file and a reload say")
    func pinned() throws {
        let own = try OwnGateway(
            testbed, arguments: ["--log-level", "error", "--log-format", "text"],
            edit: { $0 + "log: { level: debug, format: json }\n" })
        defer { own.remove() }
        try own.reload { $0 + "log: { level: trace, format: json }\n" }
        try own.testbed.eventually("reloaded") {
            try own.testbed.metric("domicile_config_reloads_total") == 1
        }
        _ = try own.testbed.psql("select 1", token: .expired)
        #expect(own.process.read("error") == "")
    }
}
