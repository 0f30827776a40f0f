import Audit
import GatewayServers

/// What shipping may take: time in nanoseconds, sizes in bytes.
enum ShippingLimits {
    /// A batch is sent as soon as it has so many bytes of rows, or so many rows.
    static let batchBytes = 1 << 20
    static let batchRows = 5_000
    /// From one look at the log to the next while nothing is left to send.
    static let interval: Int64 = 500_000_000
    static let pause = GrowingPause(first: .seconds(1), longest: .seconds(60))
    /// A destination that was stopped for what stands in it is looked at again so often.
    static let recheck: Int64 = 60_000_000_000
    /// Name, connection, TLS and login.
    static let connecting: Int64 = 10_000_000_000
    /// All that is asked before rows are sent.
    static let asking: Int64 = 20_000_000_000
    /// A batch, from its first byte to the server's answer. The server itself gives up a little before.
    static let sending: Int64 = 30_000_000_000
    static let times = ServerLogin.Times(statement: 25_000, lock: 10_000, sending: 30_000)
    /// What is still sent when the gateway ends, over all destinations.
    static let patience: Int64 = 3_000_000_000
    /// Stack of a destination's thread: libpq, OpenSSL and getaddrinfo take part of it.
    static let stackSize = 512 * 1024
}
