import Foundation
import PGWire
import Testing

/// A session told step by step, run straight at the primary and through the gateway: `Tests/Fixtures/guard`, whose
/// README.md says how one is written. Superuser both times, so that nothing but the gateway stands in the way.
struct GuardScenario {
    enum Step {
        /// A simple Query; `waits`: repeated through the gateway until its answer is the expected one.
        case query(direct: String, gateway: String, waits: Bool)
        /// Parse, Bind and Execute of the unnamed statement.
        case execute(direct: String, gateway: String)
        case flush, sync
        /// Somebody else's statement, at the primary.
        case aside(String)
    }

    struct Line {
        var step: Step
        var direct: String?
        var gateway: String?
        let number: Int
    }

    var title = ""
    var forbid: [String] = []
    var access: String?
    var login: [(String, String)] = []
    var directLogin: [(String, String)] = []
    var setup: [String] = []
    var cleanup: [String] = []
    /// The relation MARK is there at the end of the direct run, and, where `isKept`, of the other.
    var isMade = false
    var isKept = false
    var lines: [Line] = []

    static let folder = "Tests/Fixtures/guard"

    static func read(_ name: String, root: String) throws -> [GuardScenario] {
        var scenarios: [GuardScenario] = []
        var names: [(String, String)] = []
        let text = try String(contentsOfFile: "\(root)/\(folder)/\(name).txt", encoding: .utf8)
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            guard !line.isEmpty, !line.hasPrefix("#") else { continue }
            let word = String(line.prefix { $0 != " " })
            var rest = String(line.dropFirst(word.count + 1))
            if word == "let" {
                let name = String(rest.prefix { $0 != " " })
                names.append((name, String(rest.dropFirst(name.count + 1))))
                continue
            }
            if word == "==" {
                scenarios.append(GuardScenario(title: rest))
                continue
            }
            for (name, text) in names { rest = rest.replacingOccurrences(of: name, with: text) }
            try scenarios[scenarios.count - 1].take(word, rest, line: index + 1)
        }
        return scenarios
    }

    private mutating func take(_ word: String, _ rest: String, line: Int) throws {
        let both = rest.components(separatedBy: " || ")
        let (direct, gateway) = (both[0], both.last ?? "")
        func pair(_ text: String) -> (String, String) {
            let name = String(text.prefix { $0 != "=" })
            return (name, String(text.dropFirst(name.count + 1)))
        }
        func add(_ step: Step) { lines.append(Line(step: step, number: line)) }
        switch word {
        case "forbid": forbid = rest.split(separator: " ").map(String.init)
        case "access": access = rest
        case "login": login.append(pair(rest))
        case "direct-login": directLogin.append(pair(rest))
        case "setup": setup.append(rest)
        case "cleanup": cleanup.append(rest)
        case "made": isMade = true
        case "kept": (isMade, isKept) = (true, true)
        case "Q": add(.query(direct: direct, gateway: gateway, waits: false))
        case "W": add(.query(direct: direct, gateway: gateway, waits: true))
        case "P": add(.execute(direct: direct, gateway: gateway))
        case "F": add(.flush)
        case "S": add(.sync)
        case "A": add(.aside(rest))
        case "=" where !lines.isEmpty: lines[lines.count - 1].direct = rest
        case "!" where !lines.isEmpty: lines[lines.count - 1].gateway = rest
        default: throw RawClient.Failure(description: "line \(line): \(word)?")
        }
    }
}

/// A run of one, by one way.
final class GuardScenarioRun {
    private let client: RawClient
    private let mark: String
    private let isDirect: Bool
    private let testbed: Testbed
    private var executes = 0

    init(_ client: RawClient, mark: String, isDirect: Bool, testbed: Testbed) {
        self.client = client
        self.mark = mark
        self.isDirect = isDirect
        self.testbed = testbed
    }

    /// MARK is this run's relation, and `\xHH` a byte.
    private func bytes(_ text: String) -> [UInt8] {
        var bytes: [UInt8] = []
        let given = Array(text.replacingOccurrences(of: "MARK", with: mark).utf8)
        var index = 0
        while index < given.count {
            if given[index] == 0x5c, index + 3 < given.count, given[index + 1] == 0x78,
                let byte = UInt8(String(decoding: given[(index + 2)...(index + 3)], as: UTF8.self), radix: 16)
            {
                bytes.append(byte)
                index += 4
            } else {
                bytes.append(given[index])
                index += 1
            }
        }
        return bytes
    }

    /// What came, in four ways to write it: with rows or not, with the transaction's state or not.
    private func answers(_ frames: [RawClient.Frame]) -> Set<String> {
        var texts = ["", ""]
        var state = ""
        for frame in frames {
            let body = frame.body
            var (item, row) = ("", "")
            switch frame.letter {
            case "C": item = String(decoding: body.dropLast(), as: UTF8.self)
            case "I": item = "EMPTY"
            case "E": item = frame.field("C") ?? "?"
            case "D": row = "(\(values(body).joined(separator: ","))) "
            case "Z": state = " ~" + String(decoding: body, as: UTF8.self)
            default: continue
            }
            if !item.isEmpty { for index in texts.indices { add(item, &texts[index]) } }
            if !row.isEmpty { add(row, &texts[1]) }
        }
        return Set(texts + texts.map { "\($0)\(state)" })
    }

    private func add(_ part: String, _ text: inout String) {
        if !text.isEmpty, !text.hasSuffix(" ") { text += " / " }
        text += part
    }

