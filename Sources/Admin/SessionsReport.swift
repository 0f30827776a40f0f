import Gateway
import GatewayIdentity

/// Sessions as the calls show them; keys are those of the records.
package struct SessionsReport: Codable, Sendable {
    package struct Session: Codable, Sendable {
        package var session: String
        package var state: String
        package var region: String?
        package var replica: String?
        package var database: String?
        package var role: String?
        package var issuer: String
        package var subject: String
        package var planner: String?
        package var task: String?
        package var tokenId: String?
        package var client: String
        package var application: String?
        package var rule: String?
        package var expires: Int64
        package var durationUs: UInt64
        package var statements: Int
        package var bytesIn: UInt64
        package var bytesOut: UInt64
    }

    package var sessions: [Session]

    init(_ sessions: [SessionSummary]) {
        self.sessions = sessions.map { session in
            Session(
                session: session.session, state: session.state.rawValue, region: session.region,
                replica: session.replica, database: session.database, role: session.role,
                issuer: session.issuer, subject: session.subject, planner: session.planner,
                task: session.task, tokenId: session.tokenID, client: session.client,
                application: session.application, rule: session.rule, expires: session.expires,
                durationUs: session.durationMicroseconds, statements: session.statements,
                bytesIn: session.bytesIn, bytesOut: session.bytesOut)
        }
    }
}

/// What a revocation did.
package struct RevocationReport: Codable, Sendable {
    package var issuer: String
    package var subject: String?
    package var tokenId: String?
    /// Unix seconds.
    package var time: Int64
    /// The sessions that ended.
    package var ended: [String]
    /// False where a part of the gateway did not answer in time; its sessions end as soon as it does.
    package var complete: Bool

    init(_ result: RevocationResult) {
        issuer = result.revocation.issuer
        switch result.revocation.scope {
        case .issuer: break
        case .subject(let name): subject = name
        case .tokenID(let name): tokenId = name
        }
        time = result.revocation.time
        ended = result.sessions.map(\.session)
        complete = result.isWhole
    }
}

/// Revocations in force, or the one that was lifted.
package struct RevocationsReport: Codable, Sendable {
    package struct Revocation: Codable, Sendable {
        package var issuer: String
        package var subject: String?
        package var tokenId: String?
        /// When it was said, Unix seconds.
        package var time: Int64
        /// When the last token that it could be about has expired, where that is known.
        package var expires: Int64?
    }

    package var revocations: [Revocation]

    init(_ revocations: [GatewayIdentity.Revocation]) {
        self.revocations = revocations.map { revocation in
            var shown = Revocation(
                issuer: revocation.issuer, time: revocation.time, expires: revocation.expires)
            switch revocation.scope {
            case .issuer: break
            case .subject(let name): shown.subject = name
            case .tokenID(let name): shown.tokenId = name
            }
            return shown
        }
    }
}
