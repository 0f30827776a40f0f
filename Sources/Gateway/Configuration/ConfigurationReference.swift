import GatewayPolicy

/// Every section and key of the configuration file.
package enum ConfigurationReference {
    package static let sections: [ConfigurationSection] =
        [root] + listening + issuing + placing + upstreams + recording + shipping + running + deciding

    static func section(_ path: String) -> ConfigurationSection {
        (sections + PolicyTestReference.sections).first { $0.path == path }
            ?? ConfigurationSection(path, "", [])
    }

    private static let root = ConfigurationSection(
        "", "The file itself.",
        [
            .required("region", .name, "Region that this gateway runs in; one of `regions`."),
            .optional("gateway", .name, "This gateway's name in records. Default: the host name."),
            .required("listen", .sections("listen[]"), "Where executors connect."),
            .optional("admin", .section("admin"), "Metrics, health, web page and API. Absent: none."),
            .required("issuers", .sections("issuers[]"), "OpenID providers whose tokens are accepted."),
            .required(
                "regions", .namedSections("regions.NAME"), "Every region that holds a server or a log."),
            .required(
                "databases", .namedSections("databases.NAME"), "What executors may ask for as `dbname`."),
            .optional("health", .section("health"), "How replicas are probed."),
            .optional("audit", .section("audit"), "The audit log."),
            .optional("session", .section("session"), "How long sessions live and how they end."),
            .optional("limits", .section("limits"), "Limits."),
            .required(
                "rules", .sections("rules[]"), "The policy: the first rule that matches decides (policy.md)."),
            .optional(
                "operators", .sections("operators[]"),
                "Who may use the admin commands, the page and `domicile`."),
            .optional("reload", .section("reload"), "When the configuration is read again by itself."),
            .optional("log", .section("log"), "The operational log, on standard error."),
            .fallback("state", .path, "state", "Folder of what must survive a restart."),
            .fallback(
                "leeway", .duration(.zero ... .seconds(300), zero: "none"), "30s",
                "Difference of clocks that is allowed for exp, nbf and iat."),
        ])

    private static let listening = [
        ConfigurationSection(
            "listen[]", "One listener: `address` or `unix`.",
            [
                .optional(
                    "address", .special("`address:port`, `[IPv6]:port`"), "TCP address and port to listen on."
                ),
                .optional("unix", .path, "Unix socket to listen on, such as `run/.s.PGSQL.6432`."),
                .optional("tls", .section("listen[].tls"), "TLS of a TCP listener; it must have one."),
                .fallback(
                    "auth", .choice(Listener.Authentication.allCases.map(\.rawValue)), "cleartext",
                    "How the token is asked for where the startup packet does not say `domicile.auth`; "
                        + "`oauthbearer` over TLS only."),
            ]),
        ConfigurationSection(
            "listen[].tls", "TLS of a listener.",
            [
                .optional("certificate", .readableFile, "PEM file: the certificate, then its chain."),
                .optional("key", .readableFile, "PEM file of its private key."),
                .optional(
                    "client_ca", .readableFile,
                    "PEM file of CAs: executors must show a certificate of theirs, besides the token."),
                .fallback(
                    "required", .boolean, "true", "`false` takes tokens on unencrypted connections too."),
            ]),
        ConfigurationSection(
            "admin", "The admin endpoint.",
            [
                .required(
                    "address", .special("`address:port`, `[IPv6]:port`"),
                    "HTTP address and port, on loopback: it has no TLS. Sessions are shown and ended with an operator's token."
                ),
                .optional(
                    "socket", .path,
                    "The admin socket, for who runs the gateway (mode 0600). Default: `admin.sock` in `state`."
                ),
            ]),
    ]

    private static let issuing = [
        ConfigurationSection(
            "issuers[]", "One OpenID provider.",
            [
                .required(
                    "issuer", .text,
                    "`iss` of its tokens, byte for byte: an https URL (http on loopback only)."),
                .required("audience", .list(.text), "`aud` must hold one of these."),
                .fallback(
                    "algorithms", .list(.choice(Algorithm.allCases.map(\.rawValue))), "[RS256, ES256, EdDSA]",
                    "Signature algorithms that are accepted."),
                .optional(
                    "jwks", .text, "URL or file of its keys. Default: from its discovery document."),
                .optional(
                    "ca", .readableFile, "PEM file of the CAs for its TLS certificate. Default: the system's."
                ),
                .optional(
                    "types", .list(.text), "Accepted `typ` of tokens. Default: none, `JWT` or `at+jwt`."),
                .optional(
                    "claims", .special("a mapping from names to claims"),
                    "Which claim a name means: a claim, a dotted path, or a list that is a path. Default: "
                        + "`{ subject: sub, planner: azp, task: task_id, groups: groups }`; what is given adds to it."
                ),
                .fallback(
                    "keys_max_age", .duration(.seconds(1) ... .seconds(30 * 86_400), zero: nil), "24h",
                    "How long known keys serve while the provider cannot be reached."),
                .fallback(
                    "keys_refresh", .duration(.seconds(1) ... .seconds(86_400), zero: nil), "15m",
                    "Age at which known keys are fetched anew; half of `keys_max_age` where that is less."),
                .optional(
                    "introspection", .section("issuers[].introspection"),
                    "Asks the provider about each token at login and while its sessions live (RFC 7662). Absent: signature and claims are enough."
                ),
                .fallback(
                    "scope", .special("scopes, one space between two"), "openid",
                    "Scopes that OAUTHBEARER's discovery answer tells executors to ask the provider for."),
            ]),
        ConfigurationSection(
            "issuers[].introspection", "How the provider is asked whether a token is active (RFC 7662).",
            [
                .required(
                    "endpoint", .text, "Its introspection endpoint: an https URL (http on loopback only)."),
                .required("client_id", .text, "What the gateway names itself with, by HTTP Basic."),
                .required("client_secret", .secret, "Its secret, best as `${NAME}`."),
                .fallback(
                    "cache", .duration(.zero ... .seconds(86_400), zero: "each login asks"), "30s",
                    "How long `active: true` is remembered, at most until the token expires."),
                .fallback(
                    "on_error", .choice(Introspection.Failure.allCases.map(\.rawValue)), "refuse",
                    "What becomes of a login while the provider gives no answer."),
            ]),
    ]

    private static let placing = [
        ConfigurationSection(
            "regions.NAME", "One region.",
            [
                .required("jurisdiction", .name, "Legal area that the region lies in."),
                .optional("audit", .path, "Folder of the region's audit log. Default: `audit/NAME`."),
                .optional(
                    "networks", .list(.special("a block such as `10.1.0.0/16`")),
                    "Where its servers may be. Default: anywhere."),
            ]),
        ConfigurationSection(
            "databases.NAME", "One logical database.",
            [
                .required("replicas", .sections("databases.NAME.replicas[]"), "The servers that hold it."),
                .required(
                    "upstream", .section("databases.NAME.upstream"), "How the gateway logs in to them."),
                .fallback(
                    "row_level_facts", .boolean, "false",
                    "`true`: row-level security relies on the session's settings `domicile.*`. Every rule for the database "
                        + "must then say `forbid: [opaque]`: code that hides SQL could change them."),
                .optional(
                    "harmless", .section("databases.NAME.harmless"),
                    "Code that the gateway does not know and you vouch for."),
            ]),
        ConfigurationSection(
            "databases.NAME.harmless",
            "Code that the statement guard does not know, and is to take for harmless all the same. What is named here "
                + "is believed: a function that reads a file or connects to another server is an open door.",
            [
                .optional(
                    "libraries", .list(.special("the name of a library in the server's own folder")),
                    "C libraries, such as `postgis-3` or `vector`: all functions of theirs."),
                .optional(
                    "functions", .list(.special("a schema and a name")),
                    "Functions in languages that cannot be followed, such as `app.total`: all of that name."),
            ]),
        ConfigurationSection(
            "databases.NAME.replicas[]", "One PostgreSQL server.",
            [
                .required("name", .name, "Its name; no other replica of the file has it."),
                .required("region", .name, "The region that it is in."),
                .fallback(
                    "kind", .choice(ReplicaKind.allCases.map(\.rawValue)), "auto",
                    "What it must be; `auto` takes it for what its recovery state says."),
                .required("host", .special("one host name or address"), "Where it is."),
                .fallback("port", .integer(1...65_535), "5432", "Its port."),
                .optional("dbname", .text, "The database's name on it. Default: the logical name."),
                .optional(
                    "max_lag", .duration(.zero ... .seconds(7 * 86_400), zero: "no limit"),
                    "Replay lag beyond which a standby is passed over. Default: no limit."),
                .fallback(
                    "weight", .integer(1...1_000), "1",
                    "Its share of the sessions beside replicas that are as near: of two, one of weight 2 gets twice as many."
                ),
                .optional("attest", .section("databases.NAME.replicas[].attest"), "What it must prove."),
                .fallback("maintenance", .boolean, "false", "`true` keeps new sessions away from it."),
            ]),
        ConfigurationSection(
            "databases.NAME.replicas[].attest", "What a replica must prove about itself.",
            [
                .optional(
                    "cluster_name", .text, "Its setting `cluster_name`: the operator's mark of the region."),
                .optional(
                    "tls_spki", .text, "`sha256/` and the base64 digest of its certificate's public key."),
                .optional("system_identifier", .text, "Its system identifier, decimal."),
            ]),
    ]

    /// What a server must prove, and how it may ask for a password.
    private static func trustKeys(of server: String) -> [ConfigurationKey] {
        [
            .fallback(
                "sslmode", .choice(SSLMode.allCases.map(\.rawValue)), "verify-full",
                "TLS towards the \(server)s."),
            .optional(
                "sslrootcert", .readableFile, "PEM file of CAs; required for verify-ca and verify-full."),
            .optional(
                "sslcrl", .readableFile,
                "PEM file of certificate revocation lists, one of each CA in the chain: a \(server) with a revoked certificate is no more connected to. Read again at a reload."
            ),
            .fallback(
                "weak_authentication", .choice(["allow", "refuse"]), "refuse",
                "`allow` lets a \(server) ask for a password in cleartext or by MD5."),
        ]
    }

    static let shipping = [
        ConfigurationSection(
            "audit.ship[]",
            "A PostgreSQL database that logs are copied to (audit-log.md, Shipping). The log of its own region goes there whole, of "
                + "every other one hashes only.",
            [
                .optional(
                    "name", .name,
                    "Its name in metrics and messages. Default: its number in the list, from 1."),
                .required(
                    "region", .name,
                    "The region that it is in; where the server's address lies outside of its `networks`, nothing is sent."
                ),
                .required("host", .special("one host name or address"), "Where it is."),
                .fallback("port", .integer(1...65_535), "5432", "Its port."),
                .required("dbname", .text, "The database."),
                .fallback("user", .text, "domicile_ship", "Role that the gateway logs in as."),
                .optional("password", .secret, "Its password, best as `${NAME}`."),
                .optional(
                    "password_file", .readableFile,
                    "In its place a file of the password alone, as of a role; read at each login."),
            ] + trustKeys(of: "destination") + [
                .fallback(
                    "table", .special("a schema and a name"), "domicile.records",
                    "Table of whole records."),
                .fallback(
                    "hashes_table", .special("a schema and a name"), "domicile.hashes",
                    "Table of the hashes of other regions' logs."),
                .fallback(
                    "checkpoints_table", .special("a schema and a name"), "domicile.checkpoints",
                    "Table of signed checkpoints, where `anchor` names this destination."),
                .optional(
                    "logs", .list(.name),
                    "Regions whose logs go there; `[]`: none, checkpoints alone. Default: all."),
            ])
    ]

    private static let upstreams = [
        ConfigurationSection(
            "databases.NAME.upstream", "How the gateway logs in.",
            trustKeys(of: "replica") + [
                .required(
                    "roles", .namedSections("databases.NAME.upstream.roles.NAME"),
                    "The roles that rules may hand out, and their credentials."),
                .optional(
                    "upstream_ca", .section("databases.NAME.upstream.upstream_ca"),
                    "The CA that signs the client certificates of roles with `certificate: minted`."),
            ]),
        ConfigurationSection(
            "databases.NAME.upstream.roles.NAME",
            "The credential of one role: `password`, or `password_file`, or `certificate` (with `key`, or `minted`), or `trust: true`.",
            [
                .optional("password", .secret, "Password, best as `${NAME}`."),
                .optional(
                    "password_file", .readableFile,
                    "File of the password alone, one line of at most 4,096 bytes that only its owner may read. It is read again "
                        + "when it changes: logins take a new one within a second, without a reload."),
                .optional(
                    "certificate", .special("a PEM file, or `minted`"),
                    "PEM file of a client certificate; `minted`: a short-lived one of `upstream_ca`, CN = role."
                ),
                .optional("key", .readableFile, "PEM file of its private key."),
                .fallback("trust", .boolean, "false", "`true`: the server asks for nothing."),
            ]),
        ConfigurationSection(
            "databases.NAME.upstream.upstream_ca",
            "A certificate authority that the servers trust (`ssl_ca_file`). Certificates that it signs are made in memory, and anew when half of their life is over.",
            [
                .required(
                    "certificate", .readableFile,
                    "PEM file of its certificate, then of those above it where it is no root."),
                .required(
                    "key", .readableFile,
                    "PEM file of its private key (ECDSA, Ed25519, or RSA from 2,048 bits), which only its owner may read."
                ),
                .fallback(
                    "lifetime", .duration(.seconds(60) ... .seconds(86_400), zero: nil), "10m",
                    "How long each certificate holds."),
            ]),
    ]
}
