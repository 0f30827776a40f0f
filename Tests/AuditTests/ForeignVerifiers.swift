import Foundation
import Testing

/// Two verifiers of logs that share no code with the gateway: a script in Python, and golang.org/x/mod/sumdb.
enum ForeignVerifiers {
    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("TestSupport/verifiers").path

    /// Builds the Go program once; its path.
    private static let program: String? = {
        let folder = NSTemporaryDirectory() + "domicile-verifier-" + UUID().uuidString
        try? FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        var environment = ProcessInfo.processInfo.environment
        environment["GO111MODULE"] = "off"
        environment["GOFLAGS"] = ""
        environment["GOPATH"] = "/usr/share/gocode"
        environment["GOCACHE"] = folder + "/cache"
        let built = run(
            "go", ["build", "-o", folder + "/verify", ForeignVerifiers.folder + "/main.go"], environment)
        try? FileManager.default.removeItem(atPath: folder + "/cache")
        guard built.status == 0 else {
            Issue.record("go build: \(built.output)")
            return nil
        }
        return folder + "/verify"
    }()

    /// What each of them says of a log, by its name: `ok RECORDS COVERED`, or what is wrong.
    static func answers(_ log: String, key: String) -> [String: String] {
        let python = run("/usr/bin/python3", [folder + "/verify_log.py", log, key])
        var answers = ["python": python.output]
        if let program { answers["go"] = run(program, [log, key]).output }
        return answers
    }

    /// What the script that docs/audit-log.md prints says of a log.
    static func documented(_ log: String, key: String) throws -> String {
        let document = folder + "/../../../docs/audit-log.md"
        let text = try String(contentsOfFile: document, encoding: .utf8)
        let blocks = text.components(separatedBy: "```python\n").dropFirst()
        let script = try #require(blocks.first?.components(separatedBy: "```")[0])
        #expect(script.split(separator: "\n").count <= 30, "a stranger verifies with 30 lines")
        return run("/usr/bin/python3", ["-c", script, log, key]).output
    }

    private static func run(
        _ program: String, _ arguments: [String], _ environment: [String: String]? = nil
    ) -> (status: Int32, output: String) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [program] + arguments
        if let environment { process.environment = environment }
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        do { try process.run() } catch { return (-1, "\(error)") }
        let data = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        let text = String(decoding: data, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
        return (process.terminationStatus, text)
    }
}

@Suite struct ForeignVerifierTests {
    @Test(arguments: [1, 3, 255, 256, 257, 700])
    func `logs are verified by code that is not the gateway's, in Python and in Go`(count: Int) throws {
        let log = try SignedLog(records: count, checkpoints: [(count + 1) / 2, count])
        let key = try #require(log.verifiers.first)
        #expect(
            ForeignVerifiers.answers(log.path, key: "\(key)") == [
                "python": "ok \(count) \(count)", "go": "ok \(count) \(count)",
            ])
    }

    @Test(arguments: [1, 256, 700])
    func `the thirty lines that the documentation prints verify a log, and notice a change`(count: Int) throws
    {
        let log = try SignedLog(records: count, checkpoints: [count])
        let key = try #require(log.verifiers.first)
        #expect(
            try ForeignVerifiers.documented(log.path, key: "\(key)")
                == "verified: \(count) records of \(SignedLog.origin)")
        var lines = try log.lines()
        lines[count / 2][40] ^= 1
        try log.write(lines: lines)
        let answer = try ForeignVerifiers.documented(log.path, key: "\(key)")
        #expect(answer.contains("the records are not those that were signed"), "\(answer)")
    }

    @Test func `and both of them notice a changed record, and another's key`() throws {
        let log = try SignedLog(records: 300, checkpoints: [300])
        let key = try #require(log.verifiers.first)
        let stranger = try #require(try SignedLog(records: 1, checkpoints: [1]).verifiers.first)
        for answer in ForeignVerifiers.answers(log.path, key: "\(stranger)").values {
            #expect(answer.hasPrefix("not verified"), "\(answer)")
        }
        var lines = try log.lines()
        lines[270][40] ^= 1
        try log.write(lines: lines)
        for answer in ForeignVerifiers.answers(log.path, key: "\(key)").values {
            #expect(answer.hasPrefix("not verified"), "\(answer)")
        }
    }

    @Test(
        "A line behind the next segment's first number is noticed by the documentation's thirty lines and the verifier in Python",
        arguments: ["{\"seq\":15,\"sql\":\"forged\"}\n", "whatever\n", "{\"sql"])
    func forgedBehindTheEnd(text: String) throws {
        let log = try SignedLog(records: 20, checkpoints: [12, 20])
        try log.split(at: 12)
        let key = try #require(log.verifiers.first)
        let sound = "verified: 20 records of \(SignedLog.origin)"
        #expect(try ForeignVerifiers.documented(log.path, key: "\(key)") == sound)
        let bytes = try log.read(log.segment)
        // What a failed sync had written again, cut by a crash.
        try log.write(bytes + log.read(log.folder.segment(12)).prefix(700), log.segment)
        #expect(try ForeignVerifiers.documented(log.path, key: "\(key)") == sound)
        #expect(ForeignVerifiers.answers(log.path, key: "\(key)")["python"] == "ok 20 20")
        try log.write(bytes + Array(text.utf8), log.segment)
        let answer = try ForeignVerifiers.documented(log.path, key: "\(key)")
        #expect(answer.contains("00000000000000000000.jsonl goes on behind its end"), "\(answer)")
        let python = ForeignVerifiers.answers(log.path, key: "\(key)")["python"] ?? ""
        #expect(python.hasPrefix("not verified") && python.contains("goes on behind its end"), "\(python)")
    }
}
