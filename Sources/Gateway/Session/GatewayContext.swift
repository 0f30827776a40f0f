import Audit
import GatewayConfiguration
import GatewayCredentials
import GatewayHealth
import GatewayIdentity
import GatewayRouting
import Logging
import Synchronization
import Transport

/// What all workers share. Everything in it is safe to use from any thread, and nothing of it blocks.
final class GatewayContext: Sendable {
    let identity: IdentityService
    let introspection: IntrospectionService
    let revocations: RevocationStore
    let health: any ReplicaWatch
    /// By region. Fixed at the start: a reload that adds a region needs a restart.
    let logs: [String: AuditLog]
    /// What holds for logins from now on: a reload replaces it, and so it is for all workers at once.
    private let heldGeneration: Mutex<Generation>
    /// The key for digests of parameters; a reload takes the one that is in its file then.
    private let heldCaptureKey: Mutex<CaptureKey>
    let admission = Admission()
    let logBudgets = LogBudgets()
    let loginSlots = LoginSlots()
    let cancels = CancelRegistry()
    let counters = Counters()
    let notices: DurabilityNotices
    let heartbeats: Heartbeats
    let reserve = ReserveDescriptor()
    let scramKeys = ScramKeyCache()
    let longStatements: LongStatements
    let preparedTransactions = PreparedTransactions()
    let passwords: PasswordFiles
    let console = ConsoleOperations()
    let platform: GatewayPlatform
    let logger: Logger
    private let mailboxes: [Mailbox<WorkerMessage>]
    /// Each worker's.
    let threads: [LoopThread]
    let deal: SessionDeal
    /// What the buffers of all sessions may hold.
    let buffers: BufferBudget
    /// Another process goes on with the listening sockets when this one ends.
    let handsOver: Bool

    init(
        parts: GatewayParts, generation: Generation, mailboxes: [Mailbox<WorkerMessage>],
        buffers: BufferBudget, handsOver: Bool, logger: Logger
    ) {
        self.buffers = buffers
        self.handsOver = handsOver
        identity = parts.identity
        introspection = parts.introspection
        revocations = parts.revocations
        health = parts.health
        logs = parts.logs
        heldCaptureKey = Mutex(parts.captureKey)
        heldGeneration = Mutex(generation)
        platform = parts.platform
        longStatements = LongStatements(detach: parts.platform.detach)
        self.mailboxes = mailboxes
        threads = mailboxes.indices.map { LoopThread(name: "worker-\($0)") }
        self.logger = logger
        passwords = PasswordFiles { file, reason in
            if let reason {
                logger.error(
                    "password file not taken: the last password goes on",
                    metadata: ["file": "\(file)", "reason": "\(reason)"])
            } else {
                logger.notice("password file taken", metadata: ["file": "\(file)"])
            }
        }
        notices = DurabilityNotices(workers: mailboxes.count, regions: Array(parts.logs.keys))
        heartbeats = Heartbeats(workers: mailboxes.count)
        deal = SessionDeal(workers: mailboxes.count)
    }

    var generation: Generation { heldGeneration.withLock { $0 } }

    func replaceGeneration(_ generation: Generation) { heldGeneration.withLock { $0 = generation } }

    var captureKey: CaptureKey { heldCaptureKey.withLock { $0 } }

    func replaceCaptureKey(_ key: CaptureKey) { heldCaptureKey.withLock { $0 = key } }

    var workers: Int { mailboxes.count }

    /// What each replica bears: its sessions, and the logins that are on their way there.
    var load: [ReplicaID: Int] {
        admission.sessionsByReplica.merging(loginSlots.lengths) { $0 + $1 }
    }

    func post(_ message: WorkerMessage, to worker: Int) {
        guard mailboxes.indices.contains(worker) else { return }
        mailboxes[worker].post(message)
    }

    func postToAll(_ message: WorkerMessage) {
        for mailbox in mailboxes { mailbox.post(message) }
    }
}
