import Foundation
import Testing

/// The running testbed, as `script/testbed env` tells it. Tests without it fail: nothing is skipped in silence.
struct Testbed: Sendable {
    struct Missing: Error, CustomStringConvertible {
        let name: String
        var description: String {
            "\(name) is not set: eval \"$(script/testbed env)\" first, or run script/test"
        }
    }

    var host: String
    var port: Int
    let authority: String
    var audit: String
    let binary: String
    var processID: Int32
    var configuration: String
    var admin: String
    let root: String

    init() throws {
        host = try Testbed.variable("DOMICILE_HOST")
        port = Int(try Testbed.variable("DOMICILE_PORT")) ?? 0
        authority = try Testbed.variable("DOMICILE_CA")
        audit = try Testbed.variable("DOMICILE_AUDIT")
        binary = try Testbed.variable("DOMICILE_BIN")
        processID = Int32(try Testbed.variable("DOMICILE_PID")) ?? 0
        configuration = try Testbed.variable("DOMICILE_CONFIG")
        admin = try Testbed.variable("DOMICILE_ADMIN")
        root =
            URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().path
    }

    static func variable(_ name: String) throws -> String {
        guard let value = ProcessInfo.processInfo.environment[name], !value.isEmpty else {
            throw Missing(name: name)
        }
        return value
    }

    enum Token: String {
        case euAnalyst = "DOMICILE_TOKEN_EU_ANALYST"
        case euWriter = "DOMICILE_TOKEN_EU_WRITER"
        case usAnalyst = "DOMICILE_TOKEN_US_ANALYST"
        case expired = "DOMICILE_TOKEN_EXPIRED"
        case wrongAudience = "DOMICILE_TOKEN_WRONG_AUDIENCE"
        case conformance = "DOMICILE_TOKEN_CONFORMANCE"
    }

    func token(_ token: Token) throws -> String { try Testbed.variable(token.rawValue) }

