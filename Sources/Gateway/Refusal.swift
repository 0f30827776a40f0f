import GatewayIdentity
import GatewayPolicy
import SQLText

/// Every refusal that an executor can see: the table of case → SQLSTATE, message, DETAIL, HINT. All text that reaches
/// an executor is made here; it holds no secret and no claim's value but the subject.
package enum Refusal: Error, Sendable {
    /// The token fails a check.
    case token(TokenRefusal)
    /// The identity provider's keys cannot be had.
    case keysUnavailable
    /// The issuer does not say whether the token is active.
    case introspectionUnavailable
    /// The token, its subject or its issuer is revoked: at login, and in a session.
    case loginRevoked
    case revoked
    /// The issuer says that the token of a session is not active any more, or does not say whether it is.
    case inactive
    case introspectionLost
    /// The policy refuses: no rule, role, region, transit, replication.
    case policy(PolicyRefusal)
    /// `dbname` or `domicile.region` cannot be read.
    case databaseName(String)
    /// A startup parameter that an executor may not set.
    case startupParameter(String)
    /// `domicile.max_lag` is no duration.
    case maxLag
    /// `options` holds something that PostgreSQL does not understand, from this byte on.
    case options(position: Int)
    /// No replica in an allowed region can be used; `passedOver` is a line for each.
    case noReplica(database: String, regions: [String], passedOver: [String])
    /// Every replica that was tried has no connection slot left; `passedOver` is a line for each.
    case replicasFull(database: String, passedOver: [String])
    /// The log of a region takes no records.
    case logUnavailable(region: String)
    /// The replica refused what the executor asked for at startup, with this SQLSTATE.
    case startupRefused(sqlstate: String)
    /// No file descriptor is left.
    case descriptorsExhausted
    /// The buffers of all sessions hold what they may together.
    case buffersExhausted
    /// A statement that would have to be gathered while they do.
    case statementUngathered
    case upstreamLost(replica: String)
    /// The replica sent what does not belong there.
    case upstreamViolation(replica: String)
    /// A statement, or another message that must be recorded whole, beyond its limit in bytes.
    case statementTooLong(limit: Int)
    /// A statement that the rule forbids: why, a reason each.
    case statementForbidden(rule: String, reasons: [String])
    /// A statement that the grammar does not take, in a session that something is forbidden to: the parser's message.
    ///
    /// - replica: whose grammar the replica has; nil where it does not say.
    case statementUnreadable(String, replica: GrammarVersion?)
    /// Too deep to judge, or with a run of operator characters that takes the lexer quadratic time.
    case statementTooComplex
    /// The records of the principal's sessions are over their budget, and no room came in time.
    case overLogBudget(perSecond: Int)
    /// A message whose records are more than such a budget holds.
    case beyondLogBudget(perSecond: Int)
    /// An Execute of the unnamed portal where a failed Query left none that can be run.
    case portalMissing
    case tokenExpired
    /// The session is as old as the configuration or the rule lets it become.
    case lifetimeReached
    case killed
    /// The replica of the session failed its attestation.
    case replicaLost(String)
    /// A reloaded policy no longer allows what the session has.
    case decisionChanged
    /// The session could write although its access is read_only.
    case readOnlyLost
    case tooManySessions(limit: Int)
    /// Before anything is known of a connection: so many others have not logged in.
    case tooManyConnections(limit: Int)
    case tooManySessionsOfSubject(limit: Int)
    case tooManySessionsOfAddress(limit: Int)
    case tooManyLogins(perSecond: Int)
    case tooManyLoginsOfSubject(perSecond: Int)
    case idle
    case protocolViolation(String)
    /// The gateway's own database, for somebody whom no entry of `operators` lets read.
    case notOperator
    case tooManyOperators(limit: Int)
    /// A protocol version that is not 3.x.
    case unsupportedProtocol(major: Int, minor: Int)
    case userMissing
    case encryptionRequired
    /// OAUTHBEARER on a connection without TLS.
    case bearerNeedsEncryption
    /// OAUTHBEARER's discovery: the executor asks where tokens come from.
    case tokenAskedFor
    /// OAUTHBEARER with an identity besides the token's.
    case authorizationIdentity
    /// The token is bound to somebody else (`cnf`).
    case confirmation(TokenConfirmation.Failure)
    case startupTimeout
    case shuttingDown

    /// The five characters of PostgreSQL's appendix A.
    package var sqlstate: String {
        switch self {
        case .token: "28P01"
        case .keysUnavailable, .introspectionUnavailable, .introspectionLost, .upstreamLost,
            .upstreamViolation:
            "08006"
        case .policy(.unknownDatabase), .databaseName: "3D000"
        case .policy, .startupParameter, .statementForbidden, .notOperator: "42501"
        case .noReplica: "08001"
        case .logUnavailable: "58030"
        case .startupRefused(let sqlstate): sqlstate
        case .descriptorsExhausted: "53300"
        case .buffersExhausted: "53300"
        case .statementUngathered: "53200"
        case .options, .statementUnreadable: "42601"
        case .maxLag: "22023"
        case .portalMissing: "34000"
        case .statementTooLong: "54000"
        case .statementTooComplex: "54001"
        case .overLogBudget, .beyondLogBudget: "53400"
        case .tokenExpired, .lifetimeReached, .revoked, .inactive, .killed, .replicaLost, .decisionChanged,
            .readOnlyLost,
            .shuttingDown, .idle:
            "57P01"
        case .tooManySessions, .tooManyConnections, .tooManySessionsOfSubject, .tooManySessionsOfAddress,
            .tooManyLogins, .tooManyLoginsOfSubject, .replicasFull, .tooManyOperators:
            "53300"
        case .protocolViolation: "08P01"
        case .unsupportedProtocol, .authorizationIdentity: "0A000"
        case .encryptionRequired, .bearerNeedsEncryption, .userMissing, .tokenAskedFor, .confirmation,
            .loginRevoked:
            "28000"
        case .startupTimeout: "57014"
        }
    }

    /// One line: what happened.
    package var message: String {
        switch self {
        case .token: "token refused"
        case .keysUnavailable: "the identity provider's keys cannot be had"
        case .introspectionUnavailable: "the identity provider does not answer"
        case .loginRevoked: "access was revoked"
        case .revoked, .inactive: "terminating session: access was revoked"
        case .introspectionLost: "terminating session: the identity provider does not answer"
        case .policy(.unknownDatabase(let name)): "database \"\(Refusal.printable(name))\" does not exist"
        case .policy(let refusal): Refusal.message(refusal)
        case .databaseName: "invalid database name"
        case .maxLag: "invalid value for parameter \"domicile.max_lag\""
        case .startupParameter(let name):
            "parameter \"\(Refusal.printable(name))\" cannot be set by an executor"
        case .options: "invalid command-line argument for server process"
        case .noReplica(let database, _, _): "no healthy replica of \"\(database)\" in an allowed region"
        case .replicasFull(let database, _): "too many connections to the replicas of \"\(database)\""
        case .logUnavailable: "the audit log cannot take a record"
        case .startupRefused: "the replica refused a startup parameter"
        case .descriptorsExhausted: "too many sessions"
        case .buffersExhausted, .statementUngathered: "the gateway is short of memory"
        case .upstreamLost: "the connection to the replica was lost"
        case .upstreamViolation: "the replica broke the protocol"
        case .portalMissing: "portal \"\" does not exist"
        case .statementTooLong: "statement too long"
        case .statementForbidden: "statement is not allowed"
        case .statementUnreadable(let message, _): Refusal.printable(message)
        case .statementTooComplex: "statement too complex"
        case .overLogBudget: "over the budget of log bytes"
        case .beyondLogBudget: "statement larger than the budget of log bytes"
        case .tokenExpired: "terminating session: the token has expired"
        case .lifetimeReached: "terminating session: it has reached its greatest age"
        case .killed: "terminating session: killed by an operator"
        case .replicaLost: "terminating session: the replica failed its attestation"
        case .decisionChanged: "terminating session: the policy no longer allows it"
        case .readOnlyLost: "terminating session: it is not read-only any more"
        case .tooManySessions, .tooManySessionsOfSubject: "too many sessions"
        case .tooManySessionsOfAddress: "too many sessions from this address"
        case .tooManyConnections: "too many connections"
        case .tooManyLogins: "too many logins from this address"
        case .tooManyLoginsOfSubject: "too many logins of this principal"
        case .idle: "terminating session: idle for too long"
        case .protocolViolation: "protocol violation"
        case .notOperator: "the database domicile is for operators"
        case .tooManyOperators: "too many sessions of operators"
        case .unsupportedProtocol(let major, let minor): "unsupported frontend protocol \(major).\(minor)"
        case .userMissing: "no PostgreSQL user name specified in startup packet"
        case .encryptionRequired, .bearerNeedsEncryption: "an encrypted connection is required"
        case .tokenAskedFor: "no token was given"
        case .authorizationIdentity: "authorization identities are not supported"
        case .confirmation: "the token is bound to another holder"
        case .startupTimeout: "login took too long"
        case .shuttingDown: "terminating session: the gateway is shutting down"
        }
    }

    /// Which rule or check decided.
    package var detail: String {
        switch self {
        case .token(let refusal): refusal.detail
        case .keysUnavailable: TokenRefusal.keysUnavailable.detail
        case .introspectionUnavailable, .introspectionLost: TokenRefusal.introspectionUnavailable.detail
        case .inactive: TokenRefusal.inactive.detail
        case .loginRevoked, .revoked: "An operator revoked the token, its subject or its issuer."
        case .policy(let refusal): Refusal.detail(refusal)
        case .databaseName(let reason): Refusal.sentence(reason)
        case .maxLag: "It says how old the data may be that a standby shows."
        case .startupParameter: "It belongs to the gateway or would widen what the policy allows."
        case .options(let position): "The options cannot be read from byte \(position) on."
        case .noReplica(_, let regions, let passedOver):
            "Allowed regions: \(regions.joined(separator: ", ")). "
                + passedOver.map(Refusal.printable).joined(separator: "; ") + "."
        case .replicasFull(_, let passedOver):
            "Tried: " + passedOver.map(Refusal.printable).joined(separator: "; ") + "."
        case .logUnavailable(let region):
            "The log of region \(region) failed; nothing is forwarded without a record."
        case .startupRefused(let sqlstate): "It answered SQLSTATE \(sqlstate)."
        case .descriptorsExhausted: "The gateway has no file descriptor left."
        case .buffersExhausted, .statementUngathered:
            "The buffers of its sessions hold what they may together (limits.buffers)."
        case .upstreamLost(let replica): "Replica \(replica) closed the connection."
        case .upstreamViolation(let replica): "Replica \(replica) sent a message that does not belong there."
        case .portalMissing: "The Query before it failed and left no portal that can be run."
        case .statementTooLong(let limit): "The limit is \(limit) bytes (limits.statement)."
        case .statementForbidden(let rule, let reasons):
            "Rule \"\(rule)\" forbids it: \(reasons.map(Refusal.printable).joined(separator: "; "))."
        case .statementUnreadable:
            "The gateway cannot read the statement, and something is forbidden in this session."
        case .statementTooComplex:
            "It is deeper than \(SQLText.depthLimit) levels, longer than \(LongStatements.readBytes) bytes, or has more than "
                + "\(SQLText.operatorRunLimit) operator characters in a row."
        case .overLogBudget(let rate):
            "A principal's records may take \(rate) bytes a second (limits.log_bytes_per_second_per_subject), and there was "
                + "no room for these within \(LogBudget.longestWait.components.seconds) s."
        case .beyondLogBudget(let rate):
            "The budget holds what \(LogBudget.burst.components.seconds) s of \(rate) bytes a second bring "
                + "(limits.log_bytes_per_second_per_subject)."
        case .tokenExpired: "The token's exp has passed."
        case .lifetimeReached: "The session is older than session.max_lifetime."
        case .killed: "An operator ended this session."
        case .replicaLost(let replica): "Replica \(replica) is not what the configuration says."
        case .decisionChanged: "The configuration was reloaded and this session was decided again."
        case .readOnlyLost:
            "The rule says access: read_only, and default_transaction_read_only was turned off."
        case .tooManySessions(let limit): "The gateway takes \(limit) sessions (limits.sessions)."
        case .tooManyConnections(let limit):
            "The gateway takes \(limit) connections, those that have not logged in included."
        case .tooManySessionsOfSubject(let limit):
            "A principal may have \(limit) sessions (limits.sessions_per_subject)."
        case .tooManySessionsOfAddress(let limit):
            "An address may have \(limit) sessions (limits.sessions_per_address)."
        case .tooManyLogins(let rate):
            "An address may begin \(rate) logins a second (limits.logins_per_second_per_address)."
        case .tooManyLoginsOfSubject(let rate):
            "A principal may log in \(rate) times a second (limits.logins_per_second_per_subject)."
        case .idle: "The session was idle longer than session.idle_timeout."
        case .protocolViolation(let reason): reason
        case .notOperator: "No entry of operators gives the right read to this token."
        case .tooManyOperators(let limit): "The database domicile takes \(limit) sessions."
        case .unsupportedProtocol: "The gateway speaks protocol 3.0 to 3.2."
        case .userMissing: "The startup packet names no user."
        case .encryptionRequired: "A token is never accepted on an unencrypted connection."
        case .bearerNeedsEncryption: "OAUTHBEARER is offered over TLS only."
        case .tokenAskedFor: "The executor asked where tokens come from (OAUTHBEARER's discovery)."
        case .authorizationIdentity: "The OAUTHBEARER message names an authorization identity."
        case .confirmation(.noCertificate):
            "The token is bound to a certificate (cnf, x5t#S256), and the connection has shown none."
        case .confirmation(.otherCertificate):
            "The token is bound to another certificate (cnf, x5t#S256) than the connection has shown."
        case .confirmation(.unprovable):
            "The token is bound (cnf) by a method other than a certificate (x5t#S256), which cannot be proved here."
        case .startupTimeout: "The login did not end within session.startup_timeout."
        case .shuttingDown: "It was told to stop."
        }
    }

    /// What to do.
    package var hint: String {
        switch self {
        case .token(let refusal): refusal.hint
        case .keysUnavailable: "Try again in a moment; the provider is asked again by itself."
        case .introspectionUnavailable, .introspectionLost: TokenRefusal.introspectionUnavailable.hint
        case .inactive: TokenRefusal.inactive.hint
        case .loginRevoked, .revoked:
            "Ask the operator for the reason; a token that is issued from now on may be accepted."
        case .policy(let refusal): Refusal.hint(refusal)
        case .databaseName: "Use dbname=DATABASE or dbname=DATABASE@REGION."
        case .maxLag: "Give a duration such as 500ms, 1s or 5m, in options: -c domicile.max_lag=1s."
        case .startupParameter: "Leave it out of the connection's options."
        case .options: "Write options as -c name=value, a space in a value as \\ and a space."
        case .noReplica: "Try again later; a session is never served from another region."
        case .replicasFull: "Try again later, or close sessions that are not used."
        case .logUnavailable: "Try again when the operator has made room or mended the disk."
        case .startupRefused: "Check the names and values in the connection's parameters and options."
        case .descriptorsExhausted: "Try again later; the operator can raise the limit of open files."
        case .buffersExhausted: "Try again in a moment."
        case .statementUngathered: "Try again in a moment, or send large data by COPY or as parameters."
        case .upstreamLost: "Connect again; whether the last transaction was committed is not known."
        case .upstreamViolation: "Tell the operator; the replica may not be what it seems."
        case .portalMissing: "Bind a portal before it is executed."
        case .statementTooLong: "Send large data by COPY or as parameters."
        case .statementForbidden: "Leave it out, or ask the operator for a rule that allows it."
        case .statementUnreadable(_, let replica):
            switch replica {
            case let replica? where replica > .own:
                "Correct it, or write it as \(GrammarVersion.own) takes it: what is new in \(replica) is not read by this gateway."
            case let replica? where replica < .own:
                "Correct it: the replica is \(replica), the gateway reads \(GrammarVersion.own)'s grammar."
            case .some: "Correct it: the replica, \(GrammarVersion.own), has the same grammar."
            case nil:
                "Correct it; what is newer than \(GrammarVersion.own)'s grammar is not read by this gateway."
            }
        case .statementTooComplex: "Split it, or write it with fewer levels."
        case .overLogBudget: "Slow down; send large data by COPY or as parameters."
        case .beyondLogBudget: "Split it, or send large data by COPY or as parameters."
        case .tokenExpired: "Get a fresh token and connect again."
        case .lifetimeReached: "Connect again."
        case .killed: "Ask the operator for the reason."
        case .replicaLost: "Connect again; another replica in an allowed region serves where there is one."
        case .decisionChanged: "Connect again, or ask for the access you need."
        case .readOnlyLost: "Ask for a rule with access: read_write."
        case .tooManySessions, .tooManySessionsOfSubject, .tooManySessionsOfAddress:
            "Close sessions that are not used, or try again later."
        case .tooManyConnections: "Try again in some seconds."
        case .tooManyLogins, .tooManyLoginsOfSubject: "Slow down, and keep sessions open."
        case .idle: "Connect again."
        case .protocolViolation: "Check the PostgreSQL client or driver."
        case .notOperator: "Ask for an entry of operators with may: [read], or use another database."
        case .tooManyOperators: "Close sessions that are not used."
        case .unsupportedProtocol: "Use a client that speaks protocol 3."
        case .userMissing: "Use user=auto, or the role that you need."
        case .encryptionRequired, .bearerNeedsEncryption: "Use sslmode=verify-full."
        case .tokenAskedFor: "Get a token from the provider named in the answer, and connect again."
        case .authorizationIdentity: "Leave it out; the token says who the executor is."
        case .confirmation(.noCertificate), .confirmation(.otherCertificate):
            "Connect by TLS with the certificate that the token was issued for, where the listener has client_ca."
        case .confirmation(.unprovable):
            "Ask the identity provider for a token that is bound to a certificate, or not bound."
        case .startupTimeout: "Give the token at once, by PGPASSWORD or a password callback."
        case .shuttingDown: "Connect again."
        }
    }

    private static func sentence(_ text: String) -> String {
        text.prefix(1).uppercased() + text.dropFirst() + "."
    }

    /// Text from outside, made safe for one line of a terminal and bounded.
    package static func printable(_ text: String) -> String {
        var safe = ""
        for scalar in text.unicodeScalars.prefix(128) {
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator:
                safe.unicodeScalars.append("\u{FFFD}")
            default: safe.unicodeScalars.append(scalar)
            }
        }
        return safe
    }
}

