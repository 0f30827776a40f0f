import Foundation
import Gateway
import GatewayConfiguration
import GatewayIdentity
import GatewayPolicy

/// The calls of the admin endpoint, without the HTTP around them (docs/operations.md lists them). Over the admin socket
/// whoever may open it may call; over TCP an operator's token is needed (RFC 6750 section 2.1), and `operators` says
/// what it may do.
package struct AdminAPI: Sendable {
    /// Bytes that a request's body may have.
    package static let bodyLimit = 16 << 10
    package static let prefix = "/api/"

    /// How a request came.
    package enum Door: Sendable, Hashable {
        case socket
        /// With the value of `Authorization`, where there was one.
        case network(authorization: String?)
    }

    private enum Call: String, CaseIterable {
        case sessions, revocations, replicas, kill, revoke, lift, clear, reload, explain

        var method: String {
            switch self {
            case .sessions, .revocations, .replicas: "GET"
            case .kill, .revoke, .lift, .clear, .reload, .explain: "POST"
            }
        }

        var right: Operator.Right {
            switch self {
            case .sessions, .revocations, .replicas, .explain: .read
            case .kill: .kill
            case .revoke, .lift: .revoke
            case .clear, .reload: .reload
            }
        }
    }

    private let operations: any GatewayOperations
    private let configuration: any ConfigurationReload

    package init(operations: any GatewayOperations, configuration: any ConfigurationReload) {
        self.operations = operations
        self.configuration = configuration
    }

    /// - Parameter body: at most `bodyLimit(ofPath:)` bytes of the request.
    package func answer(
        method: String, path: String, body: [UInt8], through door: Door
    ) async -> AdminPages.Answer {
        guard let call = Call(rawValue: String(path.dropFirst(AdminAPI.prefix.count))) else {
            let calls = Call.allCases.map { "\($0.method) \(AdminAPI.prefix)\($0.rawValue)" }
            return AdminAPI.failed(404, "there are " + calls.joined(separator: ", "))
        }
        guard method == call.method else { return AdminAPI.failed(405, "only \(call.method)") }
        do throws(OperationFailure) {
            return try await answer(
                call, body, for: try await admit(door, to: call.right), through: door)
        } catch {
            return AdminAPI.answer(error)
        }
    }

    private func answer(
        _ call: Call, _ body: [UInt8], for asker: OperatorIdentity, through door: Door
    ) async throws(OperationFailure) -> AdminPages.Answer {
        switch call {
        case .sessions: return AdminAPI.done(SessionsReport(try await operations.sessions(for: asker)))
        case .kill: return AdminAPI.done(try await kill(body, asker))
        case .revoke: return AdminAPI.done(try await revoke(body, asker))
        case .revocations:
            return AdminAPI.done(RevocationsReport(try await operations.revocations(for: asker)))
        case .lift: return AdminAPI.done(try await lift(body, asker))
        case .replicas: return AdminAPI.done(ReplicasReport(try await operations.replicas(for: asker)))
        case .clear: return AdminAPI.done(try await clear(body, asker))
        case .explain:
            let question = try AdminAPI.question(body, through: door)
            return AdminAPI.done(try await operations.explain(question, for: asker))
        case .reload:
            if !body.isEmpty { _ = try AdminAPI.fields(body, allowed: []) }
            let report = try await configuration.reload(for: asker)
            return AdminAPI.json(report.reloaded ? 200 : 422, report)
        }
    }

    private func admit(_ door: Door, to right: Operator.Right) async throws(OperationFailure)
        -> OperatorIdentity
    {
        switch door {
        case .socket: return .socket
        case .network(let authorization):
            guard let authorization else {
                throw .unauthenticated("expected an operator's token: Authorization: Bearer TOKEN")
            }
            let parts = authorization.split(separator: " ", maxSplits: 1)
            guard parts.count == 2, parts[0].lowercased() == "bearer" else {
                throw .unauthenticated("expected Authorization: Bearer TOKEN")
            }
            return try await operations.authorize(token: Array(parts[1].utf8), for: right)
        }
    }

    private func kill(_ body: [UInt8], _ asker: OperatorIdentity) async throws(OperationFailure)
        -> SessionsReport
    {
        let fields = try AdminAPI.fields(body, allowed: ["session", "reason"])
        guard let session = fields["session"] else { throw .wrong("expected {\"session\": ID}") }
        let killed = try await operations.kill(session: session, reason: fields["reason"], for: asker)
        return SessionsReport([killed])
    }

    private func revoke(_ body: [UInt8], _ asker: OperatorIdentity) async throws(OperationFailure)
        -> RevocationReport
    {
        let fields = try AdminAPI.fields(body, allowed: AdminAPI.revocationFields)
        return RevocationReport(
            try await operations.revoke(
                try AdminAPI.scope(fields), issuer: fields["issuer"], reason: fields["reason"], for: asker))
    }

    private func lift(_ body: [UInt8], _ asker: OperatorIdentity) async throws(OperationFailure)
        -> RevocationsReport
    {
        let fields = try AdminAPI.fields(body, allowed: AdminAPI.revocationFields)
        return RevocationsReport([
            try await operations.lift(
                try AdminAPI.scope(fields), issuer: fields["issuer"], reason: fields["reason"], for: asker)
        ])
    }

    private func clear(_ body: [UInt8], _ asker: OperatorIdentity) async throws(OperationFailure)
        -> ClearReport
    {
        let fields = try AdminAPI.fields(body, allowed: ["replica", "reason"])
        guard let replica = fields["replica"] else { throw .wrong("expected {\"replica\": NAME}") }
        return ClearReport(
            try await operations.clear(replica: replica, reason: fields["reason"], for: asker))
    }

    private static let revocationFields: Set = ["subject", "token_id", "issuer", "reason"]

    private static func scope(_ fields: [String: String]) throws(OperationFailure) -> Revocation.Scope {
        switch (fields["subject"], fields["token_id"]) {
        case (let subject?, nil): return .subject(subject)
        case (nil, let id?): return .tokenID(id)
        case (nil, nil):
            // "All tokens of the only issuer" must be said, not left out.
            guard fields["issuer"] != nil else { throw .wrong("expected a subject, a token_id or an issuer") }
            return .issuer
        case (_?, _?): throw .wrong("expected a subject or a token_id, not both")
        }
    }

    /// A JSON object of texts. A name that is not known is refused: a misspelt one could widen what is revoked.
    private static func fields(_ body: [UInt8], allowed: Set<String>) throws(OperationFailure) -> [String:
        String]
    {
        guard case .object(let members)? = try? StrictJSON.parse(body) else {
            throw .wrong("the body is expected to be a JSON object")
        }
        var fields: [String: String] = [:]
        for (name, value) in members {
            guard allowed.contains(name) else {
                let expected = allowed.isEmpty ? "none" : allowed.sorted().joined(separator: ", ")
                throw .wrong("unknown member \(Refusal.printable(name)); expected \(expected)")
            }
            switch value {
            case .string(let text): fields[name] = text
            case .null: break
            case .bool, .integer, .number, .array, .object: throw .wrong("\(name) is expected to be a text")
            }
        }
        return fields
    }

    // MARK: Answers

    static func answer(_ failure: OperationFailure) -> AdminPages.Answer {
        switch failure {
        case .unauthenticated(let reason): failed(401, reason)
        case .notAllowed(let right):
            failed(403, "no entry of operators gives the right \(right.rawValue) to this token")
        case .wrong(let reason): failed(400, reason)
        case .unknownSession(let name): failed(404, "there is no session \(name)")
        case .unknownRevocation(let name):
            failed(404, "there is no revocation of \(Refusal.printable(name))")
        case .unknownReplica(let name): failed(404, "there is no replica \(Refusal.printable(name))")
        case .notQuarantined(let name): failed(409, "the replica \(name) is not in quarantine")
        case .socketOnly(let what): failed(403, "\(what): over the admin socket only")
        case .draining: failed(503, "the gateway was told to stop: its configuration is not read again")
        case .notRecorded: failed(503, "the audit log takes no record of this")
        case .notStored(let reason):
            failed(500, "revoked until the gateway ends, but not on disk: \(reason)")
        case .notLifted(let reason): failed(500, "still revoked: \(reason)")
        }
    }

    static func failed(_ status: Int, _ reason: String) -> AdminPages.Answer {
        struct Report: Encodable { var error: String }
        return json(status, Report(error: reason))
    }

    private static func done(_ report: some Encodable) -> AdminPages.Answer { json(200, report) }

    private static func json(_ status: Int, _ report: some Encodable) -> AdminPages.Answer {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.keyEncodingStrategy = .convertToSnakeCase
        let body = (try? encoder.encode(report)).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
        return AdminPages.Answer(status: status, contentType: "application/json", body: body + "\n")
    }
}

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
