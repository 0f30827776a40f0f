import Audit
import AuditTree
import Foundation
import Testing

@Suite struct VerificationTests {
    @Test func `a log that nobody touched is verified, with what it holds`() throws {
        let log = try SignedLog(records: 700, checkpoints: [1, 255, 256, 257, 600])
        let report = try log.verify()
        #expect(report.findings == [])
        #expect(report.isVerified)
        #expect(report.end == 700)
        #expect(report.covered == 600)
        #expect(report.checkpoints == 5)
        #expect(report.signers == log.verifiers)
    }

    @Test func `the newest checkpoints are read from the history's end, the newest first`() throws {
        let log = try SignedLog(records: 700, checkpoints: Array(1...600))
        #expect(try CheckpointHistory.newest(of: log.path, limit: 3).map(\.0.size) == [600, 599, 598])
        #expect(
            try CheckpointHistory.newest(of: log.path, limit: 1_000).map(\.0.size) == (1...600).reversed())
        try FileManager.default.removeItem(atPath: log.path + "/checkpoints.log")
        #expect(try CheckpointHistory.newest(of: log.path, limit: 3).isEmpty)
    }

    @Test func `without a key a log is consistent with itself only`() throws {
        let log = try SignedLog(records: 3, checkpoints: [3])
        let report = try log.verify([])
        #expect(report.findings == [])
        #expect(!report.isVerified)
    }

    @Test func `another's key verifies nothing`() throws {
        let log = try SignedLog(records: 3, checkpoints: [3])
        let stranger = try #require(SigningKey().verifier(of: SignedLog.origin))
        #expect(try !log.verify([stranger]).isVerified)
        let elsewhere = try #require(log.keys[0].verifier(of: "test.example/audit/us-east-1"))
        #expect(try !log.verify([elsewhere]).isVerified)
    }

    @Test func `F-AUD-09: every bit of every file of a log is noticed when it flips`() throws {
        let log = try SignedLog(records: 3, checkpoints: [1, 3])
        for path in try log.files() {
            let bytes = try log.read(path)
            // When the log was made is nobody's claim: nothing else says it.
            let created = "created\":\"2026-01-01T00:00:00.000000Z"
            let free = String(decoding: bytes, as: UTF8.self).utf8Range(of: created)
            for at in bytes.indices where !free.contains(at) {
                var changed = bytes
                changed[at] ^= 1 << (at % 8)
                try log.write(changed, path)
                #expect(!log.isVerified, "\(path) byte \(at)")
            }
            try log.write(bytes, path)
        }
        #expect(log.isVerified)
    }

    @Test func `F-AUD-09: one damaged record is one named loss, and all others stay proved`() throws {
        let log = try SignedLog(records: 1000, checkpoints: [300, 900])
        for seq in [0, 255, 256, 511, 700, 899] {
            let lines = try log.lines()
            var changed = lines
            changed[seq][40] ^= 1
            try log.write(lines: changed)
            let report = try log.verify()
            #expect(report.findings.map(\.seq) == [UInt64(seq)])
            #expect(report.covered == 900)
            #expect(try RecordProof.of(1, in: log.path).verified(by: log.verifiers) != nil)
            #expect(throws: AuditError.self) { try RecordProof.of(UInt64(seq), in: log.path) }
            try log.write(lines: lines)
        }
    }

    @Test func `every record that is removed, repeated or exchanged is noticed, at its number`() throws {
        let log = try SignedLog(records: 20, checkpoints: [10, 20])
        let lines = try log.lines()
        for at in lines.indices {
            var removed = lines
            removed.remove(at: at)
            try log.write(lines: removed)
            #expect(try log.verify().findings.contains { $0.seq == UInt64(at) }, "removed \(at)")

            var repeated = lines
            repeated.insert(lines[at], at: at)
            try log.write(lines: repeated)
            #expect(try log.verify().findings.contains { $0.seq == UInt64(at) }, "repeated \(at)")

            guard at > 0 else { continue }
            var exchanged = lines
            exchanged.swapAt(at - 1, at)
            try log.write(lines: exchanged)
            #expect(try !log.verify().isVerified, "exchanged \(at)")
        }
    }

    @Test func `F-AUD-15: every cut of the log's end is noticed, in the middle of a line too`() throws {
        let log = try SignedLog(records: 4, checkpoints: [4])
        let bytes = try log.read(log.segment)
        for length in 0..<bytes.count {
            try log.write(Array(bytes[..<length]), log.segment)
            #expect(!log.isVerified, "\(length) bytes")
        }
    }

    @Test
    func `F-AUD-15: a tail cut together with its checkpoints is noticed with a checkpoint kept elsewhere`()
        throws
    {
        let log = try SignedLog(records: 300, checkpoints: [100, 300])
        let kept = log.folder.path + "/anchor"
        try log.write(try log.read(log.path + "/checkpoint"), kept)
        #expect(try log.verify(against: [kept]).confirmed == 1)

        let older = try SignedLog(records: 0, checkpoints: [], key: log.keys[0])
        try older.write(lines: Array(try log.lines().prefix(100)))
        try older.sign([100])
        // Nothing inside shows it; what was kept does.
        #expect(older.isVerified)
        let report = try older.verify(against: [kept])
        #expect(report.findings.map(\.seq) == [100])
        #expect(!report.isVerified)
    }

    @Test func `F-AUD-16: another history under the same key is noticed with a checkpoint kept elsewhere`()
        throws
    {
        let log = try SignedLog(records: 50, checkpoints: [20, 50])
        let kept = log.folder.path + "/anchor"
        try log.write(try log.read(log.path + "/checkpoints.log"), kept)
        #expect(try log.verify(against: [kept]).confirmed == 2)
        let other = try SignedLog(records: 50, checkpoints: [20, 50], key: log.keys[0])
        #expect(other.isVerified)
        let report = try other.verify(against: [kept])
        #expect(report.findings.map(\.seq) == [20, 50])
        #expect(report.confirmed == 0)
    }

    @Test func `F-AUD-16: two signed histories in one log are noticed`() throws {
        let log = try SignedLog(records: 50, checkpoints: [20])
        var lines = try log.lines()
        lines[3][40] ^= 1
        try log.write(lines: lines)
        try log.sign([20, 50])
        let report = try log.verify()
        #expect(report.findings.contains { $0.reason.contains("two histories") })
    }

    @Test func `a damaged tile is told from a damaged record`() throws {
        let log = try SignedLog(records: 600, checkpoints: [600])
        for name in ["tile/0/000", "tile/0/001", "tile/0/002.p/88", "tile/1/000.p/2"] {
            let path = log.path + "/" + name
            let bytes = try log.read(path)
            for changed in [
                bytes.dropLast() + [bytes[bytes.count - 1] ^ 4], bytes.dropLast(), bytes + [0], [],
            ] {
                try log.write(Array(changed), path)
                let report = try log.verify()
                #expect(!report.findings.isEmpty)
                #expect(report.findings.allSatisfy { $0.path.contains("/tile/") }, "\(report.findings)")
            }
            try FileManager.default.removeItem(atPath: path)
            #expect(try log.verify().findings.map(\.path) == [path])
            try log.write(bytes, path)
        }
    }

    @Test func `a leftover partial tile must be of the tree too`() throws {
        let log = try SignedLog(records: 600, checkpoints: [600])
        let full = try log.read(log.path + "/tile/0/001")
        try log.write(Array(full.prefix(64)), log.path + "/tile/0/001.p/2")
        #expect(log.isVerified)
        try log.write(Array(full.dropFirst(1).prefix(64)), log.path + "/tile/0/001.p/2")
        #expect(try log.verify().findings.map(\.path) == [log.path + "/tile/0/001.p/2"])
    }

    @Test func `records that no checkpoint covers must be records`() throws {
        let log = try SignedLog(records: 10, checkpoints: [5])
        var lines = try log.lines()
        lines[7][30] = 0x22
        try log.write(lines: lines)
        #expect(try log.verify().findings.map(\.seq) == [7])
    }

    @Test func `a log without any checkpoint is not verified by a key`() throws {
        let log = try SignedLog(records: 10, checkpoints: [5])
        for name in ["checkpoint", "checkpoints.log"] {
            try FileManager.default.removeItem(atPath: log.path + "/" + name)
        }
        #expect(!log.isVerified)
    }

    @Test func `F-AUD-17: a rotated key is followed from the first one on, and the old one's time is over`()
        throws
    {
        let log = try SignedLog(records: 0, checkpoints: [])
        let old = log.keys[0]
        let new = SigningKey()
        let verifier = try #require(new.verifier(of: SignedLog.origin))
        let note = try #require(old.sign(KeyRotation.text(of: verifier), as: SignedLog.origin))
        func lines(_ signature: [UInt8]) throws -> [[UInt8]] {
            let other = try SignedLog(records: 3, checkpoints: [])
            var lines = try other.lines()
            let quoted = String(decoding: signature, as: UTF8.self).replacingOccurrences(
                of: "\n", with: "\\n")
            let head = String(decoding: lines[1], as: UTF8.self).components(separatedBy: "\"type\"")[0]
            lines[1] = Array("\(head)\"type\":\"log.rotated_key\",\"signature\":\"\(quoted)\"}".utf8)
            return lines
        }
        try log.write(lines: try lines(note.bytes))
        try log.sign([2])
        try log.rotate(to: new)
        try log.sign([3])
        let first = try #require(old.verifier(of: SignedLog.origin))
        let report = try log.verify([first])
        #expect(report.findings == [])
        #expect(report.signers == [first, verifier])
        // Only the new one is known: what the old one signed does not count.
        #expect(try log.verify([verifier]).findings.map(\.seq) == [1, 2])

        let forged = try #require(new.sign(KeyRotation.text(of: verifier), as: SignedLog.origin))
        let other = try SignedLog(records: 0, checkpoints: [], key: old)
        try other.write(lines: try lines(forged.bytes))
        try other.sign([2])
        try other.rotate(to: new)
        try other.sign([3])
        #expect(try other.verify([first]).findings.map(\.seq) == [1, 3])
    }

    @Test func `statements without an outcome are counted`() throws {
        let log = try SignedLog(records: 5, checkpoints: [])
        let head = try log.lines().map {
            String(decoding: $0, as: UTF8.self).components(separatedBy: "\"type\"")[0]
        }
        let rest = [
            "\"type\":\"query\",\"session\":\"a\",\"message\":1,\"sql\":\"select 1\"}",
            "\"type\":\"query\",\"session\":\"b\",\"message\":1,\"sql\":\"select 1\"}",
            "\"type\":\"outcome\",\"session\":\"a\",\"of\":1,\"index\":0}",
            "\"type\":\"outcome\",\"session\":\"a\",\"of\":1,\"index\":1}",
            "\"type\":\"execute\",\"session\":\"a\",\"message\":9}",
        ]
        try log.write(lines: zip(head, rest).map { Array(($0 + $1).utf8) })
        #expect(try log.verify([]).withoutOutcome == 2)
    }

    @Test func `F-AUD-20: pruned records are passed over where a record says so, and proofs still hold`()
        throws
    {
        let log = try SignedLog(records: 0, checkpoints: [])
        let source = try SignedLog(records: 600, checkpoints: [])
        var lines = try source.lines()
        let head = String(decoding: lines[590], as: UTF8.self).components(separatedBy: "\"type\"")[0]
        lines[590] = Array("\(head)\"type\":\"log.pruned\",\"first\":0,\"end\":300}".utf8)
        try log.write(lines: lines)
        try log.sign([299, 600])
        #expect(log.isVerified)
        func prune(_ count: Int) throws {
            try log.write(Array(lines[count...].map { $0 + [0x0a] }.joined()), log.folder.segment(count))
            if count > 0 { try? FileManager.default.removeItem(atPath: log.segment) }
        }
        try prune(300)
        let report = try log.verify()
        #expect(report.findings == [])
        #expect((report.first, report.end, report.pruned) == (300, 600, 300))
        #expect(try RecordProof.of(300, in: log.path).verified(by: log.verifiers) != nil)
        try FileManager.default.removeItem(atPath: log.folder.segment(300))
        try prune(301)
        #expect(try log.verify().findings.map(\.seq) == [300])
    }

    @Test func `a receipt says where a session was, and nothing of it can be changed`() throws {
        let log = try SignedLog(records: 8, checkpoints: [])
        let head = try log.lines().map {
            String(decoding: $0, as: UTF8.self).components(separatedBy: "\"type\"")[0]
        }
        var lines = try log.lines()
        let start =
            "\"type\":\"session.start\",\"session\":\"s1\",\"region\":\"eu-west-1\",\"replica\":\"orders-eu-a\","
            + "\"subject\":\"alice\",\"rule\":\"r\",\"decision\":{\"regions\":[\"eu-west-1\"]}}"
        let end = "\"type\":\"session.end\",\"session\":\"s1\",\"reason\":\"terminated\",\"statements\":3}"
        lines[2] = Array((head[2] + start).utf8)
        lines[6] = Array((head[6] + end).utf8)
        try log.write(lines: lines)
        try log.sign([5])
        #expect(throws: AuditError.self) { try ResidencyReceipt(session: "s1", folder: log.path) }
        try log.sign([8])
        #expect(try ResidencyReceipt(session: "s2", folder: log.path) == nil)
        let receipt = try #require(try ResidencyReceipt(session: "s1", folder: log.path))
        let bytes = receipt.bytes
        let value = try #require(JSONValue(bytes))
        #expect(value["region"]?.string == "eu-west-1")
        #expect(value["principal"]?["subject"]?.string == "alice")
        #expect(value["first_seq"]?.unsigned == 2)
        #expect(value["last_seq"]?.unsigned == 6)
        #expect(value["counts"]?["statements"]?.unsigned == 3)
        let read = try #require(ResidencyReceipt(bytes))
        #expect(read.verified(by: log.verifiers)?.size == 8)
        for at in bytes.indices {
            var changed = bytes
            changed[at] ^= 1
            // A space between members says nothing.
            if JSONValue(changed) == value { continue }
            #expect(ResidencyReceipt(changed)?.verified(by: log.verifiers) == nil, "byte \(at)")
        }
    }

    @Test func `a single record is held against the newest checkpoint, which a trusted key signed`() throws {
        let log = try SignedLog(records: 300, checkpoints: [299])
        let verifier = try RecordVerifier(folder: log.path, keys: log.verifiers)
        let reader = try AuditReader(folder: log.path, from: 280)
        let line = try #require(try reader.next())
        try verifier.check(line)
        let last = try #require(try AuditReader(folder: log.path, from: 299).next())
        #expect(throws: AuditError.self) { try verifier.check(last) }
        var lines = try log.lines()
        lines[280][40] ^= 1
        try log.write(lines: lines)
        let changed = try #require(try AuditReader(folder: log.path, from: 280).next())
        #expect(throws: AuditError.self) { try verifier.check(changed) }
        let stranger = try #require(SigningKey().verifier(of: SignedLog.origin))
        #expect(throws: AuditError.self) { try RecordVerifier(folder: log.path, keys: [stranger]) }
    }

    @Test func `hashes for export say nothing of what the records say`() throws {
        let log = try SignedLog(records: 3, checkpoints: [2])
        var lines: [String] = []
        try LogExport.hashes(of: log.path, 0..<UInt64.max) {
            lines.append(String(decoding: $0, as: UTF8.self))
        }
        #expect(lines.count == 4)
        let first = try #require(JSONValue(Array(lines[0].utf8)))
        guard case .object(let members) = first else { return }
        #expect(members.map(\.name) == ["seq", "time", "leaf"])
        let record = try log.lines()[0]
        #expect(first["leaf"]?.string == Base64Text.of(TreeHash.leaf(record.span).bytes))
        #expect(
            JSONValue(Array(lines[3].utf8))?["checkpoint"]?.string
                == String(decoding: try log.read(log.path + "/checkpoint"), as: UTF8.self))
    }
}

extension SignedLog {
    /// Whether it is verified; a folder that is no log is not.
    var isVerified: Bool { (try? verify())?.isVerified ?? false }
}

extension String {
    func utf8Range(of text: String) -> Range<Int> {
        guard let range = range(of: text) else { return 0..<0 }
        let start = utf8.distance(from: startIndex, to: range.lowerBound)
        return start..<(start + text.utf8.count)
    }
}
