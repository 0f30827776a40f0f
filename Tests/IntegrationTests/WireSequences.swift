import Testing

/// Frontend traffic that is sent to a server directly and through the gateway, to be answered alike.
struct WireSequence: Sendable, CustomTestStringConvertible {
    let name: String
    /// Written one after the other.
    let parts: [[UInt8]]

    init(_ name: String, _ parts: [UInt8]...) {
        self.name = name
        self.parts = parts
    }

    var testDescription: String { name }
}

extension WireSequence {
    private typealias Bytes = AbuseFrames

    static let all = simple + extended + pipelines + copies + malformed + names + others

    private static func query(_ sql: String) -> [UInt8] { Bytes.query(sql) }
    private static let select = Bytes.run("select 1")
    /// Where it stands in the open, the gateway refuses it in every session.
    private static let endsItself = "do $$begin perform pg_terminate_backend(pg_backend_pid()); end$$"
    private static let table = Bytes.query("create temp table t (a int)")

    private static let simple = [
        WireSequence("empty query", query("")),
        WireSequence("blanks", query("   ;  ")),
        WireSequence("several statements", query("select 1; select 2; select 3")),
        WireSequence("error in the middle of several", query("select 1; select 1/0; select 3")),
        WireSequence("transaction inside of several", query("begin; select 1; commit; select 2")),
        WireSequence("failed transaction", query("begin"), query("select 1/0"), query("select 1")),
        WireSequence("notices", query("do $$begin raise notice 'a'; raise warning 'b'; end$$")),
        WireSequence(
            "tags",
            query(
                "create temp table t (a int); insert into t select generate_series(1,3); update t set a = 1;"
                    + " delete from t; truncate t; drop table t; set x.y = 1; show x.y; values (1)")),
        WireSequence(
            "rule that selects",
            query(
                "create temp table t (a int); create rule r as on insert to t do also select 5;"
                    + " insert into t values (1)")),
        WireSequence(
            "ParameterStatus", query("set timezone = 'Asia/Tokyo'"), query("set client_encoding = LATIN1"),
            query("select chr(228)"), query("begin; set datestyle = 'German'; rollback"), query("reset all")),
        WireSequence(
            "LISTEN and NOTIFY", query("listen a"), query("notify a, 'x'"),
            query("begin; notify a, 'y'; select 1; commit")),
    ]

    private static let extended = [
        WireSequence(
            "parse to sync", Bytes.parse("select 1") + Bytes.bind() + Bytes.describe("P"),
            Bytes.execute() + Bytes.sync),
        WireSequence(
            "named", Bytes.parse("select $1::int", name: "s", types: [23]) + Bytes.describe("S", "s"),
            Bytes.bind(portal: "p", statement: "s", [[53]]) + Bytes.execute(portal: "p"),
            Bytes.close("P", "p") + Bytes.close("S", "s") + Bytes.sync),
        WireSequence("flush without sync", select + Bytes.flush),
        WireSequence("empty statement", Bytes.run("") + Bytes.describe("P") + Bytes.sync),
        WireSequence("two statements in a Parse", Bytes.run("select 1; select 2") + Bytes.sync),
        WireSequence(
            "suspended", Bytes.parse("select generate_series(1,5)") + Bytes.bind(),
            Bytes.repeated(Bytes.execute(rows: 2), 3) + Bytes.sync),
        WireSequence(
            "negative row count",
            Bytes.parse("select generate_series(1,3)") + Bytes.bind() + Bytes.execute(rows: -5) + Bytes.sync),
        WireSequence(
            "cursor", query("begin; declare c cursor for select generate_series(1,5); fetch 2 from c"),
            Bytes.execute(portal: "c", rows: 2) + Bytes.describe("P", "c") + Bytes.close("P", "c")
                + Bytes.sync),
        WireSequence(
            "result formats", Bytes.parse("select 1, 2") + Bytes.bind(results: [1, 0]) + Bytes.execute(),
            Bytes.bind(results: [1]) + Bytes.execute() + Bytes.bind(results: [1, 1, 1]) + Bytes.sync),
        WireSequence("executed twice", table, select + Bytes.execute() + Bytes.sync),
        WireSequence(
            "portal gone after sync", Bytes.parse("select 1") + Bytes.bind(portal: "p") + Bytes.sync,
            Bytes.execute(portal: "p") + Bytes.sync),
        WireSequence(
            "SQL's PREPARE", query("prepare a as select 7"),
            Bytes.bind(statement: "a") + Bytes.execute() + Bytes.sync, query("deallocate a"),
            Bytes.bind(statement: "a") + Bytes.sync),
        WireSequence(
            "DISCARD ALL", Bytes.parse("select 1", name: "a") + Bytes.sync, query("discard all"),
            Bytes.bind(statement: "a") + Bytes.sync),
        WireSequence(
            "a Query ends the unnamed ones", Bytes.parse("select 1") + Bytes.sync, query("select 2"),
            Bytes.bind() + Bytes.sync),
    ]

