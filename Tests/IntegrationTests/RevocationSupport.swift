import Foundation
import Testing

/// A gateway of a suite's own whose executors hold tokens of the tests' issuer.
struct RevocationGround {
    let testbed: Testbed
    let gateway: OwnGateway
    let issuer: String

    init(
        _ testbed: Testbed, arguments: [String] = [], prepare: (String) throws -> Void = { _ in },
        edit: (String) -> String = { $0 }
    ) throws {
        self.testbed = testbed
        issuer = try Testbed.variable("DOMICILE_ISSUER2")
        gateway = try OwnGateway(testbed, arguments: arguments, prepare: prepare, edit: edit)
    }

    func remove() { gateway.remove() }

    func token(_ subject: String, _ name: String = "eu-analyst", _ claims: String...) throws -> String {
        let run = try Command.run(
            "\(testbed.root)/script/testbed", ["token", name, "sub=\(subject)"] + claims)
        guard run.status == 0 else { throw CommandFailure(run) }
        return run.text
    }

    /// The answer to a login, and the client that got it.
    func login(
        _ token: String, user: String = "auto", database: String = "orders", application: String = "revoked"
    ) throws -> (client: RawClient, answer: [RawClient.Frame]) {
        let client = try RawClient(host: gateway.testbed.host, port: gateway.testbed.port)
        let answer = try client.login(
            gateway.testbed,
            parameters: [("user", user), ("database", database), ("application_name", application)],
            token: token)
        return (client, answer)
    }

    /// A session that has begun.
    func session(
        _ token: String, user: String = "auto", database: String = "orders", application: String = "revoked"
    ) throws -> RawClient {
        let (client, answer) = try login(token, user: user, database: database, application: application)
        try #require(
            answer.last?.letter == "Z", "\(answer.last?.field("C") ?? "") \(answer.last?.field("D") ?? "")")
        return client
    }

    func run(_ sql: String, _ client: RawClient) throws -> [RawClient.Frame] {
        try client.send(AbuseFrames.query(sql))
        return try client.readFrames(until: "Z")
    }

    func expectAlive(_ client: RawClient) throws {
        #expect(try run("select 1", client).map(\.letter) == ["T", "D", "C", "Z"])
    }

    /// What is left for the client is one FATAL error of this SQLSTATE, behind frames of the others.
    func expectEnd(
        _ client: RawClient, _ sqlstate: String = "57P01",
        message: String = "terminating session: access was revoked"
    ) throws {
        let rest = try client.readFrames(until: "E", within: 3)
        #expect(rest.last?.letter == "E")
        #expect(rest.last?.field("C") == sqlstate)
        #expect(rest.last?.field("V") == "FATAL")
        #expect(rest.last?.field("M") == message)
        #expect(try client.readFrame(within: 3) == nil)
    }

    func expectRefused(_ token: String, _ sqlstate: String = "28000", application: String = "refused") throws
    {
        let (client, answer) = try login(token, application: application)
        defer { client.close() }
        #expect(answer.map(\.letter) == ["E"])
        #expect(answer.first?.field("C") == sqlstate)
        #expect(answer.first?.field("V") == "FATAL")
    }

    /// Runs `domicile revoke` and says how long it took.
    @discardableResult
    func revoke(_ arguments: String...) throws -> Double {
        let begun = Date()
        let run = try Command.run(
            testbed.binary, ["revoke"] + arguments + ["--socket", "\(gateway.folder)/admin.sock"])
        try #require(run.status == 0, "\(run.error)")
        return Date().timeIntervalSince(begun)
    }

    /// The live sessions, as `domicile sessions --json` shows them.
    func sessions() throws -> [[String: Any]] {
        let run = try gateway.domicile("sessions", "--json")
        try #require(run.status == 0, "\(run.error)")
        let answer = try JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Any]
        return try #require(answer?["sessions"] as? [[String: Any]])
    }

    /// The name of the session of this application.
    func name(_ application: String) throws -> String {
        let session = try #require(try sessions().first { $0["application"] as? String == application })
        return try #require(session["session"] as? String)
    }

    /// One request to the admin address.
    func http(_ method: String, _ path: String, _ body: String = "", token: String?) throws -> Testbed.Answer
    {
        let own = gateway.testbed
        let parts = own.admin.split(separator: ":")
        let connection = try RawClient(host: String(parts[0]), port: Int(parts[1]) ?? 0)
        defer { connection.close() }
        let authorization = token.map { "Authorization: Bearer \($0)\r\n" } ?? ""
        try connection.send(
            Array(
                ("\(method) \(path) HTTP/1.1\r\nHost: \(own.admin)\r\nConnection: close\r\n\(authorization)"
                    + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)").utf8))
        let text = String(decoding: try connection.readToEnd(), as: UTF8.self)
        let status = text.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
        return Testbed.Answer(
            status: status, body: text.range(of: "\r\n\r\n").map { String(text[$0.upperBound...]) } ?? "")
    }

    /// A POST to the tests' issuer.
    func tell(_ path: String, _ json: String) throws {
        let run = try Command.run(
            "curl", ["-sf", "-d", json, "\(issuer)/\(path)"],
            environment: ["NO_PROXY": "*", "PATH": "/usr/bin:/bin"])
        guard run.status == 0 else { throw CommandFailure(run) }
    }
}
