import Audit
import AuditTree
import Glibc
import Testing

@Suite struct TreeMachineTests {
    private static let full = AuditError.system(operation: "write", path: "tile", code: 28)
    private static let gone = AuditError.replaced(path: "checkpoint", reason: "it was removed")

    private func machine(_ size: Int = 0) -> TreeMachine {
        var edge = TreeEdge()
        for at in 0..<size { edge.append(TreeHash.leaf([UInt8(truncatingIfNeeded: at)].span)) { _ in } }
        return TreeMachine(
            edge: edge, interval: .seconds(1), patience: .seconds(10), retryInterval: .milliseconds(250))
    }

    private func round(_ machine: TreeMachine, _ count: Int) -> TreeMachine.Signed {
        var round = TreeRound(edge: machine.edge, origin: "log")
        for at in 0..<count { round.append(TreeHash.leaf([UInt8(truncatingIfNeeded: at)].span)) }
        return TreeMachine.Signed(round: round, notes: [[1], [2]])
    }

    @Test(
        "A round is due a second after the first record, at once for 8 MiB or at the end, and without records never"
    )
    func due() {
        let machine = machine()
        #expect(!machine.isDue(since: nil, bytes: 0, closing: true, now: 5_000_000))
        #expect(!machine.isDue(since: 4_000_001, bytes: 100, closing: false, now: 5_000_000))
        #expect(machine.isDue(since: 4_000_000, bytes: 100, closing: false, now: 5_000_000))
        #expect(machine.isDue(since: 4_999_999, bytes: 8 << 20, closing: false, now: 5_000_000))
        #expect(!machine.isDue(since: 4_999_999, bytes: (8 << 20) - 1, closing: false, now: 5_000_000))
        #expect(machine.isDue(since: 4_999_999, bytes: 1, closing: true, now: 5_000_000))
        #expect(machine.pause(since: nil, bytes: 0, now: 5_000_000) == -1)
        #expect(machine.pause(since: 4_500_000, bytes: 1, now: 5_000_000) == 500_000)
    }

    @Test(
        "F-AUD-07: tiles, then the list of checkpoints, then the checkpoint, the key, the head elsewhere; a stage that fails is done again"
    )
    func stages() {
        var machine = machine()
        machine.signed(round(machine, 3))
        for stage in TreeMachine.Stage.allCases {
            #expect(machine.next?.stage == stage)
            machine.failed(TreeMachineTests.full, now: 0)
            #expect(machine.next?.stage == stage)
            #expect(machine.edge.size == 0, "not before all of it stands")
            let left = machine.done(stage)
            #expect((left == nil) == (stage != .head))
        }
        #expect(machine.next == nil && machine.edge.size == 3)
    }

    @Test("Partial tiles go with the second checkpoint behind them, at once where their tile is full")
    func leftovers() {
        var machine = machine(250)
        /// Widths of partial tiles and indices of full ones that may go; negative: full.
        func write(_ count: Int) -> [Int] {
            machine.signed(round(machine, count))
            let left = TreeMachine.Stage.allCases.compactMap { machine.done($0) }.last
            return (left?.partial.map(\.width) ?? []) + (left?.full.map { -$0.width } ?? [])
        }
        #expect(write(1) == [])
        #expect(write(1) == [250])
        #expect(write(4) == [-256])
        #expect(write(1) == [])
        #expect(write(1) == [])
        #expect(write(1) == [1])
    }

    @Test("F-AUD-04: what others changed stops the log at once, what cannot be written after ten seconds")
    func verdicts() {
        var machine = machine()
        machine.failed(TreeMachineTests.full, now: 1_000_000)
        #expect(machine.verdict(now: 10_999_999) == nil && machine.trouble == TreeMachineTests.full)
        machine.failed(TreeMachineTests.full, now: 10_999_999)
        #expect(machine.verdict(now: 11_000_000) == TreeMachineTests.full)
        #expect(!machine.isDue(since: 0, bytes: 0, closing: false, now: 11_249_998))
        #expect(machine.isDue(since: 0, bytes: 0, closing: false, now: 11_249_999))
        machine.succeeded()
        #expect(machine.verdict(now: 20_000_000) == nil && machine.trouble == nil)
        machine.failed(TreeMachineTests.gone, now: 20_000_000)
        #expect(machine.verdict(now: 20_000_000) == TreeMachineTests.gone)
    }

    @Test("F-OPS-01: a process that has no descriptor left for its tree goes on, as long as that lasts")
    func descriptors() {
        var machine = machine()
        for code in [EMFILE, ENFILE] {
            let error = AuditError.system(operation: "open", path: "tile", code: code)
            machine.failed(error, now: 0)
            #expect(machine.verdict(now: 3_600_000_000) == nil && machine.trouble == error)
            machine.succeeded()
        }
    }

    @Test("F-AUD-04: while the tree says no nothing is resumed; what must be written again is, all the same")
    func appending() throws {
        var log = AppendMachine(
            segment: AppendMachine.Segment(first: 0, end: 0, length: 0, entered: true), segmentBytes: 1000,
            unsyncedLimit: 1000)
        log.treeLost(TreeMachineTests.gone)
        var refused: AuditError?
        do throws(AuditError) { _ = try log.appendAsked(bytes: 1) } catch { refused = error }
        #expect(refused == TreeMachineTests.gone)
        var action = log.retryAsked()
        #expect(action == .nothing)
        log.treeFound()
        action = log.retryAsked()
        #expect(action == .resume)
        log.resumed()
        #expect(log.failure == nil)

        log.written(records: 1, bytes: 10)
        _ = log.syncAsked()
        log.syncFailed(TreeMachineTests.full)
        log.treeLost(TreeMachineTests.gone)
        #expect(log.failure == TreeMachineTests.full)
        guard case .rewrite(let rewrites) = log.retryAsked() else {
            Issue.record("nothing is written again")
            return
        }
        log.rewritten(rewrites)
        action = log.retryAsked()
        #expect(action == .nothing)
        log.treeFound()
        action = log.retryAsked()
        #expect(action == .resume)
    }
}
