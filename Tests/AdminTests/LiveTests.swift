import Admin
import Audit
import Foundation
import Gateway
import Synchronization
import Testing

@Suite struct LiveTests {
    private func event(
        _ seq: UInt64, region: String = "eu-west-1", type: String = "query", _ sql: String = "select 1"
    ) throws
        -> LiveEvent
    {
        let text =
            #"{"seq":\#(seq),"salt":"0","time":"t","type":"\#(type)","sql":\#(TestRecords.quoted(sql))}"#
        return try #require(
            LiveEvent(
                region: region,
                line: RecordLine(expected: seq, seq: seq, bytes: Array(text.utf8), path: "", offset: 0)))
    }

    @Test("A record is one event of three lines, whatever its SQL holds")
    func form() throws {
        let event = try event(7, "a\nb\r\n\ndata: x")
        #expect(
            String(decoding: event.bytes, as: UTF8.self)
                == "event: record\nid: eu-west-1:7\ndata: "
                + #"{"region":"eu-west-1","seq":7,"record":{"seq":7,"salt":"0","time":"t","type":"query","sql":"a\nb\r\n\ndata: x"}}"#
                + "\n\n")
        let long = try self.event(8, String(repeating: "x", count: 9_000))
        #expect(long.bytes.count < 200)
    }

    @Test("Who follows one region or one type hears of no other")
    func filters() async throws {
        let records = LiveRecords()
        let folders = [RegionFolder(region: "eu-west-1", jurisdiction: "EU", folder: "/nowhere", isOwn: true)]
        let stream = try #require(
            records.follow(try LiveFilter(["region": "eu-west-1", "type": "query"], in: folders), in: []))
        records.give(try event(1, region: "us-east-1"))
        records.give(try event(2, type: "admin"))
        records.give(try event(3))
        stream.end()
        var heard: [String] = []
        for await bytes in stream.events { heard.append(String(decoding: bytes, as: UTF8.self)) }
        #expect(heard.count == 1 && heard[0].contains("eu-west-1:3"))
    }

    @Test("There are so many streams at a time and no more, and who does not read is dropped")
    func bounded() async throws {
        let records = LiveRecords()
        let filter = try LiveFilter([:], in: [])
        let streams = (0..<LiveRecords.streams).compactMap { _ in records.follow(filter, in: []) }
        #expect(streams.count == LiveRecords.streams)
        #expect(records.follow(filter, in: []) == nil)
        let dropped = Mutex(0)
        for stream in streams { stream.whenDropped { dropped.withLock { $0 += 1 } } }
        for number in 0..<LiveRecords.waiting { records.give(try event(UInt64(number))) }
        #expect(records.followers == LiveRecords.streams)
        #expect(dropped.withLock { $0 } == 0)
        records.give(try event(9_999))
        #expect(records.followers == 0)
        #expect(dropped.withLock { $0 } == LiveRecords.streams)
        // What waited is still given, and then the stream ends.
        var heard = 0
        for await _ in streams[0].events { heard += 1 }
        #expect(heard == LiveRecords.waiting)
        let next = try #require(records.follow(filter, in: []))
        // Who takes what comes is never full.
        for number in 0..<(3 * LiveRecords.waiting) {
            records.give(try event(UInt64(number)))
            next.taken()
        }
        #expect(records.followers == 1)
        records.stop()
        #expect(records.follow(filter, in: []) == nil)
    }
}
