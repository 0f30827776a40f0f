import Audit
import AuditTree
import Foundation
import Glibc
import Testing

@Suite struct TreeRecoveryTests {
    private let key = SigningKey()

    /// A closed log of records, small segments.
    private func made(_ folder: TemporaryFolder, _ count: Int = 700) throws {
        let log = try AuditLog(folder.signed(by: [key], segmentBytes: 40_000))
        for mark in 0..<count { _ = try log.append(marks: [mark]) }
        log.close()
    }

    private func path(_ folder: TemporaryFolder, _ name: String) -> String { folder.path + "/log/" + name }

    private func segments(_ folder: TemporaryFolder) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: path(folder, "segments"))
            .filter { $0.hasSuffix(".jsonl") }.sorted()
    }

    private func reopened(_ folder: TemporaryFolder, covers: Int) throws {
        let log = try AuditLog(folder.signed(by: [key], segmentBytes: 40_000))
        _ = try log.append(marks: [9])
        log.close()
        try CheckedLog(folder.path + "/log", keys: [key]).check(covers: covers)
    }

    private func refused(_ folder: TemporaryFolder, keys: [SigningKey]? = nil) -> AuditError? {
        do throws(AuditError) {
            try AuditLog(folder.signed(by: keys ?? [key], segmentBytes: 40_000)).close()
            Issue.record("the log opened")
            return nil
        } catch {
            return error
        }
    }

    @Test(
        "Tiles that are missing, torn or others are made again where the checkpoint confirms them",
        arguments: ["0/000", "0/001", "0/002.p/188", "1/000.p/2"], ["missing", "torn", "other", "empty"])
    func tiles(name: String, how: String) throws {
        let folder = try TemporaryFolder()
        try made(folder)
        let tile = path(folder, "tile/\(name)")
        var bytes = try Data(contentsOf: URL(fileURLWithPath: tile))
        switch how {
        case "missing": try FileManager.default.removeItem(atPath: tile)
        case "torn": try bytes.prefix(31).write(to: URL(fileURLWithPath: tile))
        case "empty": try Data().write(to: URL(fileURLWithPath: tile))
        default:
            bytes[bytes.count - 1] ^= 1
            try bytes.write(to: URL(fileURLWithPath: tile))
        }
        // Full tiles of earlier segments are not looked at: nothing is built on them.
        let isLookedAt = name.contains("p/") || segments(folder, hold: 256 * (Int(name.suffix(1)) ?? 0))
        if isLookedAt { try reopened(folder, covers: 701) }
    }

    private func segments(_ folder: TemporaryFolder, hold record: Int) -> Bool {
        let last = ((try? segments(folder)) ?? []).last.flatMap { Int($0.prefix(20)) } ?? 0
        return record + 256 > last
    }

    @Test("All tiles gone: the tree is made again from the segments, and led to the same root")
    func allTiles() throws {
        let folder = try TemporaryFolder()
        try made(folder)
        try FileManager.default.removeItem(atPath: path(folder, "tile"))
        let log = try AuditLog(folder.signed(by: [key], segmentBytes: 40_000))
        #expect(log.tree?.head?.size == 700)
        log.close()
    }

    @Test("checkpoint behind checkpoints.log, or missing, is put right; so is a torn end of checkpoints.log")
    func checkpointBehind() throws {
        let folder = try TemporaryFolder()
        try made(folder, 300)
        let older = try Data(contentsOf: URL(fileURLWithPath: path(folder, "checkpoint")))
        try reopened(folder, covers: 301)
        try older.write(to: URL(fileURLWithPath: path(folder, "checkpoint")))
        try reopened(folder, covers: 302)
        try FileManager.default.removeItem(atPath: path(folder, "checkpoint"))
        try reopened(folder, covers: 303)
        let file = try FileHandle(forWritingTo: URL(fileURLWithPath: path(folder, "checkpoints.log")))
        try file.seekToEnd()
        try file.write(contentsOf: Data("example.com/audit/eu-west-1\n304\nAAAA".utf8))
        try file.close()
        try reopened(folder, covers: 304)
    }

    @Test("F-AUD-21: a copy whose checkpoint is newer than its list of checkpoints starts, and lists it")
    func unlogged() throws {
        let folder = try TemporaryFolder()
        try made(folder, 300)
        let older = try Data(contentsOf: URL(fileURLWithPath: path(folder, "checkpoints.log")))
        try reopened(folder, covers: 301)
        try older.write(to: URL(fileURLWithPath: path(folder, "checkpoints.log")))
        try reopened(folder, covers: 302)
    }

    @Test("F-AUD-08: records below the checkpoint that are cut off are missed, and the first is named")
    func cutTail() throws {
        let folder = try TemporaryFolder()
        try made(folder)
        let last = path(folder, "segments/" + (try segments(folder).last ?? ""))
        let bytes = try Data(contentsOf: URL(fileURLWithPath: last))
        let ends = bytes.indices.filter { bytes[$0] == 0x0a }
        // A whole record less, then half of one.
        for length in [ends[ends.count - 2] + 1, ends[ends.count - 2] + 40] {
            #expect(truncate(last, length) == 0)
            guard case .damaged(_, let seq, _) = refused(folder) else {
                Issue.record("not damaged")
                continue
            }
            #expect(seq == 699)
            let names = try FileManager.default.contentsOfDirectory(atPath: path(folder, "segments"))
            #expect(!names.contains { $0.hasSuffix(".torn") }, "nothing is repaired")
            try bytes.write(to: URL(fileURLWithPath: last))
        }
        try FileManager.default.removeItem(atPath: last)
        guard case .damaged(_, let seq, _) = refused(folder) else { return }
        #expect(seq == UInt64((last as NSString).lastPathComponent.prefix(20)))
    }

    @Test(
        "A record of the last segment that was rewritten is named, first, middle or last",
        arguments: [0, 1, 2])
    func rewritten(third: Int) throws {
        let folder = try TemporaryFolder()
        try made(folder)
        let name = try #require(try segments(folder).last)
        let url = URL(fileURLWithPath: path(folder, "segments/" + name))
        let first = try #require(Int(name.prefix(20)))
        var lines = try String(contentsOf: url, encoding: .utf8).split(separator: "\n").map(String.init)
        let at = (lines.count - 1) * third / 2
        lines[at] = lines[at].replacingOccurrences(of: "\"outcome\"", with: "\"outcame\"")
        try (lines.joined(separator: "\n") + "\n").write(to: url, atomically: false, encoding: .utf8)
        guard case .damaged(_, let seq, _) = refused(folder) else {
            Issue.record("not damaged")
            return
        }
        #expect(seq == UInt64(first + at))
    }

    @Test("F-AUD-16: an older copy of the log is refused, and so is one that goes on in another way")
    func olderCopy() throws {
        let folder = try TemporaryFolder()
        try made(folder, 300)
        let manager = FileManager.default
        try manager.copyItem(atPath: folder.path + "/log", toPath: folder.path + "/copy")
        try reopened(folder, covers: 301)
        let now = try Data(contentsOf: URL(fileURLWithPath: folder.path + "/state/audit-heads/eu-west-1"))
        try manager.removeItem(atPath: folder.path + "/log")
        try manager.copyItem(atPath: folder.path + "/copy", toPath: folder.path + "/log")
        guard case .contradicted(_, let reason) = refused(folder) else {
            Issue.record("not contradicted")
            return
        }
        #expect(reason.contains("covers 300 records, and one of 301 was signed"))
        // The copy goes on elsewhere, then comes here.
        try manager.removeItem(atPath: folder.path + "/state")
        try reopened(folder, covers: 301)
        try reopened(folder, covers: 302)
        try now.write(to: URL(fileURLWithPath: folder.path + "/state/audit-heads/eu-west-1"))
        guard case .contradicted(_, let other) = refused(folder) else {
            Issue.record("not contradicted")
            return
        }
        #expect(other.contains("first 301 records"))
        // A log that is gone is older than any.
        try manager.removeItem(atPath: folder.path + "/log")
        guard case .contradicted = refused(folder) else {
            Issue.record("not contradicted")
            return
        }
    }

    @Test("F-AUD-17: a log is not signed by another key, of another origin, or over another's checkpoint")
    func otherKey() throws {
        let folder = try TemporaryFolder()
        try made(folder, 10)
        let other = SigningKey()
        guard case .contradicted = refused(folder, keys: [other]) else {
            Issue.record("taken")
            return
        }
        try FileManager.default.removeItem(atPath: path(folder, "checkpoint"))
        try FileManager.default.removeItem(atPath: path(folder, "checkpoints.log"))
        try FileManager.default.removeItem(atPath: folder.path + "/state")
        guard case .auditKey(_, let reason) = refused(folder, keys: [other]) else {
            Issue.record("taken")
            return
        }
        #expect(reason.contains("domicile audit seal"))
        var settings = folder.signed(by: [key], origin: "example.com/other")
        #expect(throws: AuditError.self) { try AuditLog(settings) }
        // Nobody chose that one: a host that is called otherwise now goes on with its log's name.
        settings = folder.signed(by: [key], origin: nil)
        try AuditLog(settings).close()
        try CheckedLog(folder.path + "/log", keys: [key]).check(covers: 10)
    }

    @Test(
        "F-AUD-17: three changes of keys: each is recorded and signed by the key before, and each key signs from its place on"
    )
    func rotation() throws {
        let folder = try TemporaryFolder()
        var keys = [key]
        try made(folder, 10)
        for round in 1...3 {
            keys.insert(SigningKey(), at: 0)
            let log = try AuditLog(folder.signed(by: keys))
            _ = try log.append(marks: [round])
            log.close()
            // The next one signs the first checkpoint with the new key.
            let next = try AuditLog(folder.signed(by: keys))
            _ = try next.append(marks: [round])
            next.close()
        }
        let signed = try CheckedLog(folder.path + "/log", keys: keys)
        try signed.check(covers: 19)
        let identity = try #require(try LogIdentity.read(folder: folder.path + "/log"))
        #expect(identity.keys.map(\.key.publicKey) == keys.reversed().map(\.publicKey))
        #expect(identity.keys.map(\.from) == [0, 12, 15, 18])
        let text = try String(contentsOfFile: folder.path + "/log/checkpoints.log", encoding: .utf8)
        #expect(signed.logged.map(\.size) == [10, 12, 13, 15, 16, 18, 19])
        for (at, expected) in [0, 0, 1, 1, 2, 2, 3].enumerated() {
            let id = identity.keys[expected].key
            let note =
                text.components(separatedBy: "\n\n")[(2 * at)...(2 * at + 1)].joined(separator: "\n\n") + "\n"
            #expect(SignedNote(Array(note.utf8))?.signer(among: [id]) != nil, "checkpoint \(at)")
        }
        // Programs that share no code with this one: Python goes from the first key to the last, Go knows the last alone.
        let first = ForeignVerifiers.answers(folder.path + "/log", key: "\(identity.keys[0].key)")
        let last = ForeignVerifiers.answers(folder.path + "/log", key: "\(identity.keys[3].key)")
        #expect(first["python"] == "ok 19 19" && last["go"] == "ok 19 19", "\(first) \(last)")
        let records = try readAll(folder.path + "/log").filter { $0["type"]?.string == "log.rotated_key" }
        #expect(records.count == 3)
        for (at, record) in records.enumerated() {
            let old = identity.keys[at].key
            let new = identity.keys[at + 1].key
            #expect(record["key"]?.string == "\(old)" && record["next_key"]?.string == "\(new)")
            let origin = "example.com/audit/eu-west-1"
            #expect(record["origin"]?.string == origin)
            let note = try #require(record["signature"]?.string)
            #expect(note.hasPrefix("domicile key rotation\n\(origin)\n\(new)\n\n"))
            #expect(SignedNote(Array(note.utf8))?.signer(among: [old]) != nil)
        }
    }

    @Test("The file of keys is for its owner alone, is never written over, and holds the newest key first")
    func keyFile() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/keys/audit.key"
        guard
            case .auditKey(_, let missing) = error({ () throws(AuditError) in _ = try AuditKeyFile.load(path)
            })
        else {
            Issue.record("there is no file")
            return
        }
        #expect(missing.contains("domicile audit init --config FILE"))
        try AuditKeyFile.create(path)
        var status = stat()
        #expect(stat(path, &status) == 0 && status.st_mode & 0o777 == 0o600)
        let first = try AuditKeyFile.load(path)
        #expect(throws: AuditError.self) { try AuditKeyFile.create(path) }
        try AuditKeyFile.rotate(path)
        let second = try AuditKeyFile.load(path)
        #expect(second.count == 2 && second[1].publicKey == first[0].publicKey)
        #expect(second[0].publicKey != first[0].publicKey)
        #expect(chmod(path, 0o640) == 0)
        #expect(throws: AuditError.self) { try AuditKeyFile.load(path) }
        #expect(chmod(path, 0o600) == 0)
        try "no key".write(toFile: path, atomically: false, encoding: .utf8)
        #expect(throws: AuditError.self) { try AuditKeyFile.load(path) }
    }

    private func error(_ body: () throws(AuditError) -> Void) -> AuditError? {
        do throws(AuditError) {
            try body()
            return nil
        } catch {
            return error
        }
    }
}
