import GatewayCredentials
import GatewayRouting
import PGWire
import Transport

/// A CancelRequest on its way to a session's replica: the same address, TLS if the session has it and checked the same
/// way, the replica's own key. Ends when the replica has closed the connection, which it does when it has acted.
final class CancelAttempt {
    private enum Phase {
        case connecting
        case askingTLS
        case handshaking
        case waiting
        case ended
    }

    let stream: Stream
    private let session: Session
    private let connection: RelayedConnection
    /// TLS as the configuration in force has it for the session's role: what the login showed may be trusted no more.
    private let tls: UpstreamTLS?
    private var phase = Phase.connecting
    private var inbound: ByteBuffer
    private var outbound: ByteBuffer

    init(connection: RelayedConnection, session: Session) throws(TransportError) {
        self.connection = connection
        self.session = session
        let newer = session.identity.decision.flatMap {
            session.generation.upstreamTLS(database: $0.database, role: $0.role)
        }
        tls = connection.tls == nil ? nil : newer ?? connection.tls
        stream = Stream(descriptor: try session.context.platform.connect(connection.address))
        inbound = ByteBuffer(pool: session.worker.pool)
        outbound = ByteBuffer(pool: session.worker.pool)
        try session.worker.loop.add(stream.descriptor, token: session.token | Worker.Role.cancel.rawValue)
    }

    func close() {
        phase = .ended
        stream.close()
    }

    func advance() {
        switch phase {
        case .connecting: connected()
        case .askingTLS: readTLSAnswer()
        case .handshaking: handshake()
        case .waiting: awaitEnd()
        case .ended: break
        }
        if case .ended = phase { return }
        guard !outbound.isEmpty, stream.isWritable else { return }
        switch stream.write(from: &outbound, limit: outbound.count) {
        case .moved, .wouldBlock: break
        case .closed, .failed: finish()
        }
    }

    private func finish() {
        phase = .ended
        session.cancelEndedUpstream()
    }

    private func connected() {
        guard stream.isWritable else { return }
        guard Socket.connectError(stream.descriptor) == 0 else { return finish() }
        guard tls != nil else { return sendRequest() }
        outbound.append(UpstreamAttempt.sslRequest)
        phase = .askingTLS
    }

    private func readTLSAnswer() {
        guard stream.isReadable, let tls else { return }
        switch stream.read(into: &inbound) {
        case .moved: break
        case .wouldBlock: return
        case .closed, .failed: return finish()
        }
        guard inbound.count == 1, inbound.readable[0] == UInt8(ascii: "S") else { return finish() }
        inbound.removeAll()
        // What the login showed may have ended since.
        let identity: TLSIdentity?
        do throws(MintingFailure) {
            identity = try tls.identity(wall: session.context.platform.wall())
        } catch {
            return finish()
        }
        do throws(TransportError) {
            try stream.connectTLS(
                tls.context, host: connection.host, verifiesHost: connection.verifiesHost,
                identity: identity)
        } catch {
            return finish()
        }
        phase = .handshaking
        handshake()
    }

    private func handshake() {
        switch stream.handshake() {
        case .moved:
            if let pin = connection.spki, stream.peerPublicKeyPin != pin {
                return finish()
            }
            sendRequest()
        case .wouldBlock: break
        case .closed, .failed: finish()
        }
    }

    private func sendRequest() {
        var request: [UInt8] = []
        let cancel = CancelRequest(processID: connection.backendPID, key: connection.backendKey)
        guard (try? cancel.encode(into: &request)) != nil else { return finish() }
        outbound.append(request)
        phase = .waiting
    }

    private func awaitEnd() {
        guard stream.isReadable else { return }
        switch stream.read(into: &inbound) {
        case .moved: inbound.removeAll()
        case .wouldBlock: break
        case .closed, .failed: finish()
        }
    }
}
