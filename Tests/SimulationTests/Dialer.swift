import Glibc
import Synchronization
import Transport

/// Connections of the gateway to replicas, as they are asked for.
final class Dialer: @unchecked Sendable {
    // SAFETY: a simulation has one thread; nothing of it is reached from another.
    struct Dialed {
        var wire: Wire
        var port: Int
    }

    private var dialed: [Dialed] = []
    private var number = 1_000_000
    /// Ports that refuse connections.
    var refusing: Set<Int> = []

    func connect(_ address: SocketAddress) throws(TransportError) -> Int32 {
        guard case .ip(_, let port) = address.kind, !refusing.contains(Int(port)) else {
            throw .system(call: "connect", code: ECONNREFUSED)
        }
        number += 1
        guard let (wire, end) = Wire.make(number: number, buffer: 65_536) else {
            throw .system(call: "connect", code: EMFILE)
        }
        dialed.append(Dialed(wire: wire, port: Int(port)))
        return end
    }

    func take() -> [Dialed] {
        defer { dialed = [] }
        return dialed
    }
}
