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

    private let operations: any GatewayOperations
    private let configuration: any ConfigurationReload
    let logs: LogReads

    package init(
        operations: any GatewayOperations, configuration: any ConfigurationReload, desk: LogDesk = LogDesk()
    ) {
        self.operations = operations
        self.configuration = configuration
        logs = LogReads(operations: operations, desk: desk)
    }

    /// - Parameters:
    ///   - query: what stands behind the path's `?`.
    ///   - body: at most `bodyLimit(ofPath:)` bytes of the request.
    package func answer(
        method: String, path: String, query: String = "", body: [UInt8], through door: Door
    ) async -> AdminPages.Answer {
        guard let (route, steps) = AdminRoute.matching(String(path.dropFirst(AdminAPI.prefix.count))) else {
            let calls = AdminRoute.allCases.map { "\($0.method) \(AdminAPI.prefix)\($0.path)" }
            return AdminAPI.failed(404, "there are " + calls.joined(separator: ", "))
        }
        guard method == route.method else {
            var answer = AdminAPI.failed(405, "only \(route.method)")
            answer.headers["Allow"] = route.method
            return answer
        }
        do throws(OperationFailure) {
            let asker = try await admit(door, to: route.right)
            let fields = try AdminAPI.query(query, of: route, steps)
            return try await answer(route, fields, body, for: asker, through: door)
        } catch {
            return AdminAPI.answer(error)
        }
    }

    private func answer(
        _ route: AdminRoute, _ query: [String: String], _ body: [UInt8], for asker: OperatorIdentity,
        through door: Door
    ) async throws(OperationFailure) -> AdminPages.Answer {
        switch route {
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
            if !body.isEmpty { _ = try AdminAPI.fields(body, of: .reload) }
            let report = try await configuration.reload(for: asker)
            return AdminAPI.json(report.reloaded ? 200 : 422, report)
        case .records, .record, .checkpoints, .receipt, .refusals, .live:
            return await logAnswer(route, query, for: asker)
        case .openapi:
            return AdminPages.Answer(
                status: 200, contentType: "application/json",
                body: String(decoding: OpenAPIDescription.bytes, as: UTF8.self))
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
        let fields = try AdminAPI.fields(body, of: .kill)
        guard let session = fields["session"] else { throw .wrong("expected {\"session\": ID}") }
        let killed = try await operations.kill(session: session, reason: fields["reason"], for: asker)
        return SessionsReport([killed])
    }

    private func revoke(_ body: [UInt8], _ asker: OperatorIdentity) async throws(OperationFailure)
        -> RevocationReport
    {
        let fields = try AdminAPI.fields(body, of: .revoke)
        return RevocationReport(
            try await operations.revoke(
                try AdminAPI.scope(fields), issuer: fields["issuer"], reason: fields["reason"], for: asker))
    }

    private func lift(_ body: [UInt8], _ asker: OperatorIdentity) async throws(OperationFailure)
        -> RevocationsReport
    {
        let fields = try AdminAPI.fields(body, of: .lift)
        return RevocationsReport([
            try await operations.lift(
                try AdminAPI.scope(fields), issuer: fields["issuer"], reason: fields["reason"], for: asker)
        ])
    }

    private func clear(_ body: [UInt8], _ asker: OperatorIdentity) async throws(OperationFailure)
        -> ClearReport
    {
        let fields = try AdminAPI.fields(body, of: .clear)
        guard let replica = fields["replica"] else { throw .wrong("expected {\"replica\": NAME}") }
        return ClearReport(
            try await operations.clear(replica: replica, reason: fields["reason"], for: asker))
    }

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
    private static func fields(
        _ body: [UInt8], of route: AdminRoute
    ) throws(OperationFailure) -> [String: String] {
        let allowed = Set(route.parameters.filter { $0.place == .body }.map(\.name))
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

    /// What a call is asked by its query and its path. A name that is not known is refused, as in a body.
    private static func query(
        _ text: String, of route: AdminRoute, _ steps: [String: String]
    ) throws(OperationFailure) -> [String: String] {
        guard text.utf8.count <= bodyLimit, let fields = FormFields(text) else {
            throw .wrong("the query is expected to be NAME=VALUE&…, each name once, in UTF-8")
        }
        for (name, value) in fields.values {
            let known = route.parameters.first { $0.name == name && $0.place == .query }
            guard let known else { throw .wrong("unknown parameter \(Refusal.printable(name))") }
            if let mistake = known.mistake(in: value) { throw .wrong(mistake) }
        }
        return fields.values.merging(steps) { _, step in step }
    }

    // MARK: Answers

    static func answer(_ failure: OperationFailure) -> AdminPages.Answer {
        failed(status(of: failure), reason(of: failure))
    }

    private static func status(of failure: OperationFailure) -> Int {
        switch failure {
        case .unauthenticated: 401
        case .notAllowed, .socketOnly: 403
        case .wrong: 400
        case .unknownSession, .unknownRevocation, .unknownReplica: 404
        case .notQuarantined: 409
        case .draining, .notRecorded: 503
        case .notStored, .notLifted: 500
        }
    }

    static func reason(of failure: OperationFailure) -> String {
        switch failure {
        case .unauthenticated(let reason), .wrong(let reason): reason
        case .notAllowed(let right): "no entry of operators gives the right \(right.rawValue) to this token"
        case .unknownSession(let name): "there is no session \(name)"
        case .unknownRevocation(let name): "there is no revocation of \(Refusal.printable(name))"
        case .unknownReplica(let name): "there is no replica \(Refusal.printable(name))"
        case .notQuarantined(let name): "the replica \(name) is not in quarantine"
        case .socketOnly(let what): "\(what): over the admin socket only"
        case .draining: "the gateway was told to stop: its configuration is not read again"
        case .notRecorded: "the audit log takes no record of this"
        case .notStored(let reason): "revoked until the gateway ends, but not on disk: \(reason)"
        case .notLifted(let reason): "still revoked: \(reason)"
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
