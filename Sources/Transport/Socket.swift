import CLinux
import Glibc

/// System calls on sockets, all non-blocking and close-on-exec.
package enum Socket {
    /// A listening socket. A TCP port may be 0; `localAddress(of:)` tells which one the kernel chose. A Unix socket's
    /// stale file is replaced when nobody listens on it; its mode is 0666, the token being the guard.
    package static func listen(on address: SocketAddress, backlog: Int32 = 1024) throws(TransportError)
        -> Int32
    {
        let descriptor = try make(address.family)
        do throws(TransportError) {
            switch address.kind {
            case .ip:
                try set(descriptor, SOL_SOCKET, SO_REUSEADDR, 1)
                if address.family == AF_INET6 { try set(descriptor, Int32(IPPROTO_IPV6), IPV6_V6ONLY, 1) }
            case .unix(let path): try removeStale(path)
            }
            let bound = try address.withSockaddr { bind(descriptor, $0, $1) }
            guard bound == 0 else { throw TransportError.system(call: "bind \(address)", code: errno) }
            if case .unix(let path) = address.kind { chmod(path, 0o666) }
            guard Glibc.listen(descriptor, backlog) == 0 else {
                throw TransportError.system(call: "listen \(address)", code: errno)
            }
            return descriptor
        } catch {
            Glibc.close(descriptor)
            throw error
        }
    }

    /// What `accept4` gave.
    package enum Accepted: Sendable {
        case connection(Int32, SocketAddress)
        case none
        /// EMFILE or ENFILE: no descriptor is left.
        case exhausted
        case failed(Int32)
    }

    package static func accept(_ listener: Int32) -> Accepted {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        // SAFETY: the kernel writes at most `length` bytes into `storage`.
        let descriptor = withUnsafeMutablePointer(to: &storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                clinux_accept(listener, $0, &length)
            }
        }
        if descriptor >= 0 {
            tune(descriptor, family: Int32(storage.ss_family))
            return .connection(descriptor, SocketAddress(storage))
        }
        switch errno {
        case EAGAIN: return .none
        case EMFILE, ENFILE, ENOBUFS, ENOMEM: return .exhausted
        // The connection was gone before it was accepted: there may be others.
        case EINTR, ECONNABORTED, EPROTO, ENETDOWN, EHOSTDOWN, EHOSTUNREACH, ENETUNREACH:
            return .failed(errno)
        default: return .failed(errno)
        }
    }

    /// Begins to connect; the descriptor becomes writable when that has ended, see `connectError`.
    package static func connect(to address: SocketAddress) throws(TransportError) -> Int32 {
        let descriptor = try make(address.family)
        tune(descriptor, family: address.family)
        let result: Int32
        do throws(TransportError) {
            result = try address.withSockaddr { Glibc.connect(descriptor, $0, $1) }
        } catch {
            Glibc.close(descriptor)
            throw error
        }
        guard result == 0 || errno == EINPROGRESS else {
            let code = errno
            Glibc.close(descriptor)
            throw .system(call: "connect \(address)", code: code)
        }
        return descriptor
    }

    /// The pending error of a socket (SO_ERROR), 0 where there is none.
    package static func connectError(_ descriptor: Int32) -> Int32 {
        var code: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        guard getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &length) == 0 else { return errno }
        return code
    }

    package static func localAddress(of descriptor: Int32) -> SocketAddress {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        // SAFETY: as in accept.
        _ = withUnsafeMutablePointer(to: &storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
        }
        return SocketAddress.path(storage).map(SocketAddress.init(unix:)) ?? SocketAddress(storage)
    }

    package static func close(_ descriptor: Int32) { Glibc.close(descriptor) }

    private static func make(_ family: Int32) throws(TransportError) -> Int32 {
        let type = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        let descriptor = socket(family, type, 0)
        guard descriptor >= 0 else { throw .system(call: "socket", code: errno) }
        return descriptor
    }

    private static func set(_ descriptor: Int32, _ level: Int32, _ name: Int32, _ value: Int32)
        throws(TransportError)
    {
        var value = value
        guard setsockopt(descriptor, level, name, &value, socklen_t(MemoryLayout<Int32>.size)) == 0 else {
            throw .system(call: "setsockopt", code: errno)
        }
    }

    /// No Nagle delay; keepalive finds peers that vanished without a FIN within about two minutes (F-WIRE-33).
    private static func tune(_ descriptor: Int32, family: Int32) {
        guard family == AF_INET || family == AF_INET6 else { return }
        let tcp = Int32(IPPROTO_TCP)
        try? set(descriptor, tcp, TCP_NODELAY, 1)
        try? set(descriptor, SOL_SOCKET, SO_KEEPALIVE, 1)
        try? set(descriptor, tcp, TCP_KEEPIDLE, 60)
        try? set(descriptor, tcp, TCP_KEEPINTVL, 15)
        try? set(descriptor, tcp, TCP_KEEPCNT, 4)
    }

    private static func removeStale(_ path: String) throws(TransportError) {
        var information = stat()
        guard lstat(path, &information) == 0 else { return }
        guard information.st_mode & S_IFMT == S_IFSOCK else {
            throw .address("\(path) exists and is no socket")
        }
        let probe = try make(AF_UNIX)
        defer { Glibc.close(probe) }
        let result = try SocketAddress(unix: path).withSockaddr { Glibc.connect(probe, $0, $1) }
        guard result != 0, errno == ECONNREFUSED else {
            throw .system(call: "bind \(path)", code: EADDRINUSE)
        }
        unlink(path)
    }
}