    private func values(_ body: [UInt8]) -> [String] {
        guard let row = try? DataRow.decode(body.span) else { return ["?"] }
        return row.values.map { $0.map { String(decoding: body[$0], as: UTF8.self) } ?? "NULL" }
    }

    private func readToExecutes() throws -> [RawClient.Frame] {
        var frames: [RawClient.Frame] = []
        while executes > 0 {
            guard let frame = try client.readFrame() else { return frames }
            frames.append(frame)
            if ["C", "I", "s"].contains(frame.letter) { executes -= 1 }
            if frame.letter == "E" { executes = 0 }
        }
        return frames
    }

    private func simple(_ text: String) throws -> Set<String> {
        var frame: [UInt8] = []
        try Query.encode(sql: bytes(text), into: &frame)
        try client.send(frame)
        return answers(try client.readFrames(until: "Z"))
    }

    func run(_ line: GuardScenario.Line, of scenario: GuardScenario) throws {
        let expected = isDirect ? line.direct : line.gateway ?? line.direct
        var found: Set<String> = []
        switch line.step {
        case .query(let direct, let gateway, let waits):
            let end = Date() + (waits && !isDirect ? 40 : 0)
            repeat {
                found = try simple(isDirect ? direct : gateway)
                if let expected, found.contains(expected) { break }
                if Date() < end { usleep(100_000) }
            } while Date() < end
        case .execute(let direct, let gateway):
            var frames: [UInt8] = []
            try Parse.encode(name: [], sql: bytes(isDirect ? direct : gateway), into: &frames)
            try Bind.encode(portal: [], statement: [], into: &frames)
            try Execute.encode(portal: [], maximumRows: 0, into: &frames)
            try client.send(frames)
            executes += 1
            return
        case .flush:
            var frames: [UInt8] = []
            Flush.encode(into: &frames)
            try client.send(frames)
            found = answers(try readToExecutes())
        case .sync:
            var frames: [UInt8] = []
            PGWire.Sync.encode(into: &frames)
            try client.send(frames)
            executes = 0
            found = answers(try client.readFrames(until: "Z"))
        case .aside(let sql):
            let text = sql.replacingOccurrences(of: "MARK", with: mark)
            _ = try testbed.direct(.euA, text, database: "scratch")
            return
        }
        guard let expected else { return }
        let way = isDirect ? "direct" : "through the gateway"
        #expect(found.contains(expected), "\(scenario.title), line \(line.number), \(way): \(found.sorted())")
    }
}

extension Testbed {
    /// Runs what a file of `Tests/Fixtures/guard` tells, both ways.
    func runScenarios(_ name: String) throws {
        let scenarios = try GuardScenario.read(name, root: root)
        #expect(!scenarios.isEmpty)
        for scenario in scenarios { try run(scenario) }
    }

    private func run(_ scenario: GuardScenario) throws {
        for isDirect in [true, false] {
            let mark = Testbed.unique("mark").replacingOccurrences(of: "-", with: "_").lowercased()
            func asAdministrator(_ statements: [String]) throws {
                for sql in statements {
                    let text = sql.replacingOccurrences(of: "MARK", with: mark)
                    _ = try direct(.euA, text, database: "scratch")
                }
            }
            try asAdministrator(scenario.cleanup)
            try asAdministrator(scenario.setup)
            defer {
                try? asAdministrator(scenario.cleanup)
                let kinds = "SELECT relkind FROM pg_class WHERE oid = to_regclass('\(mark)')"
                let kind = (try? direct(.euA, kinds, database: "scratch")) ?? ""
                let word = ["r": "TABLE", "v": "VIEW", "f": "FOREIGN TABLE"][kind]
                if let word { try? asAdministrator(["DROP \(word) MARK CASCADE"]) }
            }
            do {
                let client = try logIn(scenario, isDirect: isDirect)
                defer { client.close() }
                let run = GuardScenarioRun(client, mark: mark, isDirect: isDirect, testbed: self)
                for line in scenario.lines { try run.run(line, of: scenario) }
            }
            let there = try direct(.euA, "SELECT to_regclass('\(mark)') IS NOT NULL", database: "scratch")
            let isExpected = isDirect ? scenario.isMade : scenario.isKept
            let isSetUp = scenario.setup.contains { $0.contains("MARK") }
            #expect(
                isSetUp || (there == "t") == isExpected,
                "\(scenario.title), \(isDirect ? "direct" : "gateway"): MARK is there: \(there)")
        }
    }

    private func logIn(_ scenario: GuardScenario, isDirect: Bool) throws -> RawClient {
        if isDirect { return try .direct(parameters: scenario.login + scenario.directLogin) }
        var details = [#""type":"domicile""#]
        if !scenario.forbid.isEmpty {
            details.append(#""forbid":[\#(scenario.forbid.map { "\"\($0)\"" }.joined(separator: ","))]"#)
        }
        if let access = scenario.access { details.append(#""access":"\#(access)""#) }
        let token = try mint("conformance", "authorization_details=[{\(details.joined(separator: ","))}]")
        let client = try RawClient(host: host, port: port)
        let frames = try client.login(
            self, parameters: [("user", "tester"), ("database", "scratch")] + scenario.login, token: token)
        let error = frames.first { $0.letter == "E" }?.field("C")
        try #require(error == nil, "\(scenario.title)")
        return client
    }
}
