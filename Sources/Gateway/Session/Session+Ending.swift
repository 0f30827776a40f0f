import GatewayHealth
import GatewayRouting
import Logging

/// The end of a session's upstream. A kill is a kill (architecture, rule 5): after the connection is closed a replica
/// still executes what was pipelined, so that its backend is ended, too, and `session.end` is written when it is gone.
extension Session {
    /// How long a replica may take to end a backend before `session.end` says that it did not.
    static let backendPatience: Duration = .seconds(5)

    /// Closes the upstream and records the session's end, at once where nothing is under way at the replica.
    ///
    /// - Parameter kills: what the replica is doing for the session is ended, too.
    func endUpstream(_ relay: Relay, reason: String, sqlstate: String?, kills: Bool) {
        let isBusy = kills && relay.isReplicaBusy
        let ending = Ending(session: self, relay: relay, reason: reason, sqlstate: sqlstate)
        relay.connection.stream.close()
        relay.fromExecutor.removeAll()
        relay.fromUpstream.removeAll()
        // A replica that closed itself is not waited for: it may be gone altogether.
        guard isBusy, !relay.upstreamEnded, let replica = identity.replica else {
            recordEnd(ending, backend: nil)
            if isBusy { endBackend(relay) { _ in } }
            return
        }
        worker.endings[token] = ending
        let (context, index, token) = (context, worker.index, token)
        endBackend(relay) { context.post(.backendEnded(token, $0), to: index) }
        logger.debug("ending a backend", metadata: ["replica": "\(replica)"])
    }

    private func endBackend(_ relay: Relay, _ completion: @escaping @Sendable (TerminationOutcome) -> Void) {
        guard let replica = identity.replica else { return completion(.unknownReplica) }
        context.health.terminateBackend(
            replica: replica, pid: relay.connection.backendPID, startedAt: relay.connection.backendStart,
            within: Session.backendPatience, completion: completion)
    }

    /// What was under way at the replica is over, or its time is up.
    func backendEnded(_ ending: Ending, _ outcome: TerminationOutcome) {
        switch outcome {
        case .gone: break
        case .notPermitted, .notInTime, .unknownReplica:
            logger.error(
                "a backend may live on after its session",
                metadata: [
                    "replica": "\(identity.replica?.replica ?? "")", "outcome": "\(outcome.name)",
                    "pid": "\(ending.relay.connection.backendPID)",
                ])
        }
        recordEnd(ending, backend: outcome)
    }
}

/// A session that has ended and whose `session.end` is still to be written.
struct Ending {
    let session: Session
    let relay: Relay
    let reason: String
    let sqlstate: String?
}

extension TerminationOutcome {
    /// As it stands in `session.end`.
    var name: String {
        switch self {
        case .gone: "gone"
        case .notPermitted: "not_permitted"
        case .notInTime: "not_in_time"
        case .unknownReplica: "unknown_replica"
        }
    }
}
