import Foundation
import Gateway
import GatewayConfiguration
import GatewayExplanation
import GatewayHealth
import GatewayIdentity
import GatewayPolicy
import GatewayRouting
import Logging
import Synchronization

/// What a gateway that starts now with a file would know: tokens are verified by the issuers' keys of now, and each
/// replica of the database is probed once, from here.
final class ProbedGround: ExplanationGround {
    /// How long replicas are waited for that do not answer, and a catalogue.
    private static let probePatience: Duration = .seconds(3)
    private static let catalogPatience: Duration = .seconds(5)

    let configuration: Configuration
    let policy: Policy
    let source: ExplanationReport.Source
    private let readsCatalog: Bool
    /// Its probes end with the process: waiting for one that hangs would tell nobody anything.
    private let monitor = HealthMonitor(logger: ProbedGround.silent, catalog: .reviewed)

    /// - Parameters:
    ///   - reason: why no running gateway is asked.
    ///   - readsCatalog: a statement is to be judged.
    init(_ configuration: Configuration, reason: String, readsCatalog: Bool) {
        self.configuration = configuration
        self.readsCatalog = readsCatalog
        policy = Policy(configuration)
        source = ExplanationReport.Source(kind: .probes, gateway: configuration.gateway, reason: reason)
    }

    private static var silent: Logger {
        Logger(label: "explain", factory: { _ in SwiftLogNoOpLogHandler() })
    }

    func principal(ofToken token: [UInt8]) async throws(ExplanationFailure) -> Principal {
        let service = IdentityService(
            issuers: configuration.issuers, leeway: configuration.leeway,
            tokenLimit: configuration.limits.token, logger: ProbedGround.silent)
        let now = Int64(Date().timeIntervalSince1970)
        let (verification, keys) = await service.verifyWithKeys(token, now: now)
        if case .failed(let failure)? = keys {
            throw .refused(.keysUnavailable, cause: "the issuer's keys cannot be had: \(failure)")
        }
        switch verification {
        case .verified(let token): return token.principal
        case .refused(.keysUnavailable), .needsKeys:
            throw .refused(.keysUnavailable, cause: "the issuer's keys cannot be had")
        case .refused(let refusal): throw .refused(.token(refusal), cause: "token refused: \(refusal.detail)")
        }
    }

    func replicas(
        of database: Database
    ) async -> (statuses: [ReplicaID: ReplicaStatus], sessions: [ReplicaID: Int]) {
        let targets = ReplicaTarget.targets(of: database, regions: configuration.regions).map { target in
            var target = target
            target.needsCatalog = readsCatalog
            return target
        }
        var health = configuration.health
        // One good probe is as much as one run can know.
        health.rise = 1
        health.fall = 1
        monitor.start(targets: targets, settings: ProbeSettings(health))
        await wait(ProbedGround.probePatience) {
            self.monitor.snapshot().values.allSatisfy { $0.probedAt != nil }
        }
        return (monitor.snapshot(), [:])
    }

    func catalog(of replica: ReplicaID) async -> ExplainedCatalog {
        await wait(ProbedGround.catalogPatience) {
            guard let state = self.monitor.catalogState(of: replica) else { return true }
            return state.published != nil || state.failure != .notReadYet
        }
        let state = monitor.catalogState(of: replica)
        return ExplainedCatalog(
            replica: replica, published: state?.published, age: state?.age,
            failure: state?.published == nil ? state?.failure?.description : nil)
    }

    private func wait(_ patience: Duration, until isDone: () -> Bool) async {
        let deadline = ContinuousClock.now + patience
        while !isDone(), ContinuousClock.now < deadline {
            try? await Task.sleep(for: .milliseconds(20))
        }
    }
}
