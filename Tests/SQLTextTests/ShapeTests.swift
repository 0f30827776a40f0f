import SQLText
import Testing

@Suite struct ShapeTests {
    private func shape(_ sql: String) -> String? {
        var bytes: [UInt8] = []
        guard let count = SQLBytes.shape(of: Array(sql.utf8).span, into: &bytes) else { return nil }
        return String(decoding: bytes[..<count], as: UTF8.self)
    }

    @Test(
        "Integers that are operands, or elements of IN and VALUES, give way",
        arguments: [
            ("SELECT a FROM t WHERE aid = 4711;", "SELECT a FROM t WHERE aid = 1;"),
            ("select a from t where a<20 and b >=  5", "select a from t where a<1 and b >=  1"),
            ("UPDATE t SET a = a + -17 WHERE b = 3", "UPDATE t SET a = a + -1 WHERE b = 1"),
            (
                "INSERT INTO h (t, b) VALUES (10, 20, CURRENT_TIMESTAMP), (-30, f(7, 8), 40)",
                "INSERT INTO h (t, b) VALUES (1, 1, CURRENT_TIMESTAMP), (-1, f(7, 8), 1)"
            ),
            (
                "DELETE FROM t WHERE a IN (5, 6,7) AND b = 123456789",
                "DELETE FROM t WHERE a IN (1, 1,1) AND b = 1"
            ),
            ("SELECT 5 FROM t WHERE a = 12", "SELECT 5 FROM t WHERE a = 1"),
        ])
    func gives(_ sql: String, _ expected: String) { #expect(shape(sql) == expected) }

    @Test(
        "What may be anything else stays, and the text is its own shape",
        arguments: [
            "SELECT 1", "SELECT a FROM t", "SET statement_timeout = 5",
            "CREATE TABLE t (a int) WITH (fillfactor = 70)",
            "SELECT a::float(24) FROM t", "SELECT f(5, 6)", "SELECT a FROM t LIMIT 10", "SELECT a = 5.0",
            "SELECT a = 5e1",
            "SELECT a = 1234567890", "SELECT a = 5x", "SELECT a = 5::regclass",
            "SELECT 'a' FROM t WHERE b = 5",
            "SELECT \"a\" FROM t WHERE b = 5", "SELECT a FROM t WHERE b = $1 AND c = 5",
            "SELECT a -- = 5\n FROM t",
            "SELECT a /* = 5 */ FROM t", "SELECT a = 5; SET b = 5", "SELECT a = 5; SELECT 1",
            "(SELECT a = 5)", "= 5",
            "WITH c AS (SELECT 1) SELECT a = 5", "SELECT ü = 5", "", " ", "5", ")) = 5", "SELECT E = 5\u{1}",
        ])
    func keeps(_ sql: String) { #expect(shape(sql) == nil) }

    @Test("A shape has the facts and the fingerprint of each of its texts")
    func same() {
        let texts = [
            "SELECT a FROM s.t WHERE aid = %",
            "SELECT f(x) + % FROM t JOIN u ON t.a = u.b + % WHERE c IN (%, %)",
            "UPDATE t SET a = a - % WHERE b >= % AND c = ANY (ARRAY[d + %])",
            "INSERT INTO h (a, b, c) VALUES (%, %, now()), (%, -%, g(%))",
            "DELETE FROM t USING u WHERE t.a % = %",
            "SELECT a, sum(b * %) OVER (ROWS BETWEEN +% PRECEDING AND CURRENT ROW) FROM t OFFSET +% ROWS",
            "SELECT (SELECT max(a) FROM u WHERE b = - %) FROM t WHERE a <> % GROUP BY 1 HAVING count(*) > % FOR UPDATE",
            "SELECT set_config(a, b, c = %), pg_terminate_backend(d * %) FROM t",
        ]
        var random = SystemRandomNumberGenerator()
        for text in texts {
            for _ in 0..<20 {
                var sql = ""
                for character in text {
                    if character == "%" {
                        sql +=
                            "\(Int.random(in: 0...999_999_999, using: &random) >> Int.random(in: 0...29, using: &random))"
                    } else {
                        sql.append(character)
                    }
                }
                guard let shape = shape(sql) else {
                    Issue.record("no shape: \(sql)")
                    continue
                }
                #expect(described(sql) == described(shape), "\(sql)")
            }
        }
    }

    private func described(_ sql: String) -> String {
        switch SQLText.read(Array(sql.utf8).span, fingerprint: true) {
        case .facts(var facts):
            for index in facts.statements.indices where facts.statements[index].range != nil {
                facts.statements[index].range = 0..<1
            }
            return "\(facts)"
        case .syntaxError: return "syntax error"
        case .tooComplex: return "too complex"
        }
    }
}
