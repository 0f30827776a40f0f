import Audit
import Console
import GatewayGuard
import GatewayHealth
import GatewayIdentity
import GatewayRouting
import Transport

/// What reaches a worker from other threads.
enum WorkerMessage: Sendable {
    /// A connection accepted for this worker.
    case accepted(descriptor: Int32, address: SocketAddress, listener: Int)
    /// The fetch of keys that a session waits for has ended.
    case keysFetched(SessionAddress)
    /// The issuer of a session's token was asked whether it is active.
    case introspected(SessionAddress, IntrospectionOutcome)
    /// A session that waited may log in at the replica of the slot.
    case replicaTurn(SessionAddress, LoginSlot)
    /// A session's long statement was read.
    case statementRead(SessionAddress, LongText)
    /// A turn of an operator's session with the console is over.
    case operatorTurn(SessionAddress, ConsoleTurn)
    /// The issuer of a live session's token was asked again.
    case introspectedAgain(SessionAddress, LiveIntrospection.Answer)
    /// The backend of a session that ended is gone, or its time is up. The session's token, not its address: its slot
    /// may be another's by then.
    case backendEnded(UInt64, TerminationOutcome)
    /// Something was revoked: sessions whose tokens that concerns end, and are answered.
    case revocationsChanged(Gathering)
    /// An operator ends the session of this name, which is answered.
    case kill(session: String, Gathering)
    /// An operator asks for the live sessions.
    case describeSessions(Gathering)
    /// Something about a region's log changed; the numbers are read from the log.
    case logChanged(region: String)
    /// A CancelRequest with the right key; `reply` waits until it has been acted on.
    case cancel(target: SessionAddress, reply: SessionAddress, client: String)
    /// The cancel request that this connection brought has been acted on.
    case cancelEnded(SessionAddress)
    /// A new configuration holds: decide every session again.
    case reloaded
    /// The replica failed its attestation: its sessions end.
    case replicaLost(ReplicaID)
    /// End at the next idle moment, all at the deadline (monotonic nanoseconds).
    case drain(deadline: UInt64)
    /// End everything now.
    case stop
}

/// A worker's timers.
enum WorkerTimer {
    /// A session's deadline or notice.
    case session(token: UInt64, SessionTimer)
    /// Outcomes that wait for company are written now.
    case outcomes(region: String)
    /// Listeners are accepted from again after descriptors ran out.
    case acceptAgain
    /// An inherited listener is accepted from once logins can succeed, at the latest then (monotonic nanoseconds).
    case firstAccept(until: UInt64)
    /// Refused logins that were only counted are recorded in sums.
    case refusals
    /// The shutdown's deadline.
    case drainEnded
    /// The worker says that it lives.
    case beat
}

enum SessionTimer: Equatable {
    case startup
    /// This turn at a replica, counted from 1, has had its time.
    case upstream(turn: Int)
    case expiryNotice(SessionNotice)
    case expiry
    case drainEnd
    /// A session that is new ends at its next idle moment from now on.
    case newcomerDrain
    case maxLifetime
    case idle
    /// The issuer's last word about the session's token counts no more.
    case introspection
    case linger
    /// What was held back may go.
    case heldBack
    /// The cancel connection to a replica has had its time.
    case cancel
    case halfClosed
    /// A statement that waits for the replica's catalogue is judged again.
    case catalog
    /// There is room in the budget of log bytes.
    case budget
}
