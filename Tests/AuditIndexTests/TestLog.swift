import Audit
import AuditIndex
import Foundation

/// A log that a test writes by itself, a record after the other, in a folder that goes away with it.
final class TestLog {
    let root: String
    let folder: String
    private(set) var lines: [String] = []
    private var segments: [(first: Int, lines: Int)] = []
    private var micros = 0
    /// The number of the next record.
    var seq: Int { lines.count }

    /// - Parameter region: also the folder's name.
    init(region: String = "eu-west-1", root: String? = nil) throws {
        self.root = root ?? NSTemporaryDirectory() + "domicile-index-" + UUID().uuidString
        folder = self.root + "/" + region
        try FileManager.default.createDirectory(
            atPath: folder + "/segments", withIntermediateDirectories: true)
        try write(
            #"{"format":1,"region":"\#(region)","created":"2026-01-01T00:00:00.000000Z"}"# + "\n",
            to: "log.json")
    }

    deinit { try? FileManager.default.removeItem(atPath: root) }

    var index: String { folder + "/index.sqlite" }

    func write(_ text: String, to name: String) throws {
        try text.write(toFile: folder + "/" + name, atomically: false, encoding: .utf8)
    }

    func segment(_ first: Int) -> String { folder + "/segments/" + String(format: "%020d.jsonl", first) }

    /// Adds a record in memory, a second behind the one before it. Its number is the answer.
    @discardableResult
    func add(_ type: String, _ members: String = "") -> Int {
        micros += 1_000_000
        let time =
            "2026-01-\(two(1 + micros / 86_400_000_000))T\(two(micros / 3_600_000_000 % 24)):"
            + "\(two(micros / 60_000_000 % 60)):\(two(micros / 1_000_000 % 60)).000000Z"
        let salt = String(repeating: "0", count: 32)
        lines.append(
            #"{"seq":\#(seq),"salt":"\#(salt)","time":"\#(time)","type":"\#(type)""#
                + (members.isEmpty ? "}" : ",\(members)}"))
        return seq - 1
    }

    private func two(_ number: Int) -> String { (number < 10 ? "0" : "") + "\(number)" }

    /// Adds records that are about nothing.
    func fill(_ count: Int) { for _ in 0..<count { add("admin", #""operation":"read""#) } }

    /// A line in the place of another.
    func replace(_ seq: Int, with line: String) { lines[seq] = line }

    func line(_ seq: Int) -> String { lines[seq] }

    func cut(to count: Int) { lines.removeLast(seq - count) }

    /// Writes all of it, in segments that begin with these numbers.
    func save(segments firsts: [Int] = [0]) throws {
        for name in try FileManager.default.contentsOfDirectory(atPath: folder + "/segments") {
            try FileManager.default.removeItem(atPath: folder + "/segments/" + name)
        }
        for (at, first) in firsts.enumerated() {
            let end = at + 1 < firsts.count ? firsts[at + 1] : seq
            let text = lines[first..<end].map { $0 + "\n" }.joined()
            try text.write(toFile: segment(first), atomically: false, encoding: .utf8)
        }
    }

    // MARK: What gateways write

    @discardableResult
    func start(
        _ session: String, subject: String, planner: String = "p", task: String = "t",
        database: String = "orders",
        replica: String = "orders-eu-a", role: String = "analyst"
    ) -> Int {
        add("session.start", identity(session, subject, planner, task, database, replica, role))
    }

    func identity(
        _ session: String, _ subject: String, _ planner: String = "p", _ task: String = "t",
        _ database: String = "orders", _ replica: String = "orders-eu-a", _ role: String = "analyst"
    ) -> String {
        #""session":"\#(session)","region":"eu-west-1","replica":"\#(replica)","database":"\#(database)","#
            + #""role":"\#(role)","issuer":"https://id","subject":"\#(subject)","planner":"\#(planner)","#
            + #""task":"\#(task)","client":"127.0.0.1:5","rule":"r""#
    }

    @discardableResult
    func query(_ session: String, subject: String, message: Int, _ sql: String, _ facts: String = "") -> Int {
        add(
            "query",
            identity(session, subject) + #","message":\#(message),"sql":"\#(sql)""#
                + (facts.isEmpty ? "" : ",\(facts)"))
    }

    @discardableResult
    func outcome(_ session: String, of message: Int, sqlstate: String? = nil) -> Int {
        add(
            "outcome",
            #""session":"\#(session)","of":\#(message),"index":0"#
                + (sqlstate.map { #","sqlstate":"\#($0)""# } ?? ""))
    }
}

/// The numbers of the records that fit.
func found(_ log: TestLog, _ conditions: SearchConditions, index: LogIndex?) throws -> [Int] {
    let search = try LogSearch(log: log.folder, conditions: conditions, index: index)
    var numbers: [Int] = []
    while let record = try search.next() { numbers.append(Int(record.line.seq ?? .max)) }
    return numbers
}

extension LogIndex {
    /// One that is up to date.
    static func made(_ log: TestLog) throws -> LogIndex? {
        let index = try LogIndex.open(log: log.folder, creating: true)
        try index?.catchUp()
        return index
    }
}

extension SearchConditions {
    init(_ values: [SearchKey: [String]], text: String? = nil, session: String? = nil, refused: Bool = false)
    {
        self.init()
        for (key, values) in values { require(key, values) }
        self.text = text
        self.session = session
        isRefused = refused
    }
}
