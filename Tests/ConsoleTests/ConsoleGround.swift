import Console
import Foundation
import PGWire
import Synchronization

/// A console over a log that a test has written, and what it answers, read as a client reads it.
final class ConsoleGround {
    /// What a statement came to.
    struct Answer {
        var columns: [String] = []
        var types: [UInt32] = []
        var parameters: [UInt32] = []
        var rows: [[String?]] = []
        /// The same as bytes.
        var raw: [[[UInt8]?]] = []
        var tags: [String] = []
        /// SQLSTATE, message and position of the error.
        var error: (sqlstate: String, message: String, position: String?)?
        var notices: [String] = []
        var statuses: [String] = []
        /// The tags of all messages, in order.
        var messages = ""
        var copied = ""
        var accesses: [ConsoleAccess] = []
        /// What came before the first record of an access.
        var bytesBeforeAccess = 0
        var end: ConsoleTurn.End?
    }

    let folder: String
    let source: Source
    let session: ConsoleSession
    let time = Mutex<UInt64>(0)

    /// What the gateway would do, remembered.
    final class Source: ConsoleSource {
        let folder: String
        let subject = "dba-1"
        let serverVersion = "15.20"
        let keeper = IndexKeeper(behind: 1 << 10)
        let done = Mutex<[String]>([])
        let refusal = Mutex<ConsoleError?>(nil)

        init(folder: String) { self.folder = folder }

        var tables: [SourceTable] {
            [
                SourceTable("sessions", [TableColumn("session"), TableColumn("statements", .integer)]) {
                    () throws(ConsoleError) in
                    [[.text("s1"), .integer(3)], [.text("s2"), .null]]
                },
                SourceTable("replicas", [TableColumn("replica"), TableColumn("attested", .boolean)]) {
                    () throws(ConsoleError) in
                    [[.text("orders-eu-a"), .integer(1)], [.text("orders-us-a"), .integer(0)]]
                },
            ]
        }

        private func act(_ what: String) throws(ConsoleError) -> String? {
            if let refusal = refusal.withLock({ $0 }) { throw refusal }
            done.withLock { $0.append(what) }
            return "done: \(what)"
        }

        func kill(_ session: String, reason: String?) throws(ConsoleError) -> String? {
            try act("kill \(session) \(reason ?? "-")")
        }

        func revoke(_ revocation: ConsoleRevocation, reason: String?) throws(ConsoleError) -> String? {
            try act("revoke \(revocation) \(reason ?? "-")")
        }

        func reload() throws(ConsoleError) -> String? { try act("reload") }
    }

