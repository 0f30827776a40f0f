import Foundation
import Glibc
import Synchronization
import Testing
import Transport

/// A gateway of a test's own: a copy of the testbed's configuration with its own ports, audit and state folders.
/// The servers and issuers are the testbed's.
final class OwnGateway {
    let folder: String
    let testbed: Testbed
    private(set) var process: RunningCommand
    private let original: String
    private let arguments: [String]
    /// The socket that executors connect to, where it is kept open for the gateway: each process gets it anew.
    private let listener: FileHandle?

    /// Starts it and waits until it is ready. `edit` changes the configuration; `prepare` gets the folder before;
    /// `arguments` are behind those of `serve`. With `keepsListener` it is started as systemd starts a service that has a
    /// socket: this process has the listening socket.
    init(
        _ running: Testbed, arguments: [String] = [], keepsListener: Bool = false,
        prepare: (String) throws -> Void = { _ in },
        edit: (String) -> String = { $0 }
    ) throws {
        self.arguments = arguments
        folder =
            FileManager.default.temporaryDirectory.appendingPathComponent(
                "domicile-own-\(UUID().uuidString.prefix(8))"
            ).path
        try FileManager.default.createDirectory(atPath: "\(folder)/state", withIntermediateDirectories: true)
        try prepare(folder)
        let (port, admin) = (try OwnGateway.freePort(), try OwnGateway.freePort())
        listener = try keepsListener ? OwnGateway.listen(port) : nil
        var lines: [String] = []
        for line in try String(contentsOfFile: running.configuration, encoding: .utf8).split(
            separator: "\n", omittingEmptySubsequences: false)
        where !line.hasPrefix("  - unix:") {
            let isSocket = line.hasPrefix("  socket:")
            lines.append(isSocket ? "  socket: \"\(folder)/admin.sock\"" : String(line))
        }
        original = lines.joined(separator: "\n")
            .replacingOccurrences(of: ":\(running.port)\"", with: ":\(port)\"")
            .replacingOccurrences(of: "address: \(running.admin)", with: "address: 127.0.0.1:\(admin)")
            .replacingOccurrences(of: " certificates/", with: " \(running.folder)/certificates/")
        var own = running
        own.port = port
        own.admin = "127.0.0.1:\(admin)"
        own.audit = "\(folder)/audit"
        own.configuration = "\(folder)/domicile.yaml"
        try edit(original).write(toFile: own.configuration, atomically: true, encoding: .utf8)
        // Its logs are signed as the testbed's are; what the configuration refuses, `serve` says.
        _ = try Command.run(running.binary, ["audit", "init", "--config", own.configuration])
        process = try OwnGateway.start(
            [running.binary, "serve", "--config", own.configuration] + arguments, listener)
        own.processID = process.processID
        testbed = own
        do {
            try own.waitUntilWhole { [process] in process.process.isRunning }
        } catch {
            process.signal(SIGKILL)
            throw CommandFailure(process.wait(timeout: 10))
        }
    }

    /// Writes the configuration anew, changed from the first one, and has the gateway read it.
    func reload(_ edit: (String) -> String) throws {
        try edit(original).write(toFile: testbed.configuration, atomically: true, encoding: .utf8)
        process.signal(SIGHUP)
    }

    /// Ends the process by a signal and starts another with the same folders, by a program of its own where `through`
    /// names one; waits until it is ready.
    func restart(_ signal: Int32, through: [String] = []) throws {
        process.signal(signal)
        _ = process.wait(timeout: 20)
        process = try OwnGateway.start(through + line, listener)
        try testbed.waitUntilWhole { [process] in process.process.isRunning }
    }

    private var line: [String] { [testbed.binary, "serve", "--config", testbed.configuration] + arguments }

    /// Starts another process with the same folders while this one goes on, without waiting for it.
    ///
    /// - Returns: the one that was there.
    func follow() throws -> RunningCommand {
        let old = process
        process = try OwnGateway.start(line, listener)
        return old
    }

    /// As sd_listen_fds(3) has it: the socket is descriptor 3, and LISTEN_PID the process' own.
    private static func start(_ line: [String], _ listener: FileHandle?) throws -> RunningCommand {
        guard let listener else { return try Command.start(line[0], Array(line.dropFirst())) }
        let script = "exec 3<&0 0</dev/null; export LISTEN_PID=$$ LISTEN_FDS=1; exec \"$@\""
        return try Command.start("bash", ["-c", script, "bash"] + line, input: listener)
    }

    static func listen(_ port: Int) throws -> FileHandle {
        let address = try #require(SocketAddress(literal: "127.0.0.1", port: port))
        return FileHandle(fileDescriptor: try Socket.listen(on: address), closeOnDealloc: true)
    }

    /// The command over the gateway's admin socket.
    func domicile(_ arguments: String...) throws -> Command.Run {
        try Command.run(testbed.binary, arguments + ["--socket", "\(folder)/admin.sock"])
    }

    static func port(of listener: FileHandle) throws -> Int {
        guard case .ip(_, let port) = Socket.localAddress(of: listener.fileDescriptor).kind else {
            throw RawClient.Failure(description: "no port")
        }
        return Int(port)
    }

    /// Ends what is left, and removes its folder.
    func remove() {
        if process.process.isRunning { process.signal(SIGKILL) }
        _ = process.wait(timeout: 10)
        try? FileManager.default.removeItem(atPath: folder)
    }

    /// Leaves a rule out.
    static func without(rule: String, _ text: String) -> String {
        var lines: [Substring] = []
        var isInRule = false
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.hasPrefix("  - name: ") || !line.hasPrefix(" ") { isInRule = line == "  - name: \(rule)" }
            if !isInRule { lines.append(line) }
        }
        return lines.joined(separator: "\n")
    }

    /// The next port that nobody listens on, below those that the kernel gives to connections: one that was free a
    /// moment ago stays so.
    static func freePort() throws -> Int {
        for _ in 0..<1_000 {
            let port = ports.withLock { next in
                next = next >= 29_999 ? 20_000 : next + 1
                return next
            }
            let address = try #require(SocketAddress(literal: "127.0.0.1", port: port))
            guard let listener = try? Socket.listen(on: address) else { continue }
            Socket.close(listener)
            return port
        }
        throw RawClient.Failure(description: "no port from 20000 to 29999 is free")
    }

    private static let ports = Mutex(Int.random(in: 20_000...29_000))
}
