import Glibc

/// Listening sockets that the process was started with: the protocol of sd_listen_fds(3), which systemd and others speak.
/// Whoever holds them keeps them open across a restart, so that connections wait in the backlog and none is refused.
package enum InheritedSockets {
    /// The first descriptor that is passed (SD_LISTEN_FDS_START).
    package static let firstDescriptor: Int32 = 3
    /// Sockets that are taken at most.
    package static let limit = 64

    package struct Inherited: Sendable, Hashable {
        package let descriptor: Int32
        package let address: SocketAddress

        package init(descriptor: Int32, address: SocketAddress) {
            self.descriptor = descriptor
            self.address = address
        }
    }

    /// How many descriptors the environment says were passed to this process; 0 where they are another's.
    ///
    /// - Throws: `TransportError.inherited` where `LISTEN_FDS` is no number from 0 to `limit`.
    package static func count(
        environment: [String: String], processID: Int32
    ) throws(TransportError) -> Int {
        guard let owner = environment["LISTEN_PID"], Int32(owner) == processID,
            let text = environment["LISTEN_FDS"]
        else { return 0 }
        guard let count = Int(text), (0...limit).contains(count) else {
            throw .inherited("LISTEN_FDS is \(text.prefix(20)); expected a number from 0 to \(limit)")
        }
        return count
    }

    /// The sockets that the environment names, made non-blocking and close-on-exec.
    ///
    /// - Throws: `TransportError.inherited` where one of them is no listening stream socket.
    package static func take(
        environment: [String: String], processID: Int32 = getpid()
    ) throws(TransportError) -> [Inherited] {
        var sockets: [Inherited] = []
        for index in 0..<(try count(environment: environment, processID: processID)) {
            let descriptor = firstDescriptor + Int32(index)
            guard option(SO_TYPE, of: descriptor) == Int32(SOCK_STREAM.rawValue),
                option(SO_ACCEPTCONN, of: descriptor) == 1
            else {
                throw .inherited("inherited descriptor \(descriptor) is no listening stream socket")
            }
            let status = fcntl(descriptor, F_GETFL)
            guard status >= 0, fcntl(descriptor, F_SETFL, status | O_NONBLOCK) == 0,
                fcntl(descriptor, F_SETFD, FD_CLOEXEC) == 0
            else { throw .system(call: "fcntl", code: errno) }
            sockets.append(Inherited(descriptor: descriptor, address: Socket.localAddress(of: descriptor)))
        }
        return sockets
    }

    /// The value of an option of SOL_SOCKET; nil where the descriptor is no socket.
    private static func option(_ name: Int32, of descriptor: Int32) -> Int32? {
        var value: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        // SAFETY: the kernel writes at most `length` bytes into `value`.
        guard getsockopt(descriptor, SOL_SOCKET, name, &value, &length) == 0 else { return nil }
        return value
    }
}