    private static let pipelines = [
        WireSequence(
            "error in the middle", select + Bytes.run("select 1/0") + select + Bytes.sync, query("select 4")),
        WireSequence("error at parse", Bytes.run("selec") + select + Bytes.sync, select + Bytes.sync),
        WireSequence(
            "F-WIRE-17, Query while skipping", Bytes.parse("selec") + query("select 1") + Bytes.sync),
        WireSequence("FunctionCall while skipping", Bytes.parse("selec") + Bytes.call(2026) + Bytes.sync),
        WireSequence(
            "F-WIRE-23, Query in an open series", Bytes.parse("select 1") + Bytes.bind() + query("select 2"),
            Bytes.sync),
        WireSequence(
            "F-WIRE-21, two Executes and a Describe",
            Bytes.parse("select generate_series(1,4)") + Bytes.bind() + Bytes.describe("P"),
            Bytes.execute(rows: 1) + Bytes.execute(rows: 1) + Bytes.describe("P") + Bytes.sync),
        WireSequence(
            "transaction", Bytes.run("begin") + select + Bytes.sync, Bytes.run("rollback") + Bytes.sync),
        WireSequence(
            "commit in the middle",
            Bytes.run("begin") + Bytes.parse("select 1") + Bytes.bind(portal: "p") + Bytes.run("commit"),
            Bytes.execute(portal: "p") + Bytes.sync),
        WireSequence(
            "timeout", query("set statement_timeout = 50"), query("select pg_sleep(1)"),
            Bytes.run("select pg_sleep(1)") + select + Bytes.sync),
        WireSequence("many syncs", Bytes.repeated(Bytes.sync, 50) + Bytes.repeated(Bytes.flush, 50)),
        WireSequence(
            "nothing known", Bytes.bind(statement: "no") + Bytes.sync,
            Bytes.execute(portal: "no") + Bytes.sync,
            Bytes.describe("S", "no") + Bytes.sync, Bytes.describe("P", "no") + Bytes.sync,
            Bytes.close("S", "no") + Bytes.close("P", "no") + Bytes.sync),
    ]

    private static let copyIn = table + Bytes.query("copy t from stdin")
    private static let extendedCopyIn = table + Bytes.run("copy t from stdin")

    private static let copies = [
        WireSequence("COPY out", query("copy (select generate_series(1,10)) to stdout")),
        WireSequence(
            "COPY out, binary", query("copy (select generate_series(1,10)) to stdout (format binary)")),
        WireSequence("COPY out, extended", Bytes.run("copy (select 1) to stdout") + Bytes.sync),
        WireSequence(
            "COPY in", copyIn, Bytes.copyData("1\n2\n") + Bytes.copyDone + query("select count(*) from t")),
        WireSequence("CopyFail", copyIn, Bytes.copyData("1\n") + Bytes.copyFail("no") + query("select 1")),
        WireSequence("CopyFail without NUL", copyIn, Bytes.frame("f", [110, 111]) + query("select 1")),
        WireSequence(
            "F-WIRE-27, bad data with more behind", copyIn,
            Bytes.repeated(Bytes.copyData("x\n"), 100) + Bytes.copyDone + query("select 1")),
        WireSequence(
            "COPY in, extended", extendedCopyIn + Bytes.flush,
            Bytes.copyData("1\n") + Bytes.copyDone + Bytes.sync + query("select * from t")),
        WireSequence(
            "COPY in, extended, fails", extendedCopyIn + Bytes.flush,
            Bytes.copyData("x\n") + Bytes.copyDone + Bytes.sync + query("select 9")),
        WireSequence(
            "Sync and Flush inside COPY in", extendedCopyIn + Bytes.sync + Bytes.copyData("1\n"),
            Bytes.sync + Bytes.flush + Bytes.copyDone + Bytes.sync + query("select 9")),
        WireSequence("Query inside COPY in", copyIn, query("select 1")),
        WireSequence("Parse inside COPY in", copyIn, Bytes.parse("select 1")),
        WireSequence(
            "several COPYs",
            table + query("copy t from stdin; select 5; copy t to stdout; copy t from stdin"),
            Bytes.copyData("1\n") + Bytes.copyDone + Bytes.copyData("2\n") + Bytes.copyDone + query("table t")
        ),
        WireSequence(
            "F-WIRE-27, stray COPY frames",
            Bytes.copyData("z") + Bytes.copyDone + Bytes.copyFail("x") + query("select 1")
                + Bytes.copyData("z")),
        WireSequence(
            "F-WIRE-27, stray COPY frames in a failed transaction", query("begin; select 1/0"),
            Bytes.copyData("z") + Bytes.copyDone + Bytes.copyFail("x") + query("select 1")),
        WireSequence(
            "F-WIRE-27, stray COPY frames in a pipeline",
            Bytes.parse("select 1") + Bytes.copyData("a") + Bytes.bind() + Bytes.copyDone + Bytes.execute(),
            Bytes.sync),
    ]

