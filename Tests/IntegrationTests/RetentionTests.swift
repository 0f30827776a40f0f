import Foundation
import Glibc
import Testing

@Suite("Retention and anchors of a running gateway")
struct RetentionTests {
    private let testbed: Testbed
    init() throws { testbed = try Testbed() }

    /// The endpoint of Tests/TestSupport/anchor, in a folder.
    private func endpoint(in folder: String) throws -> (process: Process, url: String) {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("TestSupport/anchor/anchor.py").path
        let (process, input, output) = (Process(), Pipe(), Pipe())
        process.executableURL = URL(fileURLWithPath: "/usr/bin/python3")
        process.arguments = [script, "good", folder]
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        let line = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
        let port = try #require(Int(line.trimmingCharacters(in: .whitespacesAndNewlines)))
        return (process, "http://127.0.0.1:\(port)/")
    }

    private func firsts(_ own: OwnGateway) throws -> [Int] {
        try FileManager.default.contentsOfDirectory(atPath: "\(own.testbed.audit)/eu-west-1/segments")
            .filter { $0.hasSuffix(".jsonl") }.compactMap { Int($0.prefix(20)) }.sorted()
    }

    @Test(
        "F-AUD-20: old segments go at a start, once file and endpoint hold a checkpoint; what is left is verified against both"
    )
    func removed() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(Testbed.unique("anchor"))
            .path
        let (server, url) = try endpoint(in: folder)
        defer {
            server.terminate()
            try? FileManager.default.removeItem(atPath: folder)
        }
        let settings =
            "  key: audit.key\n  segment: 1MiB\n  retention: 1s\n  anchor: [{ file: \"\(folder)/file\" }, { url: \"\(url)\" }]\n"
        let own = try OwnGateway(
            testbed, edit: { $0.replacingOccurrences(of: "  key: audit.key\n", with: settings) })
        defer { own.remove() }
        try fill(own)
        let log = "\(own.testbed.audit)/eu-west-1"
        let export = try Command.run(testbed.binary, ["audit", "export", log, "--to", "1"])
        try export.output.write(toFile: folder + "/line", atomically: true, encoding: .utf8)

        usleep(1_100_000)
        try own.restart(SIGTERM)
        let first = try firstLeft(own)
        own.process.signal(SIGTERM)
        _ = own.process.wait(timeout: 20)
        try expectVerified(log, folder, url, key: try key(own), removed: first)
    }

    @Test(
        "What a destination of audit.ship does not have yet stays, and goes when the destination is taken out"
    )
    func heldBack() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(Testbed.unique("anchor"))
            .path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let settings = "  key: audit.key\n  segment: 1MiB\n  retention: 1s\n  anchor: \"\(folder)\"\n"
        // Nobody listens there.
        let ship =
            "  ship: [{ region: eu-west-1, host: 127.0.0.1, port: 1, dbname: audit, sslmode: disable, password: none }]\n"
        let own = try OwnGateway(
            testbed, edit: { $0.replacingOccurrences(of: "  key: audit.key\n", with: settings + ship) })
        defer { own.remove() }
        try fill(own)
        usleep(1_100_000)
        try own.restart(SIGTERM)
        usleep(3_000_000)
        #expect(try firsts(own).first == 0)
        try own.reload { $0.replacingOccurrences(of: "  key: audit.key\n", with: settings) }
        try own.restart(SIGTERM)
        _ = try firstLeft(own)
    }

    /// Writes more than three segments.
    private func fill(_ own: OwnGateway) throws {
        let application = Testbed.unique("retention")
        let long = "select length('\(String(repeating: "x", count: 90_000))')"
        for number in 0..<3 {
            let run = try own.testbed.psqlCommands(
                Array(repeating: long, count: 12), token: testbed.token(.euAnalyst),
                application: "\(application)-\(number)")
            #expect(run.text.hasPrefix("90000"), "\(run)")
            _ = try own.testbed.endedSessions("\(application)-\(number)", region: "eu-west-1")
        }
        #expect(try firsts(own).count >= 3 && firsts(own).first == 0)
    }

    /// The first record that is left when some were removed.
    private func firstLeft(_ own: OwnGateway) throws -> Int {
        let deadline = Date(timeIntervalSinceNow: 20)
        while try firsts(own).first == 0, Date() < deadline { usleep(100_000) }
        let first = try #require(try firsts(own).first)
        #expect(first > 0)
        return first
    }

    private func key(_ own: OwnGateway) throws -> String {
        let keys = try Command.run(
            testbed.binary, ["audit", "key", "--config", own.testbed.configuration])
        return try #require(
            keys.output.split(separator: "\n").map(String.init).first {
                $0.hasPrefix("testbed.example/audit/eu-west-1+")
            })
    }

    private func expectVerified(
        _ log: String, _ folder: String, _ url: String, key: String, removed first: Int
    ) throws {
        func domicile(_ arguments: String...) throws -> Command.Run {
            try Command.run(testbed.binary, ["audit"] + arguments)
        }
        let verified = try domicile(
            "verify", log, "--key", key, "--against", folder + "/file", "--against", url)
        #expect(
            verified.status == 0
                && verified.output.contains("records 0 to \(first - 1) removed by retention (record ")
                && verified.output.contains("checkpoints kept elsewhere"), "\(verified)")
        let proof = try domicile("prove", "0", log)
        #expect(proof.status == 0 && proof.error.contains("record 0 is no longer in it"), "\(proof)")
        try proof.output.write(toFile: folder + "/proof", atomically: true, encoding: .utf8)
        let alone = try domicile("verify", "--proof", folder + "/proof", "--key", key)
        #expect(alone.status == 1 && alone.error.contains("give its line with --record"), "\(alone)")
        let whole = try domicile(
            "verify", "--proof", folder + "/proof", "--record", folder + "/line", "--key", key)
        #expect(whole.status == 0 && whole.output.hasPrefix("Record 0 is in the log"), "\(whole)")
        let shown = try domicile("show", "0", log)
        #expect(
            shown.status == 1
                && shown.error.contains("records 0 to \(first - 1) are no longer in it (retention)"),
            "\(shown)")
        let told = try domicile("search", log, "--type", "log.pruned", "--json")
        #expect(told.output.contains("\"reason\":\"audit.retention: 1s\",\"policy\":\""), "\(told)")
        // An endpoint that nobody answers at confirms nothing.
        let closed = try domicile("verify", log, "--key", key, "--against", "http://127.0.0.1:1/")
        #expect(
            closed.status == 1 && closed.error.contains("http://127.0.0.1:1/: it could not be asked"),
            "\(closed)")
    }
}
