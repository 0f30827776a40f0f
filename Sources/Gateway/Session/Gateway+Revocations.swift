import Foundation
import GatewayConfiguration
import GatewayIdentity
import Logging

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

/// Whom a gateway does not let in, by an operator's word.
extension Gateway {
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
        let (revocations, stored) = (context.revocations, revocation)
        let failure = await Gateway.onThread { [context] () throws(RevocationStoreError) in
            try revocations.store(stored, now: context.platform.wall() / 1_000_000)
        }
        if let failure {
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

    /// The revocations in force, in the order in which they were said.
    package func revocations(for asker: OperatorIdentity) async throws(OperationFailure) -> [Revocation] {
        guard record(AdminOperation("read", target: "revocations", by: asker)) else { throw .notRecorded }
        return context.revocations.all
    }

    /// Lifts exactly one revocation: its tokens are good again as far as nothing else speaks against them. It is off the
    /// disk when this returns. Unlike a revocation it is not done where the log takes no record of it.
    /// - Parameter issuer: nil where the configuration has one only; one that it no longer has may be named.
    package func lift(
        _ scope: Revocation.Scope, issuer: String?, reason: String?, for asker: OperatorIdentity
    ) async throws(OperationFailure) -> Revocation {
        try Gateway.check(reason: reason)
        let named: String
        if let issuer { named = issuer } else { named = try issuerMeant(nil) }
        guard let revocation = context.revocations.revocation(of: scope, issuer: named) else {
            throw .unknownRevocation(Revocation.target(scope, of: named))
        }
        guard record(AdminOperation("lift", target: revocation.target, reason: reason, by: asker)) else {
            throw .notRecorded
        }
        let now = context.platform.wall() / 1_000_000
        let revocations = context.revocations
        let failure = await Gateway.onThread { () throws(RevocationStoreError) in
            try revocations.lift(revocation, now: now)
        }
        if let failure {
            logger.error(
                "a revocation could not be lifted and holds on",
                metadata: ["target": "\(revocation.target)", "error": "\(failure)"])
            throw .notLifted("\(failure)")
        }
        logger.notice("lifted a revocation", metadata: ["target": "\(revocation.target)"])
        return revocation
    }

    /// Waits for the disk on a thread of its own, which no thread of the pool may.
    private static func onThread(
        _ work: @escaping @Sendable () throws(RevocationStoreError) -> Void
    ) async -> RevocationStoreError? {
        await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                do throws(RevocationStoreError) {
                    try work()
                    continuation.resume(returning: nil)
                } catch {
                    continuation.resume(returning: error)
                }
            }
        }
    }
}

extension Revocation {
    /// As records and operators name it.
    package var target: String { Self.target(scope, of: issuer) }

    static func target(_ scope: Scope, of issuer: String) -> String {
        switch scope {
        case .issuer: "issuer \(issuer)"
        case .subject(let name): "subject \(name) of \(issuer)"
        case .tokenID(let name): "token \(name) of \(issuer)"
        }
    }
}
