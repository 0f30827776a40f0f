import Foundation
import GatewayPolicy

extension ConfigurationBuilder {
    mutating func readRegions() {
        for (name, position, fields) in root.named("regions") {
            if !ValueFormats.isName(name) {
                mistake(
                    position, "region \(quoted(name)): expected \(ConfigurationKey.Kind.name.expectation)")
            }
            let audit = fields.path("audit") ?? context.absolute("audit/\(name)")
            if let other = regions.first(where: { $0.audit == audit }) {
                mistake(
                    fields.position(of: "audit"),
                    "the log of `\(name)` is in the folder of `\(other.name)`'s; expected a folder of its own"
                )
            }
            check(.log(folder: audit, region: name), fields, "audit")
            regionPositions[name] = position
            regions.append(
                Region(
                    name: name, jurisdiction: fields.text("jurisdiction"), audit: audit,
                    networks: networks(fields)))
        }
        let areas = Set(regions.map(\.jurisdiction))
        for region in regions where areas.contains(region.name) {
            mistake(
                regionPositions[region.name] ?? root.position,
                "`\(region.name)` names a region and a jurisdiction; expected different names")
        }
        if let own = root.scalar("region") {
            checkKnown(own, "region", what: "region", among: regions.map(\.name))
        }
    }

    private func networks(_ fields: Fields) -> [Network] {
        let networks = fields.scalars("networks").map { value in
            let (network, expectation) = ValueFormats.network(value.text)
            if network == nil { fields.wrong("networks", value, expectation) }
            return network
        }
        // Where one is unknown, nothing can be said to lie outside.
        return networks.contains(nil) ? [] : networks.compactMap { $0 }
    }

    mutating func readDatabases() {
        for (name, position, fields) in root.named("databases") {
            if !ValueFormats.isName(name) {
                mistake(
                    position, "database \(quoted(name)): expected \(ConfigurationKey.Kind.name.expectation)")
            }
            if name == "domicile" {
                mistake(position, "`domicile` is the gateway's own database; expected another name")
            }
            var replicas: [Replica] = []
            for replicaFields in fields.list("replicas") {
                replicas.append(replica(replicaFields, of: name, beside: replicas))
            }
            let upstream = upstream(fields.fields("upstream"), of: name)
            let database = Database(
                name: name, replicas: replicas, upstream: upstream,
                rowLevelFacts: fields.boolean("row_level_facts"),
                harmless: harmless(fields.fields("harmless")))
            warnAboutReplicas(of: database, at: position)
            databases.append(database)
        }
    }

    private func harmless(_ fields: Fields) -> HarmlessCode {
        for value in fields.scalars("libraries")
        where value.text.contains("/") || value.text.hasSuffix(".so") || value.text.isEmpty {
            fields.wrong(
                "libraries", value, "the name of a library in the server's own folder, such as `postgis-3`")
        }
        for value in fields.scalars("functions") where !value.text.dropFirst().dropLast().contains(".") {
            fields.wrong("functions", value, "a schema and a name, such as `app.total`")
        }
        return HarmlessCode(
            libraries: Set(fields.scalars("libraries").map(\.text)),
            functions: Set(fields.scalars("functions").map(\.text)))
    }

    private mutating func replica(_ fields: Fields, of database: String, beside others: [Replica]) -> Replica
    {
        let attest = fields.fields("attest")
        let replica = Replica(
            name: fields.text("name"), region: fields.text("region"),
            kind: fields.choice("kind", ReplicaKind.self) ?? .auto, host: host(fields),
            port: fields.integer("port"),
            dbname: fields.optionalText("dbname") ?? database, maxLag: maxLag(fields),
            weight: fields.integer("weight"), attest: attestation(attest),
            maintenance: fields.boolean("maintenance"))
        if let earlier = replicaPositions[replica.name], !replica.name.isEmpty {
            mistake(
                fields.position(of: "name"),
                "duplicate replica `\(replica.name)`, first at \(earlier.line):\(earlier.column); expected another name"
            )
        } else {
            replicaPositions[replica.name] = fields.position(of: "name")
        }
        if let value = fields.scalar("region") {
            checkKnown(value, "region", what: "region", among: regions.map(\.name))
        }
        checkEndpoint(replica, fields, beside: others)
        if let own = root.scalar("region")?.text, replica.region != own, !replica.region.isEmpty,
            replica.attest.clusterName == nil
        {
            warning(
                fields.position,
                "replica `\(replica.name)` is outside the gateway's region and has no `attest: { cluster_name: … }`: "
                    + "nothing proves that the server is in \(replica.region)")
        }
        return replica
    }

