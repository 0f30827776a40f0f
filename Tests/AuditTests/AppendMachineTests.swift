import Audit
import Seeded
import Testing

/// A disk that the machine's actions are carried out on: for each segment, which records are written, and
/// which of them would be left after a power failure. A record is its number and the append that wrote it.
private struct ModelDisk {
    struct Record: Equatable {
        let seq: UInt64
        let append: Int
    }
    struct Segment {
        var written: [Record] = []
        var durable: [Record] = []
        var entered = false
        /// The first record that a failed sync dropped: a later sync says yes and does not bring it back.
        var dropped: UInt64?
        /// Behind `written`: what a failed write left and no cut removed.
        var leftover = false
    }
    var segments: [UInt64: Segment] = [:]

    /// What a reader finds: segments by name, each up to the next one's first record.
    func read(durableOnly: Bool) -> [Record] {
        let firsts = segments.keys.sorted().filter { !durableOnly || segments[$0]?.entered == true }
        var found: [Record] = []
        for (at, first) in firsts.enumerated() {
            let next = at + 1 < firsts.count ? firsts[at + 1] : .max
            let records = (durableOnly ? segments[first]?.durable : segments[first]?.written) ?? []
            found += records.prefix { $0.seq < next }
        }
        return found
    }

    /// A segment was synced: what a failed sync dropped before does not come back.
    mutating func sync(_ first: UInt64, end: UInt64 = .max) {
        let end = min(end, segments[first]?.dropped ?? .max)
        let durable = segments[first]?.written.prefix { $0.seq < end } ?? []
        if durable.count > segments[first]?.durable.count ?? 0 { segments[first]?.durable = Array(durable) }
    }

    mutating func syncFailed(_ first: UInt64) {
        guard let segment = segments[first], segment.dropped == nil else { return }
        segments[first]?.dropped = segment.written.dropFirst(segment.durable.count).first?.seq
    }

    /// Wherever a segment stands, a power failure would leave all of the one before it, and its name.
    var hasGap: Bool {
        let firsts = segments.keys.sorted()
        return zip(firsts, firsts.dropFirst()).contains { first, next in
            guard segments[first]?.entered == true else { return true }
            guard let last = segments[first]?.written.last(where: { $0.seq < next }) else { return false }
            return segments[first]?.durable.contains(last) != true
        }
    }
}

/// Runs a machine on a model disk through choices, and checks after each what must hold.
private struct MachineRun: ~Copyable {
    var machine = AppendMachine(
        segment: AppendMachine.Segment(first: 0, end: 0, length: 0, entered: true), segmentBytes: 25,
        unsyncedLimit: 70)
    var disk = ModelDisk()
    var plan: AppendMachine.SyncPlan?
    var given: [ModelDisk.Record] = []
    var appends = 0
    let error = AuditError.system(operation: "test", path: "disk", code: 5)

    static let choices = 16

    init() { disk.segments[0] = ModelDisk.Segment(entered: true) }

    mutating func choose(_ choice: Int) throws {
        switch choice {
        case 0, 1, 2: append(records: choice == 2 ? 2 : 1, fails: false, cutFails: false)
        case 3: append(records: 1, fails: true, cutFails: false)
        case 4: append(records: 2, fails: true, cutFails: true)
        case 5: if plan == nil { plan = machine.syncAsked() }
        case 6: finishSync(fails: false, stands: true)
        case 7: finishSync(fails: true, stands: true)
        case 8: finishSync(fails: false, stands: false)
        case 9, 10: retry(publishes: .max)
        case 11: retry(publishes: 0)
        case 12: retry(publishes: 1)
        case 13: append(records: 1, fails: false, cutFails: false, createFails: true)
        case 14: append(records: 1, fails: false, cutFails: false, syncFails: true)
        default: append(records: 1, fails: false, cutFails: false, folderFails: true)
        }
        try check()
    }

