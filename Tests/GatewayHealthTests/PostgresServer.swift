import Foundation
import GatewayConfiguration
import GatewayHealth
import GatewayRouting

/// Looks every few milliseconds whether a condition holds; false where it did not within the time.
func eventually(within limit: Duration = .seconds(8), _ condition: () throws -> Bool) rethrows -> Bool {
    let end = ContinuousClock.now + limit
    while true {
        if try condition() { return true }
        if ContinuousClock.now > end { return false }
        usleep(3_000)
    }
}

/// A real PostgreSQL 15 in a temporary folder, with TLS and SCRAM. PostgreSQL refuses to run as root: there it runs
/// as `postgres`.
final class PostgresServer: Sendable {
    static let binaries = "/usr/lib/postgresql/15/bin"
    static let password = "probe-password"

    /// Two clusters that were initialised apart, so that their system_identifier differs.
    enum Cluster: String, CaseIterable { case one, two }

    let folder: String
    let port: Int
    var data: String { folder + "/data" }
    /// The one certificate, of its own authority, that all servers of a run have.
    let certificate: String

    /// Copies a cluster and starts it.
    init(_ cluster: Cluster = .one, port: Int? = nil, settings: [String] = []) throws {
        certificate = try Template.shared.get().certificate
        folder = try PostgresServer.folder("server")
        self.port = try port ?? PostgresServer.freePort()
        try run("/bin/cp", ["-a", try Template.shared.get().data(cluster), data])
        try finish(settings)
    }

    /// A streaming standby of another server, which must be stopped while it is copied.
    init(standbyOf primary: PostgresServer) throws {
        certificate = primary.certificate
        folder = try PostgresServer.folder("standby")
        port = try PostgresServer.freePort()
        try run("/bin/cp", ["-a", primary.data, data])
        try run("/usr/bin/touch", ["-r", data + "/PG_VERSION", data + "/standby.signal"])
        try PostgresServer.own(data + "/standby.signal")
        try finish([
            "primary_conninfo = 'host=\(primary.folder) port=\(primary.port) user=postgres'",
            "wal_retrieve_retry_interval = 100ms",
        ])
    }

    private func finish(_ settings: [String]) throws {
        let lines =
            [
                "listen_addresses = '127.0.0.1'", "port = \(port)", "unix_socket_directories = '\(folder)'",
                "fsync = off", "ssl = on", "shared_buffers = 1MB", "max_wal_senders = 4",
                "wal_level = replica", "logging_collector = off",
            ] + settings
        let file = try FileHandle(forWritingTo: URL(fileURLWithPath: data + "/postgresql.auto.conf"))
        file.write(Data((lines.joined(separator: "\n") + "\n").utf8))
        try file.close()
        try start()
    }

    deinit {
        resume()
        try? stop()
        try? FileManager.default.removeItem(atPath: folder)
    }

    func start() throws {
        try PostgresServer.program(
            "pg_ctl", ["-D", data, "-l", data + "/log", "-w", "-t", "10", "start"])
    }

    func stop() throws {
        guard postmaster != nil else { return }
        try PostgresServer.program("pg_ctl", ["-D", data, "-m", "immediate", "-w", "stop"])
    }

    func promote() throws {
        try PostgresServer.program("pg_ctl", ["-D", data, "-w", "promote"])
    }

    /// Restarts a stopped postmaster's settings file with one line more.
    func reload(_ setting: String) throws {
        let file = try FileHandle(forWritingTo: URL(fileURLWithPath: data + "/postgresql.auto.conf"))
        try file.seekToEnd()
        file.write(Data((setting + "\n").utf8))
        try file.close()
        try PostgresServer.program("pg_ctl", ["-D", data, "reload"])
    }

