import Foundation
import Testing

/// Logs that are made for measuring, as large as a test can wait for.
@Suite struct LargeLogTests {
    /// Runs a command and prints, behind what it says, the KiB of memory that it took at most.
    private static let measured = """
        import resource, subprocess, sys
        subprocess.run(sys.argv[1:], check=True)
        print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
        """

    /// The KiB of memory that verifying a log of so many records takes.
    private func memory(records: Int) throws -> Int {
        let testbed = try Testbed()
        let folder = FileManager.default.temporaryDirectory.path + "/" + Testbed.unique("large-log")
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let made = try Command.run(
            "/usr/bin/python3",
            [testbed.root + "/script/bench-parts/searchlog.py", folder, "--records", "\(records)"])
        let key = made.text.trimmingCharacters(in: .newlines)
        let run = try Command.run(
            "/usr/bin/python3",
            ["-c", Self.measured, testbed.binary, "audit", "verify", folder, "--key", key])
        let lines = run.text.split(separator: "\n")
        #expect(lines.first?.contains("verified; ") == true, "\(run.text) \(run.error)")
        return try #require(lines.last.flatMap { Int($0) })
    }

    @Test("F-AUD-19: verifying a log twelve times as large takes no more memory")
    func verifyIsFlat() throws {
        let small = try memory(records: 25_000)
        let large = try memory(records: 300_000)
        // A log of the second size has 105 MB of records and 9.6 MB of hashes.
        #expect(large - small < 4096, "\(small) and \(large) KiB")
    }
}
