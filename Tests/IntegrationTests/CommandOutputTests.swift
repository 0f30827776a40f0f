import Foundation
import Testing

/// Commands whose standard output takes nothing (`/dev/full`).
@Suite struct CommandOutputTests {
    @Test(
        "What cannot be written is said, and ends a command with 74: no part of a log looks like all of it",
        arguments: [
            "audit tail LOG", "audit export LOG", "audit export --hashes-only LOG", "audit verify LOG",
            "audit show 0 LOG", "audit prove 0 LOG", "check --print-reference",
        ])
    func full(_ command: String) throws {
        let testbed = try Testbed()
        let log = "\(testbed.audit)/eu-west-1"
        // The testbed's log may be new.
        if !FileManager.default.fileExists(atPath: log + "/checkpoint") {
            _ = try testbed.psqlCommands(
                ["select 1"], token: testbed.token(.euAnalyst), application: "output")
            try testbed.eventually("a checkpoint is signed") {
                FileManager.default.fileExists(atPath: log + "/checkpoint")
            }
        }
        let words = command.replacingOccurrences(of: "LOG", with: "'\(log)'")
        let run = try Command.run("/bin/sh", ["-c", "exec '\(testbed.binary)' \(words) >/dev/full"])
        #expect(run.status == 74, "\(run.status): \(run.error.prefix(300))")
        #expect(
            run.error.contains("domicile: standard output cannot be written: "), "\(run.error.prefix(300))")
    }
}