    /// As the superuser, over the Unix socket.
    @discardableResult
    func psql(_ sql: String) throws -> String {
        try PostgresServer.program(
            "psql",
            [
                "-X", "-At", "-v", "ON_ERROR_STOP=1", "-h", folder, "-p", "\(port)", "-U", "postgres", "-c",
                sql,
            ]
        ).trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// A session that stays: it answers its backend's pid and the text of its start.
    func session(role: String = "postgres") throws -> (process: Child, pid: Int32, startedAt: String) {
        let (program, arguments) = PostgresServer.command(
            "psql",
            [
                "-X", "-q", "-h", folder, "-p", "\(port)", "-d", "postgres", "-U", role, "-c",
                "SELECT pg_sleep(60)",
            ])
        let known = Set(try sleepers().map(\.pid))
        let process = try Child(program, arguments)
        var found: (pid: Int32, startedAt: String)?
        _ = try eventually {
            found = try sleepers().first { !known.contains($0.pid) }
            return found != nil
        }
        guard let found else { throw ServerFault(description: "no session came") }
        return (process, found.pid, found.startedAt)
    }

    func sleepers() throws -> [(pid: Int32, startedAt: String)] {
        try psql(
            "SELECT pid, EXTRACT(epoch FROM backend_start) FROM pg_stat_activity "
                + "WHERE query = 'SELECT pg_sleep(60)'"
        ).split(separator: "\n").compactMap { line in
            let parts = line.split(separator: "|")
            guard parts.count == 2, let pid = Int32(parts[0]) else { return nil }
            return (pid, String(parts[1]))
        }
    }

    private var postmaster: Int32? {
        let text = try? String(contentsOfFile: data + "/postmaster.pid", encoding: .utf8)
        return text?.split(separator: "\n").first.flatMap { Int32($0) }
    }

    /// The postmaster and what it started.
    private var processes: [Int32] {
        guard let postmaster else { return [] }
        let children = try? String(
            contentsOfFile: "/proc/\(postmaster)/task/\(postmaster)/children", encoding: .utf8)
        return [postmaster] + (children ?? "").split(separator: " ").compactMap { Int32($0) }
    }

    func freeze() { for process in processes { kill(process, SIGSTOP) } }
    func resume() { for process in processes { kill(process, SIGCONT) } }

    func target(
        _ name: String = "a", kind: ReplicaKind = .auto, host: String = "127.0.0.1", port: Int? = nil,
        attest: Attestation = Attestation(), networks: [Network] = [], sslmode: SSLMode = .verifyFull
    ) -> ReplicaTarget {
        ReplicaTarget(
            id: ReplicaID(database: "orders", replica: name), region: "eu-west-1", kind: kind, host: host,
            port: port ?? self.port, dbname: "postgres", attest: attest, networks: networks, sslmode: sslmode,
            sslrootcert: certificate)
    }

    // MARK: - What servers share

    static func folder(_ name: String) throws -> String {
        let folder =
            FileManager.default.temporaryDirectory.path + "/domicile-\(name)-\(UUID().uuidString.prefix(8))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try own(folder)
        return folder
    }

    static func own(_ path: String) throws {
        if getuid() == 0 { try run("/bin/chown", ["postgres:postgres", path]) }
    }

    static func command(_ name: String, _ arguments: [String]) -> (String, [String]) {
        let program = binaries + "/" + name
        guard getuid() == 0 else { return (program, arguments) }
        let prefix = ["--reuid=postgres", "--regid=postgres", "--clear-groups", "--", program]
        return ("/usr/bin/setpriv", prefix + arguments)
    }

    @discardableResult
    static func program(_ name: String, _ arguments: [String], input: String? = nil) throws -> String {
        let (program, all) = command(name, arguments)
        return try run(program, all, input: input)
    }

    static func freePort() throws -> Int {
        let listener = try SilentListener()
        return listener.port
    }
}

/// One server for all tests that leave it as it is; it ends with the process.
enum SharedServer {
    private static let started: Result<PostgresServer, any Error> = Result { try PostgresServer() }

    static func get() throws -> PostgresServer {
        _ = registered
        return try started.get()
    }

    private static let registered: Bool = {
        atexit { SharedServer.end() }
        return true
    }()