    private static func each(_ type: Character, _ bodies: [UInt8]...) -> WireSequence {
        WireSequence(
            "malformed \(type)",
            bodies.flatMap { Bytes.frame(type, $0) + Bytes.sync } + query("select 2"))
    }

    private static let malformed = [
        each("Q", [], [120], Array("select 1".utf8), Array("select 1\0x".utf8)),
        each(
            "P", [], [0], [120], Array("\0select 1\0".utf8), Array("\0select 1\0\0".utf8),
            Array("\0select 1\0\0\0x".utf8), Array("\0select 1\0".utf8) + [255, 255]),
        each(
            "B", [], [0], [0, 0], [0, 0, 255, 255], [0, 0, 0, 0, 255, 255],
            [0, 0, 0, 0, 0, 1, 255, 255, 255, 254, 0, 0], [0, 0, 0, 0, 0, 1, 127, 255, 255, 255, 0, 0],
            [0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 49, 0, 0, 120], [0, 0, 0, 1, 0, 9, 0, 0, 0, 0]),
        each("E", [], [0], [0, 0, 0, 0], [0, 0, 0, 0, 0, 120], [97, 98, 99]),
        each("D", [], [83], [90, 0], [83, 0, 120], Array("Sabc".utf8)),
        each("C", [], [83], [90, 0], [83, 0, 120]),
        each("F", [], [0, 0], [0, 0, 0, 0, 0, 0, 255, 255, 0, 0], [0, 0, 5, 36, 0, 0, 0, 0, 0, 0, 1]),
        each("S", [120]),
        each("H", [120]),
        each("c", [120]),
        each("f", []),
        WireSequence("a Sync with a body in a pipeline", select + Bytes.frame("S", [120]) + Bytes.sync),
        WireSequence("invalid UTF-8", Bytes.frame("Q", Array("select '".utf8) + [255, 254, 39, 0])),
        WireSequence(
            "NUL in a parameter",
            Bytes.parse("select $1::text") + Bytes.bind([[97, 0, 98]]) + Bytes.execute() + Bytes.sync),
    ]

    private static func long(_ count: Int) -> String { String(repeating: "n", count: count) }

    private static let names = [
        WireSequence(
            "63 bytes are told apart, 64 are not",
            Bytes.parse("select 1", name: long(63)) + Bytes.bind(portal: long(63), statement: long(63)),
            Bytes.execute(portal: long(63)) + Bytes.sync,
            Bytes.parse("select 2", name: long(64)) + Bytes.sync,
            Bytes.bind(statement: long(70)) + Bytes.execute() + Bytes.sync),
        WireSequence(
            "names of 9,000 bytes",
            Bytes.parse("select 1", name: long(9_000))
                + Bytes.bind(portal: long(9_000), statement: long(9_000)),
            Bytes.execute(portal: long(9_000)) + Bytes.sync),
        WireSequence(
            "names that exist already",
            Bytes.parse("select 1", name: "d") + Bytes.parse("select 2", name: "d") + Bytes.sync,
            Bytes.bind(portal: "q", statement: "d") + Bytes.bind(portal: "q", statement: "d") + Bytes.sync),
        WireSequence(
            "65,535 parameter types",
            Bytes.parse("select $1::int", types: Array(repeating: 23, count: 65_535)) + Bytes.describe("S"),
            Bytes.sync),
    ]

    private static let others = [
        // pg_my_temp_schema (2854): the same answer on both sides, as long as there is no temporary table.
        WireSequence("F-WIRE-26, FunctionCall", Bytes.call(2854), query("select 1")),
        WireSequence("F-WIRE-26, FunctionCall of OID 0", Bytes.call(0), query("select 1")),
        WireSequence("F-WIRE-26, FunctionCall in a pipeline", select + Bytes.call(2854) + Bytes.sync),
        WireSequence(
            "rows of 100 kB", Bytes.parse("select repeat('a', $1)") + Bytes.bind([Array("100000".utf8)]),
            Bytes.execute() + Bytes.sync),
        WireSequence(
            "a notice and an error of 1 MB",
            query("do $$begin raise notice '%', repeat('n', 1000000); raise '%', repeat('e', 1000000); end$$")
        ),
        WireSequence(
            "1,600 columns", query("select " + (0..<1_600).map { "\($0) as c\($0)" }.joined(separator: ","))),
        WireSequence("the server ends the session", query(endsItself)),
        WireSequence(
            "the server ends the session in a pipeline", query("select 1"),
            query(endsItself) + query("select 2")),
        WireSequence("Terminate", query("select 1") + Bytes.terminate + query("select 2")),
    ]
}
