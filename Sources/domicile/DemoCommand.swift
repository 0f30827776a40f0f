import ArgumentParser
import Foundation
import UnixSignals

/// `domicile demo`: a sandbox of three regions and one executor's session in it.
struct DemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract:
            "Run a sandbox: three PostgreSQL servers, an issuer, this gateway, and one executor's session.",
        discussion: """
            Runs script/demo-session of a checkout, with this executable as the gateway: the one in $DOMICILE_SCRIPTS, \
            or above the executable, or above the current folder. Everything it starts, it ends. The exit status is \
            the script's.
            """)

    static let script = "demo-session"

    func run() async throws {
        let program = DemoCommand.executable()
        let environment = ProcessInfo.processInfo.environment
        let candidates = DemoCommand.candidates(
            scripts: environment["DOMICILE_SCRIPTS"], executable: program,
            current: FileManager.default.currentDirectoryPath)
        guard let script = candidates.first(where: FileManager.default.isExecutableFile(atPath:)) else {
            StandardError.print(
                "domicile: there is no script/\(DemoCommand.script) above this executable or the current folder; run "
                    + "the demo in a checkout of Domicile, or set DOMICILE_SCRIPTS to its script folder")
            throw ExitCode.failure
        }
        let status = try await DemoCommand.run(
            script, environment: environment.merging(["DOMICILE_BIN": program]) { _, new in new })
        guard status == 0 else { throw ExitCode(status) }
    }

    /// Where the script may be, the first to be tried first.
    static func candidates(scripts: String?, executable: String, current: String) -> [String] {
        if let scripts, !scripts.isEmpty { return ["\(scripts)/\(script)"] }
        return [executable, "\(current)/."].flatMap { start in
            var found: [String] = []
            var folder = URL(fileURLWithPath: start).standardizedFileURL
            while folder.path != "/" {
                found.append(folder.appendingPathComponent("script/\(script)").path)
                folder.deleteLastPathComponent()
            }
            return found
        }
    }

    /// proc(5): the file that this process runs.
    private static func executable() -> String {
        (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
            ?? CommandLine.arguments[0]
    }

    /// Runs a script to its end and hands SIGINT, SIGTERM and SIGHUP on to it.
    private static func run(_ script: String, environment: [String: String]) async throws -> Int32 {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: script)
        process.environment = environment
        let signals = await UnixSignalsSequence(trapping: .sighup, .sigterm, .sigint)
        let (ends, end) = AsyncStream.makeStream(of: Int32.self)
        process.terminationHandler = { ended in
            // As a shell would say it: 128 and the number of the signal.
            let isSignal = ended.terminationReason == .uncaughtSignal
            end.yield(isSignal ? 128 + ended.terminationStatus : ended.terminationStatus)
            end.finish()
        }
        try withSignalsUnblocked { try process.run() }
        let child = process.processIdentifier
        // A group of its own does not hear what the terminal sends to ours.
        let target = getpgid(child) == child ? -child : child
        let watcher = Task {
            for await signal in signals { kill(target, signal.rawValue) }
        }
        defer { watcher.cancel() }
        for await status in ends { return status }
        return 1
    }

    /// Threads of Swift's pool block most signals, and a child has its parent thread's mask: without this it would be
    /// deaf to what is handed on.
    private static func withSignalsUnblocked(_ body: () throws -> Void) rethrows {
        var none = sigset_t()
        var before = sigset_t()
        sigemptyset(&none)
        pthread_sigmask(SIG_SETMASK, &none, &before)
        defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
        try body()
    }
}