    private static func end() {
        guard case .success(let server) = started else { return }
        try? server.stop()
        try? FileManager.default.removeItem(atPath: server.folder)
    }
}

/// Initialised once for all tests of a run: two clusters, one certificate.
struct Template: Sendable {
    static let shared = Result { try Template() }

    let folder: String
    var certificate: String { folder + "/server.crt" }

    func data(_ cluster: PostgresServer.Cluster) -> String { folder + "/" + cluster.rawValue }

    init() throws {
        folder = try PostgresServer.folder("template")
        atexit { _ = try? FileManager.default.removeItem(atPath: Template.shared.get().folder) }
        try run(
            "/usr/bin/openssl",
            [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                "-days",
                "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost",
                "-keyout",
                folder + "/server.key", "-out", folder + "/server.crt",
            ])
        for cluster in PostgresServer.Cluster.allCases { try initialise(data(cluster)) }
    }

    private func initialise(_ data: String) throws {
        try PostgresServer.program(
            "initdb",
            [
                "-D", data, "-U", "postgres", "--no-sync", "--no-locale", "-E", "UTF8", "-A", "trust",
                "--wal-segsize=1",
            ])
        for name in ["server.crt", "server.key"] {
            try run("/bin/cp", [folder + "/" + name, data + "/" + name])
            try PostgresServer.own(data + "/" + name)
        }
        try run("/bin/chmod", ["600", data + "/server.key"])
        let rules = """
            local all all trust
            local replication all trust
            hostssl all cleartext 127.0.0.1/32 password
            hostssl all md5 127.0.0.1/32 md5
            hostssl all trusted 127.0.0.1/32 trust
            hostssl all all 127.0.0.1/32 scram-sha-256

            """
        let file = try FileHandle(forWritingTo: URL(fileURLWithPath: data + "/pg_hba.conf"))
        try file.truncate(atOffset: 0)
        file.write(Data(rules.utf8))
        try file.close()
        try PostgresServer.program(
            "postgres", ["--single", "-D", data, "-c", "fsync=off", "postgres"],
            input: """
                CREATE ROLE probe LOGIN PASSWORD '\(PostgresServer.password)'
                GRANT pg_monitor, pg_signal_backend TO probe
                CREATE ROLE unprivileged LOGIN PASSWORD '\(PostgresServer.password)'
                CREATE ROLE cleartext LOGIN PASSWORD '\(PostgresServer.password)'
                CREATE ROLE trusted LOGIN
                SET password_encryption = 'md5'
                CREATE ROLE md5 LOGIN PASSWORD '\(PostgresServer.password)'

                """)
    }
}

/// Listens on loopback and never answers: the kernel accepts, nobody reads.
final class SilentListener {
    let port: Int
    private let descriptor: Int32
    private var waiting: [Int32] = []

    init(backlog: Int32 = 16) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let descriptor = descriptor
        let bound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                bind(descriptor, generic, length) == 0 && listen(descriptor, backlog) == 0
                    && getsockname(descriptor, generic, &length) == 0
            }
        }
        guard bound else { throw ServerFault(description: "no port") }
        port = Int(UInt16(bigEndian: address.sin_port))
    }

    deinit { for descriptor in waiting + [descriptor] { close(descriptor) } }

    /// Takes every place of the backlog: the kernel drops what else asks for a connection, as a host that is gone would.
    func fill() throws {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        address.sin_port = in_port_t(UInt16(port).bigEndian)
        // A connection that is not made at once will not be: loopback needs no time.
        for _ in 0..<64 {
            let next = socket(
                AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
            waiting.append(next)
            _ = withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    connect(next, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
            var entry = pollfd(fd: next, events: Int16(POLLOUT), revents: 0)
            if poll(&entry, 1, 50) == 0 { return }
        }
        throw ServerFault(description: "the backlog takes no end")
    }

    /// Whether anybody has connected and was not looked at yet.
    var wasConnectedTo: Bool {
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&entry, 1, 0) > 0
    }
}
