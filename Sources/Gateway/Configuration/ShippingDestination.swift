/// A PostgreSQL database that logs are copied to: whole records of the log of its own region, hashes of all others.
package struct ShippingDestination: Sendable, Hashable {
    package struct Table: Sendable, Hashable, CustomStringConvertible {
        package var schema: String
        package var name: String

        package init(schema: String, name: String) {
            self.schema = schema
            self.name = name
        }

        /// `schema.name` as the configuration writes it; nil: it is none. PostgreSQL's names have 63 bytes at most.
        init?(_ text: String) {
            let parts = text.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 2, parts.allSatisfy({ (1...63).contains($0.utf8.count) }) else { return nil }
            self.init(schema: parts[0], name: parts[1])
        }

        package var description: String { "\(schema).\(name)" }
    }

    /// Its name in metrics and messages.
    package var name: String
    /// Where the server is.
    package var region: String
    package var host: String
    package var port: Int
    package var dbname: String
    package var user: String
    package var password: Secret?
    /// A file that holds the password, read at each login (`PasswordFile`).
    package var passwordFile: String?
    package var sslmode: SSLMode
    package var sslrootcert: String?
    package var sslcrl: String?
    /// Of what stood in these files when the configuration was read.
    package var trustDigest: String
    package var allowsWeakAuthentication: Bool
    /// Where whole records go, and where hashes go.
    package var records: Table
    package var hashes: Table
    /// Where signed checkpoints go, where it is an anchor.
    package var checkpoints: Table
    /// Regions whose logs go there; nil: all.
    package var logs: [String]?

    package init(
        name: String, region: String, host: String, port: Int, dbname: String, user: String,
        password: Secret? = nil, passwordFile: String? = nil, sslmode: SSLMode, sslrootcert: String? = nil,
        sslcrl: String? = nil, trustDigest: String = "", allowsWeakAuthentication: Bool = false,
        records: Table = Table(schema: "domicile", name: "records"),
        hashes: Table = Table(schema: "domicile", name: "hashes"),
        checkpoints: Table = Table(schema: "domicile", name: "checkpoints"), logs: [String]? = nil
    ) {
        self.name = name
        self.region = region
        self.host = host
        self.port = port
        self.dbname = dbname
        self.user = user
        self.password = password
        self.passwordFile = passwordFile
        self.sslmode = sslmode
        self.sslrootcert = sslrootcert
        self.sslcrl = sslcrl
        self.trustDigest = trustDigest
        self.allowsWeakAuthentication = allowsWeakAuthentication
        self.records = records
        self.hashes = hashes
        self.checkpoints = checkpoints
        self.logs = logs
    }

    /// Whether another one is the same database, as far as the texts say.
    func isDatabase(of other: ShippingDestination) -> Bool {
        !host.isEmpty && host == other.host && port == other.port && dbname == other.dbname
    }

    package func takes(logOf region: String) -> Bool {
        logs.map { names in names.contains { $0.hasSameBytes(as: region) } } ?? true
    }
}
