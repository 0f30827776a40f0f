import GatewayRouting
import GatewayServers

/// What became of a backend that was to be ended (architecture.md, rule 5).
package enum TerminationOutcome: Sendable, Hashable {
    /// It is gone: nothing that its session sent is executed any more.
    case gone
    /// The health role may not see or signal it: it lacks pg_monitor or pg_signal_backend.
    case notPermitted
    /// The replica could not be asked until the deadline; nil: it was, and the backend still lives.
    case notInTime(ProbeFailure?)
    /// No such replica, or the monitor stopped.
    case unknownReplica
}

/// A backend to be ended, asked of its replica's probe.
struct BackendTermination: Sendable {
    let pid: Int32
    /// `EXTRACT(epoch FROM backend_start)` as that server wrote it; nil: whichever backend has the pid.
    let startedAt: String?
    let deadline: Int64
    let completion: @Sendable (TerminationOutcome) -> Void

    /// How long to wait before looking again whether it is gone.
    static let pause: Int64 = 10_000_000
    /// The same after the replica could not be asked.
    static let pauseAfterFault: Int64 = 100_000_000

    /// One look, and a signal where it still lives; nil: look again. The signal may be sent again: a backend that is
    /// in the middle of a statement ends at its next check for interrupts.
    func attempt(
        on connection: ServerConnection, until deadline: Int64
    ) throws(ServerFault) -> TerminationOutcome? {
        let sql = """
            SELECT EXTRACT(epoch FROM a.backend_start)
            FROM pg_catalog.pg_stat_get_activity($1::pg_catalog.int4) a
            """
        let rows = try connection.query(sql, [String(pid)], until: deadline)
        guard let row = rows.first else { return .gone }
        if let startedAt {
            guard let found = row.first ?? nil else { return .notPermitted }
            guard found == startedAt else { return .gone }
        }
        do throws(ServerFault) {
            _ = try connection.query(
                "SELECT pg_catalog.pg_terminate_backend($1::pg_catalog.int4)", [String(pid)], until: deadline)
        } catch {
            if case .failure(.server("42501")) = error { return .notPermitted }
            throw error
        }
        return nil
    }
}