extension Refusal {
    private static func message(_ refusal: PolicyRefusal) -> String {
        switch refusal {
        case .unknownDatabase(let name): "database \"\(printable(name))\" does not exist"
        case .noRule: "no rule allows this principal to use this database"
        case .role(let role, _, _): "role \"\(printable(role))\" is not allowed"
        case .region: "region is not allowed"
        case .transit(let gateway, _): "region of this gateway (\(gateway)) is not allowed"
        case .replicates: "writes would leave the allowed regions"
        case .replication: "replication connections are not allowed"
        case .narrowed(let member, _): "the token does not allow this \(Refusal.word(member))"
        }
    }

    private static func detail(_ refusal: PolicyRefusal) -> String {
        switch refusal {
        case .unknownDatabase: "The configuration has no such database."
        case .noRule: "No rule of the policy matches the principal and the database."
        case .role(_, let rule, let allowed):
            "Rule \"\(rule)\" allows the roles \(allowed.joined(separator: ", "))."
        case .region(let asked, let rule, let allowed):
            "Rule \"\(rule)\" allows \(allowed.joined(separator: ", ")); asked for: "
                + asked.map(printable).joined(separator: ", ") + "."
        case .transit(let gateway, let rule):
            "Rule \"\(rule)\" neither allows region \(gateway) nor names it in transit."
        case .replicates(let regions, let rule):
            "Rule \"\(rule)\" is read_write, and the database has replicas in \(regions.joined(separator: ", "))."
        case .replication(let rule): "Rule \"\(rule)\" does not say replication: allow."
        case .narrowed(let member, let rule):
            "Rule \"\(rule)\" matches, and the token's own authorization_details leave no \(Refusal.word(member)) of "
                + "what was asked for and the rule allows."
        }
    }

