import GatewayConfiguration
import GatewayPolicy
import Transport

/// One loaded configuration with all that is made from it: an immutable value, swapped in whole. A session keeps the
/// generation it was decided under until it is decided again.
package final class Generation: Sendable {
    package let number: Int
    package let configuration: Configuration
    package let policy: Policy
    /// By listener, in the configuration's order; nil where it has no TLS.
    let listenerTLS: [TLSContext?]
    /// By database and role, where the upstream is encrypted. Roles without a certificate share `""`.
    let upstreamTLS: [String: [String: TLSContext]]

    /// Reads certificates and keys; throws where one cannot be used.
    package init(number: Int, configuration: Configuration) throws(TransportError) {
        self.number = number
        self.configuration = configuration
        policy = Policy(
            rules: configuration.rules,
            regions: configuration.regions.map { PolicyRegion(name: $0.name, jurisdiction: $0.jurisdiction) },
            databases: configuration.databases.map {
                PolicyDatabase(name: $0.name, replicaRegions: $0.replicas.map(\.region))
            },
            gatewayRegion: configuration.region)
        var listeners: [TLSContext?] = []
        for listener in configuration.listeners {
            guard let tls = listener.tls else {
                listeners.append(nil)
                continue
            }
            listeners.append(
                try TLSContext(certificate: tls.certificate, key: tls.key, clientCA: tls.clientCA))
        }
        listenerTLS = listeners
        var upstreams: [String: [String: TLSContext]] = [:]
        for database in configuration.databases {
            upstreams[database.name] = try Generation.contexts(of: database.upstream)
        }
        upstreamTLS = upstreams
    }

    func upstreamContext(database: String, role: String) -> TLSContext? {
        guard let contexts = upstreamTLS[database] else { return nil }
        return contexts[role] ?? contexts[""]
    }

    private static func contexts(of upstream: Upstream) throws(TransportError) -> [String: TLSContext] {
        let trust: TLSContext.Trust
        switch upstream.sslmode {
        case .disable: return [:]
        case .require: trust = .anyone
        case .verifyCA, .verifyFull:
            guard let file = upstream.sslrootcert else {
                throw .material(
                    path: "upstream.sslrootcert", reason: "is needed for \(upstream.sslmode.rawValue)")
            }
            trust = .authority(file: file)
        }
        var contexts = ["": try TLSContext(trust: trust)]
        for (role, credential) in upstream.roles {
            switch credential {
            case .certificate(let certificate, let key):
                contexts[role] = try TLSContext(trust: trust, certificate: certificate, key: key)
            case .password, .minted, .trust: break
            }
        }
        return contexts
    }
}
