import CLibPGQuery
import SQLText
import Testing

/// The fingerprint is libpg_query's own, and never more work than a worker may do.
@Suite struct FingerprintTests {
    private func fingerprint(_ sql: String) -> UInt64? {
        let bytes = Array(sql.utf8)
        guard case .facts(let facts) = SQLText.read(bytes.span, fingerprint: true) else { return nil }
        return facts.fingerprint
    }

    /// What the library itself makes of a text.
    private func libraryFingerprint(_ sql: String) -> UInt64? {
        let result = pg_query_fingerprint(sql)
        defer { pg_query_free_fingerprint_result(result) }
        return result.error == nil ? result.fingerprint : nil
    }

    @Test("Of every statement of the grammar, and of several in one text, it is the library's")
    func same() {
        var texts = StatementKindTests.texts.map(\.1)
        texts += [
            "", ";", "SELECT 1; SELECT a FROM b", "SELECT a FROM t WHERE b = 'c' AND d IN (1, 2, 3) LIMIT 10",
            "WITH x AS (SELECT 1) INSERT INTO s.t SELECT * FROM x RETURNING a",
            "SELECT " + Array(repeating: "(SELECT a", count: 60).joined(separator: ",")
                + String(repeating: ")", count: 60),
        ]
        for text in texts {
            #expect(fingerprint(text) == libraryFingerprint(text), "\(text)")
        }
        #expect(Set(texts.compactMap(fingerprint)).count > 100)
    }

    @Test("Constants, spaces and parameters do not change it; relations and columns do")
    func meaning() {
        let one = fingerprint("SELECT a FROM t WHERE b = 1")
        #expect(one == fingerprint("select a\nfrom t where b = 'x' -- c"))
        #expect(one == fingerprint("SELECT a FROM t WHERE b = $1"))
        #expect(one != fingerprint("SELECT a FROM u WHERE b = 1"))
        #expect(one != fingerprint("SELECT c FROM t WHERE b = 1"))
    }

    @Test("Long and deep texts have none, and those at the limits are made in a worker's time")
    func bounded() {
        let head = "SELECT 1"
        let limit = SQLText.fingerprintBytes
        #expect(fingerprint(head + String(repeating: " ", count: limit - head.utf8.count)) != nil)
        #expect(fingerprint(head + String(repeating: " ", count: limit - head.utf8.count + 1)) == nil)
        let shapes: [(open: String, close: String)] = [
            ("row(1,row(2,3),", ")"), ("a in (b,c,d,e,f,g,h,i,", ")"), ("(select a,b,c,(select d),", ")"),
            ("f(1,", ")"), ("case when a in (1,2) then ", " end"), ("a,", ""), ("1+", ""), ("not ", ""),
        ]
        let clock = ContinuousClock()
        for shape in shapes {
            let count = limit / (shape.open.utf8.count + shape.close.utf8.count)
            for depth in [10, 40, 100, 400, count - 10] where depth < count {
                let sql =
                    "SELECT " + String(repeating: shape.open, count: depth) + "a"
                    + String(repeating: shape.close, count: depth)
                let taken = clock.measure { _ = fingerprint(sql) }
                // 5 ms of CPU; the machine may be busy.
                #expect(taken < .seconds(2), "\(shape.open) \(depth)")
            }
        }
    }
}
