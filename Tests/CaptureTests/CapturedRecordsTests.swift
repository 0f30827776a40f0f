import Capture
import CaptureRecords
import PGWire
import Testing

/// Records of written sessions; the expected lines are written by hand after the format of audit records.
@Suite("Records of captured sessions")
struct CapturedRecordsTests {
    private static let who = #""session":"1","database":"a","role":"a","client":"10.0.0.1:40000""#

    private func text(_ words: String) -> [UInt8] { Array(words.utf8) + [0] }

    private func frame(_ tag: Character, _ body: [UInt8] = []) -> [UInt8] { WrittenSession.frame(tag, body) }

    /// A session that has logged in.
    private func begun() -> WrittenSession {
        var session = WrittenSession()
        session.send(.frontend, WrittenSession.startup)
        session.send(.backend, frame("R", [0, 0, 0, 0]) + frame("K", [0, 0, 0, 7, 1, 2, 3, 4]))
        session.send(.backend, frame("Z", [0x49]))
        return session
    }

    private func records(_ packets: [WrittenPacket]) -> CapturedRecords {
        let replay = CaptureReplay(CaptureFile(WrittenCapture(packets: packets).bytes))
        let records = CapturedRecords(replay)
        for chunking in CaptureReplay.Chunking.allCases {
            #expect(CapturedRecords(replay, chunking) == records, "\(chunking.rawValue)")
        }
        return records
    }

    /// Without durations.
    private func lines(_ session: WrittenSession) -> [String] {
        records(session.packets).lines.map { line in
            line.replacing(#/,"duration_us":[0-9]+/#, with: "")
        }
    }

    @Test(
        "Each Query has a record with its SQL and an outcome with its tag, rows, bytes and the time between packets"
    )
    func queries() {
        #expect(
            records(WrittenSession.usual(rows: 2).packets).lines == [
                #"{"type":"query",\#(Self.who),"message":1,"sql":"select 0"}"#,
                #"{"type":"outcome","session":"1","of":1,"index":0,"tag":"SELECT 2","rows":2,"bytes":16,"duration_us":3000000}"#,
                #"{"type":"query",\#(Self.who),"message":2,"sql":"select 1"}"#,
                #"{"type":"outcome","session":"1","of":2,"index":0,"tag":"SELECT 2","rows":2,"bytes":16,"duration_us":3000000}"#,
            ])
    }

