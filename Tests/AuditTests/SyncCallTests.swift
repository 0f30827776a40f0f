import Audit
import Dispatch
import Glibc
import Synchronization
import Testing

import class Foundation.Thread

/// Syncs that whoever waits for them makes (`AuditLog.sync(by:)`).
@Suite struct SyncCallTests {
    private let folder: TemporaryFolder
    private let clock = TestClock()

    init() throws { folder = try TemporaryFolder() }

    private final class Box<Value: Sendable>: Sendable {
        let value: Mutex<Value>
        init(_ value: Value) { self.value = Mutex(value) }
    }

    /// A log behind so many syncs that took so long, each for two sessions.
    private func log(
        took: Int64 = SyncGathering.slow - 1, syncs: Int = SyncGathering.steady, sharing: Int = 2,
        durability: AuditDurability = .acknowledged,
        duringSync: @escaping @Sendable () -> FaultyFiles.Fault = { .none }
    ) throws -> AuditLog {
        var settings = folder.settings(durability: durability)
        settings.syncsWhenAsked = true
        let clock = clock
        let log = try AuditLog(
            settings, clocks: clock.clocks,
            wrapping: {
                FaultyFiles($0) { operation in
                    guard operation == .sync else { return .none }
                    clock.advance(took)
                    return duringSync()
                }
            }, startsWriter: false)
        for sync in 0..<syncs {
            for _ in 0..<sharing { log.askSync(try log.append(marks: [sync]) + 1) }
            _ = log.turn()
        }
        return log
    }

    @Test("Behind fast syncs in a row whoever waits is called, and makes the log durable and known to be")
    func calls() throws {
        let log = try log()
        defer { log.close() }
        let heard = Box<[AuditLogNotice]>([])
        _ = log.subscribe { notice in heard.value.withLock { $0.append(notice) } }
        let end = try log.append(marks: [1]) + 1
        #expect(log.callsForSync(end))
        let syncs = log.counters.syncs
        #expect(log.sync(by: 3) && log.counters.syncs == syncs + 1)
        #expect(log.durable < end, "nobody was told")
        log.announceSync()
        #expect(log.durable == end && heard.value.withLock { $0 } == [.durable(end)])
        #expect(!log.callsForSync(end) && !log.sync(by: 3), "there is nothing to do")
        #expect(log.turn() == 100_000 && log.counters.syncs == syncs + 1, "the writer looks after calls")
        #expect(log.turn() == 1_000_000, "there were none since")
    }

    @Test("Nobody is called behind fewer of them, on a slow disk, or under `buffered`")
    func callsNobody() throws {
        for (took, syncs, durability) in [
            (1, SyncGathering.steady - 1, AuditDurability.acknowledged),
            (SyncGathering.slow, SyncGathering.steady, .acknowledged), (1, SyncGathering.steady, .buffered),
        ] {
            let log = try log(took: took, syncs: syncs, durability: durability)
            let end = try log.append(marks: [1]) + 1
            #expect(!log.callsForSync(end))
            if durability != .buffered {
                clock.advance(10_000)
                #expect(!log.sync(by: 0) && log.turn() != nil && log.durable == end, "the writer does it")
            }
            log.close()
        }
    }

    @Test("A sync that takes very long is the last that anybody is called for, until others were fast again")
    func slowOne() throws {
        let clock = clock
        let pause = Box<Int64>(0)
        let log = try log(duringSync: {
            clock.advance(pause.value.withLock { $0 })
            return .none
        })
        defer { log.close() }
        pause.value.withLock { $0 = SyncGathering.hesitation }
        #expect(log.callsForSync(try log.append(marks: [1]) + 1) && log.sync(by: 0))
        log.announceSync()
        pause.value.withLock { $0 = 0 }
        for mark in 0..<SyncGathering.steady {
            #expect(!log.callsForSync(try log.append(marks: [mark]) + 1))
            clock.advance(1_000)
            _ = log.turn()
        }
        #expect(log.callsForSync(try log.append(marks: [9]) + 1))
    }

    @Test("Under `strict` frames wait for the sync, and whoever sends them is called as well")
    func strict() throws {
        let log = try log(durability: .strict)
        defer { log.close() }
        let end = try log.append(marks: [1]) + 1
        #expect(log.callsForSync(end) && log.sync(by: 0))
        log.announceSync()
        #expect(log.durable == end)
    }

    @Test("A session that is alone is called with the receipt: its sync runs beside its statement")
    func loneSession() throws {
        let log = try log(sharing: 1)
        defer { log.close() }
        var batch = marked([1])
        let receipt = try log.append(&batch, sessions: 1)
        #expect(receipt.callsForSync && log.sync(by: 0))
        log.announceSync()
        #expect(log.durable == receipt.end)
        batch = marked([2])
        #expect(try !log.append(&batch).callsForSync, "nobody forwards anything")
    }

