import GatewayPolicy

/// The whole configuration, validated: one immutable value, swapped in at once on reload. Paths are absolute.
/// Keys, units and defaults are those of docs/configuration.md.
package struct Configuration: Sendable {
    /// The file it was read from, and the SHA-256 of its bytes in lower-case hex (the policy digest).
    package var file: String
    package var digest: String
    /// The region this gateway runs in.
    package var region: String
    /// This gateway's name in records; default the host name.
    package var gateway: String
    package var listeners: [Listener]
    package var admin: AdminEndpoint?
    package var issuers: [Issuer]
    package var regions: [Region]
    package var databases: [Database]
    package var health: Health
    package var audit: AuditSettings
    package var session: SessionSettings
    package var limits: Limits
    package var rules: [Rule]
    package var operators: [Operator]
    /// Folder of what must survive a restart.
    package var state: String
    /// Changed files are read again without a signal.
    package var watchesFiles: Bool
    /// Allowed difference of clocks for exp, nbf and iat.
    package var leeway: Duration
    package var log: OperationalLogSettings

    package init(
        file: String, digest: String, region: String, gateway: String, listeners: [Listener],
        admin: AdminEndpoint?, issuers: [Issuer], regions: [Region], databases: [Database], health: Health,
        audit: AuditSettings, session: SessionSettings, limits: Limits, rules: [Rule], operators: [Operator],
        state: String, leeway: Duration, watchesFiles: Bool = false, log: OperationalLogSettings = .init()
    ) {
        self.file = file
        self.digest = digest
        self.region = region
        self.gateway = gateway
        self.listeners = listeners
        self.admin = admin
        self.issuers = issuers
        self.regions = regions
        self.databases = databases
        self.health = health
        self.audit = audit
        self.session = session
        self.limits = limits
        self.rules = rules
        self.operators = operators
        self.state = state
        self.leeway = leeway
        self.log = log
        self.watchesFiles = watchesFiles
    }

    package func region(named name: String) -> Region? { regions.first { $0.name.hasSameBytes(as: name) } }
    package func database(named name: String) -> Database? {
        databases.first { $0.name.hasSameBytes(as: name) }
    }

    /// Whether a rule for the database forbids something, or keeps it from being written.
    package func judgesStatements(of database: Database) -> Bool {
        rules.contains { rule in
            (!rule.forbid.isEmpty || rule.forbidsTemporary || rule.access == .readOnly)
                && rule.databases.contains { $0.matches(database.name) }
        }
    }
}

package struct Health: Sendable, Hashable {
    package var interval: Duration
    package var timeout: Duration
    package var user: String
    package var password: Secret?
    /// A file that holds the password, read at each login (`PasswordFile`).
    package var passwordFile: String?
    /// Failures in a row after which a replica counts as down; successes after which it counts as up again.
    package var fall: Int
    package var rise: Int
    /// Time from one look at a catalogue to the next; zero: one look.
    package var catalogInterval: Duration

    package init(
        interval: Duration, timeout: Duration, user: String, password: Secret?, passwordFile: String? = nil,
        fall: Int, rise: Int, catalogInterval: Duration = .seconds(10)
    ) {
        self.interval = interval
        self.timeout = timeout
        self.user = user
        self.password = password
        self.passwordFile = passwordFile
        self.fall = fall
        self.rise = rise
        self.catalogInterval = catalogInterval
    }
}

package struct AuditSettings: Sendable, Hashable {
    package enum Durability: String, Sendable, Hashable, CaseIterable { case strict, acknowledged, buffered }
    package var durability: Durability
    package var syncInterval: Duration
    /// Bytes after which a new segment begins.
    package var segment: Int
    /// Bytes a record may have.
    package var recordLimit: Int
    package var parameters: Capture
    package var literals: Capture
    /// Texts are read for `fingerprint`, `class` and `relations` where nothing is forbidden, too.
    package var describe: Bool
    package var copy: CopyCapture
    /// What the logs' origins begin with; nil: the gateway's name.
    package var origin: String?
    /// File of the keys that sign checkpoints; nil: nobody signs.
    package var key: String?
    /// The places elsewhere that take checkpoints.
    package var anchors: [AnchorPlace]
    /// Age after which segments are removed; nil or zero: never.
    package var retention: Duration?
    /// Where logs are copied to.
    package var ship: [ShippingDestination]
    /// File of the key for digests of parameters; default `<state>/capture.key`, made at the first start.
    package var captureKey: String
    /// Names of filesystem types that are accepted beside local ones.
    package var allowFilesystems: [String]

    package init(
        durability: Durability, syncInterval: Duration, segment: Int, recordLimit: Int, parameters: Capture,
        literals: Capture, describe: Bool, origin: String?, key: String?, anchors: [AnchorPlace] = [],
        retention: Duration?,
        captureKey: String,
        allowFilesystems: [String], copy: CopyCapture = .bytes, ship: [ShippingDestination] = []
    ) {
        self.copy = copy
        self.ship = ship
        self.durability = durability
        self.syncInterval = syncInterval
        self.segment = segment
        self.recordLimit = recordLimit
        self.parameters = parameters
        self.literals = literals
        self.describe = describe
        self.origin = origin
        self.key = key
        self.anchors = anchors
        self.retention = retention
        self.captureKey = captureKey
        self.allowFilesystems = allowFilesystems
    }
}