    private func maxLag(_ fields: Fields) -> Duration? {
        fields.optionalDuration("max_lag").flatMap { $0 == .zero ? nil : $0 }
    }

    func host(_ fields: Fields, of servers: String = "replicas") -> String {
        guard let value = fields.scalar("host") else { return "" }
        if value.text.contains(",") {
            fields.wrong("host", value, "one host; several are several \(servers), each in its own region")
        } else if !ValueFormats.isHost(value.text) {
            fields.wrong("host", value, "one host name or address")
        }
        return value.text
    }

    private func checkEndpoint(_ replica: Replica, _ fields: Fields, beside others: [Replica]) {
        let position = fields.position(of: "host")
        guard !replica.host.isEmpty else { return }
        checkPlace(
            of: "replica `\(replica.name)`", host: replica.host, port: replica.port, region: replica.region,
            at: position)
        func isSameServer(_ other: Replica) -> Bool {
            other.host == replica.host && other.port == replica.port
        }
        if let same = others.first(where: isSameServer) {
            mistake(
                position, "replica `\(replica.name)` is the same server as `\(same.name)`; expected another")
        } else if let same = databases.flatMap(\.replicas).first(where: isSameServer),
            same.region != replica.region
        {
            mistake(
                position,
                "replica `\(replica.name)` is the same server as `\(same.name)`, which is in \(same.region); "
                    + "expected one region")
        }
    }

    /// Whether a replica's host and a listener's may be one, as far as their texts say (F-POL-09).
    static func mayBeSame(listener: String, replica: String) -> Bool {
        func isWildcard(_ host: String) -> Bool {
            ValueFormats.ipv4(host) == [0, 0, 0, 0]
                || ValueFormats.ipv6(host) == [UInt8](repeating: 0, count: 16)
        }
        if listener.lowercased() == replica.lowercased() { return true }
        if isWildcard(listener) { return isLoopback(replica) || isWildcard(replica) }
        if isWildcard(replica) { return isLoopback(listener) }
        guard isLoopback(listener), isLoopback(replica) else {
            return ValueFormats.ipv6(listener).map { $0 == ValueFormats.ipv6(replica) } ?? false
        }
        func isName(_ host: String) -> Bool {
            ValueFormats.ipv4(host) == nil && ValueFormats.ipv6(host) == nil
        }
        func isFirst(_ host: String) -> Bool { ValueFormats.ipv4(host).map { $0 == [127, 0, 0, 1] } ?? true }
        return (isName(listener) && isFirst(replica)) || (isName(replica) && isFirst(listener))
            || (ValueFormats.ipv6(listener).map { $0 == ValueFormats.ipv6(replica) } ?? false)
    }

    private func attestation(_ fields: Fields) -> Attestation {
        if let value = fields.scalar("tls_spki") {
            let digest =
                value.text.hasPrefix("sha256/") ? Data(base64Encoded: String(value.text.dropFirst(7))) : nil
            if digest?.count != 32 { fields.wrong("tls_spki", value, "sha256/ and 44 characters of base64") }
        }
        if let value = fields.scalar("system_identifier"), UInt64(value.text) == nil {
            fields.wrong("system_identifier", value, "the decimal number that pg_control_system() shows")
        }
        return Attestation(
            clusterName: fields.optionalText("cluster_name"), tlsSPKI: fields.optionalText("tls_spki"),
            systemIdentifier: fields.optionalText("system_identifier"))
    }

