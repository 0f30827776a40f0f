import GatewayPolicy

/// Builds the configuration from the file's tree. It goes on after a mistake, with a harmless value in its
/// place, so that one run reports them all; the result counts only where there was none.
struct ConfigurationBuilder {
    let context: ReadingContext
    let root: Fields
    var listeners: [PlacedListener] = []
    var regions: [Region] = []
    var issuers: [Issuer] = []
    var databases: [Database] = []
    /// Roles with a credential by database, those with mistakes in it too.
    var roles: [String: [String]] = [:]
    /// Where a replica, a region or a role stands in the file.
    var replicaPositions: [String: Position] = [:]
    var regionPositions: [String: Position] = [:]

    struct PlacedListener {
        var listener: Listener
        var position: Position
    }

    init(_ document: YAMLNode, context: ReadingContext) {
        self.context = context
        root = Fields(document, section: "", at: .start, context: context)
    }

    mutating func build(file: String, digest: String, hostName: String) -> Configuration {
        let state = root.path("state") ?? context.folder
        readListeners()
        readRegions()
        readIssuers()
        readDatabases()
        let rules = readRules()
        let operators = readOperators()
        warnAboutRegions()
        warnAboutFilesystems()
        warnAboutShadows(rules)
        warnAboutSharedRoles(rules)
        return Configuration(
            file: file, digest: digest, region: root.text("region"),
            gateway: root.optionalText("gateway") ?? hostName,
            listeners: listeners.map(\.listener), admin: admin(state: state), issuers: issuers,
            regions: regions,
            databases: databases, health: health(), audit: audit(state: state, hostName: hostName),
            session: session(),
            limits: limits(), rules: rules, operators: operators, state: state,
            leeway: root.duration("leeway"), watchesFiles: root.fields("reload").boolean("watch"),
            log: operationalLog())
    }

    // MARK: Sections that stand alone

    private func admin(state: String) -> AdminEndpoint? {
        guard root.has("admin") else { return nil }
        let fields = root.fields("admin")
        let address = fields.address("address") ?? ("", 0)
        if let value = fields.scalar("address"), !address.host.isEmpty,
            !ConfigurationBuilder.isLoopback(address.host)
        {
            fields.wrong("address", value, "a loopback address: the endpoint has no TLS")
        }
        if listeners.contains(where: { $0.listener.address == .tcp(host: address.host, port: address.port) })
        {
            mistake(fields.position(of: "address"), "the address of a listener; expected one of its own")
        }
        let socket = fields.path("socket") ?? state + "/admin.sock"
        if socket.utf8.count > AdminEndpoint.socketLimit {
            mistake(
                fields.position(of: "socket"),
                "`socket`: the path \(quoted(socket)) has \(socket.utf8.count) bytes; expected at most "
                    + "\(AdminEndpoint.socketLimit)")
        }
        return AdminEndpoint(host: address.host, port: address.port, socket: socket)
    }

    private func health() -> Health {
        let fields = root.fields("health")
        checkPassword(fields)
        return Health(
            interval: fields.duration("interval"), timeout: fields.duration("timeout"),
            user: fields.text("user"),
            password: fields.secret("password"), passwordFile: passwordFile(fields),
            fall: fields.integer("fall"), rise: fields.integer("rise"),
            catalogInterval: fields.duration("catalog_interval"))
    }

    private func session() -> SessionSettings {
        let fields = root.fields("session")
        return SessionSettings(
            expiry: fields.choice("expiry", ExpiryMode.self) ?? .drain,
            expiryNotice: fields.duration("expiry_notice"), drainTimeout: fields.duration("drain_timeout"),
            maxLifetime: fields.duration("max_lifetime"), idleTimeout: fields.duration("idle_timeout"),
            startupTimeout: fields.duration("startup_timeout"),
            shutdownTimeout: fields.duration("shutdown_timeout"))
    }

    private func limits() -> Limits {
        let fields = root.fields("limits")
        return Limits(
            logBytesPerSecondPerSubject: fields.size("log_bytes_per_second_per_subject"),
            sessions: fields.integer("sessions"), sessionsPerSubject: fields.integer("sessions_per_subject"),
            sessionsPerAddress: fields.integer("sessions_per_address"),
            loginsPerSecondPerAddress: fields.integer("logins_per_second_per_address"),
            loginsPerSecondPerSubject: fields.integer("logins_per_second_per_subject"),
            loginsPerReplica: fields.integer("logins_per_replica"),
            failureDelay: fields.duration("failure_delay"),
            statement: fields.size("statement"), statementCache: fields.size("statement_cache"),
            token: fields.size("token"), rememberedTokens: fields.integer("remembered_tokens"),
            workers: fields.integerOrAuto("workers"),
            buffers: fields.has("buffers") ? fields.size("buffers") : nil)
    }

    private func operationalLog() -> OperationalLogSettings {
        let fields = root.fields("log")
        return OperationalLogSettings(
            level: fields.choice("level", OperationalLogSettings.Level.self) ?? .info,
            format: fields.choice("format", OperationalLogSettings.Format.self) ?? .text)
    }

    // MARK: Names

    func mistake(_ position: Position, _ message: String) { context.findings.mistake(position, message) }

    func warning(_ position: Position, _ message: String) { context.findings.warning(position, message) }

    var policyRegions: [PolicyRegion] {
        regions.map { PolicyRegion(name: $0.name, jurisdiction: $0.jurisdiction) }
    }

    var jurisdictions: [String] {
        var names: [String] = []
        for region in regions where !region.jurisdiction.isEmpty && !names.contains(region.jurisdiction) {
            names.append(region.jurisdiction)
        }
        return names
    }

    /// Reports a name that none of the known ones is. Where none is known, their own section is the mistake.
    func checkKnown(_ value: TextValue, _ key: String, what: String, among known: [String]) {
        guard !known.isEmpty, !known.contains(where: { $0.hasSameBytes(as: value.text) }) else { return }
        let near = ValueFormats.nearest(value.text, among: known).map { "did you mean `\($0)`?" }
        let choices = "expected one of \(known.prefix(12).joined(separator: ", "))"
        mistake(value.position, "`\(key)`: unknown \(what) \(quoted(value.raw)); \(near ?? choices)")
    }
}
