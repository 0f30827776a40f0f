import GatewayRouting
import PGWire

/// The queries of ours on an upstream, between its login and the executor's AuthenticationOk: what the server says of
/// itself on this very connection. The executor's startup parameters are in force by then, so every name is qualified
/// and no operator occurs (F-WIRE-09).
package struct AttestationQuery {
    /// The facts, and when the backend was started as the server writes it.
    package struct Answer {
        package let facts: AttestationFacts
        package let backendStart: String?
    }

    private static let sql = """
        SELECT pg_catalog.pg_is_in_recovery(), \
        (SELECT c.system_identifier FROM pg_catalog.pg_control_system() c), \
        pg_catalog.current_setting('cluster_name'), pg_catalog.pg_backend_pid(), \
        (SELECT EXTRACT(epoch FROM a.backend_start) \
        FROM pg_catalog.pg_stat_get_activity(pg_catalog.pg_backend_pid()) a)
        """

    private let isWalsender: Bool
    private var rows: [[String?]] = []
    private var failed = false
    /// Answers that ended; each has a row.
    private var answers = 0

    /// - Parameter isWalsender: a physical replication connection, which knows replication commands and no SQL.
    package init(isWalsender: Bool) { self.isWalsender = isWalsender }

    /// The next query to send; nil when all were answered.
    package var next: String? {
        switch (isWalsender, rows.count) {
        case (false, 0): AttestationQuery.sql
        case (true, 0): "IDENTIFY_SYSTEM"
        case (true, 1): "SHOW cluster_name"
        default: nil
        }
    }

    /// Takes a frame of the answer; true with its ReadyForQuery.
    package mutating func receive(_ tag: BackendTag, _ body: Span<UInt8>) throws(UpstreamFailure) -> Bool {
        switch tag {
        case .rowDescription, .commandComplete, .noticeResponse, .parameterStatus: return false
        case .errorResponse:
            failed = true
            return false
        case .dataRow:
            guard let row = try? DataRow.decode(body) else { throw .unreadable }
            guard rows.count == answers else { throw .unreadable }
            rows.append(
                row.values.map { range in
                    range.map { String(decoding: body.bytes(in: $0), as: UTF8.self) }
                })
            return false
        case .readyForQuery:
            answers += 1
            guard !failed, rows.count == answers else { throw .unreadable }
            return true
        case .authentication, .backendKeyData, .negotiateProtocolVersion, .notificationResponse,
            .copyInResponse,
            .copyOutResponse, .copyBothResponse, .copyData, .copyDone, .noData, .parameterDescription,
            .parseComplete, .bindComplete, .closeComplete, .portalSuspended, .emptyQueryResponse,
            .functionCallResponse:
            throw .unreadable
        }
    }

    /// What the rows say.
    ///
    /// - Parameters:
    ///   - backendPID: the process id of BackendKeyData.
    ///   - inHotStandby: the ParameterStatus of that name.
    package func answer(backendPID: Int32, inHotStandby: String?, spki: String?) throws(UpstreamFailure)
        -> Answer
    {
        if isWalsender {
            guard rows.count == 2, let system = rows[0].first ?? nil, let cluster = rows[1].first ?? nil
            else {
                throw .unreadable
            }
            let facts = AttestationFacts(
                recovery: inHotStandby == "on" ? .standby : .primary, systemIdentifier: system,
                clusterName: cluster, spki: spki, backendMatches: true)
            return Answer(facts: facts, backendStart: nil)
        }
        guard rows.count == 1, rows[0].count == 5, let recovery = rows[0][0], let system = rows[0][1],
            let cluster = rows[0][2], let pid = rows[0][3]
        else { throw .unreadable }
        guard recovery == "t" || recovery == "f" else { throw .unreadable }
        let facts = AttestationFacts(
            recovery: recovery == "t" ? .standby : .primary, systemIdentifier: system, clusterName: cluster,
            spki: spki, backendMatches: pid == String(backendPID))
        return Answer(facts: facts, backendStart: rows[0][4])
    }
}
