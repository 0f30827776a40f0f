import Audit
import GatewayConfiguration
import GatewayRouting
import Glibc
import Logging
import Transport

/// How a gateway follows another on the same listening sockets (docs/decisions/0036-restarts-on-a-socket-that-stays.md).
/// A log has one writer at a time: the new one waits until the old one has drained.
extension Gateway {
    /// How long the old one may need beyond `session.shutdown_timeout`: ending backends, the last checkpoint.
    private static let patienceBeyondDrain: Duration = .seconds(15)
    private static let lockPause: useconds_t = 20_000

    static func patience(for configuration: Configuration) -> Duration {
        configuration.session.shutdownTimeout + patienceBeyondDrain
    }

    /// Opens a log, and waits for the gateway that has it until the deadline (monotonic nanoseconds).
    static func open(
        _ settings: AuditLogSettings, until deadline: UInt64, logger: Logger
    ) throws(AuditError) -> AuditLog {
        var isWaiting = false
        while true {
            do throws(AuditError) {
                return try AuditLog(settings)
            } catch .locked(let path, let holder) {
                guard Clock.monotonic() < deadline else { throw .locked(path: path, holder: holder) }
                if !isWaiting {
                    isWaiting = true
                    logger.notice(
                        "waiting for the gateway that has the log",
                        metadata: ["region": "\(settings.region)", "holder": "\(holder)"])
                }
                usleep(lockPause)
            }
        }
    }
}

extension GatewayContext {
    /// Whether logins can succeed: an issuer's keys are there, and a replica of each database that has any.
    func canServe(_ configuration: Configuration) -> Bool {
        guard identity.snapshot().contains(where: \.usable) else { return false }
        let statuses = health.snapshot()
        return configuration.databases.allSatisfy { database in
            database.replicas.contains { replica in
                let status = statuses[ReplicaID(database: database.name, replica: replica.name)]
                return status?.health == .up && status?.attested == true
            }
        }
    }
}
