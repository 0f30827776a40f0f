import Foundation
import Glibc
import Testing

@Suite("Signed logs of a running gateway")
struct SignedLogTests {
    private let testbed: Testbed
    init() throws { testbed = try Testbed() }

    private func checkpoint(_ own: OwnGateway) -> (origin: String, size: Int)? {
        let path = "\(own.testbed.audit)/eu-west-1/checkpoint"
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else { return nil }
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.count > 4, let size = Int(lines[1]) else { return nil }
        return (String(lines[0]), size)
    }

    private func records(_ own: OwnGateway) throws -> [String] {
        let segments = "\(own.testbed.audit)/eu-west-1/segments"
        return try FileManager.default.contentsOfDirectory(atPath: segments).filter { $0.hasSuffix(".jsonl") }
            .sorted().flatMap { name in
                try String(contentsOfFile: "\(segments)/\(name)", encoding: .utf8).split(separator: "\n")
                    .map(String.init)
            }
    }

    /// As an auditor would: the log from its first key on, a receipt, a proof, a search of what is proved.
    private func audit(_ own: OwnGateway, _ application: String, key: String, other: String) throws {
        // Behind the record that names the next key there was nothing to sign: the newest checkpoint is the old one's.
        let log = "\(own.testbed.audit)/eu-west-1"
        func domicile(_ arguments: String...) throws -> Command.Run {
            try Command.run(testbed.binary, ["audit"] + arguments)
        }
        let verified = try domicile("verify", log, "--key", key)
        #expect(verified.status == 0 && verified.output.contains(": verified; "), "\(verified)")
        #expect(try domicile("verify", log).status == 1)
        let start = try #require(try records(own).first { $0.contains("\"\(application)\"") })
        let session = try #require(
            start.components(separatedBy: "\"session\":\"").last?.components(separatedBy: "\"").first)
        let files = FileManager.default.temporaryDirectory.appendingPathComponent(application).path
        defer {
            for name in [".json", ".proof"] { try? FileManager.default.removeItem(atPath: files + name) }
        }
        let receipt = try domicile("receipt", session, own.testbed.audit)
        try receipt.output.write(toFile: files + ".json", atomically: true, encoding: .utf8)
        let held = try domicile("verify", "--receipt", files + ".json", "--key", key)
        #expect(held.status == 0 && held.output.contains("system_identifier"), "\(held)")
        #expect(try domicile("verify", "--receipt", files + ".json", "--key", other).status == 1)
        let proof = try domicile("prove", "0", log)
        try proof.output.write(toFile: files + ".proof", atomically: true, encoding: .utf8)
        #expect(try domicile("verify", "--proof", files + ".proof", "--key", key).status == 0)
        let found = try domicile("search", log, "--session", session, "--verified", "--key", key, "--json")
        #expect(found.status == 0 && found.output.split(separator: "\n").count >= 4, "\(found)")
        #expect(try domicile("search", log, "--session", session, "--verified", "--key", other).status == 1)
    }

    @Test(
        "A session is under a signed checkpoint within seconds, and all of the log when the gateway has ended; another key takes over"
    )
    func signed() throws {
        let own = try OwnGateway(testbed)
        defer { own.remove() }
        let application = Testbed.unique("signed")
        let run = try own.testbed.psqlCommands(
            ["select 1"], token: testbed.token(.euAnalyst), application: application)
        #expect(run.text == "1")
        _ = try own.testbed.endedSessions(application, region: "eu-west-1")
        let written = try records(own).count
        let deadline = Date(timeIntervalSinceNow: 20)
        while checkpoint(own)?.size ?? 0 < written, Date() < deadline { usleep(100_000) }
        #expect(checkpoint(own)?.size ?? 0 >= written)
        #expect(checkpoint(own)?.origin == "testbed.example/audit/eu-west-1")
        #expect(access("\(own.testbed.audit)/eu-west-1/tile/0/000.p", F_OK) == 0)

        let keys = try own.domicileAlone("audit", "key", "--config", own.testbed.configuration)
        #expect(keys.status == 0 && keys.output.split(separator: "\n").count == 3, "\(keys)")
        #expect(keys.output.hasPrefix("testbed.example/audit/"), "\(keys)")
        let rotated = try own.domicileAlone("audit", "key", "--rotate", "--config", own.testbed.configuration)
        #expect(rotated.status == 0 && rotated.output.split(separator: "\n").count == 6, "\(rotated)")
        try own.restart(SIGTERM)
        let told = try records(own).filter { $0.contains("\"type\":\"log.rotated_key\"") }
        #expect(told.count == 1)
        let new = try #require(
            rotated.output.split(separator: "\n").first { $0.hasPrefix("testbed.example/audit/eu-west-1+") })
        #expect(told.first?.contains("\"next_key\":\"\(new)\"") == true)
        own.process.signal(SIGTERM)
        _ = own.process.wait(timeout: 20)
        #expect(try checkpoint(own)?.size == records(own).count)
        let last = try String(contentsOfFile: "\(own.testbed.audit)/eu-west-1/log.json", encoding: .utf8)
        #expect(last.contains(String(new)), "\(last)")
        let old = try #require(
            keys.output.split(separator: "\n").first { $0.hasPrefix("testbed.example/audit/eu-west-1+") })
        let verified = try own.domicileAlone(
            "audit", "verify", "\(own.testbed.audit)/eu-west-1", "--key", String(old))
        #expect(verified.status == 0, "\(verified)")
        try audit(own, application, key: String(old), other: String(new))
    }

    @Test(
        "Without its key a gateway does not start and says what makes one; init makes it once, for its owner alone"
    )
    func missingKey() throws {
        let own = try OwnGateway(testbed)
        defer { own.remove() }
        own.process.signal(SIGTERM)
        _ = own.process.wait(timeout: 20)
        let config = own.testbed.configuration
        let key = "\(own.folder)/audit.key"
        try FileManager.default.removeItem(atPath: key)
        for command in ["check", "serve"] {
            let run = try own.domicileAlone(command, "--config", config)
            #expect(run.status == 78, "\(run)")
            #expect((run.output + run.error).contains("domicile audit init --config FILE"), "\(run)")
        }
        // The logs were signed with the key that is gone: a new one is not taken for it.
        let made = try own.domicileAlone("audit", "init", "--config", config)
        #expect(made.status == 0 && made.output.split(separator: "\n").count == 3, "\(made)")
        var status = stat()
        #expect(stat(key, &status) == 0 && status.st_mode & 0o777 == 0o600)
        let before = try Data(contentsOf: URL(fileURLWithPath: key))
        #expect(try own.domicileAlone("audit", "init", "--config", config).status == 0)
        #expect(try Data(contentsOf: URL(fileURLWithPath: key)) == before)
        let serve = try own.domicileAlone("serve", "--config", config)
        #expect(serve.status != 0 && serve.error.contains("\(own.folder)/audit.key"), "\(serve)")
        for region in ["eu-west-1", "eu-central-1", "us-east-1"] {
            let log = "\(own.testbed.audit)/\(region)"
            let sealed = try own.domicileAlone(
                "audit", "seal", log, "--config", config, "--reason", "key lost")
            #expect(sealed.status == 0, "\(sealed)")
        }
        try own.restart(0)
        #expect(try records(own).first?.contains("\"type\":\"log.sealed\"") == true)
    }

    @Test("Without audit.key a gateway starts, signs nothing and warns")
    func unsigned() throws {
        let own = try OwnGateway(
            testbed, edit: { $0.replacingOccurrences(of: "  key: audit.key\n", with: "") })
        defer { own.remove() }
        let check = try own.domicileAlone("check", "--config", own.testbed.configuration)
        #expect(
            check.status == 0 && check.output.contains("checkpoints are not signed: set `audit.key`"),
            "\(check)")
        #expect(
            try own.testbed.psqlCommands(
                ["select 1"], token: testbed.token(.euAnalyst), application: Testbed.unique("unsigned")
            ).text == "1")
        #expect(checkpoint(own) == nil)
    }
}

extension OwnGateway {
    /// The command, without the admin socket.
    fileprivate func domicileAlone(_ arguments: String...) throws -> Command.Run {
        try Command.run(testbed.binary, arguments)
    }
}
