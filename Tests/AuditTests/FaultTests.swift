import Audit
import Foundation
import Glibc
import Seeded
import Synchronization
import Testing

/// Which operations fail next, as a test sets it.
private final class FaultPlan: Sendable {
    private let plan = Mutex<[FaultyFiles.Operation: [FaultyFiles.Fault]]>([:])
    let seen = Mutex<[FaultyFiles.Operation]>([])

    func next(_ operation: FaultyFiles.Operation) -> FaultyFiles.Fault {
        seen.withLock { $0.append(operation) }
        return plan.withLock { plan in
            guard let fault = plan[operation]?.first else { return .none }
            plan[operation]?.removeFirst()
            return fault
        }
    }

    func add(_ operation: FaultyFiles.Operation, _ faults: FaultyFiles.Fault...) {
        plan.withLock { $0[operation, default: []] += faults }
    }
}

@Suite struct FaultTests {
    private func open(
        _ folder: TemporaryFolder, _ plan: FaultPlan, clock: TestClock = TestClock(),
        segmentBytes: Int = 1 << 20
    ) throws -> AuditLog {
        let log = try AuditLog(
            folder.settings(segmentBytes: segmentBytes), clocks: clock.clocks,
            wrapping: { FaultyFiles($0) { plan.next($0) } }, startsWriter: false)
        plan.seen.withLock { $0 = [] }
        return log
    }

    @Test("F-AUD-05: short writes of any length are finished and EINTR is repeated")
    func shortWrites() throws {
        let folder = try TemporaryFolder()
        let plan = FaultPlan()
        let log = try open(folder, plan)
        for length in 1...60 {
            plan.add(.write, .short(length), .error(EINTR), .short(1), .error(EINTR), .error(EINTR))
            _ = try log.append(marks: [length, length])
        }
        log.close()
        #expect(try readAll(folder.path + "/log").marks == (1...60).flatMap { [$0, $0] })
    }

