import GatewayConfiguration
import Glibc
import Transport

/// A socket that executors connect to.
package struct ListeningSocket: Sendable {
    package let descriptor: Int32
    /// Index of the listener in the configuration.
    package let index: Int
    package let address: SocketAddress
    /// Another process has it, too, and keeps it open when this one ends.
    package let isInherited: Bool

    /// All configured listeners: those that the process was started with, and the others bound.
    ///
    /// - Throws: `TransportError.inherited` where an inherited socket is none of the configured ones: who connects to it
    ///   would wait for ever.
    static func open(
        _ listeners: [Listener], inherited: [InheritedSockets.Inherited]
    ) throws(TransportError) -> [ListeningSocket] {
        let addresses = try listeners.map { listener throws(TransportError) in try address(of: listener) }
        for socket in inherited where !addresses.contains(socket.address) {
            throw .inherited("inherited socket \(socket.address), which is not under `listen`")
        }
        var sockets: [ListeningSocket] = []
        for (index, address) in addresses.enumerated() {
            if let socket = inherited.first(where: { $0.address == address }) {
                sockets.append(
                    ListeningSocket(
                        descriptor: socket.descriptor, index: index, address: address, isInherited: true))
            } else {
                sockets.append(try bind(address, index: index))
            }
        }
        return sockets
    }

    private static func bind(_ address: SocketAddress, index: Int) throws(TransportError) -> ListeningSocket {
        let descriptor = try Socket.listen(on: address)
        let bound =
            if case .unix = address.kind { address } else { Socket.localAddress(of: descriptor) }
        return ListeningSocket(descriptor: descriptor, index: index, address: bound, isInherited: false)
    }

    private static func address(of listener: Listener) throws(TransportError) -> SocketAddress {
        switch listener.address {
        case .unix(let path): return SocketAddress(unix: path)
        case .tcp(let host, let port):
            let literal = host == "localhost" ? "127.0.0.1" : host
            guard let address = SocketAddress(literal: literal, port: port) else { throw .address(host) }
            return address
        }
    }

    func close() {
        Socket.close(descriptor)
        if case .unix(let path) = address.kind, !isInherited { unlink(path) }
    }
}
