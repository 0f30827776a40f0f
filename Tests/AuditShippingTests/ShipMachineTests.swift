import Audit
import AuditShipping
import AuditTree
import Seeded
import Testing

@Suite struct ShipMachineTests {
    private static func machine() -> ShipMachine {
        ShipMachine(
            pause: GrowingPause(first: .nanoseconds(10), longest: .nanoseconds(35)), recheck: 1_000,
            interval: 5)
    }

    private static func leaf(_ text: String) -> TreeHash { TreeHash.leaf(Array(text.utf8).span) }

    private static func row(_ seq: UInt64, _ text: String) -> ShipMachine.Row {
        ShipMachine.Row(seq: seq, leaf: leaf(text))
    }

    @Test(
        "It begins with what follows the destination's newest row, and with the first record where there is none"
    )
    func begins() {
        var empty = Self.machine()
        #expect(empty.next(covered: 3, now: 0) == .connect)
        #expect(empty.reached == nil && !empty.isConnected)
        empty.connected(.init(newest: nil, own: nil, log: 0..<3), now: 1)
        #expect(empty.reached == 0 && empty.isConnected)
        #expect(empty.next(covered: 3, now: 1) == .copy(from: 0, below: 3))

        var begun = Self.machine()
        begun.connected(
            .init(newest: Self.row(6, "six"), own: Self.leaf("six"), log: 0..<9), now: 0)
        #expect(begun.next(covered: 9, now: 1) == .copy(from: 7, below: 9))
        begun.acknowledged(end: 8)
        #expect(begun.reached == 8)
        #expect(begun.next(covered: 9, now: 2) == .copy(from: 8, below: 9))
        begun.acknowledged(end: 9)
        #expect(begun.next(covered: 9, now: 3) == .wait(until: 8))
        #expect(begun.next(covered: 10, now: 8) == .copy(from: 9, below: 10))
        #expect(begun.passedOver == 0)
    }

    @Test("Records that no checkpoint covers are not sent, also where the log has them")
    func uncovered() {
        var machine = Self.machine()
        machine.connected(.init(newest: nil, own: nil, log: 0..<9), now: 0)
        #expect(machine.next(covered: 0, now: 0) == .wait(until: 5))
        #expect(machine.next(covered: 4, now: 5) == .copy(from: 0, below: 4))
        // A log that gets its first key: the newest row is beyond what is signed, and the log has it.
        var late = Self.machine()
        late.connected(.init(newest: Self.row(6, "six"), own: Self.leaf("six"), log: 0..<9), now: 0)
        #expect(late.stop == nil)
        #expect(late.next(covered: 0, now: 0) == .wait(until: 5))
    }

    @Test(
        "After each failure it waits twice as long, up to the limit; a batch that arrives, or having nothing to send, ends that"
    )
    func pauses() {
        var machine = Self.machine()
        var now: Int64 = 0
        for pause: Int64 in [10, 20, 35, 35] {
            #expect(machine.next(covered: 5, now: now) == .connect)
            machine.failed(now: now)
            #expect(machine.next(covered: 5, now: now) == .wait(until: now + pause))
            #expect(machine.next(covered: 5, now: now + pause - 1) == .wait(until: now + pause))
            now += pause
        }
        machine.connected(.init(newest: nil, own: nil, log: 0..<5), now: now)
        // A connection alone proves nothing: what refuses each batch must not be asked in a loop.
        #expect(machine.next(covered: 5, now: now) == .copy(from: 0, below: 5))
        machine.failed(now: now)
        #expect(machine.next(covered: 5, now: now) == .wait(until: now + 35))
        machine.connected(.init(newest: nil, own: nil, log: 0..<5), now: now)
        _ = machine.next(covered: 5, now: now)
        machine.acknowledged(end: 5)
        machine.failed(now: now)
        #expect(machine.next(covered: 5, now: now) == .wait(until: now + 10))
        machine.failed(now: now)
        machine.connected(.init(newest: nil, own: nil, log: 0..<0), now: now)
        #expect(machine.next(covered: 0, now: now) == .wait(until: now + 5))
        machine.failed(now: now)
        #expect(machine.next(covered: 0, now: now) == .wait(until: now + 10))
    }

    @Test("Where another history is, or more than the log has, nothing is sent; it is looked at again later")
    func stops() {
        var machine = Self.machine()
        machine.connected(
            .init(newest: Self.row(6, "another"), own: Self.leaf("six"), log: 0..<9), now: 100)
        #expect(machine.stop == .anotherHistory(seq: 6))
        #expect(machine.next(covered: 9, now: 101) == .wait(until: 1_100))
        #expect(machine.next(covered: 9, now: 1_100) == .connect)
        machine.connected(.init(newest: Self.row(9, "nine"), own: nil, log: 0..<9), now: 1_100)
        #expect(machine.stop == .ahead(seq: 9, end: 9))
        #expect(machine.next(covered: 9, now: 1_101) == .wait(until: 2_100))
        // Somebody emptied the table.
        machine.connected(.init(newest: nil, own: nil, log: 0..<9), now: 2_100)
        #expect(machine.stop == nil)
        #expect(machine.next(covered: 9, now: 2_100) == .copy(from: 0, below: 9))
        // The record that should be there cannot be read: that is no agreement.
        var unread = Self.machine()
        unread.connected(.init(newest: Self.row(6, "six"), own: nil, log: 0..<9), now: 0)
        #expect(unread.stop == .anotherHistory(seq: 6))
    }

