import GatewayPolicy
import Synchronization

/// Whose the two-phase transactions are that sessions of this gateway prepared: they may be ended from any session of
/// the same principal, and from nobody else's (architecture.md, rule 6).
final class PreparedTransactions: Sendable {
    /// Transactions that are remembered; of more, new ones are not, and only their own session may end them.
    static let limit = 10_000

    private struct Key: Hashable {
        var database: String
        var transaction: String
    }

    private struct Owner: Equatable {
        var issuer: String
        var subject: String
    }

    private enum Ownership: Equatable {
        case one(Owner)
        /// Several have used the name, and what became of each only the server knows: its own session may end it.
        case contested
    }

    private let owners = Mutex<[Key: Ownership]>([:])

    /// PREPARE TRANSACTION was done.
    func note(_ transaction: String, database: String, of principal: Principal) {
        let key = Key(database: database, transaction: transaction)
        let owner = Ownership.one(Owner(issuer: principal.issuer, subject: principal.subject))
        owners.withLock { owners in
            if let known = owners[key] {
                if known != owner { owners[key] = .contested }
            } else if owners.count < PreparedTransactions.limit {
                owners[key] = owner
            }
        }
    }

    /// COMMIT or ROLLBACK PREPARED was done.
    func forget(_ transaction: String, database: String) {
        owners.withLock { _ = $0.removeValue(forKey: Key(database: database, transaction: transaction)) }
    }

    func isOwned(_ transaction: String, database: String, by principal: Principal) -> Bool {
        owners.withLock { $0[Key(database: database, transaction: transaction)] }
            == .one(Owner(issuer: principal.issuer, subject: principal.subject))
    }
}