    @Test(
        """
        F-AUD-02, F-AUD-05: a write that fails anywhere leaves nothing, the batch is kept, appends are \
        refused, and the log gets going by itself
        """,
        arguments: [ENOSPC, EIO, EDQUOT, EROFS])
    func failedWrites(code: Int32) throws {
        let folder = try TemporaryFolder()
        let plan = FaultPlan()
        let clock = TestClock()
        let log = try open(folder, plan, clock: clock)
        var notices: [AuditLogNotice] = []
        let heard = Mutex<[AuditLogNotice]>([])
        _ = log.subscribe { notice in heard.withLock { $0.append(notice) } }
        _ = try log.append(marks: [1])
        for taken in [0, 1, 50, 200] {
            heard.withLock { $0 = [] }
            plan.add(.write, taken == 0 ? .error(code) : .torn(taken, code))
            plan.add(.room, .error(ENOSPC))
            var batch = marked([2, 2])
            #expect(throws: AuditError.self) { try log.append(&batch) }
            let kept = batch.recordCount
            #expect(kept == 2 && log.failure != nil)
            #expect(throws: AuditError.self) { try log.append(&batch) }
            clock.advance(1_000_000)
            _ = log.turn()
            #expect(log.failure != nil, "no room yet")
            clock.advance(1_000_000)
            _ = log.turn()
            #expect(log.failure == nil)
            notices = heard.withLock { $0 }
            #expect(
                notices.last == .recovered
                    && notices.contains { if case .failed = $0 { true } else { false } })
            _ = try log.append(&batch)
            let left = batch.recordCount
            #expect(left == 0)
        }
        log.close()
        let records = try readAll(folder.path + "/log")
        #expect(records.marks == [1, 2, 2, 2, 2, 2, 2, 2, 2])
        let told = records.filter { $0["type"]?.string == "log.recovered" }
        #expect(told.count == 4 && told.allSatisfy { $0["duration_us"]?.unsigned == 2_000_000 })
    }

    @Test(
        """
        F-AUD-01: after a failed fdatasync its file is never appended to or synced again; what was written \
        stands once, under the same numbers, in a new segment
        """
    )
    func failedSync() throws {
        let folder = try TemporaryFolder()
        let plan = FaultPlan()
        let clock = TestClock()
        let log = try open(folder, plan, clock: clock)
        _ = try log.append(marks: [1, 2])
        _ = log.turn()
        #expect(log.durable == 2)
        _ = try log.append(marks: [3, 4])
        plan.add(.sync, .error(EIO), .error(EIO))
        _ = log.turn()
        #expect(log.durable == 2 && log.failure != nil)
        #expect(throws: AuditError.self) { try log.append(marks: [5]) }
        clock.advance(1_000_000)
        _ = log.turn()
        #expect(log.durable == 4)
        _ = log.turn()
        #expect(log.failure == nil && log.durable == 5)
        _ = try log.append(marks: [6])
        log.close()
        #expect(try readAll(folder.path + "/log").marks == [1, 2, 3, 4, 6])
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path + "/log/segments")
            .sorted()
        #expect(names == ["00000000000000000000.jsonl", "00000000000000000002.jsonl"])
        // The old segment was cut to what is durable in it: cat and jq see each record once, too.
        let old = try String(contentsOfFile: folder.segment(0), encoding: .utf8)
        #expect(old.split(separator: "\n").count == 2)
    }

    @Test("F-AUD-07: a new segment's file and its folder are synced before one of its records counts")
    func newSegmentOrder() throws {
        let folder = try TemporaryFolder()
        let plan = FaultPlan()
        let log = try open(folder, plan, segmentBytes: 1024)
        for mark in 0..<6 { _ = try log.append(marks: [mark], padding: 300) }
        _ = log.turn()
        let seen = plan.seen.withLock { $0 }
        #expect(
            seen == [
                .write, .write, .sync, .create, .write, .write, .sync, .syncFolder, .create, .write, .write,
                .sync, .sync, .sync, .syncFolder, .standing,
            ])
        #expect(log.durable == 6)
        log.close()
    }

    @Test(
        """
        F-AUD-04: a segment removed, replaced, cut or moved is noticed before its records count, and nothing \
        is taken
        """,
        arguments: ["remove", "replace", "cut", "grow", "move", "folder"])
    func standing(how: String) throws {
        let folder = try TemporaryFolder()
        let clock = TestClock()
        let log = try open(folder, FaultPlan(), clock: clock)
        _ = try log.append(marks: [1])
        _ = log.turn()
        _ = try log.append(marks: [2])
        let path = folder.segment(0)
        let manager = FileManager.default
        switch how {
        case "remove": try manager.removeItem(atPath: path)
        case "replace":
            try manager.copyItem(atPath: path, toPath: path + "x")
            #expect(rename(path + "x", path) == 0)
        case "cut": #expect(truncate(path, 0) == 0)
        case "grow": #expect(truncate(path, 100_000) == 0)
        case "move": try manager.moveItem(atPath: path, toPath: folder.path + "/moved")
        default: try manager.moveItem(atPath: folder.path + "/log/segments", toPath: folder.path + "/log/s")
        }
        _ = log.turn()
        #expect(log.durable == 1)
        #expect(throws: AuditError.self) { try log.append(marks: [3]) }
        guard case .replaced = log.failure else {
            Issue.record("\(String(describing: log.failure))")
            return
        }
        clock.advance(1_000_000)
        _ = log.turn()
        #expect(log.failure != nil)
        if how == "move" || how == "folder" {
            // Put back, it is the file that was written.
            if how == "move" { try manager.moveItem(atPath: folder.path + "/moved", toPath: path) }
            if how == "folder" {
                try manager.moveItem(atPath: folder.path + "/log/s", toPath: folder.path + "/log/segments")
            }
            for _ in 0..<3 {
                clock.advance(1_000_000)
                _ = log.turn()
            }
            #expect(log.failure == nil)
            _ = try log.append(marks: [3])
            log.close()
            #expect(try readAll(folder.path + "/log").marks == [1, 2, 3])
        } else {
            log.close()
        }
    }

    @Test(
        """
        F-AUD-01, F-AUD-05, F-AUD-06: whatever operation fails whenever, a reader finds every record that \
        was taken once and none that was refused; kill -9 at any operation loses none
        """,
        arguments: 0..<60)
    func anything(seed: Int) throws {
        let folder = try TemporaryFolder()
        let clock = TestClock()
        let state = Mutex(
            (generator: SeededGenerator(seed: UInt64(seed)), rate: 0.0, operations: 0, killAt: -1))
        let log = try AuditLog(
            folder.settings(segmentBytes: 2000), clocks: clock.clocks,
            wrapping: { segments in
                FaultyFiles(segments) { operation in
                    state.withLock { state in
                        state.operations += 1
                        if state.operations == state.killAt {
                            // What the page cache holds at this moment is what a killed process leaves.
                            try? FileManager.default.copyItem(
                                atPath: folder.path + "/log", toPath: folder.path + "/killed")
                        }
                        guard Double.random(in: 0..<1, using: &state.generator) < state.rate else {
                            return .none
                        }
                        let code = [EIO, ENOSPC, EINTR].randomElement(using: &state.generator) ?? EIO
                        guard operation == .write else { return .error(code == EINTR ? EIO : code) }
                        if code == EINTR { return .short(Int.random(in: 1..<400, using: &state.generator)) }
                        return .torn(Int.random(in: 0..<900, using: &state.generator), code)
                    }
                }
            }, startsWriter: false)
        var generator = SeededGenerator(seed: UInt64(seed) + 1_000_000)
        state.withLock {
            $0.rate = [0.05, 0.2, 0.5][seed % 3]
            $0.killAt = Int.random(in: 20..<250, using: &generator)
        }
        var taken: [(seq: UInt64, mark: Int)] = []
        var takenAtKill: [(seq: UInt64, mark: Int)]?
        for mark in 0..<150 {
            let count = Int.random(in: 1...4, using: &generator)
            let before = taken
            if let first = try? log.append(marks: Array(repeating: mark, count: count), padding: mark % 90) {
                for offset in 0..<count { taken.append((first + UInt64(offset), mark)) }
            }
            if Bool.random(using: &generator) {
                clock.advance(Int64.random(in: 0..<600_000, using: &generator))
                _ = log.turn()
            }
            if takenAtKill == nil && access(folder.path + "/killed", F_OK) == 0 { takenAtKill = before }
        }
        state.withLock { $0.rate = 0 }
        for _ in 0..<6 {
            clock.advance(1_000_000)
            _ = log.turn()
        }
        #expect(log.failure == nil)
        log.close()
        #expect(log.durable == log.written)
        try check(folder.path + "/log", holds: taken)
        try AuditLog(folder.settings()).close()
        if let takenAtKill {
            let killed = try AuditLog(folder.settings("killed"))
            _ = try killed.append(marks: [9999])
            killed.close()
            try check(folder.path + "/killed", holds: takenAtKill, exactly: false)
        }
    }

    private func check(_ folder: String, holds taken: [(seq: UInt64, mark: Int)], exactly: Bool = true) throws
    {
        let records = try readAll(folder)
        for (seq, mark) in taken {
            try #require(Int(seq) < records.count)
            try #require(records[Int(seq)]["mark"]?.unsigned == UInt64(mark), "record \(seq)")
        }
        if exactly { #expect(records.marks == taken.map(\.mark)) }
    }

    @Test(
        """
        F-AUD-06, F-AUD-07: a segment begins when the one before it is on disk, so that a power cut cannot leave it \
        behind a hole
        """
    )
    func rotationSyncs() throws {
        let folder = try TemporaryFolder()
        let plan = FaultPlan()
        let log = try open(folder, plan, segmentBytes: 1 << 10)
        for mark in 0..<30 { _ = try log.append(marks: [mark], padding: 100) }
        let seen = plan.seen.withLock { $0 }
        let created = seen.indices.filter { seen[$0] == .create }
        #expect(created.count > 2)
        // Nobody syncs in between, so that the folder is not on disk with the name of any segment but the first.
        for (number, at) in created.enumerated() {
            let before: [FaultyFiles.Operation] = number == 0 ? [.sync] : [.sync, .syncFolder]
            #expect(Array(seen[..<at].suffix(before.count)) == before, "operation \(at)")
        }
        log.close()
        #expect(try readAll(folder.path + "/log").marks == Array(0..<30))
    }

    @Test("F-AUD-01: a full segment that cannot be synced is written again, and nothing of it is lost")
    func rotationSyncFails() throws {
        let folder = try TemporaryFolder()
        let plan = FaultPlan()
        let clock = TestClock()
        let log = try open(folder, plan, clock: clock, segmentBytes: 1 << 10)
        var given: [Int] = []
        plan.add(.sync, .error(EIO))
        for mark in 0..<30 {
            if (try? log.append(marks: [mark], padding: 100)) != nil { given.append(mark) }
        }
        #expect(log.failure != nil && given.count < 30)
        for _ in 0..<10 {
            clock.advance(2_000)
            _ = log.turn()
        }
        #expect(log.failure == nil)
        _ = try log.append(marks: [100])
        log.close()
        #expect(try readAll(folder.path + "/log").marks == given + [100])
    }
}