    /// Mints a token with claims changed, by `script/testbed token`.
    func mint(_ name: String, _ claims: String...) throws -> String {
        let run = try Command.run("\(root)/script/testbed", ["token", name] + claims)
        guard run.status == 0 else { throw CommandFailure(run) }
        return run.output.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// A token of an executor with these classes of statements forbidden besides the rule's.
    func mint(_ name: String, forbidding classes: [String]) throws -> String {
        let list = classes.map { "\"\($0)\"" }.joined(separator: ",")
        return try mint(name, #"authorization_details=[{"type":"domicile","forbid":[\#(list)]}]"#)
    }

    /// The environment of a PostgreSQL client that connects through the gateway.
    func environment(user: String, database: String, token: String, extra: [String: String] = [:]) -> [String:
        String]
    {
        var environment = ProcessInfo.processInfo.environment
        environment["PGHOST"] = host
        environment["PGPORT"] = String(port)
        environment["PGUSER"] = user
        environment["PGDATABASE"] = database
        environment["PGPASSWORD"] = token
        environment["PGSSLMODE"] = "verify-full"
        environment["PGSSLROOTCERT"] = authority
        environment["PGCONNECT_TIMEOUT"] = "20"
        environment.merge(extra) { _, new in new }
        return environment
    }

    /// Runs psql with unaligned output and no start-up file; stops at the first error.
    func psql(
        _ sql: String, user: String = "analyst", database: String = "orders", token: Token = .euAnalyst,
        extra: [String: String] = [:]
    ) throws -> Command.Run {
        try psql(sql, user: user, database: database, password: self.token(token), extra: extra)
    }

    func psql(
        _ sql: String, user: String, database: String, password: String, extra: [String: String] = [:]
    ) throws -> Command.Run {
        try Command.run(
            "psql", ["-X", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-v", "VERBOSITY=verbose", "-c", sql],
            environment: environment(user: user, database: database, token: password, extra: extra))
    }

    func pgbench(
        _ arguments: [String], user: String = "analyst", token: Token = .euAnalyst,
        timeout: TimeInterval = 120
    ) throws -> Command.Run {
        try Command.run(
            "pgbench", ["-n"] + arguments,
            environment: environment(user: user, database: "orders", token: self.token(token)),
            timeout: timeout)
    }

    /// Stops or starts one of the testbed's PostgreSQL servers, or the gateway.
    func control(_ arguments: String...) throws {
        let run = try Command.run("\(root)/script/testbed", arguments, timeout: 60)
        guard run.status == 0 else { throw CommandFailure(run) }
    }

    /// Polls until the condition holds; fails after `within` seconds.
    func eventually(
        _ what: String, within: TimeInterval = 20, _ condition: () throws -> Bool
    ) throws {
        let deadline = Date().addingTimeInterval(within)
        while Date() < deadline {
            if try condition() { return }
            usleep(50_000)
        }
        Issue.record("not within \(within) s: \(what)")
    }
}

struct CommandFailure: Error, CustomStringConvertible {
    let description: String

    init(_ run: Command.Run) { description = "status \(run.status): \(run.output)\(run.error)" }
}

/// Runs programs.
enum Command {
    struct Run: Sendable {
        let status: Int32
        let output: String
        let error: String
        /// Output without the last newline.
        var text: String { output.trimmingCharacters(in: .newlines) }
    }

    static func run(
        _ program: String, _ arguments: [String], environment: [String: String]? = nil,
        timeout: TimeInterval = 60
    ) throws -> Run {
        let process = try start(program, arguments, environment: environment)
        return process.wait(timeout: timeout)
    }

    static func start(
        _ program: String, _ arguments: [String], environment: [String: String]? = nil,
        input: FileHandle = .nullDevice
    ) throws -> RunningCommand {
        try RunningCommand(program, arguments, environment: environment, input: input)
    }
}

/// A program that runs; its output is collected in files, so that no pipe can fill.
final class RunningCommand {
    let process = Process()
    private let folder: URL

    init(
        _ program: String, _ arguments: [String], environment: [String: String]?,
        input: FileHandle = .nullDevice
    ) throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent(
            "domicile-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let output = folder.appendingPathComponent("output")
        let error = folder.appendingPathComponent("error")
        _ = FileManager.default.createFile(atPath: output.path, contents: nil)
        _ = FileManager.default.createFile(atPath: error.path, contents: nil)
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        // A thread of Foundation blocks signals, and a child would inherit that: it could not hear Ctrl-C or SIGTERM.
        process.arguments = ["--default-signal", program] + arguments
        if let environment { process.environment = environment }
        let handles = [try FileHandle(forWritingTo: output), try FileHandle(forWritingTo: error)]
        // The child has its own; Foundation keeps these open, and crashes where it has some thousand.
        defer { for handle in handles { try? handle.close() } }
        process.standardOutput = handles[0]
        process.standardError = handles[1]
        process.standardInput = input
        try process.run()
    }

    var processID: Int32 { process.processIdentifier }

    func signal(_ number: Int32) { kill(process.processIdentifier, number) }

    /// Waits for the end; kills it after `timeout` seconds (status -1).
    func wait(timeout: TimeInterval) -> Command.Run {
        let deadline = Date().addingTimeInterval(timeout)
        while process.isRunning, Date() < deadline { usleep(5_000) }
        var status: Int32 = -1
        if process.isRunning {
            kill(process.processIdentifier, SIGKILL)
            process.waitUntilExit()
        } else {
            status = process.terminationStatus
        }
        let run = Command.Run(status: status, output: read("output"), error: read("error"))
        try? FileManager.default.removeItem(at: folder)
        return run
    }

    /// What has come so far: `output` or `error`.
    func read(_ name: String) -> String {
        guard let data = try? Data(contentsOf: folder.appendingPathComponent(name)) else { return "" }
        return String(decoding: data, as: UTF8.self)
    }
}
