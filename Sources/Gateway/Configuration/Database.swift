/// A logical database that an executor asks for.
package struct Database: Sendable, Hashable {
    package var name: String
    package var replicas: [Replica]
    package var upstream: Upstream
    /// Row-level security relies on the session's facts; `check` insists on `forbid: [opaque]`.
    package var rowLevelFacts: Bool
    package var harmless: HarmlessCode

    package init(
        name: String, replicas: [Replica], upstream: Upstream, rowLevelFacts: Bool,
        harmless: HarmlessCode = HarmlessCode()
    ) {
        self.harmless = harmless
        self.name = name
        self.replicas = replicas
        self.upstream = upstream
        self.rowLevelFacts = rowLevelFacts
    }
}

/// Code that the gateway does not know and its operator vouches for.
package struct HarmlessCode: Sendable, Hashable {
    /// C libraries by name.
    package var libraries: Set<String> = []
    /// `schema.name`.
    package var functions: Set<String> = []

    package init(libraries: Set<String> = [], functions: Set<String> = []) {
        self.libraries = libraries
        self.functions = functions
    }
}

package enum ReplicaKind: String, Sendable, Hashable, CaseIterable { case primary, standby, auto }

/// One real PostgreSQL server that holds a database, in exactly one region.
package struct Replica: Sendable, Hashable {
    package var name: String
    package var region: String
    package var kind: ReplicaKind
    package var host: String
    package var port: Int
    package var dbname: String
    /// Replay lag beyond which a standby is passed over; nil: no limit.
    package var maxLag: Duration?
    /// Its share of the sessions beside replicas that are as near.
    package var weight: Int
    package var attest: Attestation
    /// Set by the operator: not selected for new sessions.
    package var maintenance: Bool

    package init(
        name: String, region: String, kind: ReplicaKind, host: String, port: Int, dbname: String,
        maxLag: Duration?, weight: Int = 1, attest: Attestation, maintenance: Bool
    ) {
        self.name = name
        self.region = region
        self.kind = kind
        self.host = host
        self.port = port
        self.dbname = dbname
        self.maxLag = maxLag
        self.weight = weight
        self.attest = attest
        self.maintenance = maintenance
    }
}

/// What a replica must prove about itself; nil: not asked for.
package struct Attestation: Sendable, Hashable {
    package var clusterName: String?
    /// `sha256/` + base64 of the SHA-256 of the server certificate's SubjectPublicKeyInfo.
    package var tlsSPKI: String?
    package var systemIdentifier: String?

    package init(clusterName: String? = nil, tlsSPKI: String? = nil, systemIdentifier: String? = nil) {
        self.clusterName = clusterName
        self.tlsSPKI = tlsSPKI
        self.systemIdentifier = systemIdentifier
    }
}
