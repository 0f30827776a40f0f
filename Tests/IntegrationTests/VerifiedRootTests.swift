import Foundation
import Glibc
import Testing

/// `audit verify` over a whole audit root: each log that must be there is there.
@Suite(.serialized)
struct VerifiedRootTests {
    private let testbed: Testbed
    init() throws { testbed = try Testbed() }

    private static let regions = ["eu-central-1", "eu-west-1", "us-east-1"]

    /// A gateway with a session in each region, and ended: its logs are signed to their ends.
    private func ended() throws -> OwnGateway {
        let own = try OwnGateway(testbed)
        for (token, database) in [
            (Testbed.Token.euAnalyst, "orders@eu-west-1"), (.euAnalyst, "orders@eu-central-1"),
            (.usAnalyst, "orders"),
        ] {
            let run = try own.testbed.psql("select 1", database: database, token: token)
            #expect(run.text == "1", "\(run.error)")
        }
        own.process.signal(SIGTERM)
        _ = own.process.wait(timeout: 20)
        return own
    }

    private func verify(_ arguments: String...) throws -> Command.Run {
        try Command.run(testbed.binary, ["audit", "verify"] + arguments)
    }

    @Test(
        "A key, or a region of the configuration, without its log is an error where the root is verified; so is a log in which nothing is signed"
    )
    func missingLogs() throws {
        let own = try ended()
        defer { own.remove() }
        let (root, config, keys) = (own.testbed.audit, own.testbed.configuration, "\(own.folder)/keys.txt")
        let printed = try Command.run(testbed.binary, ["audit", "key", "--config", config])
        try printed.output.write(toFile: keys, atomically: true, encoding: .utf8)
        for trust in [["--key", keys], ["--config", config]] {
            let whole = try verify(root, trust[0], trust[1])
            #expect(whole.status == 0, "\(whole)")
            #expect(whole.output.components(separatedBy: ": verified; ").count == 4, "\(whole)")
        }
        for region in VerifiedRootTests.regions {
            let away = "\(own.folder)/away"
            try FileManager.default.moveItem(atPath: "\(root)/\(region)", toPath: away)
            let byKey = try verify(root, "--key", keys)
            #expect(byKey.status == 1, "\(byKey)")
            #expect(
                byKey.output.contains(
                    "\(root): there is no log testbed.example/audit/\(region), and its key was given"),
                "\(byKey)")
            let byRegion = try verify(root, "--config", config)
            #expect(byRegion.status == 1, "\(byRegion)")
            #expect(byRegion.output.contains("there is no log of the region \(region)"), "\(byRegion)")
            let json = try verify(root, "--key", keys, "--json")
            #expect(json.status == 1 && json.output.split(separator: "\n").count == 3, "\(json)")
            #expect(json.output.contains("\"verified\":false"), "\(json)")
            try FileManager.default.moveItem(atPath: away, toPath: "\(root)/\(region)")
        }
        // A log that is named is looked at alone.
        #expect(try verify("\(root)/eu-west-1", "--key", keys).status == 0)
        try empty("\(root)/us-east-1")
        let emptied = try verify(root, "--key", keys)
        #expect(emptied.status == 1 && emptied.output.contains("nothing is signed"), "\(emptied)")
    }

    /// What `log.json` says stays, and nothing else.
    private func empty(_ log: String) throws {
        for name in try FileManager.default.contentsOfDirectory(atPath: log) where name != "log.json" {
            try FileManager.default.removeItem(atPath: "\(log)/\(name)")
        }
        try FileManager.default.createDirectory(
            atPath: "\(log)/segments", withIntermediateDirectories: false)
    }
}
