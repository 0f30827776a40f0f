import Admin
import Gateway
import GatewayConfiguration
import GatewayIdentity
import Synchronization

/// Operations that note what they were asked, and know one token.
final class FakeOperations: GatewayOperations {
    enum Asked: Hashable, Sendable {
        case sessions
        case kill(String, reason: String?)
        case revoke(Revocation.Scope, issuer: String?, reason: String?)
        case revocations
        case lift(Revocation.Scope, issuer: String?, reason: String?)
    }

    static let session = SessionSummary(
        session: "0123", state: .idle, issuer: "https://id.example.com", subject: "exec-1",
        client: "127.0.0.1:5", expires: 2_000)

    private let noted = Mutex<[Asked]>([])
    var asked: [Asked] { noted.withLock { $0 } }
    /// The rights that the token `good` has.
    let rights: Set<Operator.Right>

    init(rights: Set<Operator.Right> = []) { self.rights = rights }

    func authorize(token: [UInt8], for right: Operator.Right) async throws(OperationFailure)
        -> OperatorIdentity
    {
        guard token == Array("good".utf8) else { throw .unauthenticated("The token has expired (exp).") }
        guard rights.contains(right) else { throw .notAllowed(right) }
        return .socket
    }

    func sessions(for asker: OperatorIdentity) async throws(OperationFailure) -> [SessionSummary] {
        noted.withLock { $0.append(.sessions) }
        return [FakeOperations.session]
    }

    func kill(
        session: String, reason: String?, for asker: OperatorIdentity
    ) async throws(OperationFailure) -> SessionSummary {
        noted.withLock { $0.append(.kill(session, reason: reason)) }
        guard session == FakeOperations.session.session else { throw .unknownSession(session) }
        return FakeOperations.session
    }

    func revoke(
        _ scope: Revocation.Scope, issuer: String?, reason: String?, for asker: OperatorIdentity
    ) async throws(OperationFailure) -> RevocationResult {
        noted.withLock { $0.append(.revoke(scope, issuer: issuer, reason: reason)) }
        do throws(RevocationMistake) {
            let revocation = try Revocation(
                issuer: issuer ?? "https://id.example.com", scope: scope, time: 1_000)
            return RevocationResult(revocation: revocation, sessions: [FakeOperations.session], isWhole: true)
        } catch {
            throw .wrong("\(error)")
        }
    }

    func revocations(for asker: OperatorIdentity) async throws(OperationFailure) -> [Revocation] {
        noted.withLock { $0.append(.revocations) }
        do throws(RevocationMistake) {
            return [
                try Revocation(issuer: "https://id.example.com", scope: .issuer, time: 1),
                try Revocation(issuer: "https://id.example.com", scope: .subject("exec-1"), time: 2),
                try Revocation(issuer: "https://id.example.com", scope: .tokenID("j"), time: 3, expires: 9),
            ]
        } catch {
            throw .wrong("\(error)")
        }
    }

    func lift(
        _ scope: Revocation.Scope, issuer: String?, reason: String?, for asker: OperatorIdentity
    ) async throws(OperationFailure) -> Revocation {
        noted.withLock { $0.append(.lift(scope, issuer: issuer, reason: reason)) }
        guard scope == .subject("exec-1") else { throw .unknownRevocation("somebody\u{202e}") }
        do throws(RevocationMistake) {
            return try Revocation(issuer: "https://id.example.com", scope: scope, time: 2)
        } catch {
            throw .wrong("\(error)")
        }
    }
}
