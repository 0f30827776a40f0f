import Capture
import PGWire
import Seeded
import Testing

@Suite("Streams put together again")
struct ReassemblyTests {
    /// Messages alone, of one side.
    private func messages(_ lines: [String], _ side: String) -> [String] {
        lines.filter { $0.hasPrefix(side) }
    }

    @Test(
        "Any order of packets, doubled and cut anew so that they overlap, gives both streams whole",
        arguments: 0..<40 as Range<UInt64>)
    func disorder(seed: UInt64) {
        var choice = SeededGenerator(seed: seed)
        // Near the end of the numbers, so that they wrap around.
        let start = UInt32.max - UInt32.random(in: 0...400, using: &choice)
        let session = WrittenSession.usual(frontendStart: start, backendStart: start &- 20, rows: 20)
        var packets = Array(session.packets[2...])
        for packet in packets where !packet.data.isEmpty {
            // The same bytes again, one packet's end and the next one's beginning.
            var other = packet
            let drop = Int.random(in: 0..<packet.data.count, using: &choice)
            other.sequence &+= UInt32(drop)
            other.data.removeFirst(drop)
            packets.append(other)
        }
        packets.shuffle(using: &choice)
        let lines = trace(WrittenCapture(packets: session.packets[..<2] + packets))
        let whole = WrittenSession.usualTrace(rows: 20)
        #expect(messages(lines, "F") == messages(whole, "F"), "seed \(seed)")
        #expect(messages(lines, "B") == messages(whole, "B"), "seed \(seed)")
        #expect(!lines.contains { $0.contains("captured") || $0.contains("lost") })
    }

    @Test("What was captured first counts where packets overlap and differ")
    func overlap() {
        var session = WrittenSession()
        session.send(.frontend, WrittenSession.startup)
        session.send(.frontend, WrittenSession.query("select 1"))
        var other = session.packets[3]
        other.data = WrittenSession.query("drop table x")
        let lines = trace(WrittenCapture(packets: session.packets + [other]))
        #expect(lines.contains("F\t13\tQuery\t \"select 1\""))
        #expect(!lines.contains { $0.contains("drop") })
    }

