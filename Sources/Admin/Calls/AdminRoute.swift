import GatewayConfiguration

/// The calls of the admin endpoint: their paths, rights and parameters, which route requests and describe themselves in
/// `GET /api/openapi.json`.
package enum AdminRoute: String, CaseIterable, Sendable, Hashable {
    case sessions, revocations, replicas, kill, revoke, lift, clear, reload, explain
    case records, record, checkpoints, receipt, refusals, live, openapi

    /// Behind `/api/`; a step in braces is a parameter.
    package var path: String {
        switch self {
        case .sessions, .revocations, .replicas, .kill, .revoke, .lift, .clear, .reload, .explain, .records,
            .checkpoints, .refusals, .live:
            rawValue
        case .record: "records/{seq}"
        case .receipt: "receipts/{session}"
        case .openapi: "openapi.json"
        }
    }

    package var method: String {
        switch self {
        case .sessions, .revocations, .replicas, .records, .record, .checkpoints, .receipt, .refusals, .live,
            .openapi:
            "GET"
        case .kill, .revoke, .lift, .clear, .reload, .explain: "POST"
        }
    }

    package var right: Operator.Right {
        switch self {
        case .sessions, .revocations, .replicas, .explain, .records, .record, .checkpoints, .receipt,
            .refusals, .live, .openapi:
            .read
        case .kill: .kill
        case .revoke, .lift: .revoke
        case .clear, .reload: .reload
        }
    }

    package var summary: String {
        switch self {
        case .sessions: "Live sessions, the oldest first."
        case .revocations: "Revocations in force."
        case .replicas: "Every replica, and what the probes found."
        case .kill: "Ends a session with 57P01."
        case .revoke: "Revokes, and ends the sessions that it concerns."
        case .lift: "Takes a revocation back."
        case .clear: "Lifts a replica's quarantine."
        case .reload: "Reads the configuration again: 422 where it is refused."
        case .explain: "Why a login would be allowed or refused, and where it would go."
        case .records: "Searches the logs that this gateway writes: all that is asked for must hold."
        case .record:
            "One record with the proof that the log's newest checkpoint covers it (C2SP tlog-proof)."
        case .checkpoints: "The newest checkpoints of a region's log, the newest first."
        case .receipt: "A session's residency receipt."
        case .refusals:
            "The last logins and statements that were refused, the newest first, with the reasons."
        case .live: "Records as they are written, as server-sent events; who does not read is dropped."
        case .openapi: "This description."
        }
    }

    package var parameters: [AdminParameter] {
        switch self {
        case .sessions, .revocations, .replicas, .reload, .openapi: []
        case .kill:
            [AdminParameter("session", .body, isRequired: true, "The session."), AdminRoute.reason]
        case .revoke, .lift:
            [
                AdminParameter("subject", .body, "Tokens of this subject."),
                AdminParameter("token_id", .body, "The token with this jti."),
                AdminParameter("issuer", .body, "Whose; alone: all tokens of the issuer."),
                AdminRoute.reason,
            ]
        case .clear:
            [
                AdminParameter("replica", .body, isRequired: true, "NAME or DATABASE/NAME."),
                AdminRoute.reason,
            ]
        case .explain: AdminRoute.question
        case .records: AdminRoute.search
        case .record:
            [AdminParameter("seq", .path, isRequired: true, "The record's number."), AdminRoute.oneRegion]
        case .checkpoints: [AdminRoute.oneRegion, AdminRoute.limit(100)]
        case .receipt:
            [AdminParameter("session", .path, isRequired: true, "The session."), AdminRoute.region]
        case .refusals: [AdminRoute.region, AdminRoute.limit(RecordQuery.limit), AdminRoute.cursor]
        case .live:
            [
                AdminRoute.region,
                AdminParameter("type", .query, "Records of this type: query, session.start …"),
            ]
        }
    }

    /// The type of a good answer.
    package var contentType: String {
        switch self {
        case .live: LiveRecords.contentType
        case .sessions, .revocations, .replicas, .kill, .revoke, .lift, .clear, .reload, .explain, .records,
            .record, .checkpoints, .receipt, .refusals, .openapi:
            "application/json"
        }
    }

    /// The call of a path behind `/api/`, with the values of its steps in braces; nil: there is none.
    package static func matching(_ path: String) -> (route: AdminRoute, steps: [String: String])? {
        PathPattern.first(of: allCases, fitting: path, pattern: \.path).map { ($0.known, $0.steps) }
    }
}

extension AdminRoute {
    private static let reason = AdminParameter("reason", .body, "Why; it is recorded.")
    private static let region = AdminParameter(
        "region", .query, "The log of this region; all that this gateway writes where it is left out.")
    private static let oneRegion = AdminParameter(
        "region", .query, "The log of this region; the gateway's own where it is left out.")
    private static let cursor = AdminParameter("cursor", .query, "The `next` of the page before.")

    private static func limit(_ most: Int) -> AdminParameter {
        AdminParameter("limit", .query, kind: .number(1...most), "How many at most.")
    }

    private static let search: [AdminParameter] =
        [
            AdminParameter(
                "subject", .query, "Who: the token's subject. * and ? as in a policy, also below."),
            AdminParameter("planner", .query, "The service that asked for the task."),
            AdminParameter("task", .query, "The task."),
            AdminParameter("session", .query, "The records of a session, and those about it."),
            AdminParameter("database", .query, "The database."),
            AdminParameter("replica", .query, "The replica."),
            AdminParameter("role", .query, "The PostgreSQL role."),
            AdminParameter("rule", .query, "The rule that allowed it."),
            AdminParameter("type", .query, "The record's type: query, outcome, session.start …"),
            AdminParameter(
                "relation", .query, "A relation that the statement names; without a schema, in any."),
            AdminParameter("class", .query, "A class of the statement: select, insert, ddl …"),
            AdminParameter("fingerprint", .query, "The statement's fingerprint."),
            AdminParameter("sqlstate", .query, "The record's own SQLSTATE."),
            AdminParameter("text", .query, "A part of the SQL; ASCII letters in either case."),
            AdminParameter(
                "since", .query, "From this time on: 2026-03-01T09:14Z, 2026-03, yesterday, 90m, 2d."),
            AdminParameter("until", .query, "Up to this time, what it names included."),
            AdminParameter("refused", .query, kind: .flag, "Only what was refused."),
            AdminParameter(
                "order", .query, kind: .choice(["desc", "asc"]), "By time; desc where it is left out."),
        ] + [region, limit(RecordQuery.limit), cursor]

    private static let question = [
        AdminParameter("token", .body, "Of the executor."),
        AdminParameter("claims", .body, kind: .object, "In the token's place, over the admin socket only."),
        AdminParameter("database", .body, isRequired: true, "As in dbname: orders, orders@EU."),
        AdminParameter("user", .body, "The role; auto where it is left out."),
        AdminParameter("region", .body, "As in domicile.region."),
        AdminParameter("replication", .body, kind: .flag, "A replication connection."),
        AdminParameter("statement", .body, "A statement to judge."),
    ]
}
