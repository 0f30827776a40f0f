import GatewayConfiguration
import Glibc
import Transport

/// A socket that executors connect to.
package struct ListeningSocket: Sendable {
    package let descriptor: Int32
    /// Index of the listener in the configuration.
    package let index: Int
    package let address: SocketAddress

    /// Binds a configured listener, on every address that its host name has.
    static func open(_ listener: Listener, index: Int) throws(TransportError) -> ListeningSocket {
        switch listener.address {
        case .unix(let path):
            let address = SocketAddress(unix: path)
            return ListeningSocket(descriptor: try Socket.listen(on: address), index: index, address: address)
        case .tcp(let host, let port):
            let literal = host == "localhost" ? "127.0.0.1" : host
            guard let address = SocketAddress(literal: literal, port: port) else { throw .address(host) }
            let descriptor = try Socket.listen(on: address)
            return ListeningSocket(
                descriptor: descriptor, index: index, address: Socket.localAddress(of: descriptor))
        }
    }

    func close() {
        Socket.close(descriptor)
        if case .unix(let path) = address.kind { unlink(path) }
    }
}
