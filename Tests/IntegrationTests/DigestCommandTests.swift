import Foundation
import PGWire
import Testing

/// `domicile audit digest`, the key behind it, and what rules say of values.
@Suite(.serialized)
struct DigestCommandTests {
    let testbed: Testbed

    init() throws { testbed = try Testbed() }

    private func session(
        _ own: OwnGateway, _ application: String, _ token: Testbed.Token = .euAnalyst,
        user: String = "analyst",
        database: String = "orders"
    ) throws -> RawClient {
        let client = try RawClient(host: own.testbed.host, port: own.testbed.port)
        let answer = try client.login(
            own.testbed,
            parameters: [("user", user), ("database", database), ("application_name", application)],
            token: testbed.token(token))
        try #require(answer.last?.letter == "Z")
        return client
    }

    /// Runs a statement with one parameter.
    private func run(_ client: RawClient, _ sql: String, _ value: [UInt8], format: Int16) throws {
        var bytes: [UInt8] = []
        try Parse.encode(name: [], sql: Array(sql.utf8), into: &bytes)
        try Bind.encode(
            portal: [], statement: [], parameterFormats: .all(format), parameters: [value],
            into: &bytes)
        try Execute.encode(portal: [], maximumRows: 0, into: &bytes)
        Sync.encode(into: &bytes)
        try client.send(bytes)
        let answer = try client.readFrames(until: "Z")
        #expect(answer.map(\.letter).first == "1", "\(answer.first?.field("M") ?? "")")
        #expect(!answer.contains { $0.letter == "E" }, "\(answer.map { $0.field("M") ?? $0.letter })")
    }

    private func digest(_ own: OwnGateway, _ arguments: String...) throws -> Command.Run {
        try Command.run(
            testbed.binary, ["audit", "digest", "--config", own.testbed.configuration] + arguments)
    }

