import Capture
import Testing

@Suite("Files of packets")
struct CaptureFileTests {
    static let links = WrittenCapture.Link.allCases.flatMap { link in
        WrittenPacket.Version.allCases.map { (link, $0) }
    }

    @Test("Every link type, IP version, format and byte order gives the same trace", arguments: links)
    func formats(link: WrittenCapture.Link, version: WrittenPacket.Version) {
        for format in WrittenCapture.Format.allCases {
            for littleEndian in [true, false] {
                let capture = WrittenCapture(
                    packets: WrittenSession.usual().packets, format: format, link: link, version: version,
                    littleEndian: littleEndian)
                #expect(CaptureFile(capture.bytes).fault == nil)
                #expect(trace(capture) == WrittenSession.usualTrace(), "\(format) \(littleEndian)")
            }
        }
    }

    @Test("Up to four VLAN tags are passed over, a fifth is not")
    func vlan() {
        var capture = WrittenCapture(packets: WrittenSession.usual().packets)
        for tags in 1...CaptureLimits.vlanTags {
            capture.vlanTags = tags
            #expect(trace(capture) == WrittenSession.usualTrace())
        }
        capture.vlanTags = CaptureLimits.vlanTags + 1
        #expect(trace(capture).allSatisfy { $0.hasSuffix("no TCP") })
    }

    @Test("Times are read to the nanosecond from each format that has them")
    func times() throws {
        for format in [WrittenCapture.Format.pcap, .pcapNanoseconds, .pcapng] {
            let capture = WrittenCapture(packets: WrittenSession.usual().packets, format: format)
            let packets = CaptureFile(capture.bytes).packets
            #expect(try #require(packets.first).nanoseconds == 1_582_934_400_000_001_000)
            let lines = CaptureText(showsTimes: true).lines(CaptureReplay(CaptureFile(capture.bytes)))
            #expect(lines.contains("2020-02-29 00:00:02.000001\tF\t8\tSSLRequest\t 1234 5679"))
        }
        let simple = WrittenCapture(packets: WrittenSession.usual().packets, format: .pcapngSimple)
        #expect(try #require(CaptureFile(simple.bytes).packets.first).nanoseconds == nil)
    }

    @Test("A second section of a pcapng file has a byte order and interfaces of its own")
    func sections() {
        let packets = WrittenSession.usual().packets
        let first = WrittenCapture(packets: Array(packets[..<6]), format: .pcapng, littleEndian: true)
        let second = WrittenCapture(
            packets: Array(packets[6...]), format: .pcapng, link: .cookedV2, littleEndian: false)
        #expect(trace(first.bytes + second.bytes) == WrittenSession.usualTrace())
    }

    @Test("A fragment is told of and not put together")
    func fragments() {
        for version in [WrittenPacket.Version.four, .six] {
            var packets = WrittenSession.usual().packets
            packets[2].fragment = true
            let lines = trace(WrittenCapture(packets: packets, version: version))
            #expect(lines.contains("# packet 3: a fragment of an IP packet: those are not put together"))
            #expect(!lines.contains { $0.contains("SSLRequest") })
        }
    }

    @Test("A packet of the greatest length is read, one byte more ends the reading with its place")
    func packetLimit() {
        func file(_ length: Int) -> [UInt8] {
            let head: [UInt8] = [
                0xa1, 0xb2, 0xc3, 0xd4, 0, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 1,
            ]
            let count = big(UInt32(length))
            return head + [0, 0, 0, 0, 0, 0, 0, 0] + count + count + Array(repeating: 0, count: length)
        }
        #expect(CaptureFile(file(CaptureLimits.packet)).packets.count == 1)
        #expect(CaptureFile(file(CaptureLimits.packet)).fault == nil)
        let tooLong = CaptureFile(file(CaptureLimits.packet + 1))
        #expect(tooLong.packets.isEmpty)
        #expect(tooLong.fault == CaptureFault(offset: 24, reason: .packetTooLong(CaptureLimits.packet + 1)))
    }

    @Test("What is no capture says so")
    func foreign() {
        for bytes in [[], [1], Array("PostgreSQL".utf8), Array(repeating: 0, count: 100)] {
            #expect(CaptureFile(bytes).fault == CaptureFault(offset: 0, reason: .notACapture))
            #expect(trace(bytes) == ["# byte 0: this is neither a pcap nor a pcapng file"])
        }
    }
}
