import Audit
import GatewayConfiguration
import GatewayHealth
import GatewayIdentity
import Logging
import Transport

/// What all workers share. Everything in it is safe to use from any thread, and nothing of it blocks.
final class GatewayContext: Sendable {
    let identity: IdentityService
    let health: HealthMonitor
    /// By region. Fixed at the start: a reload that adds a region needs a restart.
    let logs: [String: AuditLog]
    /// The key for digests of parameters.
    let captureKey: CaptureKey
    let admission = Admission()
    let cancels = CancelRegistry()
    let counters = Counters()
    let notices: DurabilityNotices
    let heartbeats: Heartbeats
    let reserve = ReserveDescriptor()
    let scramKeys = ScramKeyCache()
    let logger: Logger
    private let mailboxes: [Mailbox<WorkerMessage>]
    let deal: SessionDeal

    init(
        identity: IdentityService, health: HealthMonitor, logs: [String: AuditLog], captureKey: CaptureKey,
        mailboxes: [Mailbox<WorkerMessage>], logger: Logger
    ) {
        self.identity = identity
        self.health = health
        self.logs = logs
        self.captureKey = captureKey
        self.mailboxes = mailboxes
        self.logger = logger
        notices = DurabilityNotices(workers: mailboxes.count, regions: Array(logs.keys))
        heartbeats = Heartbeats(workers: mailboxes.count)
        deal = SessionDeal(workers: mailboxes.count)
    }

    var workers: Int { mailboxes.count }

    func post(_ message: WorkerMessage, to worker: Int) {
        guard mailboxes.indices.contains(worker) else { return }
        mailboxes[worker].post(message)
    }

    func postToAll(_ message: WorkerMessage) {
        for mailbox in mailboxes { mailbox.post(message) }
    }
}
