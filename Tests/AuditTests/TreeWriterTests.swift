import Audit
import AuditTree
import Foundation
import Glibc
import Synchronization
import Testing

@Suite struct TreeWriterTests {
    private let key = SigningKey()

    @Test(
        "A log that is closed is signed over all its records, with every tile a reader needs",
        arguments: [0, 1, 2, 255, 256, 257, 511, 512, 1000, 2500])
    func closed(count: Int) throws {
        let folder = try TemporaryFolder()
        let log = try AuditLog(folder.signed(by: [key]))
        for mark in 0..<count { _ = try log.append(marks: [mark]) }
        log.close()
        let signed = try CheckedLog(folder.path + "/log", keys: [key])
        #expect(signed.lines.count == count)
        try signed.check(covers: count)
    }

    @Test("A tree of three levels: 66,000 records, with restarts in the midst of tiles")
    func threeLevels() throws {
        let folder = try TemporaryFolder()
        for count in [65_530, 5, 1, 1, 463] {
            let log = try AuditLog(folder.signed(by: [key], segmentBytes: 1 << 20))
            var left = count
            while left > 0 {
                _ = try log.append(marks: Array(repeating: left, count: min(left, 1000)))
                left -= min(left, 1000)
            }
            log.close()
        }
        let signed = try CheckedLog(folder.path + "/log", keys: [key])
        try signed.check(covers: 66_000)
        #expect(access(folder.path + "/log/tile/2/000.p/1", F_OK) == 0)
        let verifier = try #require(key.verifier(of: "example.com/audit/eu-west-1"))
        for (program, answer) in ForeignVerifiers.answers(folder.path + "/log", key: "\(verifier)") {
            #expect(answer == "ok 66000 66000", "\(program)")
        }
    }

    @Test(
        "A checkpoint comes a second after the first record that none covers, and none where nothing is new")
    func everySecond() throws {
        let folder = try TemporaryFolder()
        let clock = TestClock()
        let log = try AuditLog(
            folder.signed(by: [key]), clocks: clock.clocks, wrapping: { $0 }, startsWriter: false)
        #expect(log.turnTree() == -1, "nothing to wait for")
        _ = try log.append(marks: [1])
        #expect(log.turnTree() == -1, "it is not durable")
        _ = log.turn()
        #expect(log.turnTree() == 1_000_000)
        clock.advance(999_999)
        #expect(log.turnTree() == 1 && log.tree?.head == nil)
        clock.advance(1)
        _ = log.turnTree()
        #expect(log.tree?.head?.size == 1)
        clock.advance(5_000_000)
        _ = log.turnTree()
        #expect(try CheckedLog(folder.path + "/log", keys: [key]).logged.map(\.size) == [1])
        log.close()
        try CheckedLog(folder.path + "/log", keys: [key]).check(covers: 1)
    }

