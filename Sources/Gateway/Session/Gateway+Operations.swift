import Audit
import Foundation
import GatewayConfiguration
import GatewayIdentity
import GatewayPolicy
import Logging
import Transport

/// Who asks the gateway for an operation.
package enum OperatorIdentity: Sendable, Hashable {
    /// Whoever may open the admin socket: the file system has decided.
    case socket
    /// A verified token that one of `operators` allows this.
    case token(VerifiedToken)
}

/// Why an operation was not done.
package enum OperationFailure: Error, Sendable, Hashable {
    /// No token, or one that is not accepted; the text says which check failed.
    case unauthenticated(String)
    /// The token is good, and no entry of `operators` gives it this right.
    case notAllowed(Operator.Right)
    /// What was asked for cannot be, as it was asked.
    case wrong(String)
    case unknownSession(String)
    /// No revocation of that name is in force.
    case unknownRevocation(String)
    case unknownReplica(String)
    /// The replica is in no quarantine.
    case notQuarantined(String)
    /// It is not done for somebody who comes over the network.
    case socketOnly(String)
    /// The gateway was told to stop: it reads no configuration any more.
    case draining
    /// The audit log takes no record, and so nothing is shown.
    case notRecorded
    /// The revocation holds and its sessions have ended, but it would not survive a restart.
    case notStored(String)
    /// The revocation could not be taken from the disk, and holds on.
    case notLifted(String)
}

/// What operators do to a running gateway. Each operation leaves an `admin` record, written before what it does, so that
/// whoever sees a session end finds the reason.
extension Gateway {
    /// How long workers are waited for; one that stands still longer is late for its heartbeat, too.
    static let patience: Duration = .seconds(1)

    /// Whether the bearer of a token may do this: verified like an executor's, not revoked, active, and named by one
    /// of `operators` (rule 10: with several issuers each entry names one).
    package func authorize(
        token: [UInt8], for right: Operator.Right
    ) async throws(OperationFailure) -> OperatorIdentity {
        let verified: VerifiedToken
        do throws(Refusal) {
            verified = try await verify(token)
        } catch {
            throw .unauthenticated(error.detail)
        }
        let mayDoIt = configuration.operators.contains {
            $0.may.contains(right) && $0.who.holds(for: verified.principal)
        }
        guard mayDoIt else {
            logger.warning(
                "an operation was refused",
                metadata: [
                    "right": "\(right.rawValue)", "issuer": "\(verified.issuer)",
                    "subject": "\(verified.principal.subject)",
                ])
            throw .notAllowed(right)
        }
        return .token(verified)
    }

    /// All that a login asks of a token but what binds it to a connection.
    ///
    /// - Throws: what an executor with this token would be told.
    package func verify(_ token: [UInt8]) async throws(Refusal) -> VerifiedToken {
        let now = context.platform.wall() / 1_000_000
        switch await context.identity.verifyWithKeys(token, now: now).verification {
        case .needsKeys, .refused(.keysUnavailable): throw .keysUnavailable
        case .refused(let refusal): throw .token(refusal)
        case .verified(let verified):
            let leeway = configuration.leeway
            guard !context.revocations.revokes(verified, leeway: leeway) else { throw .loginRevoked }
            switch await context.introspection.check(token, of: verified, now: now) {
            case .active: break
            case .inactive: throw .token(.inactive)
            case .unavailable: throw .introspectionUnavailable
            }
            // The issuer may have taken its time.
            guard !context.revocations.revokes(verified, leeway: leeway) else { throw .loginRevoked }
            return verified
        }
    }

    /// The live sessions, the oldest first.
    package func sessions(for asker: OperatorIdentity) async throws(OperationFailure) -> [SessionSummary] {
        guard record(AdminOperation("read", target: "sessions", by: asker)) else { throw .notRecorded }
        return await liveSessions()
    }

    /// The same, for whoever has recorded it.
    func liveSessions() async -> [SessionSummary] {
        let context = context
        let gathering = Gathering(workers: context.workers)
        let answer = await gathering.answer(within: Gateway.patience) {
            context.postToAll(.describeSessions(gathering))
        }
        return answer.sessions.sorted { $0.durationMicroseconds > $1.durationMicroseconds }
    }

    /// Ends one session with 57P01.
    package func kill(
        session: String, reason: String?, for asker: OperatorIdentity
    ) async throws(OperationFailure) -> SessionSummary {
        try Gateway.check(reason: reason)
        guard (1...64).contains(session.utf8.count), session.utf8.allSatisfy({ (0x21...0x7e).contains($0) })
        else { throw .unknownSession(Refusal.printable(session)) }
        // A log that takes no record does not keep an operator from ending a session.
        record(AdminOperation("kill", target: session, reason: reason, by: asker))
        let context = context
        let gathering = Gathering(workers: context.workers)
        let answer = await gathering.answer(within: Gateway.patience) {
            context.postToAll(.kill(session: session, gathering))
        }
        guard let killed = answer.sessions.first else { throw .unknownSession(session) }
        return killed
    }

    static func check(reason: String?) throws(OperationFailure) {
        guard let reason else { return }
        let isPrintable = reason.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control }
        guard reason.utf8.count <= AdminOperation.reasonLimit, isPrintable else {
            throw .wrong(
                "the reason is expected to be one line of at most \(AdminOperation.reasonLimit) bytes")
        }
    }

    /// Notes that something was looked at; false where the log takes no record, and nothing may be shown.
    package func recordRead(_ target: String, by asker: OperatorIdentity) -> Bool {
        record(AdminOperation("read", target: target, by: asker))
    }

    // MARK: Records

    /// An `admin` record in the log of the gateway's own region; false where the log does not take it.
    @discardableResult
    func record(_ operation: AdminOperation) -> Bool {
        let configuration = configuration
        guard let log = context.logs[configuration.region] else { return false }
        var batch = RecordBatch(recordLimit: configuration.audit.recordLimit)
        batch.begin(.admin)
        batch.add("gateway", configuration.gateway)
        batch.add("region", configuration.region)
        if case .token(let token)? = operation.by {
            batch.add("issuer", token.issuer)
            batch.add("subject", token.principal.subject)
            batch.add("token_id", token.principal.tokenID)
        }
        batch.add("operation", operation.name)
        batch.add("target", operation.target)
        batch.add("reason", operation.reason)
        if !operation.changes.isEmpty { batch.add("changes", operation.changes) }
        batch.end()
        do throws(AuditError) {
            log.askSync(try log.append(&batch).end)
            return true
        } catch {
            logger.error(
                "cannot record an operation",
                metadata: ["operation": "\(operation.name)", "error": "\(error)"])
            return false
        }
    }
}

/// An operation as its `admin` record tells it.
struct AdminOperation {
    /// Bytes of an operator's own words.
    static let reasonLimit = 512
    /// Changes of a configuration that are told by name; a last entry counts those beyond.
    static let changeLimit = 200

    let name: String
    let target: String?
    let reason: String?
    /// What a reload changed.
    let changes: [String]
    /// Nil for what a signal asked for.
    let by: OperatorIdentity?

    init(
        _ name: String, target: String? = nil, reason: String? = nil, changes: [String] = [],
        by: OperatorIdentity? = nil
    ) {
        self.name = name
        self.target = target
        self.reason = reason
        let beyond = changes.count - AdminOperation.changeLimit
        self.changes = changes.prefix(AdminOperation.changeLimit) + (beyond > 0 ? ["and \(beyond) more"] : [])
        self.by = by
    }
}
