import Foundation
import Gateway
import Glibc
import PGWire
import Transport

/// One connection to the server that a capture is played at. Waits in `poll`: the command does nothing else meanwhile.
final class ReplayConnection {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    struct Frame {
        let tag: UInt8
        let body: [UInt8]
    }

    /// How long an answer may take.
    static let patience: Int32 = 10_000

    private let stream: Transport.Stream
    private let pool = BufferPool()
    private var inbound: ByteBuffer
    /// What came is read at most so far while writing waits.
    private static let unread = 64 << 20

    init(_ target: ReplayTarget) throws {
        let host = target.host == "localhost" ? "127.0.0.1" : target.host
        let address =
            host.hasPrefix("/")
            ? SocketAddress(unix: "\(host)/.s.PGSQL.\(target.port)")
            : SocketAddress(literal: host, port: target.port)
        guard let address else { throw Failure(description: "\(host): expected an IP address or a folder") }
        stream = Transport.Stream(descriptor: try Socket.connect(to: address))
        inbound = ByteBuffer(pool: pool)
        _ = try wait(POLLOUT)
        let code = Socket.connectError(stream.descriptor)
        guard code == 0 else { throw TransportError.system(call: "connect \(address)", code: code) }
        if target.encryption != .disable, !host.hasPrefix("/") { try encrypt(target) }
    }

    private func encrypt(_ target: ReplayTarget) throws {
        var request: [UInt8] = []
        UpstreamEncryption.request(into: &request)
        try send(request)
        while inbound.isEmpty { guard try receive() else { throw TransportError.closed } }
        switch inbound.withBytes(0..<inbound.count, { UpstreamEncryption.answerReceived($0) }) {
        case .waitForMore: throw TransportError.closed
        case .beginTLS: break
        case .fail(.notOffered) where target.encryption == .prefer:
            inbound.consume(1)
            return
        case .fail(let failure): throw Failure(description: "TLS: \(failure)")
        }
        inbound.removeAll()
        let trust = target.authority.map { TLSContext.Trust.authority(file: $0) } ?? .anyone
        try stream.connectTLS(
            TLSContext(trust: trust), host: target.host, verifiesHost: target.encryption == .verifyFull)
        while true {
            switch stream.handshake() {
            case .moved: return
            case .wouldBlock: _ = try wait(stream.isWritable ? POLLIN : POLLIN | POLLOUT)
            case .closed: throw TransportError.closed
            case .failed(let error): throw error
            }
        }
    }

    /// Sends a CancelRequest and waits until the server has closed, as it does when it has passed the request on.
    func cancel(_ key: BackendKeyData) throws {
        var request: [UInt8] = []
        try CancelRequest(processID: key.processID, key: key.key).encode(into: &request)
        try send(request)
        while try receive() { inbound.removeAll() }
    }

    /// Logs in with the capture's parameters, user and database being the target's where it names them.
    func login(_ parameters: [StartupMessage.Parameter], _ target: ReplayTarget) throws -> UpstreamLoginResult
    {
        func captured(_ name: String) -> [UInt8] {
            parameters.last { $0.name.elementsEqual(name.utf8) }?.value ?? []
        }
        let user = target.user.map { Array($0.utf8) } ?? captured("user")
        let database = target.database.map { Array($0.utf8) } ?? captured("database")
        let others = parameters.filter {
            !$0.name.elementsEqual("user".utf8) && !$0.name.elementsEqual("database".utf8)
        }
        let named = StartupMessage.Parameter(
            name: Array("database".utf8), value: database.isEmpty ? user : database)
        var credential = UpstreamCredential(
            user: user, password: target.password.map { Array($0.utf8) },
            nonce: Array(UUID().uuidString.utf8),
            isEncrypted: stream.isEncrypted)
        // Whoever names a server on the command line may send it the password that stands beside it.
        credential.allowsWeakAuthentication = true
        credential.channelBinding = stream.serverEndPoint
        var login = UpstreamLogin(digests: LoginCrypto.self)
        var action = login.start(parameters: [named] + others, credential: credential)
        while true {
            switch action {
            case .send(let bytes): try send(bytes)
            case .wait: break
            case .loggedIn(let result): return result
            case .fail(let failure): throw Failure(description: "login: \(failure)")
            }
            guard let frame = try readFrame() else { throw TransportError.closed }
            action = login.frameReceived(tag: frame.tag, body: frame.body.span)
        }
    }

    func send(_ bytes: [UInt8]) throws {
        var outbound = ByteBuffer(pool: pool)
        outbound.append(bytes)
        while !outbound.isEmpty {
            stream.note(Readiness(isReadable: false, isWritable: true, isHungUp: false))
            switch stream.write(from: &outbound, limit: outbound.count) {
            case .moved: break
            case .wouldBlock:
                // A server that waits for its answers to be read reads nothing itself.
                let events = inbound.count < Self.unread ? POLLIN | POLLOUT : POLLOUT
                if try wait(events) & POLLIN != 0 { guard try receive() else { throw TransportError.closed } }
            case .closed: throw TransportError.closed
            case .failed(let error): throw error
            }
        }
    }

    /// The next frame; nil where the server has closed.
    func readFrame() throws -> Frame? {
        while true {
            let header = try inbound.withBytes(0..<inbound.count) { bytes throws(FrameError) in
                try FrameHeader.read(from: bytes, origin: .replica)
            }
            if let header, inbound.count >= header.frameLength {
                let body = inbound.withBytes(WireLimits.frameHeader..<header.frameLength) {
                    $0.bytes(in: 0..<$0.count)
                }
                inbound.consume(header.frameLength)
                return Frame(tag: header.tag, body: body)
            }
            guard try receive() else { return nil }
        }
    }

    /// Reads what is there, waiting for it; false at the end.
    private func receive() throws -> Bool {
        while true {
            stream.note(Readiness(isReadable: true, isWritable: false, isHungUp: false))
            switch stream.read(into: &inbound) {
            case .moved: return true
            case .wouldBlock: _ = try wait(POLLIN)
            case .closed: return false
            case .failed(.closed): return false
            case .failed(let error): throw error
            }
        }
    }

    private func wait(_ events: Int32) throws -> Int32 {
        var descriptor = pollfd(fd: stream.descriptor, events: Int16(truncatingIfNeeded: events), revents: 0)
        guard poll(&descriptor, 1, Self.patience) > 0 else {
            throw Failure(description: "nothing came within \(Self.patience / 1_000) s")
        }
        return Int32(descriptor.revents)
    }
}
