import Foundation
import Glibc
import Synchronization

/// A provider on loopback that answers as a test wants it to: well, badly, slowly, or not at all.
final class ProviderServer: Sendable {
    enum Reply: Sendable {
        case body(String, status: Int = 200, location: String? = nil)
        /// A good head, then a byte every 20 ms.
        case dripping
        /// A good head without a length, then bytes without end.
        case endless
        /// A head that claims this many bytes, and a few of them.
        case claiming(Int)
        case silent
    }

    let port: UInt16
    private let listener: Int32
    private let seen = Mutex<[String]>([])
    private let whole = Mutex<[String]>([])
    private let stopped = Mutex(false)
    private let answer: @Sendable (String) -> Reply

    var address: String { "http://127.0.0.1:\(port)" }
    /// Paths asked for, in order.
    var requests: [String] { seen.withLock { $0 } }
    /// Whole requests, head and body, in order.
    var messages: [String] { whole.withLock { $0 } }

    /// - Parameter answer: what a path is answered with; called on a thread of its own for each connection.
    init(_ answer: @escaping @Sendable (String) -> Reply) throws {
        self.answer = answer
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let descriptor = listener
        let bound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                bind(descriptor, pointer, length) == 0 && listen(descriptor, 64) == 0
                    && getsockname(descriptor, pointer, &length) == 0
            }
        }
        guard bound else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
        port = UInt16(bigEndian: address.sin_port)
        Thread.detachNewThread { [self] in acceptAll() }
    }

    /// Connections are refused from now on.
    func stop() {
        let first = stopped.withLock { stopped in
            defer { stopped = true }
            return !stopped
        }
        guard first else { return }
        // Only wakes the accepting thread, which closes: closed here, the descriptor could be another's by then.
        shutdown(listener, Int32(SHUT_RDWR))
    }

    private func acceptAll() {
        while true {
            let connection = accept(listener, nil, nil)
            guard connection >= 0 else {
                close(listener)
                return
            }
            Thread.detachNewThread { [self] in
                serve(connection)
                close(connection)
            }
        }
    }

    private func serve(_ connection: Int32) {
        var request: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while !String(decoding: request, as: UTF8.self).contains("\r\n\r\n") {
            let count = recv(connection, &buffer, buffer.count, 0)
            guard count > 0 else { return }
            request += buffer[..<count]
        }
        let head = String(decoding: request, as: UTF8.self)
        if let length = head.lowercased().firstMatch(of: /content-length: *([0-9]+)/).flatMap({ Int($0.1) }),
            let end = head.range(of: "\r\n\r\n")
        {
            let headLength = head[..<end.upperBound].utf8.count
            while request.count < headLength + min(length, 1 << 20) {
                let count = recv(connection, &buffer, buffer.count, 0)
                guard count > 0 else { return }
                request += buffer[..<count]
            }
        }
        whole.withLock { $0.append(String(decoding: request, as: UTF8.self)) }
        let words = String(decoding: request, as: UTF8.self).split(separator: " ", maxSplits: 2)
        guard words.count == 3 else { return }
        let path = String(words[1])
        seen.withLock { $0.append(path) }
        switch answer(path) {
        case .body(let body, let status, let location):
            let extra = location.map { "Location: \($0)\r\n" } ?? ""
            let head = "HTTP/1.1 \(status) X\r\n\(extra)Content-Length: \(body.utf8.count)\r\n"
            _ = Self.write(Array("\(head)Connection: close\r\n\r\n\(body)".utf8), to: connection)
        case .dripping:
            _ = Self.write(Array("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n".utf8), to: connection)
            while Self.write([0x20], to: connection) { usleep(20_000) }
        case .endless:
            _ = Self.write(Array("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n".utf8), to: connection)
            while Self.write([UInt8](repeating: 0x20, count: 65536), to: connection) {}
        case .claiming(let length):
            _ = Self.write(Array("HTTP/1.1 200 OK\r\nContent-Length: \(length)\r\n\r\n".utf8), to: connection)
            _ = Self.write([UInt8](repeating: 0x20, count: KeyLimits.body + 1), to: connection)
            _ = recv(connection, &buffer, buffer.count, 0)
        case .silent:
            _ = recv(connection, &buffer, buffer.count, 0)
        }
    }

    private static func write(_ bytes: [UInt8], to connection: Int32) -> Bool {
        var sent = 0
        while sent < bytes.count {
            let rest = Array(bytes[sent...])
            let count = send(connection, rest, rest.count, Int32(MSG_NOSIGNAL))
            guard count > 0 else { return false }
            sent += count
        }
        return true
    }
}

/// The limit of design that the tests hold the fetcher to, written down once more by hand.
enum KeyLimits { static let body = 262_144 }
