import Audit
import AuditTree
import Foundation
import Glibc
import Seeded
import Synchronization
import Testing

@Suite struct TreeFaultTests {
    private let key = SigningKey()

    /// Counts calls from when it is armed on; says what becomes of each.
    private final class Calls: Sendable {
        private struct State {
            var isArmed = false
            var count = 0
            var failing: Range<Int> = 0..<0
            var seen: [String] = []
        }
        private let state = Mutex(State())

        func arm(_ failing: Range<Int>) {
            state.withLock {
                $0.isArmed = true
                $0.failing = failing
            }
        }

        func next(_ operation: FaultyTreeFiles.Operation, _ name: String) -> Int32? {
            state.withLock { state in
                guard state.isArmed else { return nil }
                defer { state.count += 1 }
                state.seen.append("\(operation) \(name)")
                return state.failing.contains(state.count) ? EIO : nil
            }
        }

        var seen: [String] { state.withLock { $0.seen } }
    }

    private func open(_ folder: TemporaryFolder, _ clock: TestClock, _ calls: Calls) throws -> AuditLog {
        try AuditLog(
            folder.signed(by: [key], segmentBytes: 20_000), clocks: clock.clocks, wrapping: { $0 },
            wrappingTree: { FaultyTreeFiles($0) { calls.next($0, $1) } }, startsWriter: false)
    }

    /// A log of 250 records under a checkpoint, then ten more, so that a tile becomes full.
    private func run(_ folder: TemporaryFolder, _ calls: Calls, failing: Range<Int>) throws -> (
        AuditLog, TestClock
    ) {
        let clock = TestClock()
        let log = try open(folder, clock, calls)
        _ = try log.append(marks: Array(repeating: 1, count: 250))
        log.settle(clock, turns: 1)
        calls.arm(failing)
        _ = try log.append(marks: Array(repeating: 2, count: 10))
        log.settle(clock, turns: 1)
        return (log, clock)
    }

    private func callsOfARound() throws -> [String] {
        let calls = Calls()
        let folder = try TemporaryFolder()
        let (log, _) = try run(folder, calls, failing: 0..<0)
        let seen = calls.seen
        log.close()
        try CheckedLog(folder.path + "/log", keys: [key]).check(covers: 260)
        return seen
    }

    @Test(
        "F-AUD-07: tiles are durable under their names before a checkpoint is logged, and that before it is shown"
    )
    func order() throws {
        let seen = try callsOfARound().filter { !$0.hasPrefix("read") && !$0.hasPrefix("standing") }
        let tile = ["draft ", "write ", "sync "]
        var expected = ["identity tile"] + tile + ["publish tile/0/000"]
        expected += ["makeFolder tile", "makeFolder tile/0", "makeFolder tile/0/001.p", "syncFolder tile/0"]
        expected += tile + ["publish tile/0/001.p/4"]
        expected += ["makeFolder tile", "makeFolder tile/1", "syncFolder tile", "makeFolder tile/1/000.p"]
        expected += ["syncFolder tile/1"] + tile + ["publish tile/1/000.p/1"]
        expected += ["syncFolder tile/0", "syncFolder tile/0/001.p", "syncFolder tile/1/000.p"]
        expected += ["write ", "sync "]
        expected += tile + ["publish checkpoint", "syncFolder "]
        expected += ["keepHead "]
        let known = expected.map { $0 == "keepHead " ? "keepHead" : $0 }
        let found = seen.map { $0.hasPrefix("keepHead") ? "keepHead" : $0 }
        // The folder of the full tile is known already from the round before, or is looked for again.
        let strip: (String) -> Bool = {
            !$0.hasPrefix("makeFolder") && $0 != "syncFolder tile" && !$0.hasPrefix("names")
                && !$0.hasPrefix("remove")
        }
        #expect(found.filter(strip) == known.filter(strip))
    }

