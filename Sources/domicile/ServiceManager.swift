import CLinux
import Foundation

/// What systemd is told of the gateway (sd_notify(3)): a datagram to the socket that $NOTIFY_SOCKET names. Without one
/// nothing is told to anybody.
struct ServiceManager: Sendable {
    private let socket: String?
    /// How long the process may say nothing before it is ended; nil: for ever.
    let watchdog: Duration?

    /// - Parameters:
    ///   - environment: with NOTIFY_SOCKET, and WATCHDOG_USEC in microseconds.
    ///   - process: whom WATCHDOG_PID must name where it is there.
    init(environment: [String: String], process: Int32 = getpid()) {
        // A path, or a name in the abstract namespace; other kinds of addresses are for virtual machines.
        let socket = environment["NOTIFY_SOCKET"].flatMap {
            $0.hasPrefix("/") || $0.hasPrefix("@") ? $0 : nil
        }
        self.socket = socket
        let isOurs = environment["WATCHDOG_PID"].map { $0 == "\(process)" } ?? true
        let microseconds = environment["WATCHDOG_USEC"].flatMap(Int64.init).flatMap { $0 > 0 ? $0 : nil }
        watchdog = socket != nil && isOurs ? microseconds.map { .microseconds($0) } : nil
    }

    /// Executors may connect.
    func ready() { tell("READY=1\nSTATUS=serving") }

    /// The configuration is being read again; `ready` says that it is over.
    func reloading() { tell("RELOADING=1\nMONOTONIC_USEC=\(clinux_monotonic_ns() / 1_000)") }

    /// The gateway drains.
    ///
    /// - Parameter patience: how long that may take at most.
    func stopping(within patience: Duration) {
        let spare = Duration.seconds(10)
        let seconds = (patience + spare).components.seconds
        let microseconds = seconds.multipliedReportingOverflow(by: 1_000_000).partialValue
        tell("STOPPING=1\nSTATUS=draining\nEXTEND_TIMEOUT_USEC=\(microseconds)")
    }

    /// Says that the process is alive, three times as often as it must, as long as `isAlive` says so, until the task is
    /// cancelled.
    func keepWatchdogQuiet(while isAlive: @Sendable () -> Bool) async {
        guard let watchdog else { return }
        repeat {
            if isAlive() { tell("WATCHDOG=1") }
        } while (try? await Task.sleep(for: watchdog / 3)) != nil
    }

    /// A service manager that cannot be told is no reason to stop.
    private func tell(_ text: String) {
        guard let socket else { return }
        _ = clinux_notify(socket, text)
    }
}
