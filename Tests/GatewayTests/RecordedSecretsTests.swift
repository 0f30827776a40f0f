import Audit
import Gateway
import PGWire
import Testing

/// What a Bind's and a FunctionCall's record hold of passwords, under `capture.parameters: keep`.
@Suite struct RecordedSecretsTests {
    private struct Session: ~Copyable {
        var recorder = MessageRecorder(
            session: "s", identity: RecordBatch.fragment(recordLimit: 4096) { $0.add("session", "s") },
            isReplication: false, capture: .keep, clientEncoding: "UTF8")

        mutating func record(_ tag: FrontendTag, _ body: [UInt8]) -> String {
            var batch = RecordBatch(recordLimit: 64 << 10)
            #expect(recorder.received(tag, body.span, now: 0, into: &batch))
            return batch.unstamped().joined()
        }

        mutating func parse(_ sql: String) { _ = record(.parse, [0] + Array(sql.utf8) + [0, 0, 0]) }

        /// - Parameter format: of all values.
        mutating func bind(_ values: [String], format: UInt8 = 0) -> String {
            record(.bind, [0, 0, 0, 1, 0, format] + RecordedSecretsTests.list(values) + [0, 0])
        }
    }

    private static func list(_ values: [String]) -> [UInt8] {
        [0, UInt8(values.count)] + values.flatMap { [0, 0, 0, UInt8($0.utf8.count)] + Array($0.utf8) }
    }

    @Test(
        "F-AUD-14: a Bind parameter that is a connection string loses its password, and no other loses anything"
    )
    func connections() {
        var session = Session()
        session.parse("SELECT dblink_connect($1), $2")
        #expect(
            session.bind(["host=127.0.0.1 password=sekret42", "the password is abc"])
                == #"{"type":"bind","session":"s","message":2,"statement_name":"","statement":1,"portal":"","#
                + #""parameters":[{"format":"text","value":"host=127.0.0.1 password=[redacted]","bytes":32},"#
                + #"{"format":"text","value":"the password is abc","bytes":19}],"redacted":1}"#)
        // `printf 'postgresql://u:[redacted]@h' | base64`: a text in binary format has the same bytes.
        #expect(
            session.bind(["postgresql://u:sekret@h", "a@b://c"], format: 1)
                == #"{"type":"bind","session":"s","message":3,"statement_name":"","statement":1,"portal":"","#
                + #""parameters":[{"format":"binary","value_base64":"cG9zdGdyZXNxbDovL3U6W3JlZGFjdGVkXUBo","bytes":23},"#
                + #"{"format":"binary","value_base64":"YUBiOi8vYw==","bytes":7}],"redacted":1}"#)
        #expect(session.bind(["ALTER ROLE a PASSWORD 'sekret'"]).contains("PASSWORD '[redacted]'"))
    }

    @Test("F-AUD-14: a FunctionCall's argument as well")
    func functionCall() {
        var session = Session()
        let body = [0, 0, 1, 0, 0, 0] + RecordedSecretsTests.list(["password = 'a sekret'"]) + [0, 0]
        let record = session.record(.functionCall, body)
        #expect(record.contains(#""value":"password = [redacted]","bytes":21}],"redacted":1}"#), "\(record)")
    }

    @Test(
        "F-AUD-14: of the parameters of a role statement nothing is kept, of those of the next statement all is"
    )
    func roleStatements() {
        var session = Session()
        session.parse("ALTER ROLE a PASSWORD $1")
        let secret = session.bind(["sekret"])
        #expect(
            secret.contains(#"[{"format":"text","value":"[redacted]","bytes":6}],"redacted":1}"#), "\(secret)"
        )
        session.parse("INSERT INTO users (password) VALUES ($1)")
        let kept = session.bind(["kept"])
        #expect(kept.contains(#"[{"format":"text","value":"kept","bytes":4}]}"#), "\(kept)")
    }
}
