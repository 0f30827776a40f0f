import Transport

/// What sessions take from the system: the time, and connections to replicas. A simulation gives its own.
package struct GatewayPlatform: Sendable {
    /// CLOCK_MONOTONIC in nanoseconds.
    package let monotonic: @Sendable () -> UInt64
    /// CLOCK_REALTIME in microseconds since 1970-01-01 UTC.
    package let wall: @Sendable () -> Int64
    /// Begins to connect and returns the descriptor, as `Socket.connect(to:)` does.
    package let connect: @Sendable (SocketAddress) throws(TransportError) -> Int32

    package init(
        monotonic: @escaping @Sendable () -> UInt64, wall: @escaping @Sendable () -> Int64,
        connect: @escaping @Sendable (SocketAddress) throws(TransportError) -> Int32
    ) {
        self.monotonic = monotonic
        self.wall = wall
        self.connect = connect
    }

    package static let system = GatewayPlatform(
        monotonic: Clock.monotonic, wall: Clock.wall, connect: Socket.connect(to:))
}