    @Test("Who was called and has other things to do leaves it to the writer")
    func leaves() throws {
        let log = try log()
        defer { log.close() }
        #expect(log.turn() != nil)
        let end = try log.append(marks: [1]) + 1
        #expect(log.callsForSync(end))
        log.leaveSync()
        #expect(log.turn() != nil && log.durable == end)
    }

    @Test(
        "F-AUD-03: while a call is in the kernel nobody else syncs or repairs; of one that stays the observers hear, once"
    )
    func held() throws {
        let inside = Box<(@Sendable () -> Void)?>(nil)
        let log = try log(duringSync: {
            inside.value.withLock { $0 }?()
            return .none
        })
        defer { log.close() }
        let heard = Box<[AuditLogNotice]>([])
        _ = log.subscribe { notice in heard.value.withLock { $0.append(notice) } }
        let pauses = Box<[Int64?]>([])
        let end = try log.append(marks: [1]) + 1
        #expect(log.callsForSync(end))
        let (clock, syncs) = (clock, log.counters.syncs)
        inside.value.withLock {
            $0 = { [unowned log] in
                // The sync has taken 499 µs so far.
                pauses.value.withLock { $0.append(log.turn()) }
                #expect(!log.sync(by: 1), "another worker finds it under way")
                clock.advance(49_501)
                for _ in 0..<2 { pauses.value.withLock { $0.append(log.turn()) } }
            }
        }
        #expect(log.sync(by: 7))
        inside.value.withLock { $0 = nil }
        #expect(pauses.value.withLock { $0 } == [49_501, -1, -1])
        #expect(heard.value.withLock { $0 } == [.held(caller: 7)] && log.counters.syncs == syncs + 1)
        #expect(log.turn() != nil && log.durable == end, "the writer announces it")
        #expect(heard.value.withLock { $0 } == [.held(caller: 7), .durable(end)])
    }

    @Test("A log that is closed while a call is in the kernel syncs what was written behind the call's plan")
    func closedMeanwhile() throws {
        let inside = Box<(@Sendable () -> Void)?>(nil)
        let log = try log(duringSync: {
            let action = inside.value.withLock { held in
                defer { held = nil }
                return held
            }
            action?()
            return .none
        })
        #expect(log.callsForSync(try log.append(marks: [1]) + 1))
        let (isInside, mayEnd, hasEnded) = (
            DispatchSemaphore(value: 0), DispatchSemaphore(value: 0), DispatchSemaphore(value: 0)
        )
        let clock = clock
        inside.value.withLock {
            $0 = { [unowned log] in
                // Behind the plan of the sync that runs.
                _ = try? log.append(marks: [2])
                clock.advance(50_000)
                isInside.signal()
                mayEnd.wait()
            }
        }
        Thread.detachNewThread { [unowned log] in
            _ = log.sync(by: 0)
            hasEnded.signal()
        }
        isInside.wait()
        let end = log.written
        // In the midst of the writer's last but one turn the call ends.
        _ = log.subscribe { notice in
            guard case .held = notice else { return }
            mayEnd.signal()
            hasEnded.wait()
        }
        log.close()
        #expect(log.durable == end)
    }

    @Test("F-AUD-01: a call's sync that fails is final for its file, and the writer tells and repairs")
    func fails() throws {
        let code = Box<Int32>(0)
        let log = try log(duringSync: {
            let code = code.value.withLock { $0 }
            return code == 0 ? .none : .error(code)
        })
        defer { log.close() }
        let heard = Box<[AuditLogNotice]>([])
        _ = log.subscribe { notice in heard.value.withLock { $0.append(notice) } }
        let end = try log.append(marks: [1]) + 1
        #expect(log.callsForSync(end))
        code.value.withLock { $0 = EIO }
        #expect(log.sync(by: 0))
        log.announceSync()
        #expect(heard.value.withLock { $0 }.isEmpty && log.failure != nil && log.durable < end)
        code.value.withLock { $0 = 0 }
        #expect(!log.callsForSync(end))
        while log.turn() == 0 || log.failure != nil { clock.advance(250_000) }
        let told = heard.value.withLock { $0 }
        guard case .failed = told.first else { return #expect(Bool(false), "\(told)") }
        #expect(told.contains(.recovered) && log.durable > end)
        #expect(
            try readAll(folder.path + "/log").count == 10, "none is there twice, and one tells of the failure"
        )
    }
}
