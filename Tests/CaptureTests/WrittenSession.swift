import Capture
import PGWire

/// A short session as packets: opened, spoken in, closed.
struct WrittenSession {
    var frontendStart: UInt32 = 1_000
    var backendStart: UInt32 = 9_000
    var port: UInt16 = 40_000
    private(set) var packets: [WrittenPacket] = []
    private var frontendNext: UInt32
    private var backendNext: UInt32

    init(frontendStart: UInt32 = 1_000, backendStart: UInt32 = 9_000, port: UInt16 = 40_000) {
        self.frontendStart = frontendStart
        self.backendStart = backendStart
        self.port = port
        frontendNext = frontendStart &+ 1
        backendNext = backendStart &+ 1
        packets = [
            WrittenPacket(fromFrontend: true, sequence: frontendStart, flags: WrittenPacket.syn, port: port),
            WrittenPacket(
                fromFrontend: false, sequence: backendStart, acknowledgement: frontendNext,
                flags: WrittenPacket.synAck, port: port),
        ]
    }

    mutating func send(_ side: TraceLine.Side, _ data: [UInt8], flags: UInt8 = 0x18) {
        let isFrontend = side == .frontend
        packets.append(
            WrittenPacket(
                fromFrontend: isFrontend, sequence: isFrontend ? frontendNext : backendNext,
                acknowledgement: isFrontend ? backendNext : frontendNext, flags: flags, data: data, port: port
            ))
        let end = UInt32(truncatingIfNeeded: data.count) &+ (flags & 1 == 1 ? 1 : 0)
        if isFrontend { frontendNext &+= end } else { backendNext &+= end }
    }

    mutating func close() {
        send(.frontend, [], flags: WrittenPacket.fin)
        send(.backend, [], flags: WrittenPacket.fin)
    }

    static func frame(_ tag: Character, _ body: [UInt8]) -> [UInt8] {
        [tag.asciiValue ?? 0] + big(UInt32(body.count + 4)) + body
    }

    static let startup: [UInt8] = big(UInt32(16)) + [0, 3, 0, 0] + Array("user\0a\0\0".utf8)

    static func query(_ text: String) -> [UInt8] { frame("Q", Array(text.utf8) + [0]) }

    /// SSLRequest answered N, a password, two queries with rows, the end; each message in a packet of its own.
    static func usual(frontendStart: UInt32 = 1_000, backendStart: UInt32 = 9_000, rows: Int = 2)
        -> WrittenSession
    {
        var session = WrittenSession(frontendStart: frontendStart, backendStart: backendStart)
        session.send(.frontend, [0, 0, 0, 8, 4, 210, 22, 47])
        session.send(.backend, Array("N".utf8))
        session.send(.frontend, startup)
        session.send(.backend, frame("R", [0, 0, 0, 3]))
        session.send(.frontend, frame("p", Array("synthetic\0".utf8)))
        session.send(.backend, frame("R", [0, 0, 0, 0]) + frame("Z", [0x49]))
        for number in 0..<2 {
            session.send(.frontend, query("select \(number)"))
            for row in 0..<rows {
                session.send(.backend, frame("D", [0, 1, 0, 0, 0, 2] + Array("\(row % 90 + 10)".utf8)))
            }
            session.send(.backend, frame("C", Array("SELECT \(rows)\0".utf8)) + frame("Z", [0x49]))
        }
        session.send(.frontend, frame("X", []))
        session.close()
        return session
    }

    /// What `usual` is in a trace.
    static func usualTrace(rows: Int = 2) -> [String] {
        var lines = [
            "F\t8\tSSLRequest\t 1234 5679", "B\t1\tSSLResponse\t N",
            "F\t16\tStartupMessage\t 3 0 \"user\" \"a\"",
        ]
        lines += ["B\t8\tAuthenticationCleartextPassword", "F\t14\tPasswordMessage\t <redacted>"]
        lines += ["B\t8\tAuthenticationOk", "B\t5\tReadyForQuery\t I"]
        for number in 0..<2 {
            lines += ["F\t13\tQuery\t \"select \(number)\""]
            lines += (0..<rows).map { "B\t12\tDataRow\t 1 2 '\($0 % 90 + 10)'" }
            lines += [
                "B\t\(12 + "\(rows)".count)\tCommandComplete\t \"SELECT \(rows)\"", "B\t5\tReadyForQuery\t I",
            ]
        }
        return lines + ["F\t4\tTerminate", "# frontend closes", "# backend closes"]
    }
}

/// The lines of a trace without those that name connections.
func trace(
    _ capture: WrittenCapture, _ chunking: CaptureReplay.Chunking = .asCaptured, named: Bool = false
) -> [String] {
    trace(capture.bytes, chunking, named: named)
}

func trace(_ bytes: [UInt8], _ chunking: CaptureReplay.Chunking = .asCaptured, named: Bool = false)
    -> [String]
{
    let lines = CaptureText().lines(CaptureReplay(CaptureFile(bytes)), chunking)
    return named ? lines : lines.filter { !$0.hasPrefix("# connection") }
}
