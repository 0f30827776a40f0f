import Capture
import PGWire
import Testing

@Suite("Sessions decoded from both streams")
struct SessionTests {
    private func lines(_ parts: [(TraceLine.Side, [UInt8])]) -> [String] {
        var session = WrittenSession()
        for (side, data) in parts { session.send(side, data) }
        session.close()
        let capture = WrittenCapture(packets: session.packets)
        let first = trace(capture)
        for chunking in CaptureReplay.Chunking.allCases {
            #expect(trace(capture, chunking) == first, "\(chunking.rawValue)")
        }
        return Array(first.dropLast(2))
    }

    private static let sslRequest: [UInt8] = [0, 0, 0, 8, 4, 210, 22, 47]
    private static let gssencRequest: [UInt8] = [0, 0, 0, 8, 4, 210, 22, 48]

    @Test("A p is told by what it answers: a password, or the steps of SASL")
    func passwords() {
        let sasl = WrittenSession.frame("p", Array("SCRAM-SHA-256\0".utf8) + [0, 0, 0, 1, 0x6e])
        #expect(
            lines([
                (.frontend, WrittenSession.startup),
                (.backend, WrittenSession.frame("R", [0, 0, 0, 10] + Array("SCRAM-SHA-256\0\0".utf8))),
                (.frontend, sasl), (.backend, WrittenSession.frame("R", [0, 0, 0, 11, 0x72])),
                (.frontend, WrittenSession.frame("p", [0x63])),
                (.backend, WrittenSession.frame("R", [0, 0, 0, 12, 0x76])),
                (.backend, WrittenSession.frame("R", [0, 0, 0, 7])),
                (.frontend, WrittenSession.frame("p", [9])),
            ]).dropFirst() == [
                "B\t23\tAuthenticationSASL\t \"SCRAM-SHA-256\"",
                "F\t23\tSASLInitialResponse\t \"SCRAM-SHA-256\" <redacted>",
                "B\t9\tAuthenticationSASLContinue\t 'r'",
                "F\t5\tSASLResponse\t <redacted>", "B\t9\tAuthenticationSASLFinal\t <redacted>",
                "B\t8\tAuthenticationGSS", "F\t5\tGSSResponse\t <redacted>",
            ])
    }

    @Test("TLS is told of where it begins, and its bytes are counted")
    func tls() {
        #expect(
            lines([
                (.frontend, Self.gssencRequest), (.backend, [0x4e]), (.frontend, Self.sslRequest),
                (.backend, [0x53]),
                (.frontend, [0x16, 3, 1, 0, 1, 9]), (.backend, [0x16, 3, 1]), (.frontend, [1, 2]),
            ]) == [
                "F\t8\tGSSENCRequest\t 1234 5680", "B\t1\tGSSENCResponse\t N", "F\t8\tSSLRequest\t 1234 5679",
                "B\t1\tSSLResponse\t S", "# frontend TLS, not decoded: 8 bytes",
                "# backend TLS, not decoded: 3 bytes",
            ])
    }

    @Test("A startup packet in the same segment as SSLRequest waits for the answer")
    func eager() {
        #expect(
            lines([(.frontend, Self.sslRequest + WrittenSession.startup), (.backend, [0x4e])]) == [
                "F\t8\tSSLRequest\t 1234 5679", "F\t16\tStartupMessage\t 3 0 \"user\" \"a\"",
                "B\t1\tSSLResponse\t N",
            ])
    }

    @Test("An ErrorResponse may answer SSLRequest")
    func errorForAnswer() {
        let error = WrittenSession.frame("E", Array("SFATAL\0\0".utf8))
        #expect(
            lines([(.frontend, Self.sslRequest), (.backend, error)]) == [
                "F\t8\tSSLRequest\t 1234 5679", "B\t12\tErrorResponse\t S \"FATAL\" \\x00",
            ])
    }

    @Test("Other protocols are told by how they begin")
    func foreign() {
        #expect(
            lines([(.frontend, Array("GET / HTTP/1.1\r\n\r\n".utf8))]) == [
                "# frontend not PostgreSQL: HTTP: 18 bytes"
            ])
        #expect(
            lines([(.frontend, Array("SSH-2.0-x\r\n".utf8))]) == ["# frontend not PostgreSQL: SSH: 11 bytes"])
        #expect(lines([(.frontend, [0x16, 3, 1, 2, 0])]) == ["# frontend not PostgreSQL: TLS: 5 bytes"])
        #expect(lines([(.frontend, [9, 9, 9, 9, 9])]) == ["# frontend not PostgreSQL: unknown: 5 bytes"])
        #expect(lines([(.frontend, [0, 0, 0])]) == ["# frontend ends within a frame: 3 bytes"])
        #expect(
            lines([(.backend, Array("SSH-2.0-x\r\n".utf8))]) == [
                "# backend no frame (type S, length 1397239090: at most 1048576): 11 bytes"
            ])
    }

    @Test("A type or a length that is none ends that side, and is told with the rest of its bytes")
    func badFrames() {
        #expect(
            lines([(.frontend, WrittenSession.startup), (.frontend, [0x7e, 0, 0, 0, 4])]).dropFirst() == [
                "# frontend no frame (type ~ is none of this side): 5 bytes"
            ])
        #expect(
            lines([(.frontend, WrittenSession.startup), (.backend, [0x5a, 0, 0, 0, 3, 1])]).dropFirst() == [
                "# backend no frame (type Z, length 3: at least 4): 6 bytes"
            ])
    }

    @Test("The refusal of protocol 2.0 is a string")
    func protocol2() {
        #expect(
            lines([(.frontend, [0, 0, 0, 8, 0, 2, 0, 0]), (.backend, Array("EFATAL:  no\n\0".utf8))]) == [
                "F\t8\tStartupMessage\t <unsupportedProtocol(major: 2, minor: 0)>",
                "B\t12\tErrorResponse\t \"FATAL:  no\\x0a\"",
            ])
    }

    @Test("A frame of the greatest length that is gathered is decoded, a longer one is told of")
    func longFrames() {
        func queries(_ count: Int) -> [String] {
            let query =
                WrittenSession.query(String(repeating: "x", count: count - 1)) + WrittenSession.frame("S", [])
            var session = WrittenSession()
            session.send(.frontend, WrittenSession.startup)
            var rest = query[...]
            while !rest.isEmpty {
                session.send(.frontend, Array(rest.prefix(60_000)))
                rest = rest.dropFirst(60_000)
            }
            return trace(WrittenCapture(packets: session.packets))
        }
        #expect(queries(CaptureLimits.body).map { $0.prefix(20) }[1] == "F\t16777220\tQuery\t \"x")
        #expect(
            queries(CaptureLimits.body + 1)[1...] == [
                "# frontend a frame of type Q and length 16777221, too long to be shown", "F\t4\tSync",
            ])
    }

    @Test("So many messages of a side are shown; what follows is counted in bytes")
    func manyMessages() {
        let sync = WrittenSession.frame("S", [])
        func lines(_ count: Int) -> [String] {
            var session = WrittenSession()
            session.send(.frontend, WrittenSession.startup)
            var left = count
            while left > 0 {
                session.send(.frontend, Array(repeatElement(sync, count: min(left, 10_000)).joined()))
                left -= min(left, 10_000)
            }
            return trace(WrittenCapture(packets: session.packets), .allAtOnce)
        }
        // The startup packet is one of them.
        #expect(lines(CaptureLimits.eventsOfSide - 1).count == CaptureLimits.eventsOfSide)
        let past = lines(CaptureLimits.eventsOfSide)
        #expect(past.count == CaptureLimits.eventsOfSide + 1)
        #expect(past.last == "# frontend too many messages to show them all: 5 bytes")
    }
}
