import Capture
import Testing

/// Each limit at it and one past it; those of frames, packets, VLAN tags and waiting segments are tested beside what
/// they limit.
@Suite("Limits of reading captures")
struct CaptureLimitTests {
    private static let section: [UInt8] =
        [0x0a, 0x0d, 0x0d, 0x0a] + big(UInt32(28)) + big(UInt32(0x1a2b_3c4d)) + [0, 1, 0, 0]
        + Array(repeating: 0xff, count: 8) + big(UInt32(28))

    private func block(_ type: UInt32, length: Int) -> [UInt8] {
        big(type) + big(UInt32(length)) + Array(repeating: 0, count: max(0, length - 12))
            + big(UInt32(length))
    }

    @Test("A file of the greatest size is read, one byte more is not")
    func file() {
        let zeros = [UInt8](repeating: 0, count: CaptureLimits.file)
        #expect(CaptureFile(zeros).fault == CaptureFault(offset: 0, reason: .notACapture))
        #expect(
            CaptureFile(zeros + [0]).fault
                == CaptureFault(offset: 0, reason: .fileTooLong(CaptureLimits.file + 1)))
    }

    @Test("Blocks of 12 bytes to the greatest length, in fours, are read; others end the reading")
    func blocks() {
        for length in [12, CaptureLimits.block] {
            #expect(CaptureFile(Self.section + block(5, length: length)).fault == nil)
        }
        for length in [0, 8, 13, CaptureLimits.block + 4] {
            #expect(
                CaptureFile(Self.section + block(5, length: length)).fault
                    == CaptureFault(offset: 28, reason: .blockLength(length)))
        }
    }

    @Test("A section has so many interfaces and no more")
    func interfaces() {
        let interface = block(1, length: 20)
        let many = Self.section + Array(repeatElement(interface, count: CaptureLimits.interfaces).joined())
        #expect(CaptureFile(many).fault == nil)
        #expect(
            CaptureFile(many + interface).fault
                == CaptureFault(offset: many.count, reason: .tooManyInterfaces))
        // A new section begins anew.
        #expect(CaptureFile(many + Self.section + interface).fault == nil)
    }

    @Test("A packet of an interface that is not described ends the reading")
    func unknownInterface() {
        let packet =
            big(UInt32(6)) + big(UInt32(32)) + big(UInt32(1)) + Array(repeating: 0, count: 16)
            + big(UInt32(32))
        #expect(
            CaptureFile(Self.section + block(1, length: 20) + packet).fault
                == CaptureFault(offset: 48, reason: .unknownInterface(1)))
    }

    @Test("An IPv6 packet has so many extension headers before its TCP header, and no more")
    func extensionHeaders() {
        func lines(_ count: Int) -> [String] {
            let syn = WrittenPacket(fromFrontend: true, sequence: 1, flags: WrittenPacket.syn)
            let plain = syn.internet(.six)
            var headers: [UInt8] = []
            for index in 0..<count { headers += [index == count - 1 ? 6 : 60, 0, 1, 4, 0, 0, 0, 0] }
            let internet =
                Array(plain[..<4]) + big(UInt16(plain.count - 40 + headers.count)) + [count == 0 ? 6 : 60]
                + plain[7..<40] + headers + plain[40...]
            let head: [UInt8] = [
                0xa1, 0xb2, 0xc3, 0xd4, 0, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 101,
            ]
            let length = big(UInt32(internet.count))
            return trace(head + [0, 0, 0, 0, 0, 0, 0, 0] + length + length + internet)
        }
        #expect(lines(0) == [])
        #expect(lines(CaptureLimits.extensionHeaders) == [])
        #expect(lines(CaptureLimits.extensionHeaders + 1) == ["# packet 1: no TCP"])
    }

    @Test("So many connections are told apart; packets of further ones are passed over")
    func connections() {
        var packets = (0..<CaptureLimits.connections).map { number in
            WrittenPacket(
                fromFrontend: true, sequence: 1, flags: WrittenPacket.syn,
                port: UInt16(truncatingIfNeeded: number))
        }
        #expect(CaptureReplay(CaptureFile(WrittenCapture(packets: packets).bytes)).findings.isEmpty)
        packets.append(WrittenPacket(fromFrontend: true, sequence: 2, flags: WrittenPacket.syn, port: 7))
        let past = CaptureReplay(CaptureFile(WrittenCapture(packets: packets).bytes))
        #expect(past.connections.count == CaptureLimits.connections)
        #expect(past.findings.map(\.kind) == [.tooManyConnections])
    }

    @Test("So many findings are told, further ones are counted")
    func findings() {
        var fragment = WrittenPacket(fromFrontend: true, sequence: 1)
        fragment.fragment = true
        func lines(_ count: Int) -> [String] {
            trace(WrittenCapture(packets: Array(repeating: fragment, count: count)))
        }
        #expect(lines(CaptureLimits.findings).last?.hasPrefix("# packet \(CaptureLimits.findings): ") == true)
        #expect(lines(CaptureLimits.findings + 3).last == "# 3 further findings")
    }

    @Test("A segment as far ahead as the largest window reaches is waited for, one byte further is not taken")
    func window() {
        func lines(_ distance: UInt32) -> [String] {
            var session = WrittenSession()
            session.send(.frontend, WrittenSession.startup)
            var far = session.packets[2]
            far.sequence = 1_001 &+ UInt32(far.data.count) &+ distance
            return trace(WrittenCapture(packets: session.packets + [far]))
        }
        let at = lines(UInt32(CaptureLimits.window))
        #expect(
            at.last?.hasSuffix("16 bytes, and \(CaptureLimits.window) that were not captured") == true,
            "\(at)")
        #expect(
            lines(UInt32(CaptureLimits.window) + 1).contains(
                "# packet 4: a sequence number outside of any window"))
    }
}
