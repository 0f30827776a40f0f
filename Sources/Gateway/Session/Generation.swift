import GatewayConfiguration
import GatewayCredentials
import GatewayPolicy
import Transport

/// One loaded configuration with all that is made from it: an immutable value, swapped in whole. A session keeps the
/// generation it was decided under until it is decided again.
package final class Generation: Sendable {
    package let number: Int
    package let configuration: Configuration
    package let policy: Policy
    /// What records hold of tokens' claims.
    let claims: RecordedClaims
    /// What statements of its sessions may not change.
    let handedOut: HandedOutNames
    /// By listener, in the configuration's order; nil where it has no TLS.
    let listenerTLS: [TLSContext?]
    /// By database and role, where the upstream is encrypted. Roles without a certificate share `""`.
    let upstreamTLS: [String: [String: UpstreamTLS]]

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
        claims = RecordedClaims(configuration)
        handedOut = HandedOutNames(configuration)
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
        var upstreams: [String: [String: UpstreamTLS]] = [:]
        for database in configuration.databases {
            upstreams[database.name] = try Generation.contexts(of: database.upstream)
        }
        upstreamTLS = upstreams
    }

    /// The files that hold passwords of roles.
    var passwordFiles: Set<String> {
        var files: Set<String> = []
        for credential in configuration.databases.flatMap(\.upstream.roles.values) {
            if case .passwordFile(let file) = credential { files.insert(file) }
        }
        return files
    }

    func upstreamTLS(database: String, role: String) -> UpstreamTLS? {
        guard let contexts = upstreamTLS[database] else { return nil }
        return contexts[role] ?? contexts[""]
    }

    private static func contexts(of upstream: Upstream) throws(TransportError) -> [String: UpstreamTLS] {
        let trust: TLSContext.Trust
        switch upstream.sslmode {
        case .disable: return [:]
        case .require: trust = .anyone
        case .verifyCA, .verifyFull:
            guard let file = upstream.sslrootcert else {
                throw .material(
                    path: "upstream.sslrootcert", reason: "is needed for \(upstream.sslmode.rawValue)")
            }
            trust = .authority(file: file, revocationLists: upstream.sslcrl)
        }
        let plain = try TLSContext(trust: trust)
        let authority = try signingAuthority(of: upstream)
        var contexts = ["": UpstreamTLS(context: plain, minted: nil)]
        for (role, credential) in upstream.roles {
            switch credential {
            case .certificate(let certificate, let key):
                let context = try TLSContext(trust: trust, certificate: certificate, key: key)
                contexts[role] = UpstreamTLS(context: context, minted: nil)
            case .minted:
                guard let authority else { break }
                let minted = MintedIdentity(
                    authority: authority.authority, role: role, lifetime: authority.lifetime)
                contexts[role] = UpstreamTLS(context: plain, minted: minted)
            case .password, .passwordFile, .trust: break
            }
        }
        return contexts
    }

    /// The CA of minted certificates and the seconds that they hold.
    private static func signingAuthority(
        of upstream: Upstream
    ) throws(TransportError) -> (authority: SigningAuthority, lifetime: Int64)? {
        guard let files = upstream.certificateAuthority else { return nil }
        do throws(SigningAuthority.Mistake) {
            let authority = try SigningAuthority(
                certificateFile: files.certificate, keyFile: files.key, now: Clock.wall() / 1_000_000)
            return (authority, files.lifetime.components.seconds)
        } catch {
            throw .material(path: error.file, reason: error.reason)
        }
    }
}