    @Test("Records go under the tree as they were written, however many there are between two checkpoints")
    func changingSizes() throws {
        let folder = try TemporaryFolder()
        let clock = TestClock()
        let log = try AuditLog(
            folder.signed(by: [key]), clocks: clock.clocks, wrapping: { $0 }, startsWriter: false)
        // Pieces of less and of more than 64 KiB and 1 MiB, and what follows them while more is there and when nothing is.
        let counts = [1, 300, 3, 9_000, 2, 600, 20_000, 1, 40]
        for (round, count) in counts.enumerated() {
            for mark in 0..<count {
                _ = try log.append(marks: [mark])
                if mark % 50 == 0 { _ = log.turn() }
            }
            _ = log.turn()
            clock.advance(1_000_000)
            _ = log.turnTree()
            if round % 3 == 2 { #expect(log.turnTree() == -1) }
        }
        log.close()
        try CheckedLog(folder.path + "/log", keys: [key]).check(covers: counts.reduce(0, +))
    }

    @Test("A checkpoint is signed for each thousand records, those of one second in one write")
    func everyThousand() throws {
        let folder = try TemporaryFolder()
        let clock = TestClock()
        let writes = Mutex(0)
        let log = try AuditLog(
            folder.signed(by: [key]), clocks: clock.clocks, wrapping: { $0 },
            wrappingTree: { tree in
                FaultyTreeFiles(tree) { operation, name in
                    if operation == .appended { writes.withLock { $0 += 1 } }
                    return nil
                }
            }, startsWriter: false)
        for mark in 0..<25 { _ = try log.append(marks: Array(repeating: mark, count: 100)) }
        log.settle(clock, turns: 1)
        let signed = try CheckedLog(folder.path + "/log", keys: [key])
        #expect(signed.logged.map(\.size) == [1000, 2000, 2500])
        log.close()
        try CheckedLog(folder.path + "/log", keys: [key]).check(covers: 2500)
    }

    @Test("A log that was not signed until now is signed from its first record on when a key comes")
    func late() throws {
        let folder = try TemporaryFolder()
        let log = try AuditLog(folder.settings(segmentBytes: 10_000))
        for mark in 0..<700 { _ = try log.append(marks: [mark]) }
        log.close()
        #expect(access(folder.path + "/log/checkpoint", F_OK) != 0)
        try AuditLog(folder.signed(by: [key], segmentBytes: 10_000)).close()
        try CheckedLog(folder.path + "/log", keys: [key]).check(covers: 700)
        let identity = try #require(try LogIdentity.read(folder: folder.path + "/log"))
        #expect(identity.origin == "example.com/audit/eu-west-1")
        #expect(identity.keys.map(\.from) == [0])
        #expect(identity.keys.first?.key.publicKey == key.publicKey)
    }

    @Test("Bytes beyond what is kept in memory are read from the segments: 40 MB at once")
    func overflow() throws {
        let folder = try TemporaryFolder()
        let clock = TestClock()
        let log = try AuditLog(
            folder.signed(by: [key]), clocks: clock.clocks, wrapping: { $0 }, startsWriter: false)
        for mark in 0..<40 {
            _ = try log.append(marks: Array(repeating: mark, count: 1000), padding: 850)
            _ = log.turn()
        }
        _ = try log.append(marks: [40])
        log.close()
        let signed = try CheckedLog(folder.path + "/log", keys: [key])
        #expect(signed.head?.size == 40_001)
        try signed.check(covers: 40_001)
    }

    @Test("Partial tiles of the last two checkpoints stay, older ones go, and none where the tile is full")
    func partialTiles() throws {
        let folder = try TemporaryFolder()
        let clock = TestClock()
        let log = try AuditLog(
            folder.signed(by: [key]), clocks: clock.clocks, wrapping: { $0 }, startsWriter: false)
        func names(_ name: String) -> [String] {
            ((try? FileManager.default.contentsOfDirectory(atPath: folder.path + "/log/tile/" + name)) ?? [])
                .sorted()
        }
        for mark in 1...4 {
            _ = try log.append(marks: [mark])
            log.settle(clock, turns: 1)
        }
        #expect(names("0/000.p") == ["3", "4"])
        _ = try log.append(marks: Array(repeating: 5, count: 260))
        log.settle(clock, turns: 1)
        #expect(names("0") == ["000", "001.p"] && names("0/001.p") == ["8"])
        log.close()
        try CheckedLog(folder.path + "/log", keys: [key]).check(covers: 264)
    }

    @Test(
        "F-AUD-09: a record that is other on disk than it was written is named, and no checkpoint is signed over it",
        arguments: [0, 1, 700, 1_999])
    func flipped(record: Int) throws {
        let folder = try TemporaryFolder()
        let clock = TestClock()
        let log = try AuditLog(
            folder.signed(by: [key]), clocks: clock.clocks, wrapping: { $0 }, startsWriter: false)
        for mark in 0..<2_000 { _ = try log.append(marks: [mark]) }
        _ = log.turn()
        let path = folder.segment(0)
        let whole = try Data(contentsOf: URL(fileURLWithPath: path))
        let lines = whole.split(separator: 0x0a)
        let file = open(path, O_WRONLY)
        #expect(pwrite(file, "X", 1, lines[record].startIndex + 30) == 1)
        log.settle(clock, turns: 1)
        guard case .damaged(_, let seq, _) = log.failure else {
            Issue.record("\(String(describing: log.failure))")
            return
        }
        #expect(seq == UInt64(record))
        #expect(throws: AuditError.self) { try log.append(marks: [9]) }
        #expect(access(folder.path + "/log/checkpoint", F_OK) != 0)
        // As it was: the log goes on, and says why it did not.
        #expect(pwrite(file, [whole[lines[record].startIndex + 30]], 1, lines[record].startIndex + 30) == 1)
        close(file)
        log.settle(clock)
        #expect(log.failure == nil)
        _ = try log.append(marks: [7])
        log.close()
        try CheckedLog(folder.path + "/log", keys: [key]).check(covers: 2_002)
    }

    @Test(
        "F-AUD-04: a checkpoint, list of checkpoints or folder that is removed, replaced or cut is noticed before the next checkpoint",
        arguments: [
            "remove checkpoint", "cut checkpoint", "older checkpoint", "remove checkpoints.log",
            "cut checkpoints.log",
            "grow checkpoints.log", "replace checkpoints.log", "move tile", "move log",
        ])
    func standing(how: String) throws {
        let folder = try TemporaryFolder()
        let clock = TestClock()
        let log = try AuditLog(
            folder.signed(by: [key]), clocks: clock.clocks, wrapping: { $0 }, startsWriter: false)
        _ = try log.append(marks: [1])
        log.settle(clock)
        let older = try Data(contentsOf: URL(fileURLWithPath: folder.path + "/log/checkpoint"))
        _ = try log.append(marks: [2])
        log.settle(clock)
        let manager = FileManager.default
        let words = how.split(separator: " ").map(String.init)
        let path = folder.path + "/log" + (words[1] == "log" ? "" : "/" + words[1])
        let aside = folder.path + "/aside"
        switch words[0] {
        case "remove", "move": try manager.moveItem(atPath: path, toPath: aside)
        case "cut": #expect(truncate(path, 10) == 0)
        case "grow": #expect(truncate(path, 100_000) == 0)
        case "older": try older.write(to: URL(fileURLWithPath: path))
        default:
            try manager.copyItem(atPath: path, toPath: aside)
            #expect(rename(aside, path) == 0)
        }
        // The folder of segments is looked at by the writer, which is not asked here.
        if words[1] == "log" { try manager.copyItem(atPath: aside, toPath: path) }
        _ = try? log.append(marks: [3])
        log.settle(clock, turns: 1)
        guard case .replaced = log.failure else {
            Issue.record("\(String(describing: log.failure))")
            return
        }
        #expect(throws: AuditError.self) { try log.append(marks: [4]) }
        #expect(log.tree?.head?.size == 2)
        if words[0] == "remove" || how == "move tile" {
            try manager.moveItem(atPath: aside, toPath: path)
            log.settle(clock)
            #expect(log.failure == nil)
            _ = try log.append(marks: [4])
            log.close()
            try CheckedLog(folder.path + "/log", keys: [key]).check(covers: 5)
        } else {
            log.close()
        }
    }

    @Test(
        "A tree that cannot be written is borne for 10 s, then no record is taken; both end by themselves",
        arguments: [ENOSPC, EIO])
    func patience(code: Int32) throws {
        let folder = try TemporaryFolder()
        let clock = TestClock()
        let isFull = Mutex(false)
        let log = try AuditLog(
            folder.signed(by: [key]), clocks: clock.clocks, wrapping: { $0 },
            wrappingTree: { tree in
                FaultyTreeFiles(tree) { operation, _ in
                    operation == .draft && isFull.withLock { $0 } ? code : nil
                }
            }, startsWriter: false)
        isFull.withLock { $0 = true }
        _ = try log.append(marks: [1])
        log.settle(clock, turns: 1)
        #expect(log.failure == nil && log.tree?.trouble != nil)
        for mark in 2...9 {
            _ = try log.append(marks: [mark])
            log.settle(clock, turns: 1)
        }
        #expect(log.failure == nil)
        log.settle(clock, turns: 3)
        #expect(log.failure == .system(operation: "draft", path: "injected", code: code))
        #expect(throws: AuditError.self) { try log.append(marks: [10]) }
        isFull.withLock { $0 = false }
        log.settle(clock, turns: 3)
        #expect(log.failure == nil && log.tree?.trouble == nil)
        _ = try log.append(marks: [10])
        log.close()
        let signed = try CheckedLog(folder.path + "/log", keys: [key])
        try signed.check(covers: 11)
        let told = try readAll(folder.path + "/log").filter { $0["type"]?.string == "log.recovered" }
        #expect(told.count == 1 && told[0]["reason"]?.string?.contains("draft") == true)
    }
}
