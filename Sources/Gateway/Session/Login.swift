import GatewayConfiguration
import GatewayIdentity
import GatewayPolicy
import GatewayRouting

/// A session whose token was verified and whose request was decided, on its way to a replica.
final class Login {
    let startup: ExecutorStartup
    let verified: VerifiedToken
    let decision: Decision
    /// Replicas still to be tried, the best first.
    var candidates: ArraySlice<AttestedReplica>
    var passedOver: [String]
    /// What is given up with the attempt, so that the next may have it.
    var slot: LoginSlot?
    /// The one whose turn it waits for, and its place among those that do.
    var waitsFor: AttestedReplica?
    var place: LoginPlace? {
        didSet { oldValue?.leave() }
    }
    var attempt: UpstreamAttempt? {
        didSet { if attempt == nil { slot = nil } }
    }
    /// Replicas that were turned to so far.
    var turns: Int
    /// Attempts so far, and those that were refused for want of a connection slot.
    var attempts = 0
    var refusedFull = 0

    init(
        startup: ExecutorStartup, verified: VerifiedToken, decision: Decision, selection: ReplicaSelection,
        turns: Int
    ) {
        self.startup = startup
        self.verified = verified
        self.decision = decision
        self.turns = turns
        candidates = selection.candidates[...]
        passedOver = selection.passedOver.map { "\($0.replica.replica): \($0.why.reason)" }
    }

    deinit { place?.leave() }
}
