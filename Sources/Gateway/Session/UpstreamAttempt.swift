import GatewayConfiguration
import GatewayRouting
import Glibc
import PGWire
import Transport

/// The gateway's own login at one replica: connect, TLS, PostgreSQL's login, attestation. Takes an `AttestedReplica`,
/// which only selection makes: there is no other way to an upstream.
final class UpstreamAttempt {
    enum Progress {
        case pending
        case ready(UpstreamConnection)
        case failed(UpstreamFailure)
    }

    private enum Phase {
        case connecting
        case askingTLS
        case handshaking
        case loggingIn
        case attesting
        case ended
    }

    let attested: AttestedReplica
    let stream: Stream
    private let address: SocketAddress
    private let plan: UpstreamPlan
    private let pool: BufferPool
    private var phase = Phase.connecting
    private var inbound: ByteBuffer
    private var outbound: ByteBuffer
    private var login = UpstreamLogin(digests: LoginCrypto.self)
    private var result: UpstreamLoginResult?
    private var attestation: AttestationQuery

    init(_ attested: AttestedReplica, plan: UpstreamPlan, worker: Worker, token: UInt64)
        throws(UpstreamFailure)
    {
        self.attested = attested
        self.plan = plan
        pool = worker.pool
        address = SocketAddress(ip: attested.address.bytes, port: attested.target.port)
        // The resolved address that was attested is the one that is connected to (F-POL-01).
        guard attested.target.admits(attested.address) else { throw .address }
        do throws(TransportError) {
            let descriptor = try worker.context.platform.connect(address)
            guard DescriptorLimit.leavesRoom(descriptor) else {
                Socket.close(descriptor)
                throw TransportError.system(call: "socket", code: EMFILE)
            }
            stream = Stream(descriptor: descriptor)
            try worker.loop.add(descriptor, token: token | Worker.Role.upstream.rawValue)
        } catch {
            throw .transport(error)
        }
        inbound = ByteBuffer(pool: pool)
        outbound = ByteBuffer(pool: pool)
        attestation = AttestationQuery(isWalsender: plan.isWalsender)
    }

    func close() { stream.close() }

    /// Goes as far as the sockets allow.
    func advance() -> Progress {
        do throws(UpstreamFailure) {
            if case .connecting = phase { try connected() }
            if case .askingTLS = phase { try readTLSAnswer() }
            if case .handshaking = phase { try handshake() }
            try send()
            while try receive() {
                while let header = try nextFrame() {
                    if let connection = try take(header) { return .ready(connection) }
                }
                try send()
            }
            return .pending
        } catch {
            stream.close()
            phase = .ended
            return .failed(error)
        }
    }

    private func connected() throws(UpstreamFailure) {
        guard stream.isWritable else { return }
        let code = Socket.connectError(stream.descriptor)
        guard code == 0 else { throw .transport(.system(call: "connect", code: code)) }
        guard plan.tls != nil else { return try beginLogin() }
        outbound.append(UpstreamAttempt.sslRequest)
        phase = .askingTLS
        try send()
    }

    /// SSLRequest, whole.
    static let sslRequest: [UInt8] = {
        var bytes: [UInt8] = []
        UpstreamEncryption.request(into: &bytes)
        return bytes
    }()

    private func send() throws(UpstreamFailure) {
        guard !outbound.isEmpty, stream.isWritable else { return }
        if case .handshaking = phase { return }
        switch stream.write(from: &outbound, limit: outbound.count) {
        case .moved, .wouldBlock: break
        case .closed: throw .closed
        case .failed(let error): throw .transport(error)
        }
    }

    /// False where nothing came.
    private func receive() throws(UpstreamFailure) -> Bool {
        guard stream.isReadable else { return false }
        switch phase {
        case .connecting, .handshaking, .askingTLS, .ended: return false
        case .loggingIn, .attesting: break
        }
        switch stream.read(into: &inbound) {
        case .moved: return true
        case .wouldBlock: return false
        case .closed: throw .closed
        case .failed(let error): throw .transport(error)
        }
    }

    // MARK: TLS

    private func readTLSAnswer() throws(UpstreamFailure) {
        guard stream.isReadable, let tls = plan.tls else { return }
        switch stream.read(into: &inbound) {
        case .moved: break
        case .wouldBlock: return
        case .closed: throw .closed
        case .failed(let error): throw .transport(error)
        }
        switch UpstreamEncryption.answerReceived(inbound.readable) {
        case .waitForMore: return
        case .fail(let failure): throw .encryption(failure)
        case .beginTLS: inbound.removeAll()
        }
        do throws(TransportError) {
            try stream.connectTLS(
                tls.context, host: attested.target.host,
                verifiesHost: attested.target.sslmode == .verifyFull, identity: plan.identity)
        } catch {
            throw .transport(error)
        }
        phase = .handshaking
        try handshake()
    }

