import GatewayConfiguration

/// What a replica proved to be that it is not configured to be: a fact, not a lost packet. Its sessions end (57P01)
/// and no login is sent there.
package enum AttestationFailure: Error, Sendable, Hashable, CustomStringConvertible {
    /// Its name stands for an address outside its region's networks; nothing was sent there (F-POL-01).
    case networks(address: String, region: String)
    /// The certificate is not the configured authority's or not for this host: libpq's text.
    case tlsIdentity(String)
    case spkiMismatch(expected: String, found: String?)
    /// The process id of its BackendKeyData is not its backend's: something stands in between.
    case pooler
    case kindMismatch(expected: ReplicaKind, found: RecoveryState)
    case clusterNameMismatch(expected: String, found: String)
    /// Another cluster than configured, than the database's other replicas, or than this replica was before.
    case systemIdentifierMismatch(expected: String, found: String)
    /// A server's timeline only grows (F-POL-15).
    case timelineWentBack(from: UInt32, to: UInt32)
    /// After login it sent a message of the login, which would make a client give its token again (F-WIRE-27,
    /// architecture.md, rule 7).
    case loginRepeated

    /// Whether the replica stays unused until an operator clears it or the configuration is loaded again. The others
    /// end by themselves: a name that points home again, the right certificate, the right recovery state.
    package var quarantines: Bool {
        switch self {
        case .networks, .tlsIdentity, .kindMismatch: false
        case .spkiMismatch, .pooler, .clusterNameMismatch, .systemIdentifierMismatch, .timelineWentBack,
            .loginRepeated:
            true
        }
    }

    /// One line without secrets.
    package var description: String {
        switch self {
        case .networks(let address, let region): "address \(address) is outside the networks of \(region)"
        case .tlsIdentity(let text): "TLS identity: \(text)"
        case .spkiMismatch(let expected, let found):
            "public key of its certificate is \(found ?? "absent"), not \(expected)"
        case .pooler: "its process id is not its backend's (a pooler in between)"
        case .kindMismatch(let expected, let found):
            "configured as \(expected.rawValue), found as \(found.rawValue)"
        case .clusterNameMismatch(let expected, let found):
            "cluster_name is \"\(found)\", not \"\(expected)\""
        case .systemIdentifierMismatch(let expected, let found):
            "system_identifier is \(found), not \(expected)"
        case .timelineWentBack(let from, let to): "timeline went back from \(from) to \(to)"
        case .loginRepeated: "it sent a message of the login in a session"
        }
    }

    /// A short, fixed word for metrics and tables.
    package var label: String {
        switch self {
        case .networks: "networks"
        case .tlsIdentity: "tls_identity"
        case .spkiMismatch: "tls_spki"
        case .pooler: "pooler"
        case .kindMismatch: "kind"
        case .clusterNameMismatch: "cluster_name"
        case .systemIdentifierMismatch: "system_identifier"
        case .timelineWentBack: "timeline"
        case .loginRepeated: "protocol"
        }
    }
}
