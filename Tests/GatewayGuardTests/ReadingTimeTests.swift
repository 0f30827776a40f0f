import GatewayCatalog
import GatewayGuard
import Glibc
import SQLText
import Testing

/// What a worker reads itself must not hold up its other sessions.
@Suite struct ReadingTimeTests {
    /// A text as long as a worker reads: `head`, then `unit` as often as it fits.
    private static func filled(_ head: String, _ tail: String = "", _ unit: (Int) -> String) -> String {
        var text = head
        var number = 0
        while true {
            let next = unit(number)
            guard text.utf8.count + next.utf8.count + tail.utf8.count <= JudgedText.quickBytes else {
                return text + tail
            }
            text += next
            number += 1
        }
    }

    /// Those of some eighty shapes that took longest, and those that were quadratic once.
    static let texts: [String] = [
        filled("SELECT f()") { _ in ",f()" }, filled("SELECT 1") { ",f\($0)()" },
        filled("SELECT 1 FROM a") { _ in ",a" }, filled("SELECT 1 FROM a") { ",t\($0)" },
        filled("SELECT a.b") { _ in ",a.b" }, filled("SELECT a") { _ in ",a" },
        filled("SELECT 1") { _ in ",1" },
        filled("") { "DROP ROLE r\($0);" }, filled("") { "PREPARE q\($0) AS SELECT;" },
        filled("") { "PREPARE q\($0) AS SELECT;EXECUTE q\($0);" },
        filled("") { "CREATE TABLE t\($0)();TABLE u\($0);" }, filled("") { "COMMIT PREPARED 'x\($0)';" },
        filled("") { _ in "DO'';" }, filled("LOCK a") { _ in ",a" }, filled("") { _ in "GRANT a TO b;" },
        filled("SELECT FROM f()") { _ in ",f()" }, filled("SELECT") { _ in " UNION SELECT" },
        filled("WITH a AS (SELECT 1)", " SELECT 1") { ",a\($0) AS (TABLE a\($0))" },
        filled("WITH " + (0..<200).map { "a\($0) AS (SELECT)" }.joined(separator: ",") + " SELECT FROM b") {
            _ in ",b"
        },
        filled("SELECT 1") { _ in "+1" }, filled("SELECT ", "true") { _ in "NOT " },
        filled("SELECT ") { _ in "(" },
        filled("") { _ in "SET a=1;" }, filled("") { _ in ";" }, filled("SELECT 1") { _ in ",'a'||'b'" },
        filled("") { "CREATE FUNCTION f\($0)() RETURNS int LANGUAGE sql AS 'SELECT g()';" },
    ]

    private static func processorMicroseconds() -> Int {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return time.tv_sec * 1_000_000 + time.tv_nsec / 1_000
    }

    @Test("F-GRD-13: no text that a worker reads takes five milliseconds of it", arguments: texts.indices)
    func quick(_ index: Int) {
        let bytes = Array(Self.texts[index].utf8)
        let isQuick = JudgedText.isQuick(bytes.span)
        #expect(isQuick)
        let session = GuardFixture.session(
            GuardFixture.rules([.egress, .ddl, .roleChange, .opaque, .peers], .readOnly))
        let least =
            (0..<5).map { _ in
                let start = Self.processorMicroseconds()
                let text = JudgedText(
                    bytes.span, conformingStrings: true, catalog: GuardFixture.published, describes: true)
                _ = session.verdict(text.judgement)
                return Self.processorMicroseconds() - start
            }.min() ?? 0
        #expect(least < 5_000, "\(Self.texts[index].prefix(60))… took \(least) µs")
    }

    @Test func `F-GRD-13: what the lexer takes quadratic time for is not for a worker`() {
        let limit = SQLText.operatorRunLimit
        func isQuick(_ sql: String) -> Bool { JudgedText.isQuick(Array(sql.utf8).span) }
        #expect(isQuick("SELECT 1" + String(repeating: "+", count: limit) + " 1"))
        #expect(
            !isQuick("SELECT 1" + String(repeating: String(repeating: "+", count: limit) + " 1", count: 2)))
        #expect(!isQuick("SELECT '" + String(repeating: "x", count: JudgedText.quickBytes) + "'"))
        // A long table of a document, drawn with lines.
        #expect(isQuick("SELECT '" + String(repeating: "|---|---|---|---|\n", count: 400) + "'"))
    }
}
