import GatewayIdentity
import GatewayPolicy

/// What is to be explained: for whom, and what it would ask for.
package struct ExplanationQuestion: Sendable {
    package enum Identity: Sendable {
        /// As an executor gives it; verified by whoever explains.
        case token([UInt8])
        /// The claims that a token would have, and where they are from. Nothing is verified.
        case claims([String: ClaimValue], source: String)
    }

    /// Bytes of a statement, of a token and of claims.
    package static let statementLimit = 64 << 10
    package static let identityLimit = 64 << 10

    package var identity: Identity
    /// As in `dbname`: `orders`, or `orders@EU`.
    package var database: String
    /// As in `user`; nil or `auto`: the rule's first.
    package var user: String?
    /// As in `domicile.region`.
    package var region: String?
    package var replication: Bool
    /// A statement to be judged as a session would have it judged.
    package var statement: String?

    package init(
        identity: Identity, database: String, user: String? = nil, region: String? = nil,
        replication: Bool = false, statement: String? = nil
    ) {
        self.identity = identity
        self.database = database
        self.user = user
        self.region = region
        self.replication = replication
        self.statement = statement
    }

    /// The request that an executor's startup packet would make.
    func request(of principal: Principal) throws(ExplanationFailure) -> AccessRequest {
        do throws(DatabaseNameMistake) {
            return try AccessRequest(
                principal: principal, named: database, region: region, role: user, replication: replication)
        } catch {
            throw .refused(.databaseName("\(error)"), cause: "refused: \(error)")
        }
    }
}
