import Capture
import PGWire
import Testing

@Suite("A capture played again")
struct PlayedCaptureTests {
    private func answer(_ tag: Character, _ body: [UInt8]) throws -> PlayedAnswer {
        let answer = PlayedAnswer(tag: tag.asciiValue ?? 0, body: body.span)
        return try #require(answer)
    }

    private func played(_ packets: [WrittenPacket]) -> PlayedCapture {
        PlayedCapture(CaptureReplay(CaptureFile(WrittenCapture(packets: packets).bytes)))
    }

    @Test("Logins are told by their parameters, passwords and requests for encryption are left out")
    func steps() throws {
        let capture = played(WrittenSession.usual(rows: 1).packets)
        var expected: [PlayedCapture.Action] = [.login([StartupMessage.Parameter("user", "a")])]
        for number in 0..<2 {
            expected.append(.send(tag: 0x51, body: Array("select \(number)\0".utf8)))
            expected.append(.expect(try answer("D", [0, 1, 0, 0, 0, 2] + Array("10".utf8))))
            expected.append(.expect(try answer("C", Array("SELECT 1\0".utf8))))
            expected.append(.expect(try answer("Z", [0x49])))
        }
        expected.append(.send(tag: 0x58, body: []))
        #expect(capture.steps.map(\.action) == expected)
        #expect(capture.obstacles.isEmpty)
    }

    @Test(
        "A cancel request names the connection whose key it holds; one with a key of nobody's is not played")
    func cancel() {
        let key: [UInt8] = [0, 0, 0, 7, 1, 2, 3, 4]
        var session = WrittenSession()
        session.send(.frontend, WrittenSession.startup)
        session.send(.backend, WrittenSession.frame("K", key) + WrittenSession.frame("Z", [0x49]))
        func cancelling(_ key: [UInt8], port: UInt16) -> WrittenSession {
            var session = WrittenSession(frontendStart: 5, backendStart: 6, port: port)
            session.send(.frontend, [0, 0, 0, 16, 4, 210, 22, 46] + key)
            return session
        }
        let capture = played(
            session.packets + cancelling(key, port: 40_001).packets
                + cancelling([0, 0, 0, 7, 9, 9, 9, 9], port: 40_002).packets)
        #expect(capture.steps.last == PlayedCapture.Step(connection: 2, action: .cancel(connection: 1)))
        #expect(capture.obstacles == [3: .foreignCancel])
    }

    @Test("What was not captured whole, or never logged in, is not played")
    func obstacles() {
        var packets = WrittenSession.usual().packets
        packets.remove(at: 8)
        #expect(played(packets).obstacles == [1: .notWhole])
        #expect(played(Array(WrittenSession.usual().packets[..<6])).obstacles == [1: .noLogin])
        #expect(played(packets).steps.isEmpty)
    }

    @Test(
        "OIDs, process ids and places in PostgreSQL's source are no difference; values, texts and COPY data are"
    )
    func equality() throws {
        #expect(
            try answer("T", [0, 1, 0x61, 0, 0, 0, 64, 6, 0, 1, 0, 0, 0, 23, 0, 4, 255, 255, 255, 255, 0, 0])
                == answer(
                    "T", [0, 1, 0x61, 0, 0, 0, 80, 9, 0, 1, 0, 0, 0, 23, 0, 4, 255, 255, 255, 255, 0, 0]))
        #expect(
            try answer("E", Array("SERROR\0L12\0Mx\0\0".utf8))
                == answer("E", Array("SERROR\0L1234\0Mx\0\0".utf8)))
        #expect(try answer("E", Array("Mx\0\0".utf8)) != answer("E", Array("My\0\0".utf8)))
        #expect(try answer("d", [1]) != answer("d", [2]))
        #expect(try answer("S", [0x61, 0, 0]).isNoise)
        #expect(try !answer("N", [0]).isNoise)
    }

    /// Runs a comparison over what was captured and what the server sends; false where it would read beyond.
    private func compare(_ captured: [PlayedAnswer], _ sent: [PlayedAnswer]) throws -> AnswerComparison {
        var comparison = AnswerComparison()
        var rest = sent[...]
        for answer in captured where comparison.awaits(answer) == .read {
            repeat {
                guard let next = rest.popFirst() else {
                    Issue.record("more is read than the server sends")
                    return comparison
                }
                if comparison.received(next) { break }
            } while true
        }
        #expect(rest.isEmpty)
        return comparison
    }

    @Test("The same answers, with noise between them, are the same")
    func same() throws {
        let answers = try [answer("1", []), answer("2", []), answer("Z", [0x49])]
        let noise = try answer("S", [0x61, 0, 0])
        let comparison = try compare(answers, [noise, answers[0], noise, answers[1], answers[2]])
        #expect(comparison.compared == 3)
        #expect(comparison.differences.isEmpty)
    }

    @Test("A difference is told once, and the two are in step again behind the next ReadyForQuery")
    func differences() throws {
        let ready = try answer("Z", [0x49])
        let rows = try [answer("1", []), answer("2", []), answer("D", [0, 0]), answer("C", [0]), ready]
        let error = try answer("E", Array("Mno\0\0".utf8))
        let last = try [answer("I", []), ready]
        // An error in place of rows, rows in place of an error, and ReadyForQuery too early and too late.
        for (captured, sent) in [
            (rows, [rows[0], error, ready]), ([rows[0], error, ready], rows), (rows, [ready]),
            ([ready], [rows[2], rows[3], ready]), ([rows[0], ready], [ready]),
        ] {
            let comparison = try compare(captured + last, sent + last)
            #expect(comparison.differences.count == 1, "\(comparison.differences)")
        }
    }

    @Test("A value that differs is told, and nothing is passed over")
    func values() throws {
        let row = try answer("D", [0, 1, 0, 0, 0, 1, 0x61])
        let other = try answer("D", [0, 1, 0, 0, 0, 1, 0x62])
        let comparison = try compare([row, row, row], [row, other, row])
        #expect(comparison.compared == 3)
        #expect(
            comparison.differences == [
                AnswerComparison.Difference(
                    captured: "B\t11\tDataRow\t 1 1 'a'", played: "B\t11\tDataRow\t 1 1 'b'")
            ])
    }
}
