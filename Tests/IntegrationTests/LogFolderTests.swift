import Foundation
import Glibc
import Testing

/// A region's log lies in its own folder, and nothing else is written there.
@Suite(.serialized)
struct LogFolderTests {
    let testbed: Testbed

    init() throws { testbed = try Testbed() }

    @Test(
        "F-AUD-22: a gateway does not start on logs whose folders were exchanged, or on a link to another's; check says so"
    )
    func exchangedFolders() throws {
        let own = try OwnGateway(testbed)
        defer { own.remove() }
        own.process.signal(SIGTERM)
        _ = own.process.wait(timeout: 20)
        let (west, central) = ("\(own.testbed.audit)/eu-west-1", "\(own.testbed.audit)/eu-central-1")
        func refused(_ what: String, _ expected: String) throws {
            for command in ["serve", "check"] {
                let run = try Command.run(testbed.binary, [command, "--config", own.testbed.configuration])
                #expect(run.status == 78, "\(what), \(command): \(run.error)")
                #expect(
                    (run.output + run.error).contains(expected),
                    "\(what), \(command): \(run.output)\(run.error)")
            }
        }
        func move(_ from: String, _ to: String) throws {
            try FileManager.default.moveItem(atPath: from, toPath: to)
        }
        try move(west, west + ".kept")
        try move(central, west)
        try move(west + ".kept", central)
        try refused("exchanged", "\(west) is the log of region eu-central-1, expected eu-west-1")
        try move(central, central + ".kept")
        try move(west, central)
        try FileManager.default.createSymbolicLink(atPath: west, withDestinationPath: central)
        try refused("linked", "\(west) is the log of region eu-central-1, expected eu-west-1")
        try FileManager.default.removeItem(atPath: west)
        try move(central + ".kept", west)
        let run = try Command.run(testbed.binary, ["check", "--config", own.testbed.configuration])
        #expect(run.status == 0, "\(run.output)")
        #expect(
            run.output.contains(
                "warning: the logs of eu-west-1, eu-central-1 and us-east-1 lie on one filesystem"),
            "\(run.output)")
        try own.restart(SIGTERM)
    }
}
