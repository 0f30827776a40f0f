import Audit
import Foundation
import Gateway
import PGWire
import Testing

/// What a Query's and a Parse's record hold under `capture.literals`.
@Suite struct RecordedLiteralsTests {
    private func record(
        _ sql: String, _ literals: ParameterCapture, tag: FrontendTag = .query, encoding: String = "UTF8",
        setting: (String, String)? = nil
    ) -> [String] {
        let identity = RecordBatch.fragment(recordLimit: 4096) { $0.add("session", "s") }
        var recorder = MessageRecorder(
            session: "s", identity: identity, isReplication: false, capture: .drop, literals: literals,
            clientEncoding: encoding)
        if let setting { recorder.parameterChanged(setting.0, setting.1) }
        var batch = RecordBatch(recordLimit: 64 << 10)
        var body: [UInt8] = tag == .parse ? [0] : []
        body += Array(sql.utf8) + (tag == .parse ? [0, 0, 0] : [0])
        #expect(recorder.received(tag, body.span, now: 0, into: &batch))
        return batch.unstamped()
    }

    private func key() throws -> CaptureKey {
        let path = NSTemporaryDirectory() + "literals-\(UUID().uuidString).key"
        defer { try? FileManager.default.removeItem(atPath: path) }
        return try CaptureKey.loadOrCreate(path: path)
    }

    @Test("drop: parameters in their places and how many there were; in a Query, and in a Parse")
    func drop() {
        #expect(
            record("SELECT 'a', 1 -- b", .drop)
                == [#"{"type":"query","session":"s","message":1,"sql":"SELECT $1, $2 --","literals":2}"#])
        #expect(
            record("SELECT $1, 'a'", .drop, tag: .parse) == [
                #"{"type":"parse","session":"s","message":1,"sql":"SELECT $1, $2","statement_name":"","literals":1}"#
            ])
        #expect(
            record("SELECT a", .drop) == [#"{"type":"query","session":"s","message":1,"sql":"SELECT a"}"#])
    }

    @Test("hash: a digest of what each stands for, as of a parameter, and nothing of a password")
    func hash() throws {
        let key = try key()
        let a = key.digest(of: Array("a'b".utf8).span)
        let one = key.digest(of: Array("12".utf8).span)
        #expect(
            record("SELECT E'a\\'b', 12; ALTER ROLE r PASSWORD 'x'", .hash(key)) == [
                #"{"type":"query","session":"s","message":1,"sql":"SELECT $1, $2; ALTER ROLE r PASSWORD $3","#
                    + #""redacted":1,"literals":[{"digest":"\#(a)","bytes":3},{"digest":"\#(one)","bytes":2},"#
                    + #"{"redacted":true}]}"#
            ])
        let many = "SELECT " + (0..<2_000).map { "'v\($0)'" }.joined(separator: ",")
        let records = record(many, .hash(key))
        #expect(records[0].utf8.count <= 64 << 10)
        #expect(records[0].contains(#"{"more":"#))
    }

    @Test("Where it cannot be told what is a constant, nothing of the text stands but its length")
    func unreadable() throws {
        let key = try key()
        let sql = "SELECT 'canary"
        #expect(record(sql, .drop) == [#"{"type":"query","session":"s","message":1,"sql_bytes":14}"#])
        let digest = key.digest(of: Array(sql.utf8).span)
        #expect(
            record(sql, .hash(key)) == [
                #"{"type":"query","session":"s","message":1,"sql_bytes":14,"sql_digest":"\#(digest)"}"#
            ])
        for records in [
            record("SELECT 'canary é'", .drop, encoding: "SJIS"),
            record("SELECT 'canary é'", .drop, setting: ("client_encoding", "GBK")),
            record("SELECT 'canary' " + String(repeating: " ", count: 70_000), .drop),
        ] {
            #expect(records.count == 1)
            #expect(!records[0].contains("canary") && records[0].contains("sql_bytes"))
        }
        #expect(record("SELECT 'a'", .drop, encoding: "SJIS")[0].contains("SELECT $1"))
    }

    @Test("The setting that the replica told last says how strings are read")
    func settings() {
        let sql = #"SELECT 'a\' || b'"#
        #expect(record(sql, .drop)[0].contains("sql_bytes"))
        #expect(
            record(sql, .drop, setting: ("standard_conforming_strings", "off"))[0].contains("SELECT $1\""))
    }

    @Test("A masked text that is longer than a record goes on in text records, without a constant in any")
    func long() {
        let sql = "SELECT " + (0..<6_000).map { "c\($0)=7717" }.joined(separator: ",")
        let records = record(sql, .drop)
        #expect(records.count == 2)
        #expect(records[1].contains(#""type":"text""#))
        #expect(!records.contains { $0.contains("=7717") })
    }

    @Test("keep: as it was sent, but for passwords")
    func keep() {
        #expect(
            record("SELECT 'a' -- b", .keep)
                == [#"{"type":"query","session":"s","message":1,"sql":"SELECT 'a' -- b"}"#])
        #expect(
            record("ALTER ROLE r PASSWORD 'x'", .keep) == [
                #"{"type":"query","session":"s","message":1,"sql":"ALTER ROLE r PASSWORD '[redacted]'","redacted":1}"#
            ])
    }
}