    mutating func append(
        records: Int, fails: Bool, cutFails: Bool, createFails: Bool = false, syncFails: Bool = false,
        folderFails: Bool = false, resuming: Bool = false
    ) {
        appends += 1
        while true {
            guard let action = try? machine.appendAsked(bytes: records * 10, resuming: resuming) else {
                return
            }
            switch action {
            case .beginSegment(let first, let syncing, let entering):
                if syncing {
                    if syncFails {
                        machine.segmentUnsynced(error)
                        disk.syncFailed(machine.current.first)
                        return
                    }
                    disk.sync(machine.current.first)
                }
                if entering {
                    // What was synced is, and nothing of it counts.
                    if folderFails { return machine.segmentUnsynced(error) }
                    for first in disk.segments.keys { disk.segments[first]?.entered = true }
                }
                if createFails {
                    machine.segmentRefused(error)
                    return
                }
                precondition(disk.segments[first] == nil, "a segment is made where one is")
                disk.segments[first] = ModelDisk.Segment()
                machine.segmentBegun()
            case .write(let first):
                let new = (0..<UInt64(records)).map { ModelDisk.Record(seq: first + $0, append: appends) }
                if fails {
                    _ = machine.writeFailed(error)
                    if cutFails {
                        machine.cutFailed(error)
                        disk.segments[machine.current.first]?.leftover = true
                    }
                    return
                }
                precondition(
                    disk.segments[machine.current.first]?.leftover == false, "written behind a torn record")
                disk.segments[machine.current.first]?.written += new
                machine.written(records: records, bytes: records * 10)
                given += new
                return
            }
        }
    }

    mutating func finishSync(fails: Bool, stands: Bool) {
        guard let plan else { return }
        self.plan = nil
        if fails {
            for item in plan.items { disk.syncFailed(item.first) }
            return machine.syncFailed(error)
        }
        for item in plan.items {
            disk.sync(item.first, end: item.end)
            if plan.folder { disk.segments[item.first]?.entered = true }
        }
        if stands { _ = machine.synced() } else { machine.standingLost(error) }
    }

    mutating func retry(publishes: Int) {
        guard plan == nil else { return }
        switch machine.retryAsked() {
        case .nothing: break
        case .checkStanding: publishes == 0 ? machine.retryFailed(error) : machine.standingFound()
        case .resume:
            append(records: 1, fails: publishes == 0, cutFails: false, resuming: true)
            guard publishes > 0, let next = machine.syncAsked() else { return }
            plan = next
            finishSync(fails: publishes == 1, stands: true)
            if publishes > 1 { machine.resumed() }
        case .rewrite(let rewrites):
            for rewrite in rewrites.prefix(publishes) {
                let records = given.filter { $0.seq >= rewrite.first && $0.seq < rewrite.end }
                precondition(records.count * 10 == rewrite.length, "a rewrite of the wrong length")
                disk.segments[rewrite.first] = ModelDisk.Segment(
                    written: records, durable: records, entered: true)
            }
            if publishes >= rewrites.count { machine.rewritten(rewrites) } else { machine.retryFailed(error) }
        }
    }

    func check() throws {
        let written = disk.read(durableOnly: false)
        let durable = disk.read(durableOnly: true)
        let promised = Int(machine.durable)
        // What was given a number and written is there for a reader, once, whatever failed since.
        guard written == given else { throw Broken(rule: "written") }
        guard given.map(\.seq) == Array(0..<machine.next) else { throw Broken(rule: "numbers") }
        guard !disk.hasGap else { throw Broken(rule: "gap") }
        // What counts as durable is there after a power failure.
        guard machine.durable <= machine.next, durable.count >= promised,
            durable.prefix(promised) == given.prefix(promised)
        else { throw Broken(rule: "durable") }
    }

    struct Broken: Error { let rule: String }
}

@Suite struct AppendMachineTests {
    @Test(
        """
        F-AUD-01, F-AUD-05, F-AUD-07: in every order of four appends, syncs, failures and repairs, no record \
        is lost, repeated or counted durable before it is
        """
    )
    func everyOrder() throws {
        let depth = 4
        var total = 1
        for _ in 0..<depth { total *= MachineRun.choices }
        for order in 0..<total {
            var run = MachineRun()
            var rest = order
            for _ in 0..<depth {
                try run.choose(rest % MachineRun.choices)
                rest /= MachineRun.choices
            }
        }
    }

