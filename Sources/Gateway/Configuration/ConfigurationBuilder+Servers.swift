extension ConfigurationBuilder {
    /// What a PostgreSQL server must prove, and how it may ask for a password.
    struct ServerTrust {
        var sslmode: SSLMode
        var rootCertificate: String?
        var revocationLists: String?
        /// Of what stands in these files.
        var digest: String
        var allowsWeakAuthentication: Bool
    }

    /// Reads `sslmode` and what belongs to it.
    ///
    /// - Parameter isNamed: false where the whole section is missing, which is reported already.
    func trust(_ fields: Fields, isNamed: Bool) -> ServerTrust {
        let sslmode = fields.choice("sslmode", SSLMode.self) ?? .verifyFull
        let rootCertificate = fields.readableFile("sslrootcert")
        if let rootCertificate { check(.authority(file: rootCertificate), fields, "sslrootcert") }
        let revocationLists = fields.readableFile("sslcrl")
        if let revocationLists, let rootCertificate {
            check(
                .revocationLists(file: revocationLists, authority: rootCertificate), fields, "sslcrl",
                "sslrootcert")
        }
        if fields.has("sslcrl"), !fields.has("sslrootcert") || sslmode == .disable || sslmode == .require {
            mistake(
                fields.keyPosition(of: "sslcrl"),
                "`sslcrl` without `sslrootcert` and a `sslmode` that verifies: nothing is verified that could be revoked"
            )
        }
        switch sslmode {
        case .verifyFull, .verifyCA:
            if !fields.has("sslrootcert"), isNamed {
                mistake(
                    fields.position,
                    "missing key `sslrootcert`: sslmode \(sslmode.rawValue) needs a PEM file of CAs")
            }
        case .disable, .require:
            break
        }
        if sslmode != .verifyFull {
            warning(
                fields.position(of: "sslmode"),
                "sslmode \(sslmode.rawValue) does not prove which server answers; expected verify-full")
        }
        return ServerTrust(
            sslmode: sslmode, rootCertificate: rootCertificate, revocationLists: revocationLists,
            digest: Upstream.digest(of: [rootCertificate, revocationLists]),
            allowsWeakAuthentication: fields.optionalText("weak_authentication") == "allow")
    }

    /// Reports a server that is the gateway itself, or lies outside its region's networks.
    func checkPlace(of server: String, host: String, port: Int, region: String, at position: Position) {
        for placed in listeners {
            guard case .tcp(let own, port) = placed.listener.address,
                ConfigurationBuilder.mayBeSame(listener: own, replica: host)
            else { continue }
            mistake(position, "\(server) is the gateway's own listener; expected a PostgreSQL server")
        }
        let networks = regions.first { $0.name == region }?.networks ?? []
        if let address = ValueFormats.ipv4(host) ?? ValueFormats.ipv6(host), !networks.isEmpty,
            !networks.contains(where: { $0.contains(address) })
        {
            mistake(position, "\(server) lies outside the `networks` of \(region); expected inside")
        }
    }

    /// Reports a password beside the file of one.
    func checkPassword(_ fields: Fields) {
        guard fields.has("password"), fields.has("password_file") else { return }
        mistake(
            fields.position(of: "password_file"),
            "`password_file` beside `password`; expected one of the two")
    }

    // MARK: - Shipping

    /// The destinations of `audit.ship`, in their order.
    func destinations(_ audit: Fields) -> [ShippingDestination] {
        var destinations: [ShippingDestination] = []
        for fields in audit.list("ship") {
            let destination = destination(fields, number: destinations.count + 1)
            if destinations.contains(where: { $0.name == destination.name }) {
                mistake(
                    fields.position(of: "name"),
                    "duplicate destination `\(destination.name)`; expected another name")
            }
            if let same = destinations.first(where: { $0.isDatabase(of: destination) }) {
                mistake(
                    fields.position(of: "dbname"),
                    "destination `\(destination.name)` is the same database as `\(same.name)`; expected it once"
                )
            }
            destinations.append(destination)
        }
        if !destinations.isEmpty, !audit.has("key"), !audit.has("origin") {
            mistake(
                audit.keyPosition(of: "ship"),
                "`ship` needs `key` or `origin`: rows are told apart by the log's origin, and the gateway's name may change"
            )
        }
        return destinations
    }

    private func destination(_ fields: Fields, number: Int) -> ShippingDestination {
        let trust = trust(fields, isNamed: true)
        checkPassword(fields)
        for key in ["region", "logs"] {
            for value in fields.texts(key) {
                checkKnown(value, key, what: "region", among: regions.map(\.name))
            }
        }
        let destination = ShippingDestination(
            name: fields.optionalText("name") ?? "\(number)", region: fields.text("region"),
            host: host(fields, of: "destinations"), port: fields.integer("port"),
            dbname: fields.text("dbname"),
            user: fields.text("user"), password: fields.secret("password"),
            passwordFile: passwordFile(fields), sslmode: trust.sslmode, sslrootcert: trust.rootCertificate,
            sslcrl: trust.revocationLists, trustDigest: trust.digest,
            allowsWeakAuthentication: trust.allowsWeakAuthentication, records: table(fields, "table"),
            hashes: table(fields, "hashes_table"), checkpoints: table(fields, "checkpoints_table"),
            logs: fields.has("logs") ? fields.texts("logs").map(\.text) : nil)
        let name = "destination `\(destination.name)`"
        let position = fields.position(of: "host")
        guard !destination.host.isEmpty else { return destination }
        checkPlace(
            of: name, host: destination.host, port: destination.port, region: destination.region, at: position
        )
        let same = databases.flatMap(\.replicas).first {
            $0.host == destination.host && $0.port == destination.port
        }
        if let same, same.region != destination.region {
            mistake(
                position,
                "\(name) is the same server as the replica `\(same.name)`, which is in \(same.region); expected one region"
            )
        }
        return destination
    }

    private func table(_ fields: Fields, _ key: String) -> ShippingDestination.Table {
        guard let value = fields.scalar(key), let table = ShippingDestination.Table(value.text) else {
            if let value = fields.scalar(key) {
                fields.wrong(key, value, "a schema and a name, such as `domicile.records`")
            }
            return ShippingDestination.Table(schema: "", name: "")
        }
        return table
    }
}
