import Seeded

/// Random traffic of an executor, from a seed: what is sent, message by message, and what each message means.
///
/// What a server does with it is certain: no Sync stands inside of a COPY that may fail (`PipelineModelTests` has that race),
/// and the unnamed portal is executed only behind its own Bind (what a failed Query left there crashes PostgreSQL 15).
struct WireTraffic {
    /// What the text of a statement makes of a name, if it succeeds.
    enum Creation: Equatable {
        case statement(String)
        case portal(String)
    }

    struct Statement {
        let sql: String
        var creates: Creation?
        /// Whether it gives or takes names at all.
        var touchesNames = false
    }

    struct Value {
        let bytes: [UInt8]?
        var format: UInt16 = 0
    }

    enum Kind {
        case query([Statement])
        case parse(String, Statement, types: [UInt32])
        case bind(portal: String, statement: String, [Value])
        case describe(Character, String)
        case execute(String, rows: Int32)
        case close(Character, String)
        case call(UInt32, [Value])
        case sync, flush
        case copyData(Int)
        case copyDone, copyFail
        /// Of this type, with a body that no server can read.
        case malformed(Character, bytes: Int)
    }

    struct Message {
        let kind: Kind
        let bytes: [UInt8]
    }

    private(set) var messages: [Message] = []
    /// The counts of messages after which all of an answer has come, or will: behind a Sync, Query or FunctionCall.
    private(set) var stops: [Int] = []
    /// Whether the executor waits for each answer.
    let waits: Bool

    private var random: SeededGenerator
    private typealias Bytes = AbuseFrames

    init(seed: UInt64, messages count: Int) {
        random = SeededGenerator(seed: seed)
        waits = seed % 2 == 0
        addQuery(["t (a int)", "d (a int unique deferrable initially deferred)"].map(WireTraffic.table))
        while messages.count < count { addStep() }
        add(.sync, Bytes.sync)
        addQuery([Statement(sql: "rollback")])
        // Nothing of the gateway's is left in the session (F-WIRE-24).
        addQuery([Statement(sql: "select name, statement from pg_prepared_statements order by name")])
        addQuery([Statement(sql: "select name, statement from pg_cursors order by name")])
        stops.append(messages.count)
    }

    private static func table(_ definition: String) -> Statement {
        Statement(sql: "create temp table if not exists \(definition)")
    }

    // MARK: Choices