    @Test(
        """
        F-AUD-01, F-AUD-05, F-AUD-07: the same in 4,000 long random orders, and the log always gets going \
        again
        """
    )
    func randomOrders() throws {
        for seed in 0..<4000 {
            var generator = SeededGenerator(seed: UInt64(seed))
            var run = MachineRun()
            for _ in 0..<60 { try run.choose(Int.random(in: 0..<MachineRun.choices, using: &generator)) }
            run.finishSync(fails: false, stands: true)
            for _ in 0..<4 { run.retry(publishes: .max) }
            let mode = run.machine.mode
            try #require(mode == .taking, "seed \(seed)")
            run.append(records: 1, fails: false, cutFails: false)
            if run.plan == nil { run.plan = run.machine.syncAsked() }
            run.finishSync(fails: false, stands: true)
            try run.check()
            let unsynced = run.machine.hasUnsynced
            try #require(!unsynced, "seed \(seed)")
        }
    }

    @Test(
        """
        Numbers that a failed write never gave out are given again, and none is taken until a record is \
        durable again
        """
    )
    func numbersAgain() throws {
        var run = MachineRun()
        run.append(records: 2, fails: false, cutFails: false)
        run.append(records: 1, fails: true, cutFails: false)
        let next = run.machine.next
        #expect(next == 2)
        #expect(throws: AuditError.system(operation: "test", path: "disk", code: 5)) {
            _ = try asked(run.machine, bytes: 1)
        }
        let action = run.machine.retryAsked()
        #expect(action == .resume)
        run.retry(publishes: .max)
        let (mode, end, durable) = (run.machine.mode, run.machine.next, run.machine.durable)
        #expect(mode == .taking && end == 3 && durable == 3)
    }

    @Test("Records that wait for the disk are bounded: at the limit an append is taken, beyond it refused")
    func bounded() throws {
        var machine = AppendMachine(
            segment: AppendMachine.Segment(first: 0, end: 0, length: 0, entered: true), segmentBytes: 1000,
            unsyncedLimit: 100)
        let first = try machine.appendAsked(bytes: 500)
        #expect(first == .write(first: 0))
        machine.written(records: 1, bytes: 60)
        let second = try machine.appendAsked(bytes: 40)
        #expect(second == .write(first: 1))
        #expect(throws: AuditError.behind(bytes: 60)) { _ = try asked(machine, bytes: 41) }
    }

    @Test(
        """
        A new segment begins where the next batch does not fit, never inside a batch, and not when the \
        segment is empty
        """
    )
    func rotation() throws {
        var machine = AppendMachine(
            segment: AppendMachine.Segment(first: 5, end: 5, length: 0, entered: true), segmentBytes: 100,
            unsyncedLimit: 1000)
        var actions: [AppendMachine.AppendAction] = []
        actions.append(try machine.appendAsked(bytes: 150))
        machine.written(records: 2, bytes: 60)
        actions.append(try machine.appendAsked(bytes: 40))
        actions.append(try machine.appendAsked(bytes: 41))
        #expect(
            actions == [.write(first: 5), .write(first: 7), .beginSegment(7, syncing: true, entering: false)])
        machine.segmentBegun()
        machine.written(records: 1, bytes: 41)
        // Both files and the folder are synced before any of it counts.
        let plan = machine.syncAsked()
        #expect(plan?.items.map(\.first) == [5, 7] && plan?.folder == true)
        let before = machine.durable
        let sealed = machine.synced()
        let after = machine.durable
        #expect(before == 5 && sealed == [5] && after == 8)
    }

    @Test("F-AUD-07: a segment that begins before the last one's name is on disk waits for the folder")
    func rotationBehindRotation() throws {
        var machine = AppendMachine(
            segment: AppendMachine.Segment(first: 0, end: 0, length: 0, entered: true), segmentBytes: 100,
            unsyncedLimit: 1000)
        var actions: [AppendMachine.AppendAction] = []
        for record in 0..<3 {
            actions.append(try machine.appendAsked(bytes: 80))
            if record > 0 { machine.segmentBegun() }
            machine.written(records: 1, bytes: 80)
        }
        let names = machine.segments.map(\.entered)
        #expect(
            actions == [
                .write(first: 0), .beginSegment(1, syncing: true, entering: false),
                .beginSegment(2, syncing: true, entering: true),
            ])
        #expect(names == [true, true, false])
    }

    private func asked(_ machine: borrowing AppendMachine, bytes: Int) throws -> AppendMachine.AppendAction {
        try machine.appendAsked(bytes: bytes)
    }
}