    @Test("What retention removed is passed over and counted, and the rest goes on behind it")
    func pruned() {
        var fresh = Self.machine()
        fresh.connected(.init(newest: nil, own: nil, log: 40..<90), now: 0)
        #expect(fresh.passedOver == 40)
        #expect(fresh.next(covered: 90, now: 0) == .copy(from: 40, below: 90))
        var behind = Self.machine()
        behind.connected(.init(newest: Self.row(9, "nine"), own: nil, log: 40..<90), now: 0)
        #expect(behind.passedOver == 30 && behind.reached == 40)
        // The newest row is the one before the first record that is left: nothing is missing.
        var exact = Self.machine()
        exact.connected(.init(newest: Self.row(39, "x"), own: nil, log: 40..<90), now: 0)
        #expect(exact.passedOver == 0 && exact.stop == nil)
        #expect(exact.next(covered: 90, now: 0) == .copy(from: 40, below: 90))
    }

    /// A destination's table with its primary key, and batches of broken connections whose servers are not done yet.
    private struct Table {
        var rows: [UInt64: TreeHash] = [:]
        var late: [[ShipMachine.Row]] = []
        var refused = 0

        /// All or nothing, as a transaction with a unique index is.
        mutating func insert(_ batch: [ShipMachine.Row]) -> Bool {
            guard batch.allSatisfy({ rows[$0.seq] == nil }) else {
                refused += 1
                return false
            }
            for row in batch { rows[row.seq] = row.leaf }
            return true
        }

        var newest: ShipMachine.Row? {
            rows.max { $0.key < $1.key }.map { ShipMachine.Row(seq: $0.key, leaf: $0.value) }
        }

        /// Records below the newest that are not there.
        var hasGap: Bool { UInt64(rows.count) != (newest.map { $0.seq + 1 } ?? 0) }
    }

    private static func record(_ seq: UInt64) -> TreeHash { leaf("record \(seq)") }

    /// Carries out one action with whatever may go wrong, and checks that the table has no gap.
    private static func step(
        _ machine: inout ShipMachine, _ table: inout Table, covered: UInt64, now: inout Int64,
        _ random: inout some RandomNumberGenerator
    ) {
        switch machine.next(covered: covered, now: now) {
        case .wait(let until): now = max(until, now + 1)
        case .connect:
            guard Int.random(in: 0..<4, using: &random) > 0 else { return machine.failed(now: now) }
            let newest = table.newest
            machine.connected(
                .init(newest: newest, own: newest.map { record($0.seq) }, log: 0..<covered), now: now)
        case .copy(let from, let below):
            let end = UInt64.random(in: (from + 1)...below, using: &random)
            let batch = (from..<end).map { ShipMachine.Row(seq: $0, leaf: record($0)) }
            switch Int.random(in: 0..<6, using: &random) {
            // Cut before the server had all of it.
            case 0: machine.failed(now: now)
            // It is there, and the answer was lost.
            case 1:
                _ = table.insert(batch)
                machine.failed(now: now)
            // The server does it after we have asked it anew.
            case 2:
                table.late.append(batch)
                machine.failed(now: now)
            default:
                if table.insert(batch) { machine.acknowledged(end: end) } else { machine.failed(now: now) }
            }
        }
    }

    @Test("Whatever is cut, at whatever moment, each record is there once and none is left out")
    func cuts() {
        var lateBatches = 0
        var refused = 0
        for seed in 0..<400 {
            var random = SeededGenerator(seed: UInt64(seed))
            var machine = Self.machine()
            var table = Table()
            var covered: UInt64 = 0
            var now: Int64 = 0
            for _ in 0..<120 {
                covered += UInt64.random(in: 0..<4, using: &random)
                // A restart knows nothing.
                if Int.random(in: 0..<25, using: &random) == 0 { machine = Self.machine() }
                Self.step(&machine, &table, covered: covered, now: &now, &random)
                if !table.late.isEmpty, Bool.random(using: &random) {
                    lateBatches += 1
                    _ = table.insert(table.late.removeFirst())
                }
                #expect(!table.hasGap && machine.stop == nil, "seed \(seed)")
                if let reached = machine.reached, machine.isConnected {
                    #expect(reached <= UInt64(table.rows.count), "seed \(seed)")
                }
            }
            refused += table.refused
            // Nothing goes wrong any more.
            for batch in table.late { _ = table.insert(batch) }
            for _ in 0..<20 where UInt64(table.rows.count) < covered {
                switch machine.next(covered: covered, now: now) {
                case .wait(let until): now = until
                case .connect:
                    machine.connected(
                        .init(
                            newest: table.newest, own: table.newest.map { Self.record($0.seq) },
                            log: 0..<covered), now: now)
                case .copy(let from, let below):
                    let batch = (from..<below).map { ShipMachine.Row(seq: $0, leaf: Self.record($0)) }
                    if table.insert(batch) {
                        machine.acknowledged(end: below)
                    } else {
                        machine.failed(now: now)
                    }
                }
            }
            #expect(UInt64(table.rows.count) == covered, "seed \(seed)")
            #expect(table.rows.allSatisfy { $0.value == Self.record($0.key) }, "seed \(seed)")
        }
        // The cases that the primary key is there for did occur.
        #expect(lateBatches > 100 && refused > 20, "\(lateBatches) late batches, \(refused) refused")
    }
}
