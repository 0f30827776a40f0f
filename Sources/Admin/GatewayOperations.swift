import Gateway
import GatewayConfiguration
import GatewayExplanation
import GatewayIdentity
import GatewayRouting

/// What the admin endpoint does to a gateway for operators.
package protocol GatewayOperations: Sendable {
    /// Whether the bearer of a token may do this.
    func authorize(token: [UInt8], for right: Operator.Right) async throws(OperationFailure)
        -> OperatorIdentity
    /// The logs that the gateway writes, its own region's first.
    var regionFolders: [RegionFolder] { get }
    /// Records that something was looked at; false where the log takes no record, and nothing may be shown.
    func recordRead(_ target: String, by asker: OperatorIdentity) -> Bool
    /// The live sessions.
    func sessions(for asker: OperatorIdentity) async throws(OperationFailure) -> [SessionSummary]
    /// Ends a session.
    func kill(
        session: String, reason: String?, for asker: OperatorIdentity
    ) async throws(OperationFailure) -> SessionSummary
    /// Revokes, and ends the sessions that it concerns.
    func revoke(
        _ scope: Revocation.Scope, issuer: String?, reason: String?, for asker: OperatorIdentity
    ) async throws(OperationFailure) -> RevocationResult
    /// The revocations in force.
    func revocations(for asker: OperatorIdentity) async throws(OperationFailure) -> [Revocation]
    /// Lifts one.
    func lift(
        _ scope: Revocation.Scope, issuer: String?, reason: String?, for asker: OperatorIdentity
    ) async throws(OperationFailure) -> Revocation
    /// Every replica, and what is known of it.
    func replicas(for asker: OperatorIdentity) async throws(OperationFailure) -> [ReplicaSummary]
    /// Lifts a replica's quarantine.
    func clear(
        replica name: String, reason: String?, for asker: OperatorIdentity
    ) async throws(OperationFailure) -> ReplicaID
    /// Why a login would be allowed or refused.
    func explain(
        _ question: ExplanationQuestion, for asker: OperatorIdentity
    ) async throws(OperationFailure) -> ExplanationReport
}

extension Gateway: GatewayOperations {}
