import GatewayConfiguration

/// All that a probe or an upstream connection needs to know of one configured replica: where it is, what it must
/// prove, and what holds for its region and its database.
package struct ReplicaTarget: Sendable, Hashable {
    package let id: ReplicaID
    package var region: String
    package var kind: ReplicaKind
    package var host: String
    package var port: Int
    /// The name of the database on that server.
    package var dbname: String
    /// Replay lag beyond which it is passed over; nil: no limit.
    package var maxLag: Duration?
    /// Its share of the sessions beside replicas that are as near.
    package var weight: Int
    package var maintenance: Bool
    /// What it must prove. `systemIdentifier` is the one that any replica of the database is configured with.
    package var attest: Attestation
    /// Where servers of its region may be; empty: anywhere.
    package var networks: [Network]
    package var sslmode: SSLMode
    package var sslrootcert: String?
    package var sslcrl: String?
    /// Of what stood in these files when the configuration was read.
    package var trustDigest: String
    /// The server may ask for a password in cleartext or by MD5.
    package var allowsWeakAuthentication: Bool
    /// Statements are judged there: its catalogue is read.
    package var needsCatalog: Bool
    /// Code of the database that its operator vouches for.
    package var harmless = HarmlessCode()

    package init(
        id: ReplicaID, region: String, kind: ReplicaKind, host: String, port: Int, dbname: String,
        maxLag: Duration? = nil, weight: Int = 1, maintenance: Bool = false,
        attest: Attestation = Attestation(),
        networks: [Network] = [], sslmode: SSLMode, sslrootcert: String? = nil,
        sslcrl: String? = nil, trustDigest: String = "", allowsWeakAuthentication: Bool = false,
        needsCatalog: Bool = false
    ) {
        self.id = id
        self.region = region
        self.kind = kind
        self.host = host
        self.port = port
        self.dbname = dbname
        self.maxLag = maxLag
        self.weight = weight
        self.maintenance = maintenance
        self.attest = attest
        self.networks = networks
        self.sslmode = sslmode
        self.sslrootcert = sslrootcert
        self.sslcrl = sslcrl
        self.trustDigest = trustDigest
        self.allowsWeakAuthentication = allowsWeakAuthentication
        self.needsCatalog = needsCatalog
    }

    /// Every replica of every database of a configuration.
    package static func all(of configuration: Configuration) -> [ReplicaTarget] {
        configuration.databases.flatMap { database in
            let needsCatalog = configuration.judgesStatements(of: database)
            return targets(of: database, regions: configuration.regions).map { target in
                var target = target
                target.needsCatalog = needsCatalog
                return target
            }
        }
    }

    /// The replicas of one database, in the order of the configuration. A replica whose region the configuration
    /// does not have (validation refuses that) may be nowhere: it is left out.
    package static func targets(of database: Database, regions: [Region]) -> [ReplicaTarget] {
        let identifier = database.replicas.lazy.compactMap(\.attest.systemIdentifier).first
        return database.replicas.compactMap { replica in
            guard let region = regions.first(where: { $0.name == replica.region }) else { return nil }
            var attest = replica.attest
            attest.systemIdentifier = attest.systemIdentifier ?? identifier
            var target = ReplicaTarget(
                id: ReplicaID(database: database.name, replica: replica.name), region: replica.region,
                kind: replica.kind, host: replica.host, port: replica.port, dbname: replica.dbname,
                maxLag: replica.maxLag, weight: replica.weight, maintenance: replica.maintenance,
                attest: attest,
                networks: region.networks, sslmode: database.upstream.sslmode,
                sslrootcert: database.upstream.sslrootcert, sslcrl: database.upstream.sslcrl,
                trustDigest: database.upstream.trustDigest,
                allowsWeakAuthentication: database.upstream.allowsWeakAuthentication)
            target.harmless = database.harmless
            return target
        }
    }

    /// Whether an address may be connected to: it lies in the region's networks, where any are given (F-POL-01).
    package func admits(_ address: ResolvedAddress) -> Bool { networks.admit(address) }

    /// Whether a probe made for this target may go on for another: nothing differs but what only selection and the
    /// catalogue's reader read.
    package func isProbedLike(_ other: ReplicaTarget) -> Bool {
        var same = other
        same.maxLag = maxLag
        same.weight = weight
        same.maintenance = maintenance
        same.needsCatalog = needsCatalog
        same.harmless = harmless
        return self == same
    }

    /// Whether what is known of this target holds for another until that is probed itself: they differ in nothing but what
    /// certificates are verified by, and every connection verifies its own.
    package func isKnownLike(_ other: ReplicaTarget) -> Bool {
        var same = other
        same.sslrootcert = sslrootcert
        same.sslcrl = sslcrl
        same.trustDigest = trustDigest
        return isProbedLike(same)
    }
}
