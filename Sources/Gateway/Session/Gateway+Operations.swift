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
    /// The audit log takes no record, and so nothing is shown.
    case notRecorded
    /// The revocation holds and its sessions have ended, but it would not survive a restart.
    case notStored(String)
}

/// What a revocation did.
package struct RevocationResult: Sendable, Hashable {
    package var revocation: Revocation
    /// The sessions that ended.
    package var sessions: [SessionSummary]
    /// Every worker has ended its sessions; else those that do not answer will, as soon as they do.
    package var isWhole: Bool

    package init(revocation: Revocation, sessions: [SessionSummary], isWhole: Bool) {
        self.revocation = revocation
        self.sessions = sessions
        self.isWhole = isWhole
    }
}

/// What operators do to a running gateway. Each operation leaves an `admin` record, written before what it does, so that
/// whoever sees a session end finds the reason.
extension Gateway {
    /// How long workers are waited for; one that stands still longer is late for its heartbeat, too.
    private static let patience: Duration = .seconds(1)

    /// Whether the bearer of a token may do this: verified like an executor's, not revoked, active, and named by one
    /// of `operators` (rule 10: with several issuers each entry names one).
    package func authorize(
        token: [UInt8], for right: Operator.Right
    ) async throws(OperationFailure) -> OperatorIdentity {
        let now = context.platform.wall() / 1_000_000
        var verification = context.identity.verify(token, now: now)
        if case .needsKeys(let issuer) = verification {
            await withCheckedContinuation { continuation in
                context.identity.fetchKeys(issuer: issuer) { _ in continuation.resume() }
            }
            verification = context.identity.verify(token, now: now, afterFetch: true)
        }
        switch verification {
        case .needsKeys: throw .unauthenticated(TokenRefusal.keysUnavailable.detail)
        case .refused(let refusal): throw .unauthenticated(refusal.detail)
        case .verified(let verified):
            switch await context.introspection.check(token, of: verified, now: now) {
            case .active: break
            case .inactive: throw .unauthenticated(TokenRefusal.inactive.detail)
            case .unavailable: throw .unauthenticated(TokenRefusal.introspectionUnavailable.detail)
            }
            let configuration = configuration
            guard !context.revocations.revokes(verified, leeway: configuration.leeway) else {
                throw .unauthenticated(Refusal.loginRevoked.detail)
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
    }

    /// The live sessions, the oldest first.
    package func sessions(for asker: OperatorIdentity) async throws(OperationFailure) -> [SessionSummary] {
        guard record(AdminOperation("read", target: "sessions", by: asker)) else { throw .notRecorded }
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

    /// Revokes: ends the sessions of exactly those tokens with 57P01, and refuses them at login from now on, after a
    /// restart, too. It is on disk when this returns.
    /// - Parameter issuer: nil where the configuration has one only.
    package func revoke(
        _ scope: Revocation.Scope, issuer: String?, reason: String?, for asker: OperatorIdentity
    ) async throws(OperationFailure) -> RevocationResult {
        try Gateway.check(reason: reason)
        let issuer = try issuerMeant(issuer)
        var revocation: Revocation
        do throws(RevocationMistake) {
            revocation = try Revocation(
                issuer: issuer, scope: scope, time: context.platform.wall() / 1_000_000)
        } catch {
            throw .wrong("\(error)")
        }
        record(AdminOperation("revoke", target: revocation.target, reason: reason, by: asker))
        do throws(RevocationStoreError) {
            try context.revocations.hold(revocation)
        } catch {
            throw .wrong("\(error)")
        }
        let context = context
        let gathering = Gathering(workers: context.workers)
        let answer = await gathering.answer(within: Gateway.patience) {
            context.postToAll(.revocationsChanged(gathering))
        }
        // Of a token that has sessions it is known when it expires.
        if let last = answer.sessions.map(\.expires).max(), answer.isWhole {
            revocation = revocation.expiring(at: RevocationStore.uselessFrom(tokenExpires: last))
        }
        if let failure = await store(revocation) {
            logger.critical(
                "a revocation is not on disk: it holds until the gateway ends",
                metadata: ["target": "\(revocation.target)", "error": "\(failure)"])
            throw .notStored("\(failure)")
        }
        logger.notice(
            "revoked",
            metadata: ["target": "\(revocation.target)", "sessions": "\(answer.sessions.count)"])
        return RevocationResult(
            revocation: revocation, sessions: answer.sessions, isWhole: answer.isWhole)
    }

    /// Waits for the disk on a thread of its own, which no thread of the pool may.
    private func store(_ revocation: Revocation) async -> RevocationStoreError? {
        let revocations = context.revocations
        return await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                do throws(RevocationStoreError) {
                    try revocations.store(revocation, now: self.context.platform.wall() / 1_000_000)
                    continuation.resume(returning: nil)
                } catch {
                    continuation.resume(returning: error)
                }
            }
        }
    }

    /// Issuers do not share names: with several, a revocation names one (rule 10).
    private func issuerMeant(_ issuer: String?) throws(OperationFailure) -> String {
        let known = configuration.issuers.map(\.issuer)
        guard let issuer else {
            guard known.count == 1, let only = known.first else {
                throw .wrong(
                    "there are \(known.count) issuers; expected one of them: \(known.joined(separator: ", "))"
                )
            }
            return only
        }
        guard known.contains(where: { $0.utf8.elementsEqual(issuer.utf8) }) else {
            throw .wrong(
                "unknown issuer \(Refusal.printable(issuer)); expected one of \(known.joined(separator: ", "))"
            )
        }
        return issuer
    }

    private static func check(reason: String?) throws(OperationFailure) {
        guard let reason else { return }
        let isPrintable = reason.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control }
        guard reason.utf8.count <= AdminOperation.reasonLimit, isPrintable else {
            throw .wrong(
                "the reason is expected to be one line of at most \(AdminOperation.reasonLimit) bytes")
        }
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

    let name: String
    let target: String?
    let reason: String?
    /// Nil for what a signal asked for.
    let by: OperatorIdentity?

    init(_ name: String, target: String? = nil, reason: String? = nil, by: OperatorIdentity? = nil) {
        self.name = name
        self.target = target
        self.reason = reason
        self.by = by
    }
}

extension Revocation {
    /// As records and operators name it.
    package var target: String {
        switch scope {
        case .issuer: "issuer \(issuer)"
        case .subject(let name): "subject \(name) of \(issuer)"
        case .tokenID(let name): "token \(name) of \(issuer)"
        }
    }
}