    private static func word(_ member: Narrowing.Member) -> String {
        switch member {
        case .database: "database"
        case .role: "role"
        case .region: "region"
        }
    }

    private static func hint(_ refusal: PolicyRefusal) -> String {
        switch refusal {
        case .unknownDatabase: "Ask the operator for the databases of this gateway."
        case .noRule: "Ask the operator for a rule; domicile explain shows why none matched."
        case .role: "Use one of the allowed roles, or user=auto."
        case .region: "Ask for an allowed region, or leave the region out."
        case .transit: "Connect to a gateway in an allowed region."
        case .replicates: "Ask for a rule with replicates: allow, or for read_only access."
        case .replication: "Ask the operator for a rule that allows replication."
        case .narrowed: "Ask the identity provider for a token with authorization_details that cover it."
        }
    }
}

/// What a session is told `session.expiry_notice` before its end.
package enum SessionNotice: Equatable, Sendable {
    case tokenExpires
    case lifetimeEnds

    package var message: String {
        switch self {
        case .tokenExpires: "the token of this session expires soon"
        case .lifetimeEnds: "this session reaches its greatest age soon"
        }
    }

    package var hint: String {
        switch self {
        case .tokenExpires: "Finish, get a fresh token, and connect again."
        case .lifetimeEnds: "Finish, and connect again."
        }
    }
}
