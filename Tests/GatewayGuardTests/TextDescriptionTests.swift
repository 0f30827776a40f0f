import Audit
import GatewayGuard
import SQLText
import Testing

/// What records say of a text beside it.
@Suite struct TextDescriptionTests {
    private func record(_ sql: String) -> String {
        var batch = RecordBatch(recordLimit: 64 << 10)
        batch.begin(.query)
        if let description = GuardFixture.judged(sql).description {
            batch.add(description, orLeaveOut: ["class"])
        }
        batch.end()
        return batch.unstamped().first ?? ""
    }

    private func value(_ key: String, _ sql: String) -> String? {
        let record = record(sql)
        guard let start = record.firstRange(of: "\"\(key)\":")?.upperBound else { return nil }
        let isList = record[start] == "["
        let inside = record.index(after: start)
        guard let end = record[inside...].firstIndex(of: isList ? "]" : "\"") else { return nil }
        return String(record[start...end])
    }

    @Test(
        "The classes of all statements stand in the order in which they begin, each once",
        arguments: [
            ("SELECT 1", "select"), ("VALUES (1)", "select"), ("INSERT INTO t VALUES (1)", "insert"),
            ("INSERT INTO t SELECT 1", "insert,select"),
            ("WITH d AS (DELETE FROM t RETURNING a) SELECT a FROM d", "select,delete"),
            ("EXPLAIN ANALYZE UPDATE t SET a = 1", "explain,update"),
            ("PREPARE p AS DELETE FROM t", "prepare,delete"), ("EXECUTE p", "execute"),
            ("BEGIN; SELECT 1; COMMIT; SELECT 2", "transaction,select"), ("SET a.b = 1; SHOW a", "set,show"),
            ("COPY (SELECT 1) TO STDOUT", "copy,select"), ("CREATE TABLE t (a int)", "ddl"),
            ("CREATE TABLE t AS SELECT 1", "ddl,select"), ("ALTER ROLE r LOGIN", "role"),
            ("DECLARE c CURSOR FOR SELECT 1; FETCH c; CLOSE c", "cursor,select"),
            ("MERGE INTO t USING s ON t.a = s.a WHEN MATCHED THEN DELETE", "merge"),
            ("VACUUM t", "maintenance"),
        ])
    func classes(sql: String, expected: String) { #expect(value("class", sql) == "\"\(expected)\"") }

    @Test(
        "Relations stand as written, each once, without the names of WITH, and of many how many more there are"
    )
    func relations() {
        #expect(
            value("relations", "WITH x AS (SELECT 1) SELECT * FROM t, s.t, t AS u, x, \"A b\".\"c.\"\"d\"")
                == #"["t","s.t","\"A b\".\"c.\"\"d\""]"#)
        #expect(value("relations", "SELECT 1") == nil)
        let limit = 64
        let names = (1...limit + 3).map { "t\($0)" }
        let at = value("relations", "SELECT 1 FROM " + names.prefix(limit).joined(separator: ","))
        #expect(at?.hasSuffix(#","t64"]"#) == true, "\(at ?? "")")
        let past = value("relations", "SELECT 1 FROM " + names.joined(separator: ","))
        #expect(past?.hasSuffix(#","t64","+3 more"]"#) == true, "\(past ?? "")")
    }

    @Test("Sixteen digits of fingerprint come first, and F-GRD-01: a text that cannot be read says so")
    func fingerprints() {
        // pg_query_fingerprint of libpg_query 15-4.0.0.
        #expect(record("select 1; select a from b").contains(#","fingerprint":"3efa3b10d558d06d","class":"#))
        #expect(record("SELEC 1").contains(#"type":"query","unparsed":true}"#))
        #expect(record("SELECT 5 !").contains(#"type":"query","unparsed":true}"#))
    }

    @Test("Where a record has no room for it, its keys are named as left out")
    func room() {
        let names = (1...64).map { _ in String(repeating: "n", count: 60) }.enumerated().map { "\($1)\($0)" }
        var batch = RecordBatch(recordLimit: RecordBatch.leastRecordLimit)
        batch.begin(.query)
        if let description = GuardFixture.judged("SELECT 1 FROM " + names.joined(separator: ",")).description
        {
            batch.add(description, orLeaveOut: ["fingerprint", "class", "relations"])
        }
        batch.end()
        let record = batch.unstamped().first ?? ""
        #expect(record.hasSuffix(#""left_out":["fingerprint","class","relations"]}"#), "\(record)")
    }
}