    @Test(
        "audit digest finds a value in what the server's own send functions make of it, under the old key and the new"
    )
    func digests() throws {
        let own = try OwnGateway(
            testbed,
            edit: { $0.replacingOccurrences(of: "literals: keep", with: "literals: hash") })
        defer { own.remove() }
        let types: [(type: String, value: String, send: String)] = [
            ("int2", "4242", "int2send"), ("int4", "-424242", "int4send"), ("int8", "4242424242", "int8send"),
            ("float4", "42.25", "float4send"), ("float8", "-4242.125", "float8send"),
            ("bytea", #"\xc0ffee42"#, "byteasend"), ("text", "Zoë 42", "textsend"),
            ("uuid", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a42", "uuid_send"),
            ("date", "2042-02-28", "date_send"),
            ("timestamp", "1942-12-31 23:59:59.999999", "timestamp_send"),
            ("timestamptz", "2042-03-01 04:02:42.42+05:30", "timestamptz_send"),
        ]
        let client = try session(own, "digests")
        defer { client.close() }
        for (type, value, send) in types {
            let hex = try testbed.direct(.euA, "select encode(\(send)('\(value)'::\(type)), 'hex')")
            let digits = Array(hex)
            let bytes = stride(from: 0, to: digits.count, by: 2).compactMap {
                UInt8(String(digits[$0...($0 + 1)]), radix: 16)
            }
            try run(client, "select $1::\(type)", bytes, format: 1)
        }
        try client.send(RawClient.query("select 'literally 42'"))
        _ = try client.readFrames(until: "Z")
        for (type, value, _) in types {
            let found = try digest(own, "--json", "--", value)
            #expect(found.status == 0, "\(type): \(found.error)")
            #expect(found.output.contains("\"place\":\"parameter 1\""), "\(type): \(found.output)")
            #expect(found.output.contains("\"form\":\"\(type)\""), "\(type): \(found.output)")
        }
        let literal = try digest(own, "literally 42")
        #expect(literal.status == 0)
        #expect(literal.output.contains("query") && literal.output.contains("literal 1 (text, "))
        #expect(try digest(own, "never used").status == 1)

        let list = ["audit", "digest-key", "list", "--config", own.testbed.configuration]
        let before = try Command.run(testbed.binary, list).text
        let rotated = try Command.run(
            testbed.binary, ["audit", "digest-key", "rotate", "--config", own.testbed.configuration])
        #expect(rotated.status == 0, "\(rotated.error)")
        let ids = try Command.run(testbed.binary, list).text.split(separator: "\n").map(String.init)
        #expect(ids.count == 2 && ids.last == before)
        // The running gateway takes the new key when it reads its configuration again, for its live sessions, too.
        own.process.signal(SIGHUP)
        try own.testbed.eventually("the new key is in records") {
            try run(client, "select $1::text", Array("Zoë 42".utf8), format: 0)
            return try own.testbed.log("eu-west-1").records.contains { $0.line.contains("\"\(ids[0]):") }
        }
        let both = try digest(own, "Zoë 42")
        #expect(both.output.contains("(text, \(ids[0]))") && both.output.contains("(text, \(ids[1]))"))
        let reload = try own.testbed.log("eu-west-1").records.last { $0.type == "admin" }
        #expect(reload?.line.contains("key of digests \(ids[1]) to \(ids[0])") == true)
    }

    @Test("The value comes from standard input, the key from a file; neither it nor the key is printed")
    func standardInput() throws {
        let own = try OwnGateway(testbed)
        defer { own.remove() }
        let client = try session(own, "input")
        try run(client, "select $1::text", Array("from a pipe".utf8), format: 0)
        client.close()
        _ = try own.testbed.endedSessions("input", region: "eu-west-1")
        let key = "\(own.folder)/state/capture.key"
        func piped(_ text: String, _ arguments: String) throws -> Command.Run {
            try Command.run(
                "sh",
                ["-c", "printf '%s' '\(text)' | \(testbed.binary) audit digest - --key \(key) \(arguments)"])
        }
        #expect(try piped("from a pipe", own.testbed.audit).status == 0)
        let found = try piped("from a pipe\n", own.testbed.audit)
        #expect(found.status == 0 && found.output.contains("bind"), "\(found.error)")
        #expect(try piped("from another", own.testbed.audit).status == 1)
        let bytes = try Data(contentsOf: URL(fileURLWithPath: key))
        let printed = try piped("from a pipe", "--digests-only")
        let hex = bytes.map { String(format: "%02x", $0) }.joined()
        #expect(printed.status == 0 && printed.output.contains("sha256:"))
        for text in [hex, bytes.base64EncodedString(), "from a pipe"] {
            #expect(!printed.output.contains(text) && !found.output.contains(text))
        }
        #expect(try Command.run(testbed.binary, ["audit", "digest", "x", "--key", key]).status == 64)
        #expect(try Command.run(testbed.binary, ["audit", "digest", "x", own.testbed.audit]).status == 64)
    }

    @Test(
        "What values leave is each rule's own word: three sessions at once, one kept, one hashed, one dropped"
    )
    func rules() throws {
        let own = try OwnGateway(
            testbed,
            edit: { text in
                func rule(_ name: String, _ capture: String, _ text: String) -> String {
                    text.replacingOccurrences(
                        of: "  - name: \(name)\n", with: "  - name: \(name)\n    capture: { \(capture) }\n")
                }
                let edited = rule("eu-analysts", "parameters: keep, literals: drop", text)
                return rule("conformance", "parameters: drop, literals: hash", edited)
            })
        defer { own.remove() }
        // The writers' rule says nothing: parameters are hashed, literals kept (the testbed's configuration).
        let clients = [
            "kept": try session(own, "kept"),
            "dropped": try session(own, "dropped", .conformance, user: "tester", database: "scratch"),
            "hashed": try session(own, "hashed", .euWriter, user: "writer"),
        ]
        for _ in 0..<2 {
            for client in clients.values {
                try run(client, "select $1::text, 'constant'", Array("parameter".utf8), format: 0)
            }
        }
        for client in clients.values { client.close() }
        var log: RecordedLog?
        var sessions: [String: Set<String>] = [:]
        for name in clients.keys {
            (log, sessions[name]) = try own.testbed.endedSessions(name, region: "eu-west-1")
        }
        let records = try #require(log)
        func parameters(_ name: String) -> [[String: Any]] {
            records.records(of: sessions[name] ?? [], "bind").compactMap {
                ($0.keys["parameters"] as? [[String: Any]])?.first
            }
        }
        func parses(_ name: String) -> [RecordedLog.Record] {
            records.records(of: sessions[name] ?? [], "parse")
        }
        #expect(parameters("kept").map { $0["value"] as? String } == ["parameter", "parameter"])
        #expect(parameters("hashed").allSatisfy { $0["value"] == nil && $0["digest"] is String })
        #expect(parameters("dropped").allSatisfy { $0["value"] == nil && $0["digest"] == nil })
        #expect(parameters("hashed").count == 2 && parameters("dropped").count == 2)
        #expect(parameters("dropped").map { $0["bytes"] as? Int } == [9, 9])
        #expect(parses("hashed").map(\.sql) == Array(repeating: "select $1::text, 'constant'", count: 2))
        for name in ["kept", "dropped"] {
            #expect(parses(name).map(\.sql) == Array(repeating: "select $1::text, $2", count: 2), "\(name)")
        }
        #expect(parses("kept").map { $0.keys["literals"] as? Int } == [1, 1])
        let literals = parses("dropped").compactMap { ($0.keys["literals"] as? [[String: Any]])?.first }
        #expect(
            literals.count == 2 && literals.allSatisfy { $0["digest"] is String && $0["bytes"] as? Int == 8 })
    }
}