    @Test(
        "F-AUD-01, F-AUD-02: whichever call of a round fails, once or for a while, the next tries make it good"
    )
    func eachCallFails() throws {
        let count = try callsOfARound().count
        #expect(count > 25)
        for first in 0..<count {
            for length in [1, 2, 7] {
                let folder = try TemporaryFolder()
                let calls = Calls()
                let (log, clock) = try run(folder, calls, failing: first..<(first + length))
                log.settle(clock, turns: 12)
                #expect(log.failure == nil && log.tree?.trouble == nil, "call \(first), \(length) times")
                #expect(log.tree?.head?.size == 260, "call \(first), \(length) times")
                calls.arm(0..<0)
                _ = try log.append(marks: [3])
                log.close()
                try CheckedLog(folder.path + "/log", keys: [key]).check(covers: 261)
            }
        }
    }

    @Test("F-AUD-06, F-AUD-08: killed at any call of a round, the log starts again and signs all of it")
    func killedAtEachCall() throws {
        let count = try callsOfARound().count
        for first in 0..<count {
            let folder = try TemporaryFolder()
            let calls = Calls()
            let (log, _) = try run(folder, calls, failing: first..<Int.max)
            log.drop()
            #expect(try readAll(folder.path + "/log").count == 260)
            let again = try AuditLog(folder.signed(by: [key], segmentBytes: 20_000))
            _ = try again.append(marks: [3])
            again.close()
            try CheckedLog(folder.path + "/log", keys: [key]).check(covers: 261)
        }
    }

    @Test(
        "F-AUD-01, F-AUD-08: records that a failed fdatasync made to be written again are hashed once, as they stand"
    )
    func rewritten() throws {
        let folder = try TemporaryFolder()
        let clock = TestClock()
        let fails = Mutex(false)
        let log = try AuditLog(
            folder.signed(by: [key]), clocks: clock.clocks,
            wrapping: { segments in
                FaultyFiles(segments) { operation in
                    operation == .sync && fails.withLock { $0 } ? .error(EIO) : .none
                }
            }, startsWriter: false)
        _ = try log.append(marks: [1, 2])
        _ = log.turn()
        fails.withLock { $0 = true }
        _ = try log.append(marks: [3, 4])
        log.settle(clock)
        #expect(log.failure != nil && log.tree?.head?.size == 2)
        fails.withLock { $0 = false }
        log.settle(clock, turns: 5)
        _ = try log.append(marks: [5])
        log.close()
        let signed = try CheckedLog(folder.path + "/log", keys: [key])
        #expect(try readAll(folder.path + "/log").marks == [1, 2, 3, 4, 5])
        try signed.check(covers: 6)
    }

    @Test(
        """
        F-AUD-01, F-AUD-05, F-AUD-08: whatever fails whenever, of segments and of the tree, with restarts: nothing is signed \
        that is not there, and in the end all is signed
        """,
        arguments: 0..<40)
    func anything(seed: Int) throws {
        let folder = try TemporaryFolder()
        let clock = TestClock()
        let state = Mutex((generator: SeededGenerator(seed: UInt64(seed)), rate: 0.0))
        let isBad: @Sendable () -> Bool = {
            state.withLock { Double.random(in: 0..<1, using: &$0.generator) < $0.rate }
        }
        var generator = SeededGenerator(seed: UInt64(seed) + 77)
        for life in 0..<4 {
            state.withLock { $0.rate = 0 }
            let log = try AuditLog(
                folder.signed(by: [key], segmentBytes: 30_000), clocks: clock.clocks,
                wrapping: { segments in
                    FaultyFiles(segments) { operation in
                        guard isBad() else { return .none }
                        return operation == .write ? .torn(100, EIO) : .error(EIO)
                    }
                },
                wrappingTree: { FaultyTreeFiles($0) { _, _ in isBad() ? EIO : nil } }, startsWriter: false)
            state.withLock { $0.rate = [0.01, 0.1, 0.3][(seed + life) % 3] }
            for mark in 0..<60 {
                _ = try? log.append(
                    marks: Array(repeating: mark, count: Int.random(in: 1...30, using: &generator)))
                clock.advance(Int64.random(in: 0..<900_000, using: &generator))
                if Bool.random(using: &generator) { _ = log.turn() }
                if Bool.random(using: &generator) { _ = log.turnTree() }
            }
            if life == 3 {
                state.withLock { $0.rate = 0 }
                log.settle(clock, turns: 15)
                #expect(log.failure == nil && log.tree?.trouble == nil)
            }
            log.close()
            guard life == 3 else { continue }
            try CheckedLog(folder.path + "/log", keys: [key]).check(covers: Int(log.written))
        }
    }
}