extension AuditSettings {
    /// `retention` as the file may say it, such as `400d`.
    package var retentionText: String { ValueFormats.text(retention ?? .zero) }

    /// Bytes that an origin may have: a region's name and a number follow it, in 255 (C2SP signed-note).
    static let originLimit = 160
    static let originExpectation =
        "a name of at most \(originLimit) bytes without spaces, control characters and `+`"

    /// Whether an origin may stand in a checkpoint.
    static func isOrigin(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count <= originLimit
            && !text.unicodeScalars.contains {
                $0 == "+" || $0.properties.isWhitespace || $0.properties.generalCategory == .control
            }
    }
}

package struct SessionSettings: Sendable, Hashable {
    package var expiry: ExpiryMode
    package var expiryNotice: Duration
    package var drainTimeout: Duration
    /// `Duration.zero` is never, here and in `idleTimeout`.
    package var maxLifetime: Duration
    package var idleTimeout: Duration
    package var startupTimeout: Duration
    package var shutdownTimeout: Duration

    package init(
        expiry: ExpiryMode, expiryNotice: Duration, drainTimeout: Duration, maxLifetime: Duration,
        idleTimeout: Duration, startupTimeout: Duration, shutdownTimeout: Duration
    ) {
        self.expiry = expiry
        self.expiryNotice = expiryNotice
        self.drainTimeout = drainTimeout
        self.maxLifetime = maxLifetime
        self.idleTimeout = idleTimeout
        self.startupTimeout = startupTimeout
        self.shutdownTimeout = shutdownTimeout
    }
}

package struct Limits: Sendable, Hashable {
    package var logBytesPerSecondPerSubject: Int
    package var sessions: Int
    package var sessionsPerSubject: Int
    package var sessionsPerAddress: Int
    package var loginsPerSecondPerAddress: Int
    package var loginsPerSecondPerSubject: Int
    /// Logins that may be under way at a replica at a time.
    package var loginsPerReplica: Int
    /// The longest that the refusal of a token is held back; `Duration.zero` is not at all.
    package var failureDelay: Duration
    package var statement: Int
    /// Bytes that each worker remembers of judged statements.
    package var statementCache: Int
    package var token: Int
    /// Verified tokens that are remembered; 0: none.
    package var rememberedTokens: Int
    /// Nil: one for each core.
    package var workers: Int?
    /// Bytes that the buffers of all sessions may hold together; nil: as the control group's limit says.
    package var buffers: Int?

    package init(
        logBytesPerSecondPerSubject: Int, sessions: Int, sessionsPerSubject: Int,
        sessionsPerAddress: Int, loginsPerSecondPerAddress: Int, loginsPerSecondPerSubject: Int,
        loginsPerReplica: Int = 64, failureDelay: Duration, statement: Int, statementCache: Int = 8 << 20,
        token: Int,
        rememberedTokens: Int,
        workers: Int?, buffers: Int? = nil
    ) {
        self.logBytesPerSecondPerSubject = logBytesPerSecondPerSubject
        self.sessions = sessions
        self.sessionsPerSubject = sessionsPerSubject
        self.sessionsPerAddress = sessionsPerAddress
        self.loginsPerSecondPerAddress = loginsPerSecondPerAddress
        self.loginsPerSecondPerSubject = loginsPerSecondPerSubject
        self.loginsPerReplica = loginsPerReplica
        self.failureDelay = failureDelay
        self.statement = statement
        self.statementCache = statementCache
        self.token = token
        self.rememberedTokens = rememberedTokens
        self.workers = workers
        self.buffers = buffers
    }
}

package struct Operator: Sendable, Hashable {
    package enum Right: String, Sendable, Hashable, CaseIterable { case read, kill, revoke, reload }
    package var who: Condition
    package var may: Set<Right>

    package init(who: Condition, may: Set<Right>) {
        self.who = who
        self.may = may
    }
}
