import Foundation
import Glibc
import Testing

/// The real servers behind the gateway, looked at directly, and the gateway's admin endpoint.
extension Testbed {
    enum Server: String, CaseIterable {
        case euA = "EU_A"
        case euB = "EU_B"
        case usA = "US_A"

        /// The name of the server, which is its `cluster_name` too.
        var name: String {
            switch self {
            case .euA: "orders-eu-a"
            case .euB: "orders-eu-b"
            case .usA: "orders-us-a"
            }
        }

        var region: String {
            switch self {
            case .euA: "eu-west-1"
            case .euB: "eu-central-1"
            case .usA: "us-east-1"
            }
        }
    }

    /// Runs SQL as superuser, straight at one server; the output without the last newline.
    @discardableResult
    func direct(_ server: Server, _ sql: String, database: String = "orders") throws -> String {
        let connection = try Testbed.variable("DIRECT_DSN_\(server.rawValue)")
            .replacingOccurrences(of: "dbname=orders", with: "dbname=\(database)")
        let run = try Command.run(
            "psql", ["-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1", "-d", connection, "-c", sql])
        guard run.status == 0 else { throw CommandFailure(run) }
        return run.text
    }

    /// The environment of a client that connects straight to a server as one of the roles.
    func directEnvironment(_ server: Server, user: String, database: String) throws -> [String: String] {
        var environment = ProcessInfo.processInfo.environment
        environment["PGHOST"] = "127.0.0.1"
        environment["PGPORT"] = try Testbed.variable("DIRECT_PORT_\(server.rawValue)")
        environment["PGUSER"] = user
        environment["PGDATABASE"] = database
        if user == "writer" {
            // It has no password: the servers want its certificate.
            environment["PGSSLCERT"] = try Testbed.variable("DOMICILE_CERTIFICATE_WRITER")
            environment["PGSSLKEY"] = try Testbed.variable("DOMICILE_CERTIFICATE_WRITER_KEY")
        } else {
            environment["PGPASSWORD"] = try Testbed.variable("DOMICILE_PASSWORD_\(user.uppercased())")
        }
        environment["PGSSLMODE"] = "verify-full"
        environment["PGSSLROOTCERT"] = try Testbed.variable("DOMICILE_UPSTREAM_CA")
        return environment
    }

    /// Has a server write each connection into its log while `body` runs; how many executors' roles connected in it.
    func connections(to server: Server, while body: () throws -> Void) throws -> Int {
        func count() throws -> Int {
            let log = try String(contentsOfFile: "\(folder)/log/\(server.name).log", encoding: .utf8)
            return log.split(separator: "\n").filter { line in
                line.contains("connection authorized:")
                    && ["analyst", "writer", "tester"].contains { line.contains("user=\($0) ") }
            }.count
        }
        try direct(server, "ALTER SYSTEM SET log_connections = on")
        try direct(server, "SELECT pg_reload_conf()")
        defer {
            _ = try? direct(server, "ALTER SYSTEM RESET log_connections")
            _ = try? direct(server, "SELECT pg_reload_conf()")
        }
        try eventually("\(server.name) logs connections") {
            try direct(server, "SHOW log_connections") == "on"
        }
        let before = try count()
        try body()
        return try count() - before
    }

    /// The testbed's own folder.
    var folder: String { ProcessInfo.processInfo.environment["DOMICILE_TESTBED"] ?? "" }

    // MARK: Admin endpoint

    struct Answer {
        let status: Int
        let body: String
    }

    func http(_ path: String) throws -> Answer {
        let parts = admin.split(separator: ":")
        let connection = try RawClient(host: String(parts[0]), port: Int(parts[1]) ?? 0)
        defer { connection.close() }
        try connection.send(Array("GET \(path) HTTP/1.1\r\nHost: \(admin)\r\nConnection: close\r\n\r\n".utf8))
        let text = String(decoding: try connection.readToEnd(), as: UTF8.self)
        let status = text.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
        let body = text.range(of: "\r\n\r\n").map { String(text[$0.upperBound...]) } ?? ""
        return Answer(status: status, body: body)
    }

    /// One series of /metrics, such as `domicile_connections` or `domicile_replica_up{…}`.
    func metric(_ series: String) throws -> Double? {
        for line in try http("/metrics").body.split(separator: "\n") where line.hasPrefix(series + " ") {
            return Double(line.dropFirst(series.count + 1))
        }
        return nil
    }

    /// Waits until the gateway is ready and holds every replica for healthy.
    func waitUntilWhole(isRunning: () -> Bool = { true }) throws {
        let deadline = Date().addingTimeInterval(30)
        while Date() < deadline, isRunning() {
            if let isWhole = try? isWhole(), isWhole { return }
            usleep(50_000)
        }
        throw RawClient.Failure(
            description: "the gateway at \(admin) is not ready, or not all replicas are up")
    }

    private func isWhole() throws -> Bool {
        guard try http("/readyz").status == 200 else { return false }
        let lines = try http("/metrics").body.split(separator: "\n").filter {
            $0.hasPrefix("domicile_replica_up{") || $0.hasPrefix("domicile_replica_attested{")
                || $0.hasPrefix("domicile_replica_catalog_up{")
        }
        return !lines.isEmpty && lines.allSatisfy { $0.hasSuffix(" 1") }
    }

