import Foundation
import Glibc
import PGWire
import Transport

/// Writes protocol bytes to the gateway and reads what it answers, frame by frame. Not a driver: it sends what a test
/// tells it to, right or wrong.
final class RawClient {
    struct Frame: Equatable {
        let tag: UInt8
        let body: [UInt8]

        var letter: String { String(UnicodeScalar(tag)) }
    }

    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    private let stream: Transport.Stream
    private let pool = BufferPool()
    private var inbound: ByteBuffer

    /// A server that has closed is an error of `send`; OpenSSL's writes would end the test process instead.
    private static let ignoresBrokenPipes: Void = { _ = signal(SIGPIPE, SIG_IGN) }()

    init(host: String, port: Int, from source: String? = nil) throws {
        RawClient.ignoresBrokenPipes
        guard let address = SocketAddress(literal: host == "localhost" ? "127.0.0.1" : host, port: port)
        else {
            throw Failure(description: "no address: \(host)")
        }
        stream = Transport.Stream(
            descriptor: try source.map { try RawClient.connect(from: $0, host: host, port: port) }
                ?? Socket.connect(to: address))
        inbound = ByteBuffer(pool: pool)
        try wait(POLLOUT)
    }

    /// A connection from another address of this host, which is that of an executor elsewhere.
    private static func connect(from source: String, host: String, port: Int) throws -> Int32 {
        func address(_ text: String, _ port: Int) -> sockaddr_in {
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = in_port_t(truncatingIfNeeded: port).bigEndian
            inet_pton(AF_INET, text, &address.sin_addr)
            return address
        }
        func call(_ name: String, _ text: String, _ port: Int, _ body: (UnsafePointer<sockaddr>) -> Int32)
            throws
        {
            var place = address(text, port)
            let status = withUnsafePointer(to: &place) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1, body)
            }
            guard status == 0 else { throw Failure(description: "\(name) \(text): errno \(errno)") }
        }
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        let length = socklen_t(MemoryLayout<sockaddr_in>.size)
        do {
            try call("bind", source, 0) { bind(descriptor, $0, length) }
            try call("connect", host == "localhost" ? "127.0.0.1" : host, port) {
                Glibc.connect(descriptor, $0, length)
            }
        } catch {
            Glibc.close(descriptor)
            throw error
        }
        _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
        return descriptor
    }

    func close() { stream.close() }
    func shutdownWrite() { stream.shutdownWrite() }

    // MARK: Bytes

    func send(_ bytes: [UInt8]) throws {
        var buffer = ByteBuffer(pool: pool)
        buffer.append(bytes)
        while !buffer.isEmpty {
            stream.note(Readiness(isReadable: false, isWritable: true, isHungUp: false))
            switch stream.write(from: &buffer, limit: buffer.count) {
            case .moved: break
            case .wouldBlock: try wait(POLLOUT)
            case .closed: throw Failure(description: "closed while writing")
            case .failed(let error): throw error
            }
        }
    }

    /// Reads more; false at the end of the stream.
    private func receive(_ seconds: Double) throws -> Bool {
        while true {
            stream.note(Readiness(isReadable: true, isWritable: false, isHungUp: false))
            switch stream.read(into: &inbound) {
            case .moved: return true
            case .wouldBlock: try wait(POLLIN, seconds)
            case .closed: return false
            case .failed(let error): throw error
            }
        }
    }

    private func wait(_ events: Int32, _ seconds: Double = 10) throws {
        var descriptor = pollfd(fd: stream.descriptor, events: Int16(events), revents: 0)
        guard poll(&descriptor, 1, Int32(seconds * 1000)) > 0 else {
            throw Failure(description: "nothing came within \(seconds) s")
        }
    }

    private func peek(_ range: Range<Int>) -> [UInt8] {
        inbound.withBytes(range) { $0.bytes(in: 0..<$0.count) }
    }

    /// One byte, as the answer to a request for encryption; nil at the end of the stream.
    func readByte() throws -> UInt8? {
        while inbound.isEmpty { guard try receive(10) else { return nil } }
        let byte = peek(0..<1)[0]
        inbound.consume(1)
        return byte
    }

    /// The next frame; nil at the end of the stream.
    func readFrame(within seconds: Double = 10) throws -> Frame? {
        while true {
            if inbound.count >= 5 {
                let head = peek(0..<5)
                let length = head[1...].reduce(0) { $0 << 8 | Int($1) }
                if inbound.count >= 1 + length {
                    let frame = Frame(tag: head[0], body: peek(5..<(1 + length)))
                    inbound.consume(1 + length)
                    return frame
                }
            }
            guard try receive(seconds) else {
                guard inbound.isEmpty else { throw Failure(description: "the stream ends inside a frame") }
                return nil
            }
        }
    }

    /// The next frame's type and the length of its body, which is let go as it comes; nil at the end of the stream.
    func skimFrame() throws -> (letter: String, bytes: Int)? {
        while inbound.count < 5 { guard try receive(60) else { return nil } }
        let head = peek(0..<5)
        let bytes = head[1...].reduce(0) { $0 << 8 | Int($1) } - 4
        inbound.consume(5)
        var left = bytes
        while left > 0 {
            if inbound.isEmpty, try !receive(60) { return nil }
            let some = min(left, inbound.count)
            inbound.consume(some)
            left -= some
        }
        return (String(UnicodeScalar(head[0])), bytes)
    }

    /// Frames up to and with the first of this type, or up to the end of the stream.
    func readFrames(until tag: Character, within seconds: Double = 10) throws -> [Frame] {
        var frames: [Frame] = []
        while let frame = try readFrame(within: seconds) {
            frames.append(frame)
            if frame.letter == String(tag) { break }
        }
        return frames
    }

    /// Everything up to the end of the stream.
    func readToEnd(within seconds: Double = 10) throws -> [UInt8] {
        while try receive(seconds) {}
        let all = peek(0..<inbound.count)
        inbound.removeAll()
        return all
    }

    // MARK: Login

    /// SSLRequest and the handshake; the certificate must be for `host`.
    ///
    /// - Parameter identity: the path of the client's own certificate and key, without `.crt` and `.key`.
    func beginTLS(authority: String, host: String, identity: String? = nil) throws {
        var request: [UInt8] = []
        SSLRequest.encode(into: &request)
        try send(request)
        guard try readByte() == UInt8(ascii: "S") else { throw Failure(description: "TLS refused") }
        try handshake(authority: authority, host: host, identity: identity)
    }

    func handshake(authority: String, host: String, identity: String? = nil) throws {
        let context = try TLSContext(
            trust: .authority(file: authority), certificate: identity.map { $0 + ".crt" },
            key: identity.map { $0 + ".key" })
        try stream.connectTLS(context, host: host, verifiesHost: true)
        while true {
            switch stream.handshake() {
            case .moved: return
            case .wouldBlock: try wait(POLLIN)
            case .closed: throw Failure(description: "closed in the handshake")
            case .failed(let error): throw error
            }
        }
    }

    func startup(_ parameters: [(String, String)], version: ProtocolVersion = .v30) throws {
        var bytes: [UInt8] = []
        try StartupMessage(
            version: version, parameters: parameters.map { StartupMessage.Parameter($0.0, $0.1) }
        ).encode(into: &bytes)
        try send(bytes)
    }

    func password(_ text: String) throws {
        var bytes: [UInt8] = []
        try PasswordMessage.encode(password: Array(text.utf8), into: &bytes)
        try send(bytes)
    }

    /// TLS, startup, the token; then frames up to ReadyForQuery or the error.
    func login(_ testbed: Testbed, parameters: [(String, String)], token: String) throws -> [Frame] {
        try beginTLS(authority: testbed.authority, host: testbed.host)
        try startup(parameters)
        guard try readFrame()?.letter == "R" else { throw Failure(description: "no request for a password") }
        try password(token)
        return try readFrames(until: "Z")
    }

    static func query(_ sql: String) throws -> [UInt8] {
        var bytes: [UInt8] = []
        try Query.encode(sql: Array(sql.utf8), into: &bytes)
        return bytes
    }
}

extension RawClient.Frame {
    /// A field of an ErrorResponse or NoticeResponse: `C` is the SQLSTATE, `M` the message, `D` the DETAIL, `H` the HINT.
    func field(_ code: Character) -> String? {
        var index = 0
        while index < body.count, body[index] != 0 {
            let end = body[(index + 1)...].firstIndex(of: 0) ?? body.endIndex
            if String(UnicodeScalar(body[index])) == String(code) {
                return String(decoding: body[(index + 1)..<end], as: UTF8.self)
            }
            index = end + 1
        }
        return nil
    }
}
