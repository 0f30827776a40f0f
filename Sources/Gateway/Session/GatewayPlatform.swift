import Transport

/// What sessions take from the system: the time, connections to replicas, threads for what takes long. A simulation gives its own.
package struct GatewayPlatform: Sendable {
    /// CLOCK_MONOTONIC in nanoseconds.
    package let monotonic: @Sendable () -> UInt64
    /// CLOCK_REALTIME in microseconds since 1970-01-01 UTC.
    package let wall: @Sendable () -> Int64
    /// Begins to connect and returns the descriptor, as `Socket.connect(to:)` does.
    package let connect: @Sendable (SocketAddress) throws(TransportError) -> Int32
    /// Runs something beside the workers, on a thread of this name that nobody waits for.
    package let detach: Detach

    package typealias Detach =
        @Sendable (_ name: String, _ body: @escaping @Sendable () -> Void) throws(TransportError) -> Void

    package init(
        monotonic: @escaping @Sendable () -> UInt64, wall: @escaping @Sendable () -> Int64,
        connect: @escaping @Sendable (SocketAddress) throws(TransportError) -> Int32,
        detach: @escaping Detach
    ) {
        self.monotonic = monotonic
        self.wall = wall
        self.connect = connect
        self.detach = detach
    }

    package static let system = GatewayPlatform(
        monotonic: Clock.monotonic, wall: Clock.wall, connect: Socket.connect(to:),
        detach: { name, body throws(TransportError) in try Thread(name: name, body).detach() })
}