    private mutating func upstream(_ fields: Fields, of database: String) -> Upstream {
        let trust = trust(fields, isNamed: fields.has("roles"))
        var credentials: [String: UpstreamCredential] = [:]
        for (role, position, roleFields) in fields.named("roles") {
            if role.isEmpty || role.utf8.count > 63 || role == "auto"
                || role.utf8.contains(where: { $0 < 0x20 })
            {
                mistake(
                    position,
                    "role \(quoted(role)): expected the name of a PostgreSQL role, other than `auto`")
            }
            roles[database, default: []].append(role)
            credentials[role] = credential(roleFields)
        }
        return Upstream(
            sslmode: trust.sslmode, sslrootcert: trust.rootCertificate, sslcrl: trust.revocationLists,
            trustDigest: trust.digest, allowsWeakAuthentication: trust.allowsWeakAuthentication,
            roles: credentials,
            certificateAuthority: certificateAuthority(fields, sslmode: trust.sslmode, credentials))
    }

    /// The CA of minted certificates; nil where it is absent, or cannot be used.
    private func certificateAuthority(
        _ fields: Fields, sslmode: SSLMode, _ credentials: [String: UpstreamCredential]
    ) -> CertificateAuthority? {
        let minted = credentials.filter { $0.value == .minted }.keys.sorted()
        if !minted.isEmpty, sslmode == .disable {
            mistake(
                fields.position(of: "sslmode"),
                "`sslmode: disable` with `certificate: minted`: a certificate is shown over TLS only; expected "
                    + "verify-full")
        }
        guard fields.has("upstream_ca") else {
            if !minted.isEmpty {
                warning(
                    fields.position(of: "roles"),
                    "`certificate: minted` needs `upstream_ca`, the CA that signs: sessions as "
                        + "\(minted.joined(separator: ", ")) are refused (08001)")
            }
            return nil
        }
        if minted.isEmpty {
            warning(
                fields.keyPosition(of: "upstream_ca"),
                "`upstream_ca` signs nothing: no role is `certificate: minted`")
        }
        let authority = fields.fields("upstream_ca")
        let lifetime = authority.duration("lifetime")
        guard let certificate = authority.readableFile("certificate"), let key = authority.readableFile("key")
        else { return nil }
        check(.signingAuthority(file: certificate, key: key), authority, "certificate", "key")
        return CertificateAuthority(certificate: certificate, key: key, lifetime: lifetime)
    }

    /// The path of a file that holds a password now.
    func passwordFile(_ fields: Fields) -> String? { secretFile(fields, "password_file") }

    /// A file that holds one secret and nothing else.
    func secretFile(_ fields: Fields, _ key: String) -> String? {
        guard let path = fields.readableFile(key) else { return nil }
        if context.purpose == .policy { return path }
        do throws(PrivateFile.Mistake) {
            _ = try PasswordFile.read(path)
            return path
        } catch {
            mistake(fields.position(of: key), "`\(key)` \(error)")
            return nil
        }
    }

    private func credential(_ fields: Fields) -> UpstreamCredential? {
        let trust = fields.boolean("trust")
        let kinds = ["password", "password_file", "certificate"].map(fields.has) + [trust]
        let found = kinds.filter { $0 }.count
        guard found == 1 else {
            let count = found == 0 ? "no credential" : "more than one credential"
            mistake(
                fields.position,
                "\(count); expected `password`, or `password_file`, or `certificate` with `key`, or `trust: true`"
            )
            return nil
        }
        if trust { return .trust }
        if fields.has("password") { return fields.secret("password").map(UpstreamCredential.password) }
        if fields.has("password_file") { return passwordFile(fields).map(UpstreamCredential.passwordFile) }
        guard let value = fields.scalar("certificate") else { return nil }
        if value.text == "minted" { return .minted }
        let certificate = fields.readableFile("certificate", value.text, value)
        let key = fields.readableFile("key")
        guard fields.has("key") else {
            mistake(fields.position, "missing key `key`: a certificate needs its private key")
            return nil
        }
        guard let certificate, let key else { return nil }
        check(.certificate(file: certificate, key: key), fields, "certificate", "key")
        return .certificate(certificate: certificate, key: key)
    }
}