    private func handshake() throws(UpstreamFailure) {
        switch stream.handshake() {
        case .moved:
            // The pin is checked before any byte of the executor's goes upstream (architecture, rule 3).
            if let pin = attested.expectation.spki, stream.peerPublicKeyPin != pin {
                throw .attestation(.spkiMismatch(expected: pin, found: stream.peerPublicKeyPin))
            }
            try beginLogin()
        case .wouldBlock: break
        case .closed: throw .closed
        case .failed(let error): throw .transport(error)
        }
    }

    // MARK: Login

    private func beginLogin() throws(UpstreamFailure) {
        var credential = UpstreamCredential(
            user: Array(plan.role.utf8), password: plan.password, nonce: plan.nonce,
            isEncrypted: stream.isEncrypted)
        credential.allowsWeakAuthentication = plan.allowsWeakAuthentication
        credential.channelBinding = stream.serverEndPoint
        credential.scramKeys = plan.scramKeys.keys(of: plan.scramName)
        phase = .loggingIn
        try perform(login.start(parameters: plan.parameters, credential: credential))
    }

    private func perform(_ action: UpstreamLogin<LoginCrypto>.Action) throws(UpstreamFailure) {
        switch action {
        case .send(let bytes):
            outbound.append(bytes)
            try send()
        case .wait: break
        case .fail(let failure): throw .login(failure)
        case .loggedIn(let result):
            self.result = result
            if let keys = result.scramKeys { plan.scramKeys.keep(keys, of: plan.scramName) }
            phase = .attesting
            try ask()
        }
    }

    private func nextFrame() throws(UpstreamFailure) -> FrameHeader? {
        let origin: FrameHeader.Origin
        switch phase {
        case .loggingIn: origin = .replicaAtLogin
        case .attesting: origin = .replica
        case .connecting, .askingTLS, .handshaking, .ended: return nil
        }
        do throws(FrameError) {
            let read = try inbound.withBytes(0..<inbound.count) { (bytes) throws(FrameError) in
                try FrameHeader.read(from: bytes, origin: origin)
            }
            guard let header = read else { return nil }
            // No answer to our own queries is long.
            guard header.frameLength <= BufferPool.blockSize else {
                throw FrameError.unexpectedTag(header.tag)
            }
            return inbound.count >= header.frameLength ? header : nil
        } catch {
            throw .unreadable
        }
    }

    private func take(_ header: FrameHeader) throws(UpstreamFailure) -> UpstreamConnection? {
        guard let tag = header.backendTag else { throw .unreadable }
        let range = WireLimits.frameHeader..<header.frameLength
        if case .loggingIn = phase {
            let action = inbound.withBytes(range) { login.frameReceived(tag: header.tag, body: $0) }
            inbound.consume(header.frameLength)
            try perform(action)
            return nil
        }
        let isAnswered = try inbound.withBytes(range) { (body) throws(UpstreamFailure) in
            try attestation.receive(tag, body)
        }
        inbound.consume(header.frameLength)
        guard isAnswered else { return nil }
        if attestation.next != nil {
            try ask()
            return nil
        }
        return try attest()
    }

    // MARK: Attestation

    private func ask() throws(UpstreamFailure) {
        guard let sql = attestation.next else { return }
        var frame: [UInt8] = []
        guard (try? Query.encode(sql: Array(sql.utf8), into: &frame)) != nil else { throw .unreadable }
        outbound.append(frame)
        try send()
    }

    private func attest() throws(UpstreamFailure) -> UpstreamConnection {
        guard let result else { throw .unreadable }
        func parameter(_ name: String) -> String? {
            result.parameters.last { $0.name.elementsEqual(name.utf8) }.map {
                String(decoding: $0.value, as: UTF8.self)
            }
        }
        let answer = try attestation.answer(
            backendPID: result.key?.processID ?? 0, inHotStandby: parameter("in_hot_standby"),
            spki: stream.peerPublicKeyPin)
        if let difference = attested.expectation.difference(from: answer.facts) {
            throw .attestation(difference)
        }
        var notices: [UInt8] = []
        for notice in result.notices { try? notice.encode(into: &notices) }
        phase = .ended
        let relayed = RelayedConnection(
            stream: stream, dbname: plan.dbname, replica: attested, address: address, tls: plan.tls,
            key: result.key,
            backendStart: answer.backendStart, recovery: answer.facts.recovery)
        return UpstreamConnection(
            relayed: relayed, attested: attested, parameters: result.parameters, facts: answer.facts,
            notices: notices,
            leftover: inbound.withBytes(0..<inbound.count) { $0.bytes(in: 0..<$0.count) })
    }
}