    /// Stops servers while `body` runs; afterwards they run and the gateway knows it.
    func stopping(_ servers: [Server], mode: String = "fast", while body: () throws -> Void) throws {
        defer {
            for server in servers {
                do {
                    try control("replica", "start", server.name)
                } catch {
                    Issue.record("\(server.name) does not start again: \(error)")
                }
            }
            do { try waitUntilWhole() } catch { Issue.record("\(error)") }
        }
        for server in servers { try control("replica", "stop", server.name, "--mode", mode) }
        try body()
    }

    // MARK: Sessions in the log

    /// Stops a server's postmaster alone while `body` runs: sessions that it has go on, new ones are never answered.
    /// With `whole` those of its sessions stop too, the probes' among them.
    func freezing(_ servers: [Server], whole: Bool = false, while body: () throws -> Void) throws {
        var processes = try servers.map { server in
            let file = "\(folder)/data/\(server.name)/postmaster.pid"
            let line = try String(contentsOfFile: file, encoding: .utf8).split(separator: "\n").first
            return try #require(line.flatMap { Int32($0) })
        }
        if whole {
            for postmaster in processes {
                let children = try Command.run("pgrep", ["-P", String(postmaster)]).text
                processes += children.split(separator: "\n").compactMap { Int32($0) }
            }
        }
        defer {
            for process in processes { kill(process, SIGCONT) }
            do { try waitUntilWhole() } catch { Issue.record("\(error)") }
        }
        for process in processes { kill(process, SIGSTOP) }
        try body()
    }

    func log(_ region: String) throws -> RecordedLog { try RecordedLog(folder: audit, region: region) }

    /// A region's log once `count` sessions of this application have ended in it, and those sessions.
    func endedSessions(
        _ application: String, region: String, count: Int = 1
    ) throws -> (log: RecordedLog, sessions: Set<String>) {
        var log = try log(region)
        var sessions = log.sessions(application: application)
        try eventually("\(count) sessions of \(application) have ended in the log of \(region)") {
            log = try self.log(region)
            sessions = log.sessions(application: application)
            return sessions.count >= count && log.records(of: sessions, "session.end").count == sessions.count
        }
        return (log, sessions)
    }

    /// The record of a connection that was refused, from the log of the gateway's own region.
    func refusal(_ application: String, region: String = "eu-west-1") throws -> RecordedLog.Record? {
        var found: RecordedLog.Record?
        try eventually("session.refused of \(application)") {
            found = try log(region).records.last {
                $0.type == "session.refused" && $0.keys["application"] as? String == application
            }
            return found != nil
        }
        return found
    }

    /// Whether any log of any region mentions this text in any of its bytes.
    func regionsThatMention(_ text: String) throws -> [String] {
        try Server.allCases.map(\.region).filter { region in
            let folder = "\(audit)/\(region)/segments"
            return try FileManager.default.contentsOfDirectory(atPath: folder).contains { name in
                let data = try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(name)"))
                return data.range(of: Data(text.utf8)) != nil
            }
        }
    }

    // MARK: psql

    /// Runs psql with these commands one after the other, whether or not one fails, and errors with their SQLSTATE.
    func psqlCommands(
        _ commands: [String], user: String = "analyst", database: String = "orders", token: String,
        application: String, timeout: TimeInterval = 60, extra: [String: String] = [:]
    ) throws -> Command.Run {
        try startPsql(
            commands, user: user, database: database, token: token, application: application, extra: extra
        ).wait(timeout: timeout)
    }

    func startPsql(
        _ commands: [String], user: String = "analyst", database: String = "orders", token: String,
        application: String, extra: [String: String] = [:]
    ) throws -> RunningCommand {
        var environment = environment(user: user, database: database, token: token, extra: extra)
        environment["PGAPPNAME"] = application
        return try Command.start(
            "psql", ["-X", "-A", "-t", "-v", "VERBOSITY=verbose"] + commands.flatMap { ["-c", $0] },
            environment: environment)
    }

    /// The process at a server that runs this SQL, once there is one.
    func backend(at server: Server, running sql: String) throws -> String {
        var process = ""
        try eventually("\(server.name) runs \(sql)") {
            process = try direct(
                server, "SELECT pid FROM pg_stat_activity WHERE state = 'active' AND query = '\(sql)'")
            return !process.isEmpty
        }
        return process
    }

    /// An application name, or a table's, that nothing else uses.
    static func unique(_ name: String) -> String {
        "\(name)_\(UUID().uuidString.prefix(8).lowercased())"
    }

    /// The claims of a token, unverified.
    static func claims(_ token: String) throws -> [String: Any] {
        let parts = token.split(separator: ".", omittingEmptySubsequences: false)
        var payload = parts[1].replacingOccurrences(of: "-", with: "+").replacingOccurrences(
            of: "_", with: "/")
        while payload.count % 4 != 0 { payload += "=" }
        let data = try #require(Data(base64Encoded: payload))
        return try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    }
}

extension Testbed {
    /// Starts the gateway again; `DOMICILE_PID` names its new process to the tests that follow.
    func startGateway() throws {
        try control("gateway", "start")
        let run = try Command.run("\(root)/script/testbed", ["env"])
        let line = run.output.split(separator: "\n").first { $0.hasPrefix("export DOMICILE_PID=") }
        setenv("DOMICILE_PID", String(try #require(line).dropFirst("export DOMICILE_PID=".count)), 1)
    }
}
