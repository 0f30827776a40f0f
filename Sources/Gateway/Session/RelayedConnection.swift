import GatewayConfiguration
import GatewayRouting
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

    init(_ connection: UpstreamConnection) {
        let target = connection.attested.target
        stream = connection.stream
        id = target.id
        dbname = connection.dbname
        address = connection.address
        tls = connection.tls
        host = target.host
        verifiesHost = target.sslmode == .verifyFull
        spki = connection.attested.expectation.spki
        backendPID = connection.backendPID
        backendKey = connection.backendKey
        backendStart = connection.backendStart
        recovery = connection.facts.recovery
    }
}
