import Gateway
import GatewayConfiguration
import GatewayIdentity

/// What the admin endpoint does to a gateway for operators.
package protocol GatewayOperations: Sendable {
    /// Whether the bearer of a token may do this.
    func authorize(token: [UInt8], for right: Operator.Right) async throws(OperationFailure)
        -> OperatorIdentity
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
}

extension Gateway: GatewayOperations {}
