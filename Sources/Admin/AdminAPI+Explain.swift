import Gateway
import GatewayExplanation
import GatewayIdentity
import GatewayPolicy

/// `POST /api/explain`: why a login would be allowed or refused, and where it would go.
extension AdminAPI {
    /// Bytes of such a request's body: an identity, and a statement of which JSON makes up to six times as much.
    package static let questionLimit = 512 << 10

    /// Bytes that the body of a call may have.
    package static func bodyLimit(ofPath path: String) -> Int {
        path == prefix + "explain" ? questionLimit : bodyLimit
    }

    /// The question of a body: `token`, or over the socket `claims` (a JSON object), and `database`, `user`, `region`,
    /// `replication`, `statement`.
    static func question(_ body: [UInt8], through door: Door) throws(OperationFailure) -> ExplanationQuestion
    {
        guard case .object(let members)? = try? StrictJSON.parse(body) else {
            throw .wrong("the body is expected to be a JSON object")
        }
        let known = AdminRoute.explain.parameters.map(\.name).sorted()
        if let other = members.keys.sorted().first(where: { !known.contains($0) }) {
            throw .wrong(
                "unknown member \(Refusal.printable(other)); expected \(known.joined(separator: ", "))")
        }
        guard let database = try text("database", members) else {
            throw .wrong(#"expected {"database": NAME}"#)
        }
        let statement = try text("statement", members)
        if let statement { try check(statement) }
        let replication: Bool
        switch members["replication"] {
        case nil, .null: replication = false
        case .bool(let flag): replication = flag
        case .integer, .number, .string, .array, .object: throw .wrong("replication is expected to be a flag")
        }
        return ExplanationQuestion(
            identity: try identity(members, through: door), database: database,
            user: try text("user", members), region: try text("region", members), replication: replication,
            statement: statement)
    }

    /// A token proves whose it is; claims prove nothing, and who asks over the network is shown nobody else's rights.
    private static func identity(
        _ members: [String: ClaimValue], through door: Door
    ) throws(OperationFailure) -> ExplanationQuestion.Identity {
        switch (members["token"], members["claims"]) {
        case (.string(let token)?, nil):
            guard token.utf8.count <= ExplanationQuestion.identityLimit else {
                throw .wrong("token is longer than \(ExplanationQuestion.identityLimit) bytes")
            }
            return .token(Array(token.utf8))
        case (nil, .object(let claims)?):
            switch door {
            case .socket: return .claims(claims, source: "the request")
            case .network: throw .socketOnly("claims that nothing proves")
            }
        case (_, _): throw .wrong("expected a token (a text) or claims (an object)")
        }
    }

    static func check(_ statement: String) throws(OperationFailure) {
        guard statement.utf8.count <= ExplanationQuestion.statementLimit, !statement.utf8.contains(0) else {
            throw .wrong(
                "statement is expected to have at most \(ExplanationQuestion.statementLimit) bytes and no NUL"
            )
        }
    }

    private static func text(
        _ name: String, _ members: [String: ClaimValue]
    ) throws(OperationFailure) -> String? {
        switch members[name] {
        case .string(let text): return text
        case nil, .null: return nil
        case .bool, .integer, .number, .array, .object: throw .wrong("\(name) is expected to be a text")
        }
    }
}
