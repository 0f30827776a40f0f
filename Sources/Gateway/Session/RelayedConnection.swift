import GatewayConfiguration
import GatewayRouting
import PGWire
import Transport

/// What a relay keeps of its connection to a replica: without what only the login needs, since a session holds it for as long
/// as it lives.
struct RelayedConnection {
    let stream: Stream
    let id: ReplicaID
    /// The database's name on that server.
    let dbname: String
    let address: SocketAddress
    let tls: UpstreamTLS?
    /// Whom a further connection to it, as for a cancel, must find there.
    let host: String
    let verifiesHost: Bool
    /// `sha256/` + base64, where its key is pinned.
    let spki: String?
    /// The replica's own cancel key; empty where it sent none (F-WIRE-13).
    let backendPID: Int32
    let backendKey: [UInt8]
    /// `EXTRACT(epoch FROM backend_start)` as the server wrote it.
    let backendStart: String?
    /// What the server was at login.
    let recovery: RecoveryState

    init(
        stream: Stream, dbname: String, replica: AttestedReplica, address: SocketAddress, tls: UpstreamTLS?,
        key: BackendKeyData?, backendStart: String?, recovery: RecoveryState
    ) {
        let target = replica.target
        self.stream = stream
        id = target.id
        self.dbname = dbname
        self.address = address
        self.tls = tls
        host = target.host
        verifiesHost = target.sslmode == .verifyFull
        spki = replica.expectation.spki
        backendPID = key?.processID ?? 0
        backendKey = key?.key ?? []
        self.backendStart = backendStart
        self.recovery = recovery
    }
}
