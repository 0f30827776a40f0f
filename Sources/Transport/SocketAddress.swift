import CLinux
import Glibc

/// An address of a socket: IPv4, IPv6, or a path.
package struct SocketAddress: Sendable, Hashable, CustomStringConvertible {
    package enum Kind: Sendable, Hashable {
        /// IPv4-mapped IPv6 addresses are kept as IPv4 (F-OPS-16).
        case ip(bytes: IPBytes, port: UInt16)
        case unix(path: String)
    }

    package let kind: Kind

    package init(ip bytes: [UInt8], port: Int) {
        let mapped: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff]
        let plain = bytes.count == 16 && bytes.starts(with: mapped) ? Array(bytes[12...]) : bytes
        kind = .ip(bytes: IPBytes(plain), port: UInt16(truncatingIfNeeded: port))
    }

    package init(unix path: String) { kind = .unix(path: path) }

    /// A literal IPv4 or IPv6 address; nil where `host` is none.
    package init?(literal host: String, port: Int) {
        // C would read up to a NUL, and take what stands before it for the whole.
        guard (0...65535).contains(port), !host.utf8.contains(0) else { return nil }
        var four = in_addr()
        var six = in6_addr()
        if inet_pton(AF_INET, host, &four) == 1 {
            self.init(ip: withUnsafeBytes(of: &four) { Array($0) }, port: port)
        } else if inet_pton(AF_INET6, host, &six) == 1 {
            self.init(ip: withUnsafeBytes(of: &six) { Array($0) }, port: port)
        } else {
            return nil
        }
    }

    /// The host's bytes without the port: what limits count. Empty for a Unix socket.
    package var hostBytes: [UInt8] {
        switch kind {
        case .ip(let bytes, _): bytes.array
        case .unix: []
        }
    }

    /// `127.0.0.1:5432`, `[::1]:5432`, or `unix`.
    package var description: String {
        switch kind {
        case .ip(let bytes, let port): bytes.count == 4 ? "\(host):\(port)" : "[\(host)]:\(port)"
        case .unix(let path): path.isEmpty ? "unix" : path
        }
    }

    /// The address without its port.
    package var host: String {
        switch kind {
        case .ip(let bytes, _):
            let bytes = bytes.array
            if bytes.count == 4 { return bytes.map(String.init).joined(separator: ".") }
            var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
            let made = bytes.withUnsafeBytes {
                inet_ntop(AF_INET6, $0.baseAddress, &text, socklen_t(text.count))
            }
            guard made != nil else { return "?" }
            return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        case .unix(let path): return path
        }
    }

    var family: Int32 {
        switch kind {
        case .ip(let bytes, _): bytes.count == 4 ? AF_INET : AF_INET6
        case .unix: AF_UNIX
        }
    }

    /// Calls `body` with the address as the kernel wants it.
    func withSockaddr<R>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> R) throws(TransportError) -> R {
        switch kind {
        case .ip(let bytes, let port) where bytes.count == 4:
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = port.bigEndian
            withUnsafeMutableBytes(of: &address.sin_addr) { $0.copyBytes(from: bytes.array) }
            return SocketAddress.erased(&address, body)
        case .ip(let bytes, let port):
            var address = sockaddr_in6()
            address.sin6_family = sa_family_t(AF_INET6)
            address.sin6_port = port.bigEndian
            withUnsafeMutableBytes(of: &address.sin6_addr) { $0.copyBytes(from: bytes.array) }
            return SocketAddress.erased(&address, body)
        case .unix(let path):
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            let capacity = MemoryLayout.size(ofValue: address.sun_path)
            guard path.utf8.count < capacity else {
                throw .address("socket path longer than \(capacity - 1) bytes")
            }
            withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
            return SocketAddress.erased(&address, body)
        }
    }

    private static func erased<A, R>(_ address: inout A, _ body: (UnsafePointer<sockaddr>, socklen_t) -> R)
        -> R
    {
        // SAFETY: every sockaddr_* begins as a sockaddr; the length passed is that of the real type.
        withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<A>.size))
            }
        }
    }

    /// Reads an address that the kernel wrote.
    init(_ storage: sockaddr_storage) {
        let family = Int32(storage.ss_family)
        // SAFETY: sockaddr_storage is large enough and aligned for every family; only the family's own type is read.
        self = withUnsafeBytes(of: storage) { raw -> SocketAddress in
            switch family {
            case AF_INET:
                let address = raw.loadUnaligned(as: sockaddr_in.self)
                return SocketAddress(
                    ip: withUnsafeBytes(of: address.sin_addr) { Array($0) },
                    port: Int(UInt16(bigEndian: address.sin_port)))
            case AF_INET6:
                let address = raw.loadUnaligned(as: sockaddr_in6.self)
                return SocketAddress(
                    ip: withUnsafeBytes(of: address.sin6_addr) { Array($0) },
                    port: Int(UInt16(bigEndian: address.sin6_port)))
            default:
                return SocketAddress(unix: "")
            }
        }
    }

    /// The path of a Unix socket as the kernel wrote it; nil for another family, a name without a path, an abstract one.
    static func path(_ storage: sockaddr_storage) -> String? {
        guard Int32(storage.ss_family) == AF_UNIX else { return nil }
        // SAFETY: sockaddr_storage is large enough and aligned for every family.
        let path = withUnsafeBytes(of: storage) { raw in
            let address = raw.loadUnaligned(as: sockaddr_un.self)
            return withUnsafeBytes(of: address.sun_path) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
        }
        return path.isEmpty ? nil : path
    }
}
