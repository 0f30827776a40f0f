import PGWire
import Synchronization

/// An operator's session with the console behind its login: PostgreSQL's simple and extended protocol, in turns. Each
/// turn takes frames, runs statements until it has a piece of answers or nothing is left to do, and says what goes out
/// in what order. Used by one thread at a time; turns of different sessions share the console's threads.
package final class ConsoleConversation {
    let source: any ConsoleSource
    package let watch: StatementWatch
    var settings: ConsoleSettings
    var engine: SQLiteEngine?
    var statements: [[UInt8]: PreparedStatement] = [:]
    var portals: [[UInt8]: Portal] = [:]
    var status = TransactionStatus.idle
    /// After an error in the extended protocol: everything up to the next Sync is passed over.
    var isSkipping = false
    var running: Running?
    private var frames: [ConsoleFrame] = []
    private var outputs: [ConsoleTurn.Output] = []
    var out: [UInt8] = []
    /// An access was said and is to be recorded: what it is about waits for the next turn.
    private var waitsForRecord = false
    /// The frame that is next was looked at before.
    private var isRepeated = false
    /// Of the frame that was taken last, its number in the session, from 1.
    private var message: UInt64 = 0
    /// The statement that is next was said.
    var isAnnounced = false

    /// What is under way between two turns.
    enum Running {
        /// A Query: statements that are still to come, and the one that gives rows.
        case simple([[SQLToken]], of: [UInt8], Execution?, ConsoleCommand?)
        /// An Execute.
        case portal(Portal, most: Int)
    }

    /// - Parameters:
    ///   - application: as the startup packet says it.
    ///   - watch: by which a statement is cancelled from elsewhere.
    package init(source: any ConsoleSource, application: String?, watch: StatementWatch) {
        self.source = source
        self.watch = watch
        settings = ConsoleSettings(
            serverVersion: source.serverVersion, subject: source.subject, application: application)
    }

    /// What a client is told of at login.
    package static func parameters(of source: any ConsoleSource, application: String?) -> [(String, String)] {
        ConsoleSettings(
            serverVersion: source.serverVersion, subject: source.subject, application: application
        ).report
    }

    /// Goes on with what is under way, then with these frames.
    package func turn(_ more: [ConsoleFrame]) -> ConsoleTurn {
        guard !watch.isOver else { return ConsoleTurn() }
        frames.append(contentsOf: more)
        waitsForRecord = false
        watch.turnBegins()
        var end: ConsoleTurn.End?
        var at = 0
        while end == nil, out.count < ConsoleLimits.slice, !waitsForRecord {
            if running != nil {
                goOn()
            } else if at < frames.count {
                if !isRepeated { message += 1 }
                end = take(frames[at])
                isRepeated = waitsForRecord && running == nil
                // The frame that has said an access comes again when that is recorded.
                if !isRepeated { at += 1 }
            } else {
                break
            }
        }
        frames.removeFirst(at)
        watch.turnEnds()
        flush()
        defer { outputs = [] }
        return ConsoleTurn(
            outputs: outputs, hasMore: end == nil && (running != nil || !frames.isEmpty),
            isBusy: running != nil || !frames.isEmpty || status != .idle || isSkipping, end: end)
    }

    private func flush() {
        guard !out.isEmpty else { return }
        outputs.append(.bytes(out))
        out = []
    }

    /// Something is about to be looked at: it waits until that is recorded.
    func announce(_ access: ConsoleAccess) {
        // A cancel counts from here on.
        watch.statementBegins()
        record(access)
        waitsForRecord = true
    }

    /// Something was refused.
    func record(_ access: ConsoleAccess) {
        flush()
        var access = access
        access.message = message
        outputs.append(.access(access))
    }

    private func take(_ frame: ConsoleFrame) -> ConsoleTurn.End? {
        do throws(MessageError) {
            switch frame.tag {
            case .query: query(frame.body, try Query.decode(frame.body.span))
            case .parse:
                try unlessSkipping { () throws(MessageError) in
                    parse(frame.body, try Parse.decode(frame.body.span))
                }
            case .bind:
                try unlessSkipping { () throws(MessageError) in
                    bind(frame.body, try Bind.decode(frame.body.span))
                }
            case .describe:
                try unlessSkipping { () throws(MessageError) in
                    describe(frame.body, try Describe.decode(frame.body.span))
                }
            case .execute:
                try unlessSkipping { () throws(MessageError) in
                    execute(frame.body, try Execute.decode(frame.body.span))
                }
            case .close:
                try unlessSkipping { () throws(MessageError) in
                    close(frame.body, try Close.decode(frame.body.span))
                }
            case .sync: sync()
            case .flush: break
            case .functionCall:
                fail(.unsupported("a function call"))
                ready()
            // Outside COPY they are legal and say nothing.
            case .copyData, .copyDone, .copyFail: break
            case .terminate: return .terminated
            case .password: return .violation("Message type 'p' has no place here.")
            }
            return nil
        } catch {
            return .violation("Message '\(Character(UnicodeScalar(frame.tag.rawValue)))' is malformed.")
        }
    }

    private func unlessSkipping(_ body: () throws(MessageError) -> Void) throws(MessageError) {
        if !isSkipping { try body() }
    }

    private func goOn() {
        switch running {
        case .simple(let rest, let source, let execution, let command):
            simple(rest, of: source, execution, command)
        case .portal(let portal, let most): run(portal, most: most)
        case nil: break
        }
    }

    // MARK: Answers

    func ready() { ReadyForQuery(status: status).encode(into: &out) }

    func complete(_ tag: String) {
        // The tag is our own and holds no NUL.
        try? CommandComplete.encode(commandTag: Array(tag.utf8), into: &out)
    }

    func notice(_ text: String) {
        let fields = DiagnosticFields(severity: "NOTICE", sqlstate: "00000", message: text)
        try? NoticeResponse(fields: fields).encode(into: &out)
    }

    func fail(_ error: ConsoleError) {
        let base = DiagnosticFields(
            severity: "ERROR", sqlstate: error.sqlstate, message: error.message, detail: error.detail,
            hint: error.hint)
        var fields = base.fields
        if let position = error.position { fields.append(.init(.position, String(position))) }
        try? ErrorResponse(fields: DiagnosticFields(fields: fields)).encode(into: &out)
        if status == .inTransaction { status = .failed }
    }

    // MARK: Engine

    /// SQLite with the session's tables, made when it is first needed.
    func openEngine() throws(ConsoleError) -> SQLiteEngine {
        if let engine { return engine }
        let schema = ConsoleSchema(source: source, settings: settings, watch: watch)
        let made = try SQLiteEngine(tables: schema.tables, functions: schema.functions, watch: watch)
        engine = made
        columnTypes = schema.columnTypes
        return made
    }

    /// Of the columns that have one type in all tables.
    private(set) var columnTypes: [String: ConsoleType] = [:]

    /// Prepares a query, and says its errors' places in the source.
    func prepare(_ tokens: [SQLToken], of source: [UInt8]) throws(ConsoleError) -> (
        statement: EngineStatement, translation: Translation, columns: [(name: String, type: ConsoleType?)]
    ) {
        let engine = try openEngine()
        let translation = try Translation(PreparedAnswers.replaced(tokens) ?? tokens)
        let statement: EngineStatement
        do throws(ConsoleError) {
            statement = try engine.prepare(translation.sql)
        } catch {
            var error = error
            error.position = error.position.map {
                SQLLexer.position(translation.source(of: $0), in: source)
            }
            throw error
        }
        let found = statement.columns
        let listed = SelectList(tokens, columnTypes: columnTypes).types
        var columns: [(name: String, type: ConsoleType?)] = []
        for (at, column) in found.enumerated() {
            let type = column.declared ?? (listed.count == found.count ? listed[at] : nil)
            columns.append((ConsoleConversation.shownName(column.name), type))
        }
        return (statement, translation, columns)
    }

    /// What casts and arithmetic become.
    private static let unnamed: Set<String> = [
        "CAST", "PG_TIME", "PG_DATE", "PG_TIME_SHIFT", "PG_DATE_SHIFT", "PG_SECONDS_BETWEEN",
        "PG_DAYS_BETWEEN",
    ]

    /// SQLite calls a function's value by its whole text, PostgreSQL by the function.
    static func shownName(_ name: String) -> String {
        guard name.hasSuffix(")"), let bracket = name.firstIndex(of: "("), bracket > name.startIndex else {
            return name
        }
        var head = name[..<bracket]
        // A function whose name is one of SQLite's words.
        if head.count > 2, head.first == "\"", head.last == "\"" { head = head.dropFirst().dropLast() }
        guard head.allSatisfy({ $0.isLetter || $0.isNumber || $0 == "_" }) else {
            return head.contains(where: { " +-*/|".contains($0) }) ? "?column?" : name
        }
        return unnamed.contains(head.uppercased()) ? "?column?" : String(head)
    }
}

/// What Bind has made: a statement with its values.
final class Portal {
    let statement: PreparedStatement
    let values: [ConsoleValue]
    let formats: FormatCodes
    var execution: Execution?
    /// It was run to its end.
    var isDone = false
    /// What it reads was said.
    var isAnnounced = false
    /// Rows that were given before the Execute that is under way.
    var rowsBefore = 0

    init(statement: PreparedStatement, values: [ConsoleValue], formats: FormatCodes) {
        self.statement = statement
        self.values = values
        self.formats = formats
    }
}