    /// - Parameter records: how many there are: a session's start, then queries, one a second.
    init(records: Int = 20) throws {
        folder =
            FileManager.default.temporaryDirectory.appendingPathComponent(
                "console-\(UUID().uuidString.prefix(8))"
            ).path
        try FileManager.default.createDirectory(
            atPath: folder + "/segments", withIntermediateDirectories: true)
        var text = ""
        for seq in 0..<records { text += ConsoleGround.record(seq) + "\n" }
        try text.write(
            toFile: folder + "/segments/00000000000000000000.jsonl", atomically: true, encoding: .utf8)
        source = Source(folder: folder)
        session = ConsoleSession(source: source, application: "tests") { 0 }
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    /// Record 0 is a session.start, each third one a parse with relations, the others are queries.
    static func record(_ seq: Int) -> String {
        let time = "2026-11-27T15:\(two(seq / 60 % 60)):\(two(seq % 60)).000000Z"
        let head = #"{"seq":\#(seq),"salt":"00","time":"\#(time)","#
        if seq == 0 { return head + #""type":"session.start","session":"s1","subject":"exec-1"}"# }
        if seq % 3 == 0 {
            return head
                + #""type":"parse","session":"s1","subject":"exec-1","sql":"SELECT \"a\"","relations":["public.customers"],"message":\#(seq)}"#
        }
        return head + #""type":"query","session":"s2","subject":"exec-2","sql":"SELECT 1","message":\#(seq)}"#
    }

    private static func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }

    /// Sends a Query and reads all that comes of it.
    func query(_ sql: String) -> Answer {
        send([ConsoleFrame(tag: .query, body: Array(sql.utf8) + [0])])
    }

    func send(_ frames: [ConsoleFrame]) -> Answer {
        var answer = Answer()
        var turn = session.turn(frames)
        take(turn, &answer)
        while turn.hasMore {
            turn = session.turn([])
            take(turn, &answer)
        }
        answer.end = turn.end
        return answer
    }

    private func take(_ turn: ConsoleTurn, _ answer: inout Answer) {
        for output in turn.outputs {
            switch output {
            case .access(let access): answer.accesses.append(access)
            case .bytes(let bytes):
                if answer.accesses.isEmpty { answer.bytesBeforeAccess += bytes.count }
                read(bytes, &answer)
            }
        }
    }

    private func read(_ bytes: [UInt8], _ answer: inout Answer) {
        var at = 0
        while at + 5 <= bytes.count {
            let length = bytes[(at + 1)..<(at + 5)].reduce(0) { $0 << 8 | Int($1) }
            let body = Array(bytes[(at + 5)..<(at + 1 + length)])
            answer.messages.append(Character(UnicodeScalar(bytes[at])))
            take(bytes[at], body, &answer)
            at += 1 + length
        }
    }

    private func take(_ tag: UInt8, _ body: [UInt8], _ answer: inout Answer) {
        func text(_ range: Range<Int>) -> String { String(decoding: body[range], as: UTF8.self) }
        switch BackendTag(rawValue: tag) {
        case .rowDescription:
            guard let message = try? RowDescription.decode(body.span) else { return }
            answer.columns = message.columns.map { String(decoding: $0.name, as: UTF8.self) }
            answer.types = message.columns.map(\.type)
        case .parameterDescription:
            answer.parameters = (try? ParameterDescription.decode(body.span))?.types ?? []
        case .dataRow:
            guard let message = try? DataRow.decode(body.span) else { return }
            answer.rows.append(message.values.map { $0.map(text) })
            answer.raw.append(message.values.map { $0.map { Array(body[$0]) } })
        case .commandComplete:
            guard let message = try? CommandComplete.decode(body.span) else { return }
            answer.tags.append(text(message.commandTag))
        case .copyData: answer.copied += String(decoding: body, as: UTF8.self)
        case .readyForQuery: answer.statuses.append(String(decoding: body, as: UTF8.self))
        case .errorResponse:
            guard let message = try? ErrorResponse.decode(body.span) else { return }
            answer.error = (
                message.fields.text(.sqlstate) ?? "", message.fields.text(.message) ?? "",
                message.fields.text(.position)
            )
        case .noticeResponse:
            guard let message = try? NoticeResponse.decode(body.span) else { return }
            answer.notices.append(message.fields.text(.message) ?? "")
        default: break
        }
    }

    // MARK: The extended protocol

    static func frame(
        _ tag: FrontendTag, _ encode: (inout [UInt8]) throws -> Void
    ) rethrows -> ConsoleFrame {
        var bytes: [UInt8] = []
        try encode(&bytes)
        return ConsoleFrame(tag: tag, body: Array(bytes.dropFirst(5)))
    }

    static func parse(_ sql: String, name: String = "", types: [UInt32] = []) throws -> ConsoleFrame {
        try frame(.parse) {
            try Parse.encode(name: Array(name.utf8), sql: Array(sql.utf8), parameterTypes: types, into: &$0)
        }
    }

    static func bind(
        _ values: [[UInt8]?] = [], statement: String = "", portal: String = "",
        formats: FormatCodes = .allText, results: FormatCodes = .allText
    ) throws -> ConsoleFrame {
        try frame(.bind) {
            try Bind.encode(
                portal: Array(portal.utf8), statement: Array(statement.utf8), parameterFormats: formats,
                parameters: values, resultFormats: results, into: &$0)
        }
    }

    static func describe(_ what: StatementOrPortal, _ name: String = "") throws -> ConsoleFrame {
        try frame(.describe) { try Describe.encode(what, name: Array(name.utf8), into: &$0) }
    }

    static func execute(_ portal: String = "", rows: Int32 = 0) throws -> ConsoleFrame {
        try frame(.execute) { try Execute.encode(portal: Array(portal.utf8), maximumRows: rows, into: &$0) }
    }

    static let sync = ConsoleFrame(tag: .sync, body: [])
}
