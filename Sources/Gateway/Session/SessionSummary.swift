import GatewayIdentity

/// A live session as operators see it: the facts of its records, and no secret.
package struct SessionSummary: Sendable, Hashable {
    package enum State: String, Sendable, Hashable {
        /// Its token is verified; it waits for its issuer or a replica.
        case connecting
        case idle
        /// A statement or transaction is under way.
        case active
        /// It ends when it falls idle.
        case draining
    }

    package var session: String
    package var state: State
    package var region: String?
    package var replica: String?
    package var database: String?
    package var role: String?
    package var issuer: String
    package var subject: String
    package var planner: String?
    package var task: String?
    package var tokenID: String?
    package var client: String
    package var application: String?
    package var rule: String?
    /// When the token expires, Unix seconds.
    package var expires: Int64
    package var durationMicroseconds: UInt64 = 0
    package var statements = 0
    /// From the executor, and to it.
    package var bytesIn: UInt64 = 0
    package var bytesOut: UInt64 = 0

    init(session: String, state: State, token: VerifiedToken, client: String) {
        self.init(
            session: session, state: state, issuer: token.issuer, subject: token.principal.subject,
            client: client, expires: token.expires)
        planner = token.principal.planner
        task = token.principal.task
        tokenID = token.principal.tokenID
    }

    package init(
        session: String, state: State, issuer: String, subject: String, client: String, expires: Int64
    ) {
        self.session = session
        self.state = state
        self.issuer = issuer
        self.subject = subject
        self.client = client
        self.expires = expires
    }
}