    @Test("Bytes missing within a frame's body are counted, and the frames behind it go on")
    func lostInBody() {
        var session = WrittenSession()
        session.send(.frontend, WrittenSession.startup)
        let query = WrittenSession.query(String(repeating: "x", count: 300))
        session.send(.frontend, Array(query[..<100]))
        session.send(.frontend, Array(query[100..<180]))
        session.send(.frontend, Array(query[180...]))
        session.send(.frontend, WrittenSession.query("select 2"))
        session.close()
        var packets = session.packets
        packets.remove(at: 4)
        #expect(
            trace(WrittenCapture(packets: packets)) == [
                "F\t16\tStartupMessage\t 3 0 \"user\" \"a\"",
                "# frontend a frame of type Q and length 305, 80 bytes of which were not captured",
                "F\t13\tQuery\t \"select 2\"", "# frontend closes", "# backend closes",
            ])
    }

    @Test("Bytes missing where a frame begins end the decoding of that side, and nothing is guessed")
    func lostHeader() {
        var session = WrittenSession()
        session.send(.frontend, WrittenSession.startup)
        for number in 1...4 { session.send(.frontend, WrittenSession.query("select \(number)")) }
        session.close()
        var packets = session.packets
        packets.remove(at: 4)
        #expect(
            trace(WrittenCapture(packets: packets)) == [
                "F\t16\tStartupMessage\t 3 0 \"user\" \"a\"", "F\t13\tQuery\t \"select 1\"",
                "# frontend bytes were lost where a frame begins, so that further frames cannot be told: 28 bytes, and 14 that were not captured",
                "# frontend closes", "# backend closes",
            ])
    }

    @Test("Every single packet missing is told of, and no message comes that was not sent")
    func lostAnywhere() {
        let session = WrittenSession.usual()
        let whole = Set(WrittenSession.usualTrace())
        for index in session.packets.indices where !session.packets[index].data.isEmpty {
            var packets = session.packets
            packets.remove(at: index)
            let lines = trace(WrittenCapture(packets: packets))
            #expect(lines.contains { $0.contains("lost") || $0.contains("captured") }, "packet \(index + 1)")
            for line in lines where !line.hasPrefix("#") {
                #expect(whole.contains(line), "packet \(index + 1)")
            }
        }
    }

    @Test("A packet that was cut is told of, and the same packet in full fills the gap")
    func snapLength() {
        var packets = WrittenSession.usual().packets
        let query = 8
        packets[query].cut = 6
        let lines = trace(WrittenCapture(packets: packets, link: .raw))
        #expect(lines.contains("# packet 9: cut when it was captured: 6 bytes of its data are missing"))
        #expect(
            lines.contains("# frontend a frame of type Q and length 13, 6 bytes of which were not captured"))
        var whole = packets[query]
        whole.cut = 0
        packets.insert(whole, at: query + 1)
        #expect(
            trace(WrittenCapture(packets: packets, link: .raw)).filter { !$0.hasPrefix("# packet") }
                == WrittenSession.usualTrace())
    }

    @Test("A port that is used again is another connection; a SYN sent twice is not")
    func portReuse() {
        let first = WrittenSession.usual().packets
        let second = WrittenSession.usual(frontendStart: 77, backendStart: 88).packets
        let lines = trace(WrittenCapture(packets: [first[0]] + first + second), named: true)
        #expect(
            lines.filter { $0.hasPrefix("# connection") } == [
                "# connection 1: 10.0.0.1:40000 to 10.0.0.2:5432",
                "# connection 2: 10.0.0.1:40000 to 10.0.0.2:5432",
            ])
        #expect(
            lines.filter { !$0.hasPrefix("# connection") } == WrittenSession.usualTrace()
                + WrittenSession.usualTrace())
    }

    @Test("A capture that missed the SYN still knows who opened the connection from the answer to it")
    func missedSyn() {
        let packets = WrittenSession.usual().packets
        #expect(trace(WrittenCapture(packets: Array(packets[1...]))) == WrittenSession.usualTrace())
    }

    @Test("A connection that was open before the capture is told of and not decoded")
    func midStream() {
        let packets = WrittenSession.usual().packets
        let lines = trace(WrittenCapture(packets: Array(packets[3...])))
        #expect(lines == ["# packet 1: connection 1 was open before the capture: its frames cannot be told"])
    }

    @Test("A reset is told of by whom")
    func reset() {
        var session = WrittenSession()
        session.send(.frontend, WrittenSession.startup)
        session.send(.backend, [], flags: WrittenPacket.rst)
        #expect(
            trace(WrittenCapture(packets: session.packets)) == [
                "F\t16\tStartupMessage\t 3 0 \"user\" \"a\"", "# backend resets the connection",
            ])
    }

    @Test("So many segments may wait for a missing one; with one more it counts as lost")
    func waiting() {
        func lines(_ count: Int) -> [String] {
            var session = WrittenSession()
            session.send(.frontend, WrittenSession.startup)
            session.send(.frontend, WrittenSession.query("late"))
            for _ in 0..<count { session.send(.frontend, WrittenSession.frame("S", [])) }
            var packets = session.packets
            packets.append(packets.remove(at: 3))
            return trace(WrittenCapture(packets: packets))
        }
        #expect(lines(CaptureLimits.waitingSegments).contains("F\t9\tQuery\t \"late\""))
        let past = lines(CaptureLimits.waitingSegments + 1)
        #expect(!past.contains { $0.contains("late") })
        #expect(past.contains { $0.contains("10 that were not captured") })
    }

    @Test("A sequence number outside of any window is told of, and changes nothing")
    func window() {
        var packets = WrittenSession.usual().packets
        var stray = packets[4]
        stray.sequence &+= 1 << 31
        packets.insert(stray, at: 4)
        let lines = trace(WrittenCapture(packets: packets))
        #expect(lines.filter { !$0.hasPrefix("# packet") } == WrittenSession.usualTrace())
        #expect(lines.contains("# packet 5: a sequence number outside of any window"))
    }
}
