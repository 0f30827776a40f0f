import Audit
import AuditShipping
import GatewayConfiguration
import GatewayCredentials
import GatewayHealth
import GatewayIdentity
import GatewayRouting
import GatewayServers
import Logging
import Synchronization
import Transport

/// The whole gateway: logs, probes, keys, listeners and workers of one process.
package final class Gateway: Sendable {
    let context: GatewayContext
    private let mailboxes: [Mailbox<WorkerMessage>]
    package let listeners: [ListeningSocket]
    let logger: Logger
    private let draining = Atomic<Bool>(false)
    /// nil: nothing is shipped, whatever the configuration says (a simulation).
    let shipping: ShippingService?

    /// Opens the logs, binds the listeners and starts all threads: executors may connect when this returns.
    ///
    /// - Parameter inherited: listening sockets that the process was started with. With them it waits for
    ///   the gateway that has the state's folder and the logs: that one drains, and executors wait in the backlog.
    /// - Throws: `GatewayStartError` where a log, certificate or listener cannot be had; nothing runs then.
    package convenience init(
        _ configuration: Configuration, inherited: [InheritedSockets.Inherited] = [], logger: Logger
    ) throws(GatewayStartError) {
        // Before the first thread that connects by libpq: an anchor's, a probe's or a shipper's.
        ServerLogin.clearEnvironment()
        let generation = try Gateway.firstGeneration(configuration)
        let patience = inherited.isEmpty ? .zero : Gateway.patience(for: configuration)
        // Whom not to let in is known before anybody can knock, and when the last gateway can add nothing to it.
        let revocations: RevocationStore
        do throws(RevocationStoreError) {
            revocations = try Gateway.openRevocations(
                folder: configuration.state, patience: patience, logger: logger)
        } catch {
            throw .revocations(error)
        }
        let logs = try Gateway.openLogs(configuration, logger: logger)
        let captureKey: CaptureKey
        do throws(AuditError) {
            captureKey = try CaptureKey.loadOrCreate(path: configuration.audit.captureKey)
        } catch {
            throw .audit(error)
        }
        let identity = IdentityService(
            issuers: configuration.issuers, leeway: configuration.leeway,
            tokenLimit: configuration.limits.token, remembered: configuration.limits.rememberedTokens,
            logger: logger)
        let parts = GatewayParts(
            identity: identity,
            introspection: IntrospectionService(issuers: configuration.issuers, logger: logger),
            revocations: revocations, health: HealthMonitor(logger: logger, catalog: .reviewed), logs: logs,
            captureKey: captureKey, platform: .system,
            shipping: ShippingService(
                logs: try Gateway.shippedLogs(logs, configuration), logger: logger))
        do throws(TransportError) {
            let sockets = try ListeningSocket.open(configuration.listeners, inherited: inherited)
            try self.init(generation, parts: parts, listeners: sockets, logger: logger)
            parts.health.start(configuration)
            identity.start()
            try startWorkers()
            shipping?.reload(configuration)
            startRetention()
        } catch {
            throw .transport(error)
        }
    }

    /// A gateway of these parts, without listeners and threads: `WorkerTurns` runs it.
    package convenience init(
        _ configuration: Configuration, parts: GatewayParts, logger: Logger
    ) throws(GatewayStartError) {
        let generation = try Gateway.firstGeneration(configuration)
        do throws(TransportError) {
            try self.init(generation, parts: parts, listeners: [], logger: logger)
        } catch {
            throw .transport(error)
        }
    }

    private init(
        _ generation: Generation, parts: GatewayParts, listeners: [ListeningSocket], logger: Logger
    ) throws(TransportError) {
        self.logger = logger
        self.listeners = listeners
        shipping = parts.shipping
        let configuration = generation.configuration
        var mailboxes: [Mailbox<WorkerMessage>] = []
        for _ in 0..<max(1, configuration.limits.workers ?? CPUQuota.cores()) {
            mailboxes.append(try Mailbox())
        }
        self.mailboxes = mailboxes
        let bufferLimit =
            configuration.limits.buffers ?? BufferBudget.share(ofMemory: ControlGroup().memoryLimit)
        context = GatewayContext(
            parts: parts, generation: generation, mailboxes: mailboxes,
            buffers: BufferBudget(limit: bufferLimit, workers: mailboxes.count),
            handsOver: listeners.contains(where: \.isInherited), logger: logger)
        try Gateway.want(generation.passwordFiles, context)
        context.console.connect(self)
        watchLogs()
        watchReplicas()
    }

    private static func firstGeneration(_ configuration: Configuration) throws(GatewayStartError)
        -> Generation
    {
        do throws(TransportError) {
            return try Generation(number: 1, configuration: configuration)
        } catch {
            throw .transport(error)
        }
    }

    /// Reads the passwords that stand in files, and goes on to.
    private static func want(_ files: Set<String>, _ context: GatewayContext) throws(TransportError) {
        do throws(PasswordFiles.Mistake) {
            try context.passwords.want(files)
        } catch {
            throw .material(path: error.file, reason: error.reason)
        }
    }

    private static func openLogs(
        _ configuration: Configuration, logger: Logger
    ) throws(GatewayStartError) -> [String: AuditLog] {
        var logs: [String: AuditLog] = [:]
        do throws(AuditError) {
            let keys = try configuration.audit.key.map(AuditKeyFile.load)
            for region in configuration.regions {
                var settings = AuditLogSettings(of: region, configuration: configuration)
                settings.tree = keys.map { TreeSettings(of: region, configuration: configuration, keys: $0) }
                settings.tree?.anchorChanged = { anchor, trouble in
                    tell(of: anchor, region: region.name, trouble, logger)
                }
                settings.retention = RetentionSettings(of: configuration) { event in
                    tell(of: event, region: region.name, logger)
                }
                logs[region.name] = try AuditLog(settings)
            }
            return logs
        } catch {
            for log in logs.values { log.close() }
            throw .audit(error)
        }
    }

    private static func tell(
        of anchor: String, region: String, _ trouble: AuditError?, _ logger: Logger
    ) {
        var metadata: Logger.Metadata = ["region": "\(region)", "anchor": "\(anchor)"]
        guard let trouble else {
            return logger.notice("the anchor takes checkpoints again", metadata: metadata)
        }
        metadata["error"] = "\(trouble)"
        logger.error("the anchor takes no checkpoints", metadata: metadata)
    }

    private static func tell(of event: RetentionSettings.Event, region: String, _ logger: Logger) {
        switch event {
        case .removed(let first, let end):
            logger.notice(
                "records removed by retention",
                metadata: ["region": "\(region)", "first": "\(first)", "end": "\(end)"])
        case .trouble(let error?):
            logger.error(
                "retention removes nothing", metadata: ["region": "\(region)", "error": "\(error)"])
        case .trouble(nil):
            logger.notice("retention goes on", metadata: ["region": "\(region)"])
        }
    }

    /// Removes old segments, but for those that a destination does not have yet.
    private func startRetention() {
        for (region, log) in context.logs {
            log.startRetention { [shipping] in shipping?.needed(of: region) }
        }
    }

    /// The first worker accepts for all: sessions are handed out in turn, so that none gathers them.
    func worker(_ index: Int) throws(TransportError) -> Worker {
        try Worker(
            index: index, context: context, mailbox: mailboxes[index],
            listeners: index == 0 ? listeners : [])
    }

    private func startWorkers() throws(TransportError) {
        for (index, thread) in context.threads.enumerated() {
            try thread.start {
                do throws(TransportError) {
                    let worker = try self.worker(index)
                    worker.begin()
                    return { worker.run() }
                } catch {
                    self.logger.critical("worker cannot run", metadata: ["error": "\(error)"])
                    return { true }
                }
            }
        }
    }

    private func watchLogs() {
        let context = context
        for (region, log) in context.logs {
            _ = log.subscribe { notice in
                switch notice {
                case .durable:
                    for worker in context.notices.takeWanting(region: region) {
                        context.post(.logChanged(region: region), to: worker)
                    }
                case .failed(let error):
                    context.logger.critical(
                        "audit log failed", metadata: ["region": "\(region)", "error": "\(error)"])
                    context.postToAll(.logChanged(region: region))
                case .recovered:
                    context.logger.notice("audit log takes records again", metadata: ["region": "\(region)"])
                    context.postToAll(.logChanged(region: region))
                case .held(let worker):
                    // Its other sessions must not wait for this disk (F-AUD-03).
                    context.threads[worker].replace()
                    context.logger.warning(
                        "audit log's disk keeps a worker waiting: another thread goes on",
                        metadata: ["region": "\(region)", "worker": "\(worker)"])
                }
            }
        }
    }

    private func watchReplicas() {
        let context = context
        context.health.observe { [weak self] replica, _, transition in
            // Before the sessions that it ends: whoever sees one end finds the reason.
            if case .quarantined(let difference) = transition {
                self?.record(
                    AdminOperation("quarantine", target: "\(replica)", reason: difference.description))
            }
            if transition.endsSessions { context.postToAll(.replicaLost(replica)) }
        }
    }

    /// Keeps the issuers' keys fresh, and gives back the memory of sessions that are gone or idle, until the task is cancelled.
    package func run() async {
        let context = context
        await withDiscardingTaskGroup { group in
            group.addTask { await context.identity.run() }
            group.addTask {
                var trim = MemoryTrim()
                while (try? await Task.sleep(for: .seconds(2))) != nil {
                    let haveGone = trim.connections(context.admission.connections)
                    let areIdle = trim.buffers(released: context.buffers.released)
                    if haveGone || areIdle { MemoryTrim.giveBack() }
                }
            }
        }
    }

    /// The configuration with what is made from it, as new sessions get it.
    package var generation: Generation { context.generation }
    package var configuration: Configuration { context.generation.configuration }
    package var counters: Counters { context.counters }
    package var isDraining: Bool { draining.load(ordering: .relaxed) }

    // MARK: Reload

    /// Swaps a configuration in whole. Listeners, logs' folders and the state folder hold until a restart: what of
    /// them changed is returned, for the operator to be told.
    ///
    /// - Parameter asker: nil for what a signal asked for.
    /// - Throws: where a certificate cannot be used; the old configuration goes on.
    package func reload(
        _ configuration: Configuration, by asker: OperatorIdentity? = nil
    ) throws(GatewayStartError) -> [String] {
        let old = context.generation
        var newer = configuration
        let restart = Gateway.needsRestart(from: old.configuration, to: configuration)
        newer.listeners = old.configuration.listeners.enumerated().map { index, listener in
            // Certificates of a listener that is otherwise the same are read anew.
            guard let same = configuration.listeners.first(where: { $0.address == listener.address }) else {
                return listener
            }
            return same
        }
        let generation: Generation
        let key: CaptureKey?
        do throws(GatewayStartError) {
            (generation, key) = try read(newer, number: old.number + 1)
        } catch {
            context.counters.reloadFailures.increase()
            record(AdminOperation("reload", reason: "refused: \(error)", by: asker))
            throw error
        }
        var changes = old.configuration.changes(to: configuration)
        if let key, key.id != context.captureKey.id {
            changes.append("key of digests \(context.captureKey.id) to \(key.id)")
            context.replaceCaptureKey(key)
        }
        context.replaceGeneration(generation)
        context.identity.replaceIssuers(newer.issuers, settings: TokenSettings(of: newer))
        context.introspection.replaceIssuers(newer.issuers)
        context.health.reload(newer)
        shipping?.reload(newer)
        // Before the sessions that it ends: whoever sees one end finds the reason.
        context.counters.reloads.increase()
        record(
            AdminOperation(
                "reload", reason: "policy \(old.configuration.digest) to \(newer.digest)",
                changes: changes, by: asker))
        context.postToAll(.reloaded)
        return restart
    }

    /// What a reload has to read beside the configuration. A key of digests that is not there any more holds on.
    private func read(
        _ configuration: Configuration, number: Int
    ) throws(GatewayStartError) -> (Generation, CaptureKey?) {
        let generation: Generation
        do throws(TransportError) {
            generation = try Generation(number: number, configuration: configuration)
            try Gateway.want(generation.passwordFiles, context)
        } catch {
            throw .transport(error)
        }
        do throws(AuditError) {
            return (generation, try CaptureKey.load(path: configuration.audit.captureKey))
        } catch {
            throw .audit(error)
        }
    }

    /// A configuration that was not taken is noted, too.
    package func reloadRefused(mistakes: Int, by asker: OperatorIdentity? = nil) {
        context.counters.reloadFailures.increase()
        record(AdminOperation("reload", reason: "refused: \(mistakes) mistakes", by: asker))
    }

    private static func needsRestart(from old: Configuration, to new: Configuration) -> [String] {
        var changed: [String] = []
        if old.listeners.map(\.address) != new.listeners.map(\.address) { changed.append("listen") }
        if old.regions.map(\.name) != new.regions.map(\.name)
            || old.regions.map(\.audit) != new.regions.map(\.audit)
        {
            changed.append("regions")
        }
        var audit = new.audit
        // What is kept of values, and under which key, and where copies go, holds at once.
        audit.parameters = old.audit.parameters
        audit.literals = old.audit.literals
        audit.describe = old.audit.describe
        audit.copy = old.audit.copy
        audit.captureKey = old.audit.captureKey
        audit.ship = old.audit.ship
        if old.audit != audit { changed.append("audit") }
        if old.state != new.state { changed.append("state") }
        if old.limits.workers != new.limits.workers { changed.append("limits.workers") }
        if old.limits.buffers != new.limits.buffers { changed.append("limits.buffers") }
        if old.admin != new.admin { changed.append("admin") }
        return changed
    }

    // MARK: End

    /// Takes no more connections, ends sessions as they fall idle, all of them after `session.shutdown_timeout`, and
    /// closes the logs. Blocks until that is done.
    package func drain() {
        guard !draining.exchange(true, ordering: .sequentiallyConsistent) else { return }
        let deadline = context.platform.monotonic() &+ configuration.session.shutdownTimeout.nanoseconds
        // The first worker accepts for all, and tells the others when it has stopped: whom it dealt them comes before that.
        context.post(.drain(deadline: deadline), to: 0)
        for thread in context.threads { thread.join() }
        context.console.threads.stop()
        context.health.stop()
        context.passwords.stop()
        for log in context.logs.values { log.close() }
        // Now their last checkpoints cover all that they hold.
        shipping?.close()
    }

    /// Ends what is left of a drain now.
    package func stopNow() { context.postToAll(.stop) }
}

/// Why a gateway cannot start.
package enum GatewayStartError: Error, Sendable, CustomStringConvertible {
    case transport(TransportError)
    case audit(AuditError)
    case revocations(RevocationStoreError)

    package var description: String {
        switch self {
        case .transport(let error): "\(error)"
        case .audit(let error): "\(error)"
        case .revocations(let error): "\(error)"
        }
    }
}