    @Test(
        "A pipeline: what is bound names its Parse, a failed Execute its SQLSTATE, what is behind it was skipped"
    )
    func pipeline() {
        var session = begun()
        session.send(
            .frontend,
            frame("P", text("s") + text("select $1") + [0, 1, 0, 0, 0, 23])
                + frame("B", text("") + text("s") + [0, 0, 0, 1, 0, 0, 0, 1, 0x37, 0, 0])
                + frame("E", text("") + [0, 0, 0, 0]) + frame("E", text("") + [0, 0, 0, 5]) + frame("S"))
        session.send(
            .backend,
            frame("1") + frame("2") + frame("E", Array("SERROR\0C22012\0Mno\0\0".utf8)) + frame("Z", [0x49]))
        #expect(
            lines(session) == [
                #"{"type":"parse",\#(Self.who),"message":1,"sql":"select $1","statement_name":"s","parameter_types":[23]}"#,
                #"{"type":"bind","session":"1","message":2,"statement_name":"s","statement":1,"portal":"","parameters":[{"format":"text","type":23,"value":"7","bytes":1}]}"#,
                #"{"type":"execute","session":"1","message":3,"statement":1,"portal":"","max_rows":0}"#,
                #"{"type":"execute","session":"1","message":4,"statement":1,"portal":"","max_rows":5}"#,
                #"{"type":"outcome","session":"1","of":3,"index":0,"bytes":0,"sqlstate":"22012"}"#,
                #"{"type":"outcome","session":"1","of":4,"index":0,"reason":"skipped"}"#,
            ])
    }

    @Test("COPY in is summed up beside the outcome of its Query; its messages count")
    func copy() {
        var session = begun()
        session.send(.frontend, WrittenSession.query("copy t from stdin"))
        session.send(.backend, frame("G", [0, 0, 0]))
        session.send(.frontend, frame("d", [1, 2, 3]) + frame("d", [4]) + frame("c"))
        session.send(.backend, frame("C", text("COPY 2")) + frame("Z", [0x49]))
        session.send(.frontend, frame("F", [0, 0, 0, 9, 0, 0, 0, 0, 0, 0]))
        session.send(.backend, frame("V", [0, 0, 0, 1, 0x61]) + frame("Z", [0x49]))
        #expect(
            lines(session) == [
                #"{"type":"query",\#(Self.who),"message":1,"sql":"copy t from stdin"}"#,
                #"{"type":"copy","session":"1","of":1,"direction":"in","bytes":4}"#,
                #"{"type":"outcome","session":"1","of":1,"index":0,"tag":"COPY 2","rows":2,"bytes":0}"#,
                #"{"type":"function_call","session":"1","message":5,"function_oid":9}"#,
                #"{"type":"outcome","session":"1","of":5,"index":0,"bytes":5}"#,
            ])
    }

    @Test("A malformed message has its length alone, one of which no answer came is lost")
    func lost() {
        var session = begun()
        session.send(.frontend, frame("Q", [0x61]) + WrittenSession.query("select 1"))
        session.send(.backend, frame("E", Array("SERROR\0C08P01\0Mno\0\0".utf8)) + frame("Z", [0x49]))
        session.close()
        #expect(
            lines(session) == [
                #"{"type":"query",\#(Self.who),"message":1,"bytes":1,"reason":"malformed"}"#,
                #"{"type":"query",\#(Self.who),"message":2,"sql":"select 1"}"#,
                #"{"type":"outcome","session":"1","of":1,"index":0,"bytes":0,"sqlstate":"08P01"}"#,
                #"{"type":"outcome","session":"1","of":2,"index":0,"reason":"lost"}"#,
            ])
    }

    @Test("A cancel request is recorded of the session whose key it holds; one with a key of nobody's is not")
    func cancel() {
        var session = begun()
        session.send(.frontend, WrittenSession.query("select pg_sleep(9)"))
        func cancelling(_ key: [UInt8], port: UInt16) -> [WrittenPacket] {
            var session = WrittenSession(frontendStart: 5, backendStart: 6, port: port)
            session.send(.frontend, [0, 0, 0, 16, 4, 210, 22, 46] + key)
            return session.packets
        }
        let packets =
            session.packets + cancelling([0, 0, 0, 7, 1, 2, 3, 4], port: 40_001)
            + cancelling([0, 0, 0, 7, 9, 9, 9, 9], port: 40_002)
        #expect(
            records(packets).lines == [
                #"{"type":"query",\#(Self.who),"message":1,"sql":"select pg_sleep(9)"}"#,
                #"{"type":"cancel","session":"1","client":"10.0.0.1:40001","target":"1","verdict":"forwarded"}"#,
            ])
    }

    @Test("What was sent before the login was over is recorded once it is; a login that fails leaves nothing")
    func early() {
        var session = WrittenSession()
        session.send(.frontend, WrittenSession.startup + WrittenSession.query("select 1"))
        var refused = session
        refused.send(.backend, frame("E", Array("SFATAL\0C3D000\0Mno\0\0".utf8)))
        #expect(lines(session) == [])
        #expect(lines(refused) == [])
        session.send(.backend, frame("R", [0, 0, 0, 0]) + frame("Z", [0x49]))
        #expect(lines(session) == [#"{"type":"query",\#(Self.who),"message":1,"sql":"select 1"}"#])
    }

    @Test(
        "A lost row is counted by its length; where a frame's beginning was lost the records end, and it is said why"
    )
    func missing() {
        var session = begun()
        session.send(.frontend, WrittenSession.query("select 1"))
        let row = frame("D", [0, 1, 0, 0, 0, 2, 0x31, 0x31])
        session.send(.backend, Array(row.prefix(9)))
        session.send(.backend, Array(row.dropFirst(9)))
        session.send(.backend, frame("C", text("SELECT 1")))
        session.send(.backend, frame("Z", [0x49]))
        session.send(.frontend, WrittenSession.query("select 2"))
        let query = #"{"type":"query",\#(Self.who),"message":1,"sql":"select 1"}"#
        // Behind the two packets of the opening, the three of the login and the query come the row's two.
        var withoutRow = session.packets
        withoutRow.remove(at: 7)
        #expect(
            records(withoutRow).lines == [
                query,
                #"{"type":"outcome","session":"1","of":1,"index":0,"tag":"SELECT 1","rows":1,"bytes":8,"duration_us":2000000}"#,
                #"{"type":"query",\#(Self.who),"message":2,"sql":"select 2"}"#,
            ])
        #expect(records(withoutRow).remarks == [])
        var withoutTag = session.packets
        withoutTag.remove(at: 8)
        #expect(records(withoutTag).lines == [query])
        #expect(records(withoutTag).remarks.count == 1)
    }

    @Test("The frontend's broken frame ends the session for the gateway, whatever the server answers")
    func violation() {
        var session = begun()
        session.send(.frontend, WrittenSession.query("select 1"))
        session.send(.frontend, [0x7e, 0, 0, 0, 4])
        session.send(.backend, frame("C", text("SELECT 1")) + frame("Z", [0x49]))
        session.close()
        let found = records(session.packets)
        #expect(
            found.lines == [
                #"{"type":"query",\#(Self.who),"message":1,"sql":"select 1"}"#,
                #"{"type":"outcome","session":"1","of":1,"index":0,"reason":"lost"}"#,
            ])
        #expect(found.remarks.count == 1)
    }
}