    private mutating func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }
    private mutating func chance(_ percent: Int) -> Bool { number(1...100) <= percent }
    private mutating func one<T>(_ list: [T]) -> T { list[number(0...(list.count - 1))] }

    /// Statements that say nothing of names.
    private mutating func plain() -> Statement {
        let count = number(0...30)
        return Statement(
            sql: one([
                "select generate_series(1,\(count))", "select generate_series(1,\(count))",
                "values (1),(2),(3)", "select 'ein Wort', null, \(count)", "select 1/0",
                "select count(*) from t", WireTraffic.table("t (a int)").sql,
                WireTraffic.table("d (a int unique deferrable initially deferred)").sql,
                "insert into t select generate_series(1,\(count))", "insert into d values (1)",
                "update t set a = a + 1", "delete from t where a < \(count)",
                "insert into t values (\(count)) returning a", "begin", "begin", "commit", "commit",
                "rollback", "rollback", "rollback", "rollback to s1", "release s1",
                "copy (select generate_series(1,\(count))) to stdout", "set timezone = 'Asia/Tokyo'",
                "set datestyle = 'German'", "reset all", "show server_version_num", "notify c",
                "do $$begin raise notice 'n'; end$$", "explain select 1",
                "drop table if exists d",
                "lock table t", "",
            ]))
    }

    /// Statements that give names or take them.
    private mutating func naming() -> Statement {
        let name = one(["a", "b", "s"])
        let portal = one(["p", "q"])
        let sql: String
        var creates: Creation?
        switch number(0...11) {
        case 0, 1, 2:
            sql = "prepare \(name) as select 77"
            creates = .statement(name)
        case 3, 4, 5:
            sql = "declare \(portal) cursor for select generate_series(1,9)"
            creates = .portal(portal)
        case 6, 7: sql = "deallocate \(name)"
        case 8: sql = "deallocate all"
        case 9: sql = "close \(portal)"
        case 10: sql = one(["close all", "discard all"])
        default: sql = one(["fetch 2 from \(portal)", "move 1 in \(portal)", "execute \(name)"])
        }
        return Statement(sql: sql, creates: creates, touchesNames: true)
    }

    /// A statement of a Query.
    private mutating func simple() -> Statement { chance(30) ? naming() : plain() }

    /// The text of a Parse.
    private mutating func parsed() -> Statement {
        if chance(6) { return Statement(sql: one(["selec", "select 1; select 2", "select nothing"])) }
        guard chance(12), !waits else { return plain() }
        let statement = naming()
        // A portal that would take itself away, or a cursor of the same name, is left to the server's own tests.
        let isOfCursor = ["fetch", "move", "close", "discard"].contains { statement.sql.hasPrefix($0) }
        return isOfCursor ? plain() : statement
    }

    // MARK: Steps

    private mutating func addStep() {
        let statement = one(["", "", "a", "b", "s"])
        let portal = one(["p", "q"])
        switch number(0...99) {
        case 0..<14: addQuery([simple()])
        case 14: addQuery(WireTraffic.savepoint)
        case 15..<20: addQuery((0..<number(2...4)).map { _ in simple() })
        case 20..<34: addRun()
        case 34..<44: addParse(statement, parsed())
        case 44..<54: addBind(portal, statement)
        case 54..<66: addExecute(portal, rows: Int32(number(0...3)))
        case 66..<70: addDescribe(chance(50) ? "S" : "P", chance(50) ? statement : portal)
        case 70..<73: addClose("S", statement)
        case 73..<75: addClose("P", portal)
        case 75..<77: add(.flush, Bytes.flush)
        case 77..<81: addCall()
        case 81..<85: addSimpleCopy()
        case 85..<88: addExtendedCopy()
        case 88..<90: addStray()
        case 90..<92: addMalformed()
        default: addSync()
        }
        // Much fails, and what stands behind an error up to the Sync says little.
        if !waits || chance(50), chance(40) { addSync() }
    }

    private mutating func add(_ kind: Kind, _ bytes: [UInt8]) {
        messages.append(Message(kind: kind, bytes: bytes))
    }

    private mutating func addSync() {
        add(.sync, Bytes.sync)
        stops.append(messages.count)
    }

    private mutating func addQuery(_ statements: [Statement]) {
        add(.query(statements), Bytes.query(statements.map(\.sql).joined(separator: "; ")))
        stops.append(messages.count)
    }

    private mutating func addParse(_ name: String, _ statement: Statement, types: [UInt32] = []) {
        add(.parse(name, statement, types: types), Bytes.parse(statement.sql, name: name, types: types))
    }

    private mutating func addBind(_ portal: String, _ statement: String, _ values: [Value] = []) {
        var body = Bytes.text(portal) + Bytes.text(statement) + WireTraffic.arguments(values)
        body += Bytes.short(0)
        add(.bind(portal: portal, statement: statement, values), Bytes.frame("B", body))
    }

    /// Formats, count and values, as Bind and FunctionCall have them.
    private static func arguments(_ values: [Value]) -> [UInt8] {
        var bytes = Bytes.short(UInt16(values.count)) + values.flatMap { Bytes.short($0.format) }
        bytes += Bytes.short(UInt16(values.count))
        for value in values {
            bytes += value.bytes.map { Bytes.number(UInt32($0.count)) + $0 } ?? Bytes.number(.max)
        }
        return bytes
    }

    private mutating func addExecute(_ portal: String, rows: Int32) {
        add(.execute(portal, rows: rows), Bytes.execute(portal: portal, rows: rows))
    }

    private mutating func addDescribe(_ kind: Character, _ name: String) {
        // The unnamed portal is left alone, see above.
        let name = kind == "P" && name.isEmpty ? "p" : name
        add(.describe(kind, name), Bytes.describe(kind, name))
    }

    private mutating func addClose(_ kind: Character, _ name: String) {
        add(.close(kind, name), Bytes.close(kind, name))
    }

    /// Parse, Bind, Describe, Execute as drivers send them, with parameters and in parts.
    private mutating func addRun() {
        let portal = one(["", "", "p", "q"])
        if chance(40) {
            let value = one([
                Value(bytes: Array("5".utf8)), Value(bytes: nil), Value(bytes: Array("x".utf8)),
                Value(bytes: [0, 0, 1, 2], format: 1), Value(bytes: [1], format: 1),
            ])
            let name = one(["", "r"])
            if !name.isEmpty { addClose("S", name) }
            addParse(name, Statement(sql: "select $1, $1 + 1"), types: chance(50) ? [23] : [])
            addBind(portal, name, chance(90) ? [value] : [])
            if chance(50) { addDescribe("S", name) }
        } else {
            addParse("", parsed())
            addBind(portal, "")
        }
        for _ in 0..<number(1...3) { addExecute(portal, rows: Int32(number(-1...12))) }
        if chance(70) { addSync() }
    }

    private mutating func addCall() {
        // int4pl and int4div of pg_proc; a division by zero; no such function.
        let text = [Value(bytes: Array("40".utf8)), Value(bytes: Array("2".utf8))]
        let binary = [Value(bytes: [0, 0, 0, 7], format: 1), Value(bytes: [0, 0, 0, 9], format: 1)]
        let zero = [Value(bytes: Array("1".utf8)), Value(bytes: Array("0".utf8))]
        let (function, values) = one(
            [(177, text), (177, binary), (154, zero), (0, [])] as [(UInt32, [Value])])
        let body = Bytes.number(function) + WireTraffic.arguments(values) + Bytes.short(0)
        add(.call(function, values), Bytes.frame("F", body))
        stops.append(messages.count)
    }

    private mutating func addMalformed() {
        let (type, body) = one(
            [
                ("Q", [120]), ("P", [97]), ("B", []), ("E", [0]), ("D", []), ("C", [83]), ("F", []),
                ("H", [97]), ("S", [97]),
            ] as [(Character, [UInt8])])
        add(.malformed(type, bytes: body.count), Bytes.frame(type, body))
        if "QFS".contains(type) { stops.append(messages.count) }
    }

    /// SAVEPOINT ends a session of PostgreSQL 15 where a pipeline left a transaction half begun ("DefineSavepoint: unexpected
    /// state STARTED"): it comes behind its own BEGIN.
    private static let savepoint = [Statement(sql: "begin"), Statement(sql: "savepoint s1")]

    // MARK: COPY

    private static let copy = Statement(sql: "copy t from stdin")

    private mutating func addData(_ text: String) { add(.copyData(text.utf8.count), Bytes.copyData(text)) }

    /// What a COPY reads, and its end. With `syncs` it cannot fail.
    private mutating func addCopied(syncs: Bool = false) {
        for _ in 0..<number(0...4) {
            switch number(0...9) {
            case 0 where !syncs: addData("x\n")
            case 1:
                addData("1")
                addData("2\n")
            case 2 where syncs: add(.sync, Bytes.sync)
            case 3: add(.flush, Bytes.flush)
            default: addData("7\n8\n")
            }
        }
        if chance(20), !syncs {
            add(.copyFail, Bytes.copyFail("no"))
        } else {
            add(.copyDone, Bytes.copyDone)
        }
    }

    private mutating func addSimpleCopy() {
        var statements = [WireTraffic.copy]
        if chance(40) { statements.insert(plain(), at: 0) }
        if chance(40) { statements += [plain(), WireTraffic.copy] }
        let count = statements.count { $0.sql == WireTraffic.copy.sql }
        add(
            .query(statements), Bytes.query(statements.map(\.sql).joined(separator: "; ")))
        for _ in 0..<count { addCopied() }
        stops.append(messages.count)
    }

    private mutating func addExtendedCopy() {
        // A name of its own: bound by chance, it would wait for data that nobody sends.
        let (statement, portal) = ("copy", one(["", "copy"]))
        addClose("S", statement)
        if !portal.isEmpty { addClose("P", portal) }
        addParse(statement, WireTraffic.copy)
        addBind(portal, statement)
        addExecute(portal, rows: 0)
        addCopied(syncs: chance(50))
        addSync()
    }

    private mutating func addStray() {
        for _ in 0..<number(1...3) {
            switch number(0...2) {
            case 0: addData("z")
            case 1: add(.copyDone, Bytes.copyDone)
            default: add(.copyFail, Bytes.copyFail("stray"))
            }
        }
    }
}
