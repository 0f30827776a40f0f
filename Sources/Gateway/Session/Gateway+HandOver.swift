import GatewayConfiguration
import GatewayIdentity
import GatewayRouting
import Glibc
import Logging
import Transport

/// How a gateway follows another on the same listening sockets (docs/decisions/0036-restarts-on-a-socket-that-stays.md).
/// A log has one writer at a time: the new one waits until the old one has drained and ended. The lock of the state's
/// folder is the kernel's to give back then, after those of the logs and the admin endpoint's address.
extension Gateway {
    /// How long the old one may need beyond `session.shutdown_timeout`: ending backends, the last checkpoint.
    private static let patienceBeyondDrain: Duration = .seconds(15)
    private static let lockPause: useconds_t = 20_000

    static func patience(for configuration: Configuration) -> Duration {
        configuration.session.shutdownTimeout + patienceBeyondDrain
    }

    /// Takes the state's folder and reads the revocations in it, once nobody else has it.
    static func openRevocations(
        folder: String, patience: Duration, logger: Logger
    ) throws(RevocationStoreError) -> RevocationStore {
        let deadline = Clock.monotonic() &+ patience.nanoseconds
        var isWaiting = false
        while true {
            do throws(RevocationStoreError) {
                return try RevocationStore(folder: folder, now: Clock.wall() / 1_000_000)
            } catch {
                guard case .locked(let path) = error, Clock.monotonic() < deadline else { throw error }
                if !isWaiting {
                    isWaiting = true
                    logger.notice("waiting for the last gateway to end", metadata: ["lock": "\(path)"])
                }
                usleep(lockPause)
            }
        }
    }
}

extension GatewayContext {
    /// Whether a login is answered by what is known and not by what is not known yet: an issuer's keys are there, and each
    /// replica was probed, whatever came of it.
    func canJudgeLogins(_ configuration: Configuration) -> Bool {
        guard identity.snapshot().contains(where: \.usable) else { return false }
        let statuses = health.snapshot()
        return configuration.databases.allSatisfy { database in
            database.replicas.allSatisfy { replica in
                let id = ReplicaID(database: database.name, replica: replica.name)
                return replica.maintenance || statuses[id]?.probedAt != nil
            }
        }
    }
}
