/// What `domicile init` has to know for a configuration that serves.
package struct StarterAnswers: Sendable, Hashable {
    package struct Region: Sendable, Hashable {
        package var name: String
        package var jurisdiction: String

        package init(name: String, jurisdiction: String) {
            self.name = name
            self.jurisdiction = jurisdiction
        }

        /// `NAME=JURISDICTION`; nil: it is something else.
        package init?(_ text: String) {
            guard let equals = text.firstIndex(of: "=") else { return nil }
            name = String(text[..<equals])
            jurisdiction = String(text[text.index(after: equals)...])
            guard ValueFormats.isName(name), ValueFormats.isName(jurisdiction) else { return nil }
        }
    }

    package struct Replica: Sendable, Hashable {
        package var database: String
        package var region: String
        package var host: String
        package var port: Int

        package init(database: String, region: String, host: String, port: Int) {
            self.database = database
            self.region = region
            self.host = host
            self.port = port
        }

        /// `DATABASE@REGION=HOST` or `DATABASE@REGION=HOST:PORT`, with an IPv6 address in brackets; nil: it is something
        /// else.
        package init?(_ text: String) {
            guard let equals = text.firstIndex(of: "="), let at = text[..<equals].firstIndex(of: "@") else {
                return nil
            }
            database = String(text[..<at])
            region = String(text[text.index(after: at)..<equals])
            guard !database.isEmpty, ValueFormats.isName(region),
                let place = Replica.place(String(text[text.index(after: equals)...]))
            else { return nil }
            (host, port) = place
        }

        /// `HOST`, `HOST:PORT`, `[IPv6]` or `[IPv6]:PORT`; nil: it is something else.
        package static func place(_ text: String) -> (host: String, port: Int)? {
            if let address = ValueFormats.address(text) { return address }
            let isBracketed = text.hasPrefix("[") && text.hasSuffix("]")
            let host = isBracketed ? String(text.dropFirst().dropLast()) : text
            return ValueFormats.isHost(host) ? (host, defaultPort) : nil
        }

        private static let defaultPort = 5_432
    }

    /// The gateway's own region stands first.
    package var regions: [Region] = []
    package var listen = "0.0.0.0:6432"
    package var admin = "127.0.0.1:6480"
    package var certificate = StarterAnswers.ownCertificate
    package var key = StarterAnswers.ownKey
    package var issuer = ""
    package var audience = "domicile"
    /// PEM file of the CAs for the issuer's certificate; nil: the system's.
    package var issuerCA: String?
    /// At most one of a database in a region.
    package var replicas: [Replica] = []
    /// PEM file of the CAs that signed the servers' certificates.
    package var upstreamCA = "/etc/ssl/certs/ca-certificates.crt"
    /// The role that executors get.
    package var role = "analyst"
    /// The claim `groups` must hold it.
    package var group = "analysts"
    package var operators = "dba"
    /// Folders of what must survive a restart, and of the logs.
    package var state = "state"
    package var audit = "audit"
    /// File of the key that signs checkpoints.
    package var auditKey = "audit.key"

    /// The certificate that is made where none is named.
    package static let ownCertificate = "gateway.crt"
    package static let ownKey = "gateway.key"

    package init() {}

    /// In the order in which they were named.
    package var databases: [String] {
        var names: [String] = []
        for replica in replicas where !names.contains(replica.database) { names.append(replica.database) }
        return names
    }

    /// In the order in which they were named.
    package var jurisdictions: [String] {
        var names: [String] = []
        for region in regions where !names.contains(region.jurisdiction) { names.append(region.jurisdiction) }
        return names
    }

    /// Servers in several regions must not be able to use each other's passwords: certificates are minted there.
    package var mintsCertificates: Bool {
        databases.contains { database in
            replicas.count { $0.database == database } > 1
        }
    }

    func jurisdiction(of region: String) -> String? { regions.first { $0.name == region }?.jurisdiction }

    /// What is missing, each in words; empty: a configuration can be written.
    package var missing: [String] {
        var words: [String] = []
        if regions.isEmpty { words.append("a region and its jurisdiction (--region NAME=JURISDICTION)") }
        if issuer.isEmpty { words.append("an OpenID issuer (--issuer URL)") }
        if replicas.isEmpty { words.append("a server (--replica DATABASE@REGION=HOST[:PORT])") }
        return words
    }

    /// What contradicts itself, each in words. What a value may be, `check` says.
    package var contradictions: [String] {
        var words: [String] = []
        let names = regions.map(\.name)
        for name in Set(names).sorted() where names.count(where: { $0 == name }) > 1 {
            words.append("region \(name) is named twice")
        }
        for replica in replicas where !names.contains(replica.region) {
            words.append("\(replica.database)@\(replica.region) is in no region that is named")
        }
        for database in databases {
            let used = replicas.filter { $0.database == database }.map(\.region)
            for region in Set(used).sorted() where used.count(where: { $0 == region }) > 1 {
                words.append("\(database)@\(region) is named twice")
            }
        }
        return words
    }
}
