import Foundation
import PGWire
import Testing

/// What a COPY carried, in the log: by its SHA-256 where a rule asks for that.
@Suite(.serialized)
struct CopyDigestTests {
    let testbed: Testbed

    init() throws { testbed = try Testbed() }

    /// MiB of the file that is copied in and out.
    private static let size = 8

    private static func asksForDigests(_ configuration: String) -> String {
        configuration.replacingOccurrences(
            of: "    replicates: allow", with: "    replicates: allow\n    capture: { copy: digest }")
    }

    private func sha256(_ file: String) throws -> String {
        let run = try Command.run("sha256sum", [file])
        guard run.status == 0 else { throw CommandFailure(run) }
        return "sha256:" + run.output.prefix(64)
    }

    @Test("F-GRD-12: a COPY's record has the digest of the file that went in, and of the one that came out")
    func digest() throws {
        let own = try OwnGateway(testbed)
        defer { own.remove() }
        try own.reload(Self.asksForDigests)
        let table = Testbed.unique("copied")
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(table).path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer {
            try? FileManager.default.removeItem(atPath: folder)
            _ = try? testbed.direct(.euA, "drop table if exists \(table)", database: "scratch")
        }
        let line = String(repeating: "å", count: 120)
        let make = "yes '\(line)' | head -c \(Self.size << 20) | head -n -1 | nl -w1 > in"
        #expect(try Command.run("sh", ["-c", "cd \(folder) && \(make)"]).status == 0)
        let run = try Command.run(
            "psql",
            [
                "-X", "-q", "-v", "ON_ERROR_STOP=1", "-c", "CREATE UNLOGGED TABLE \(table) (a int, b text)",
                "-c", "\\copy \(table) from '\(folder)/in'", "-c", "\\copy \(table) to '\(folder)/out'",
                "-c", "\\copy \(table) to '\(folder)/binary' with (format binary)",
                "-c", "\\copy (select 1 where false) to '\(folder)/empty'",
            ],
            environment: own.testbed.environment(
                user: "writer", database: "scratch", token: try testbed.token(.euWriter),
                extra: ["PGAPPNAME": table]))
        #expect(run.status == 0, "\(run.error)")
        let (log, sessions) = try own.testbed.endedSessions(table, region: "eu-west-1")
        let copies = log.records(of: sessions, "copy")
        let files = ["in", "out", "binary", "empty"].map { "\(folder)/\($0)" }
        #expect(copies.map { $0.keys["direction"] as? String } == ["in", "out", "out", "out"])
        #expect(copies.map { $0.keys["digest"] as? String } == (try files.map(sha256)))
        let sizes = try files.map {
            try FileManager.default.attributesOfItem(atPath: $0)[.size] as? Int
        }
        #expect(copies.map { $0.keys["bytes"] as? Int } == sizes)
        #expect(try sha256(files[0]) == sha256(files[1]))
    }

    @Test("F-GRD-12: a COPY in of 1 GiB has its digest in its record, and takes no memory")
    func gibibyte() throws {
        let own = try OwnGateway(testbed)
        defer { own.remove() }
        try own.reload(Self.asksForDigests)
        let application = Testbed.unique("gibibyte")
        let line = String(repeating: "0123456789abcdef", count: 64)
        let make = "yes \(line) | head -c \((1 << 20) * 1025)"
        let before = try AbuseWitness.memory(own.testbed)
        let run = try Command.run(
            "psql",
            [
                "-X", "-q", "-v", "ON_ERROR_STOP=1", "-c", "CREATE TEMPORARY TABLE copied (a text)",
                "-c", "\\copy copied from program '\(make)' where false",
            ],
            environment: own.testbed.environment(
                user: "writer", database: "scratch", token: try testbed.token(.euWriter),
                extra: ["PGAPPNAME": application]))
        #expect(run.status == 0, "\(run.error)")
        #expect(try AbuseWitness.memory(own.testbed) - before < 64 << 10, "KiB")
        let (log, sessions) = try own.testbed.endedSessions(application, region: "eu-west-1")
        let copies = log.records(of: sessions, "copy")
        let expected = try Command.run("sh", ["-c", "\(make) | sha256sum"])
        #expect(copies.map { $0.keys["digest"] as? String } == ["sha256:" + expected.output.prefix(64)])
        #expect(copies.map { $0.keys["bytes"] as? Int } == [1025 << 20])
    }

    @Test("F-GRD-12: where no rule asks for a digest there is none")
    func without() throws {
        let application = Testbed.unique("copy")
        let run = try Command.run(
            "psql", ["-X", "-q", "-c", "COPY (SELECT 1) TO STDOUT"],
            environment: testbed.environment(
                user: "analyst", database: "orders", token: try testbed.token(.euAnalyst),
                extra: ["PGAPPNAME": application]))
        #expect(run.output == "1\n")
        let (log, sessions) = try testbed.endedSessions(application, region: "eu-west-1")
        let copies = log.records(of: sessions, "copy")
        #expect(copies.map { $0.keys["bytes"] as? Int } == [2])
        #expect(copies.allSatisfy { $0.keys["digest"] == nil })
    }
}
