/// A naive PostgreSQL for tests: it runs one message after the other, by the documented rules of the extended
/// and the simple protocol, and notes what it ran for which message. It shares nothing with `Pipeline`.
package struct PipelineModelServer {
    /// What a text does.
    package indirect enum Text {
        case rows(Int)
        case fail, syntaxError, empty
        case begin, commit, rollback
        case declare(String)
        case closeCursor(String)
        case closeAll
        case prepare(String)
        case deallocate(String)
        case deallocateAll
        case copyOut(Int)
        case copyIn(failsBeforeReading: Bool)
        case several([Text])
    }

    package enum Message {
        case query(Text)
        case parse(String, Text)
        case bind(portal: String, statement: String)
        case describeStatement(String)
        case describePortal(String)
        case execute(String, Int)
        case closeStatement(String)
        case closePortal(String)
        case functionCall(fails: Bool)
        case sync
        case flush(malformed: Bool)
        /// A row of `bytes`, or one that makes the COPY fail.
        case copyData(bytes: Int, fails: Bool)
        case copyDone, copyFail
    }

    package struct Frame {
        package var tag: String
        package var length = 0
        package var text = ""
    }

    /// One end of a message: an outcome with the Parse it ran, or passed over.
    package struct End: Equatable {
        package var of: UInt64
        package var index = 0
        package var statement: UInt64?
        package var failed = false
        package var skipped = false
        package var rows: Int?
        package var copied: Int?

        package init(
            of: UInt64, index: Int = 0, statement: UInt64? = nil, failed: Bool = false, skipped: Bool = false,
            rows: Int? = nil, copied: Int? = nil
        ) {
            self.of = of
            self.index = index
            self.statement = statement
            self.failed = failed
            self.skipped = skipped
            self.rows = rows
            self.copied = copied
        }
    }

    private struct Statement {
        var text: Text
        /// The Parse; nil where SQL's PREPARE made it.
        var parse: UInt64?
    }
    private struct Portal {
        var text: Text
        var parse: UInt64?
        var given = 0
        var done = false
    }
    private enum Runner {
        case query(UInt64, index: Int, rest: [Text])
        case execute(UInt64, portal: String)
    }

    package private(set) var frames: [Frame] = []
    package private(set) var ends: [End] = []
    /// Executes that met what a failed Query left.
    package private(set) var metLeftover: [UInt64] = []
    private var leftover = false
    private var statements: [String: Statement] = [:]
    private var portals: [String: Portal] = [:]
    private var status = "I"
    private var skipping = false
    private var copying: (runner: Runner, bytes: Int, rows: Int)?

    package init() {}

    package mutating func takeFrames() -> [Frame] {
        defer { frames = [] }
        return frames
    }

    // MARK: One message

    package mutating func read(_ number: UInt64, _ message: Message) {
        if copying != nil { return readInCopy(number, message) }
        if skipping { return readSkipping(number, message) }
        switch message {
        case .query(let text): runQuery(number, text)
        case .parse(let name, let text): parse(number, name, text)
        case .bind(let portal, let statement): bind(number, portal, statement)
        case .describeStatement(let name):
            guard statements[name] != nil else { return fail(number) }
            send("t")
            send("n")
        case .describePortal(let name):
            guard portals[name] != nil else { return fail(number) }
            send("T")
        case .execute(let name, let limit): execute(number, name, limit)
        case .closeStatement(let name):
            statements[name] = nil
            send("3")
        case .closePortal(let name):
            portals[name] = nil
            if name.isEmpty { leftover = false }
            send("3")
        case .functionCall(let fails):
            if fails || status == "E" {
                failed(number, 0, nil)
            } else {
                ends.append(End(of: number))
                send("V", 4)
            }
            ready()
        case .sync: ready()
        case .flush(let malformed): if malformed { fail(number) }
        case .copyData, .copyDone, .copyFail: break
        }
    }

    private mutating func readSkipping(_ number: UInt64, _ message: Message) {
        switch message {
        case .sync:
            skipping = false
            ready()
        case .query, .parse, .bind, .execute, .functionCall: ends.append(End(of: number, skipped: true))
        case .describeStatement, .describePortal, .closeStatement, .closePortal, .flush, .copyData, .copyDone,
            .copyFail:
            break
        }
    }

    private mutating func readInCopy(_ number: UInt64, _ message: Message) {
        guard let (runner, bytes, rows) = copying else { return }
        switch message {
        case .copyData(let more, let fails):
            if fails { return copyFailed(runner) }
            copying = (runner, bytes + more, rows + 1)
        case .sync, .flush: break
        case .copyFail: copyFailed(runner)
        case .copyDone:
            copying = nil
            ended(runner, tag: "COPY \(rows)", rows: rows, copied: bytes)
        default: preconditionFailure("the traffic of these tests keeps out of COPY")
        }
    }

    private mutating func copyFailed(_ runner: Runner) {
        copying = nil
        runFailed(runner)
    }

    // MARK: Statements

    private mutating func parse(_ number: UInt64, _ name: String, _ text: Text) {
        if name.isEmpty { statements[""] = nil }
        if case .syntaxError = text { return fail(number) }
        if status == "E", !endsTransaction(text) { return fail(number) }
        if statements[name] != nil { return fail(number) }
        statements[name] = Statement(text: text, parse: number)
        send("1")
    }

    private mutating func bind(_ number: UInt64, _ portal: String, _ name: String) {
        guard let statement = statements[name] else { return fail(number) }
        if status == "E", !endsTransaction(statement.text) { return fail(number, statement.parse) }
        if !portal.isEmpty, portals[portal] != nil { return fail(number, statement.parse) }
        portals[portal] = Portal(text: statement.text, parse: statement.parse)
        if portal.isEmpty { leftover = false }
        send("2")
    }

    private mutating func execute(_ number: UInt64, _ name: String, _ limit: Int) {
        if name.isEmpty, leftover { metLeftover.append(number) }
        guard var portal = portals[name] else { return fail(number) }
        if status == "E", !endsTransaction(portal.text) { return fail(number, portal.parse) }
        if case .rows(let all) = portal.text {
            let left = all - portal.given
            let now = limit > 0 && left >= limit ? limit : left
            portal.given += now
            portals[name] = portal
            for _ in 0..<now { send("D", 3) }
            ends.append(End(of: number, statement: portal.parse, rows: now))
            if limit > 0, now == limit { send("s") } else { send("C", 0, "SELECT \(now)") }
            return
        }
        if portal.done { return fail(number, portal.parse) }
        portal.done = true
        portals[name] = portal
        run(portal.text, .execute(number, portal: name))
    }

    private mutating func runQuery(_ number: UInt64, _ text: Text) {
        statements[""] = nil
        switch text {
        case .several(let texts): next(.query(number, index: 0, rest: texts))
        case .syntaxError:
            failed(number, 0, nil)
            ready()
        case .empty:
            ends.append(End(of: number))
            send("I")
            ready()
        default: next(.query(number, index: 0, rest: [text]))
        }
    }

    /// The next statement of a Query, or its end.
    private mutating func next(_ runner: Runner) {
        guard case .query(let number, let index, var rest) = runner else { return }
        if rest.isEmpty { return ready() }
        let text = rest.removeFirst()
        portals[""] = nil
        if status == "E", !endsTransaction(text) { return runFailed(runner) }
        if case .rows(let all) = text {
            send("T")
            for _ in 0..<all { send("D", 3) }
            return ended(.query(number, index: index, rest: rest), tag: "SELECT \(all)", rows: all)
        }
        run(text, .query(number, index: index, rest: rest))
    }

    private mutating func run(_ text: Text, _ runner: Runner) {
        switch text {
        case .rows, .several, .syntaxError: preconditionFailure("run elsewhere")
        case .empty:
            if case .execute(let number, let name) = runner {
                ends.append(End(of: number, statement: portals[name]?.parse))
            }
            send("I")
        case .fail: runFailed(runner)
        case .begin:
            status = "T"
            ended(runner, tag: "BEGIN")
        case .commit, .rollback:
            var tag = "ROLLBACK"
            if case .commit = text, status != "E" { tag = "COMMIT" }
            status = "I"
            ended(runner, tag: tag, before: { $0.portals = [:] })
        case .declare(let name):
            guard status == "T", portals[name] == nil else { return runFailed(runner) }
            portals[name] = Portal(text: .rows(3), parse: nil)
            ended(runner, tag: "DECLARE CURSOR")
        case .closeCursor(let name):
            // A portal that is running cannot be closed.
            if case .execute(_, name) = runner { return runFailed(runner) }
            guard portals.removeValue(forKey: name) != nil else { return runFailed(runner) }
            ended(runner, tag: "CLOSE CURSOR")
        case .closeAll: ended(runner, tag: "CLOSE CURSOR ALL", before: { $0.closeAll(but: runner) })
        case .prepare(let name):
            guard statements[name] == nil else { return runFailed(runner) }
            statements[name] = Statement(text: .rows(2), parse: nil)
            ended(runner, tag: "PREPARE")
        case .deallocate(let name):
            guard statements.removeValue(forKey: name) != nil else { return runFailed(runner) }
            ended(runner, tag: "DEALLOCATE")
        case .deallocateAll:
            statements = statements.filter { $0.key.isEmpty }
            ended(runner, tag: "DEALLOCATE ALL")
        case .copyOut(let rows):
            send("H", 3)
            for _ in 0..<rows { send("d", 2) }
            send("c")
            ended(runner, tag: "COPY \(rows)", rows: rows, copied: rows * 2)
        case .copyIn(let failsBeforeReading):
            send("G", 3)
            if failsBeforeReading { return runFailed(runner) }
            copying = (runner, 0, 0)
        }
    }

    private mutating func closeAll(but runner: Runner) {
        guard case .execute(_, let name) = runner else {
            portals = [:]
            return
        }
        portals = portals.filter { $0.key == name }
    }

    private mutating func ended(
        _ runner: Runner, tag: String, rows: Int? = nil, copied: Int? = nil,
        before: (inout Self) -> Void = { _ in }
    ) {
        switch runner {
        case .query(let number, let index, let rest):
            ends.append(End(of: number, index: index, rows: rows, copied: copied))
            before(&self)
            leftover = false
            send("C", 0, tag)
            next(.query(number, index: index + 1, rest: rest))
        case .execute(let number, let name):
            ends.append(End(of: number, statement: portals[name]?.parse, rows: rows, copied: copied))
            before(&self)
            send("C", 0, tag)
        }
    }

    private mutating func runFailed(_ runner: Runner) {
        switch runner {
        case .query(let number, let index, _):
            failed(number, index, nil)
            leftover = true
            ready()
        case .execute(let number, let name): fail(number, portals[name]?.parse)
        }
    }

    // MARK: Errors and ends

    private mutating func fail(_ number: UInt64, _ statement: UInt64? = nil) {
        failed(number, 0, statement)
        skipping = true
    }

    private mutating func failed(_ number: UInt64, _ index: Int, _ statement: UInt64?) {
        ends.append(End(of: number, index: index, statement: statement, failed: true))
        if status == "T" { status = "E" }
        if status == "I" { portals = [:] }
        send("E", 0, "XX000")
    }

    private mutating func ready() {
        if status == "I" {
            portals = [:]
            leftover = false
        }
        send("Z", 1, status)
    }

    private mutating func send(_ tag: String, _ length: Int = 0, _ text: String = "") {
        frames.append(Frame(tag: tag, length: length, text: text))
    }

    private func endsTransaction(_ text: Text) -> Bool {
        switch text {
        case .commit, .rollback: true
        default: false
        }
    }
}
