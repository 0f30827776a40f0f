import Audit
import Capture
import Gateway
import PGWire

/// The records that a gateway between the two sides of a capture would have written of what they said: those of
/// statements, their outcomes, COPY and cancel requests, made by the gateway's own `MessageRecorder`.
///
/// Left out is what no capture can know (`gateway`, `region`, `replica`, `issuer`, `subject` and the other claims,
/// `rule`, the records of sessions as a whole) and what is new each time (`seq`, `salt`, `time`). `session` is the
/// connection's number in the capture, `role` the user that was asked for, and durations are those of the packets'
/// times. Parameters are kept as they came. Everything counts as forwarded when it was sent, and a message is read as
/// if it had been gathered, however large it is.
///
/// The records of a connection end where a gateway would have ended the session, and where bytes are missing that it
/// would have had to read. Without a login that ended well there are none.
package struct CapturedRecords: Equatable, Sendable {
    /// A JSON object each, in interface.md's order of keys.
    package let lines: [String]
    /// Why a connection has no records, or none from some packet on.
    package let remarks: [String]

    package init(_ replay: CaptureReplay, _ chunking: CaptureReplay.Chunking = .asCaptured) {
        var sessions = CapturedSessions()
        for connection in replay.connections { sessions.note(connection) }
        for event in replay.events(chunking) {
            let index = event.packet &- 1
            let packet = replay.file.packets.indices.contains(index) ? replay.file.packets[index] : nil
            sessions.take(event, at: packet?.nanoseconds)
        }
        lines = sessions.lines
        remarks = sessions.remarks
    }
}

/// All sessions of one capture, and what they have left in the log.
private struct CapturedSessions: ~Copyable {
    private var batch = RecordBatch(recordLimit: 64 << 10)
    private var sessions: [Int: CapturedSession] = [:]
    private var clients: [Int: String] = [:]
    /// Whose cancel key this is: the body of BackendKeyData, and the connection.
    private var owners: [[UInt8]: Int] = [:]
    /// Nanoseconds; never goes back, as packets may.
    private var now: UInt64 = 0
    private(set) var lines: [String] = []
    private(set) var remarks: [String] = []

    mutating func note(_ connection: CapturedConnection) {
        clients[connection.number] = "\(connection.frontend)"
    }

    mutating func take(_ event: CaptureEvent, at nanoseconds: Int64?) {
        if let nanoseconds { now = max(now, UInt64(clamping: nanoseconds)) }
        switch event.content {
        case .note(let note): take(note, event)
        case .message(let message):
            if let tag = message.tag {
                if event.side == .backend, tag == BackendTag.backendKeyData.rawValue {
                    owners[message.body] = event.connection
                }
                take(tag, message.body, event)
            } else if event.side == .frontend {
                open(message.body, event.connection)
            }
        }
        guard !batch.isEmpty else { return }
        lines += batch.unstamped()
        batch.removeAll()
    }

    private mutating func open(_ packet: [UInt8], _ connection: Int) {
        let client = clients[connection] ?? ""
        switch try? StartupRequest.decode(packet.span) {
        case .startupMessage(let startup)?:
            sessions[connection] = CapturedSession(connection, client: client, startup)
        case .cancelRequest?:
            // What it says of the session is that session's BackendKeyData, behind its code.
            guard let owner = owners[Array(packet.dropFirst(4))] else { return }
            sessions[owner]?.cancelAsked(by: client, into: &batch)
        case .sslRequest?, .gssencRequest?, nil: break
        }
    }

    private mutating func take(_ tag: UInt8, _ body: [UInt8], _ event: CaptureEvent) {
        guard let session = sessions[event.connection] else { return }
        switch event.side {
        case .frontend:
            guard let tag = FrontendTag(rawValue: tag) else { return }
            session.received(.init(tag: tag, length: body.count, body: body), now: now, into: &batch)
        case .backend:
            guard let tag = BackendTag(rawValue: tag) else { return }
            session.answered(tag, body, now: now, into: &batch)
        }
    }

    private mutating func take(_ note: CaptureEvent.Note, _ event: CaptureEvent) {
        guard let session = sessions[event.connection] else {
            if case .passed(let reason, _, _) = note, reason != .behindLastPacket { remark(note, event) }
            return
        }
        guard session.isOpen else { return }
        switch note {
        case .closed:
            // The other side's end leaves what was sent to be answered.
            if event.side == .backend { session.ended(into: &batch) }
        case .reset: session.ended(into: &batch)
        case .incomplete: break
        case .frame(let tag, let length, _):
            guard !session.passed(event.side, tag, length: length &- 4, now: now, into: &batch) else {
                return
            }
            remark(note, event)
        case .passed(.noFrame, _, _):
            session.ended(into: &batch)
            remark(note, event)
        case .passed:
            session.cut()
            remark(note, event)
        }
    }

    private mutating func remark(_ note: CaptureEvent.Note, _ event: CaptureEvent) {
        remarks.append(
            "connection \(event.connection), packet \(event.packet): no records from here on: "
                + "\(event.side.rawValue) \(note)")
    }
}
