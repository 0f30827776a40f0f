import Foundation
import Glibc
import PGWire
import Testing

/// How many series `/metrics` has, whatever executors send.
@Suite(.serialized)
struct MetricSeriesTests {
    let testbed: Testbed

    init() throws { testbed = try Testbed() }

    /// Logins that are tried, each with a user, a database and an application of its own.
    private static let logins = 100_000
    private static let sqlstates = 2_000

    /// The names and labels of all series, those without a value of their own left out.
    private func series(_ testbed: Testbed) throws -> Set<String> {
        let lines = try testbed.http("/metrics").body.split(separator: "\n")
        return Set(
            lines.filter { !$0.hasPrefix("#") }.map { String($0[..<($0.lastIndex(of: " ") ?? $0.endIndex)]) })
    }

    @Test(
        "F-OPS-07: 100,000 logins with distinct users, databases and applications and 2,000 distinct SQLSTATEs add three series: the refusals by their own SQLSTATEs"
    )
    func bounded() throws {
        let socket = "/tmp/\(Testbed.unique("series")).sock"
        defer { unlink(socket) }
        let own = try OwnGateway(
            testbed,
            edit: { text in
                text.replacingOccurrences(of: "listen:\n", with: "listen:\n  - unix: \(socket)\n")
                    .replacingOccurrences(
                        of: "logins_per_second_per_address: 5000",
                        with: "logins_per_second_per_address: 1000000"
                    )
                    .replacingOccurrences(
                        of: "logins_per_second_per_subject: 5000",
                        with: "logins_per_second_per_subject: 1000000")
            })
        defer { own.remove() }
        #expect(try own.testbed.psql("select 1").text == "1")
        let before = try series(own.testbed)
        #expect(before.count > 50)
        // No token, a good one with no such database, a good one with no such role.
        let token = try testbed.token(.euAnalyst)
        var answers: [String: Int] = [:]
        for number in 0..<MetricSeriesTests.logins {
            let isPlain = number.isMultiple(of: 10)
            let login = LocalLogin(
                user: isPlain || number.isMultiple(of: 2) ? "user-\(number)" : "analyst",
                database: number.isMultiple(of: 2) ? "orders" : "database-\(number)",
                application: "app-\(number)",
                password: isPlain ? "password-\(number)" : token)
            answers[try login.sqlstate(socket), default: 0] += 1
        }
        #expect(answers == ["28P01": 10_000, "3D000": 50_000, "42501": 40_000])
        try raise(own)
        let after = try series(own.testbed)
        #expect(
            after.subtracting(before) == [
                #"domicile_refusals_total{sqlstate="28P01"}"#, #"domicile_refusals_total{sqlstate="3D000"}"#,
                #"domicile_refusals_total{sqlstate="42501"}"#,
            ])
        #expect(before.subtracting(after) == [])
    }

    /// Statements that fail with SQLSTATEs of their own.
    private func raise(_ own: OwnGateway) throws {
        let statements = (0..<MetricSeriesTests.sqlstates).map { number in
            let digits = String(number, radix: 36, uppercase: true)
            let state = "X" + String(repeating: "0", count: 4 - digits.count) + digits
            return "do $$ begin raise exception using errcode = '\(state)'; end $$;"
        }
        let file = "\(own.folder)/raise.sql"
        try statements.joined(separator: "\n").write(toFile: file, atomically: true, encoding: .utf8)
        let run = try Command.run(
            "psql", ["-X", "-q", "-v", "VERBOSITY=verbose", "-f", file],
            environment: own.testbed.environment(
                user: "tester", database: "scratch", token: testbed.token(.conformance)))
        #expect(run.error.contains("X01JJ"), "\(run.error.suffix(300))")
        #expect(
            run.error.split(separator: "\n").count { $0.contains("ERROR:  X") } == MetricSeriesTests.sqlstates
        )
    }
}

/// One login over a Unix socket, without encryption.
private struct LocalLogin {
    let user: String
    let database: String
    let application: String
    let password: String

    /// The SQLSTATE that refuses it.
    func sqlstate(_ path: String) throws -> String {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        let status = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard status == 0 else { throw RawClient.Failure(description: "connect: errno \(errno)") }
        var request: [UInt8] = []
        try StartupMessage(
            version: .v30,
            parameters: [
                .init("user", user), .init("database", database), .init("application_name", application),
            ]
        ).encode(into: &request)
        try PasswordMessage.encode(password: Array(password.utf8), into: &request)
        guard write(descriptor, request, request.count) == request.count else {
            throw RawClient.Failure(description: "write: errno \(errno)")
        }
        var answer: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 4_096)
        while true {
            let count = read(descriptor, &block, block.count)
            guard count > 0 else { break }
            answer += block[..<count]
        }
        // AuthenticationCleartextPassword, then one ErrorResponse: its field C.
        guard let field = answer.firstRange(of: [0, UInt8(ascii: "C")])?.upperBound else {
            throw RawClient.Failure(description: "no error: \(answer)")
        }
        return String(decoding: answer[field..<min(field + 5, answer.count)], as: UTF8.self)
    }
}
