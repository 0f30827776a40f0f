import Audit
import AuditTree
import Foundation
import Gateway
import GatewayConfiguration
import GatewayIdentity
import Logging
import Transport

/// One gateway from its start to its end: a power cut ends one, and the next begins on the same disks.
struct GatewayLife {
    let gateway: Gateway
    let turns: WorkerTurns
    let health: SimulatedHealth
    let logs: [String: AuditLog]

    init(
        scenario: Scenario, time: SimulatedTime, disks: [String: SimulatedDisk], folder: String,
        signer: TokenSigner,
        dialer: Dialer, beside: BesideWork
    ) async throws {
        let configuration = try GatewayLife.read(
            scenario.configuration(americaIsServed: true), folder: folder)
        var logs: [String: AuditLog] = [:]
        for region in configuration.regions {
            var settings = AuditLogSettings(of: region, configuration: configuration)
            settings.segmentBytes = scenario.segment
            settings.tree = TreeSettings(
                of: region, configuration: configuration, keys: [GatewayLife.auditKey])
            guard let disk = disks[region.name] else { continue }
            logs[region.name] = try AuditLog(
                settings, clocks: time.logClocks, wrapping: { disk.access($0) },
                wrappingTree: { disk.access($0) }, startsWriter: false)
        }
        self.logs = logs
        var logger = Logger(label: "simulation") { _ in SwiftLogNoOpLogHandler() }
        logger.logLevel = .critical
        let jwks = signer.jwks
        let identity = IdentityService(
            issuers: configuration.issuers, leeway: configuration.leeway,
            tokenLimit: configuration.limits.token,
            logger: logger, fetch: { _ in .success(jwks) }, uptime: { .seconds(1) })
        await withCheckedContinuation { continuation in
            identity.fetchKeys(issuer: "https://id.example.com") { _ in continuation.resume() }
        }
        health = SimulatedHealth(configuration)
        let state = folder + "/state-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: state, withIntermediateDirectories: true)
        let parts = GatewayParts(
            identity: identity,
            introspection: IntrospectionService(issuers: configuration.issuers, logger: logger),
            revocations: try RevocationStore(
                folder: state, now: time.wall / 1_000_000),
            health: health, logs: logs,
            captureKey: try CaptureKey.loadOrCreate(path: folder + "/capture.key"),
            platform: GatewayPlatform(
                monotonic: { time.monotonicNanoseconds }, wall: { time.wall },
                connect: { address throws(TransportError) in try dialer.connect(address) },
                detach: { _, body in beside.add(body) }))
        gateway = try Gateway(configuration, parts: parts, logger: logger)
        turns = try WorkerTurns(of: gateway)
    }

    /// Signs the logs of all lives.
    static let auditKey = SigningKey()

    static func read(_ text: String, folder: String) throws -> Configuration {
        switch ConfigurationFile.read(
            Array(text.utf8), file: folder + "/gateway.yaml", environment: [:], hostName: "simulated")
        {
        case .valid(let configuration, _): return configuration
        case .mistaken(let findings): throw Mistaken(findings: findings.map { "\($0)" })
        }
    }

    struct Mistaken: Error { var findings: [String] }

    func closeLogs() { for log in logs.values { log.close() } }
}
