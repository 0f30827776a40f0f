import PGWire
import Testing

/// Random traffic against a naive model of the server, with every delay between sending, running and
/// answering.
@Suite struct PipelineModelTests {
    private typealias Server = PipelineModelServer

    /// SplitMix64, so that a failure is a seed.
    private struct Seeded: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state &+= 0x9e37_79b9_7f4a_7c15
            var z = state
            z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
            z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
            return z ^ (z >> 31)
        }
    }

    @Test(
        "F-WIRE-22, F-AUD-23: each message of random traffic has the end that the server gave it",
        arguments: 0..<40)
    func attribution(block: Int) {
        for seed in block * 100..<block * 100 + 100 { play(UInt64(seed), syncInCopy: false) }
    }

    @Test(
        "Sync sent inside a failing COPY: no violation, and all is in step again behind it", arguments: 0..<40
    )
    func race(block: Int) {
        for seed in block * 100..<block * 100 + 100 { play(UInt64(seed), syncInCopy: true) }
    }

    private func play(_ seed: UInt64, syncInCopy: Bool) {
        var random = Seeded(state: seed)
        var traffic = Traffic(syncInCopy: syncInCopy)
        var messages: [(UInt64, Server.Message)] = []
        while messages.count < 40 { messages += traffic.step(&random) }
        messages += traffic.end()
        let window = [1, 3, 10, 1_000].randomElement(using: &random) ?? 1

        var server = Server()
        var replay = PipelineReplay()
        var sent = 0
        var read = 0
        var frames: ArraySlice<Server.Frame> = []
        while sent < messages.count || read < sent || !frames.isEmpty {
            switch Int.random(in: 0..<3, using: &random) {
            case 0 where sent < messages.count && sent - read < window:
                replay.send(messages[sent])
                sent += 1
            case 1 where read < sent:
                server.read(messages[read].0, messages[read].1)
                frames += server.takeFrames()
                read += 1
            default:
                if let frame = frames.popFirst() {
                    replay.received(frame.tag, length: frame.length, frame.text)
                }
            }
        }
        for number in server.metLeftover {
            #expect(replay.thoughtSafe.contains(number) == false, "seed \(seed)")
        }
        let isIdle = replay.pipeline.isIdle
        #expect(replay.violations == [], "seed \(seed)")
        #expect(isIdle, "seed \(seed)")
        #expect(replay.sessionErrors == 0, "seed \(seed)")
        let last = messages[messages.count - 1].0
        let abandoned = replay.pipeline.nextAbandoned()
        #expect(abandoned == nil, "seed \(seed)")
        replay.drain()
        // Two readings may stand to the end, if all behind the race looks alike a message later.
        if syncInCopy, replay.uncertain > 0 { return }
        #expect(replay.outcomes(of: last).map(\.rows) == [7], "seed \(seed)")
        #expect(replay.uncertain == 0, "seed \(seed)")
        compare(server.ends, replay.outcomes, replay.skipped, "seed \(seed)")
    }

    private func compare(
        _ ends: [Server.End], _ outcomes: [Pipeline.Outcome], _ skipped: [UInt64], _ seed: Comment
    ) {
        #expect(ends.filter(\.skipped).map(\.of) == skipped, seed)
        let expected = ends.filter { !$0.skipped }
        let got = outcomes.map { outcome in
            Server.End(
                of: outcome.of, index: outcome.index, statement: outcome.statement,
                failed: outcome.ending == .failed, rows: outcome.ending == .failed ? nil : outcome.rows,
                copied: outcome.ending == .failed ? nil : outcome.copy?.bytes)
        }
        #expect(expected.count == got.count, seed)
        // Where nothing ran, since the portal was gone, the last meaning of its name may still be told.
        let difference = zip(expected, got).first { expected, got in
            var got = got
            if expected.failed, expected.statement == nil { got.statement = nil }
            return expected != got
        }
        #expect(difference == nil, seed)
    }

    /// What the executor sends.
    private struct Traffic {
        var syncInCopy: Bool
        var number: UInt64 = 0

        mutating func numbered(_ messages: [Server.Message]) -> [(UInt64, Server.Message)] {
            messages.map {
                number += 1
                return (number, $0)
            }
        }

        mutating func step(_ random: inout some RandomNumberGenerator) -> [(UInt64, Server.Message)] {
            let statement = ["", "", "a", "b"].randomElement(using: &random) ?? ""
            let portal = ["", "", "p", "q"].randomElement(using: &random) ?? ""
            switch Int.random(in: 0..<100, using: &random) {
            case ..<12: return numbered([.query(simple(&random))])
            case ..<16:
                return numbered([
                    .query(.several([simple(&random, plain: true), text(&random, plain: true), .rows(1)]))
                ])
            case ..<20:
                return numbered([.query(.copyIn(failsBeforeReading: chance(&random)))] + copied(&random))
            case ..<23:
                let copy = Server.Text.copyIn(failsBeforeReading: chance(&random))
                return numbered(
                    [.query(.several([copy, .rows(1), copy]))] + copied(&random) + copied(&random))
            case ..<27:
                return numbered(
                    [
                        .closeStatement("copy"), .closePortal("copy"),
                        .parse("copy", .copyIn(failsBeforeReading: chance(&random))),
                        .bind(portal: "copy", statement: "copy"), .execute("copy", 0),
                    ] + copied(&random))
            case ..<38: return numbered([.parse(statement, text(&random))])
            case ..<48: return numbered([.bind(portal: portal, statement: statement)])
            case ..<62: return numbered([.execute(portal, Int.random(in: 0..<3, using: &random))])
            case ..<72:
                return numbered([
                    .parse(statement, text(&random)), .bind(portal: portal, statement: statement),
                    .describePortal(portal), .execute(portal, 0), .sync,
                ])
            case ..<74: return numbered([.describeStatement(statement)])
            case ..<76: return numbered([.describePortal(portal)])
            case ..<79: return numbered([.closeStatement(statement)])
            case ..<81: return numbered([.closePortal(portal)])
            case ..<84: return numbered([.functionCall(fails: chance(&random))])
            case ..<86: return numbered([.flush(malformed: chance(&random))])
            case ..<88: return numbered([.copyData(bytes: 2, fails: false), .copyDone])
            case ..<89: return numbered([.copyFail])
            default: return numbered([.sync])
            }
        }

        /// Ends whatever is open, and a statement by which to see that all is in step.
        mutating func end() -> [(UInt64, Server.Message)] {
            numbered([
                .copyDone, .copyDone, .sync, .sync, .query(.rollback), .query(.rollback), .query(.rows(1)),
                .query(.rows(7)),
            ])
        }

        private func chance(_ random: inout some RandomNumberGenerator) -> Bool {
            Int.random(in: 0..<4, using: &random) == 0
        }

        private func copied(_ random: inout some RandomNumberGenerator) -> [Server.Message] {
            var messages: [Server.Message] = []
            for _ in 0..<Int.random(in: 0..<5, using: &random) {
                messages.append(.copyData(bytes: 2, fails: Int.random(in: 0..<8, using: &random) == 0))
                if syncInCopy, chance(&random) { messages.append(.sync) }
                if chance(&random) { messages.append(.flush(malformed: false)) }
            }
            return messages + [chance(&random) ? .copyFail : .copyDone]
        }

        private func simple(_ random: inout some RandomNumberGenerator, plain: Bool = false) -> Server.Text {
            let name = ["a", "b"].randomElement(using: &random) ?? "a"
            let portal = ["p", "q"].randomElement(using: &random) ?? "p"
            let texts: [Server.Text] = [
                .prepare(name), .declare(portal), .closeCursor(portal), .deallocate(name),
            ]
            return chance(&random)
                ? texts.randomElement(using: &random) ?? .empty : text(&random, plain: plain)
        }

        private func text(_ random: inout some RandomNumberGenerator, plain: Bool = false) -> Server.Text {
            switch Int.random(in: 0..<24, using: &random) {
            case 0 where !plain: .syntaxError
            case 1 where !plain: .empty
            case 2, 3: .fail
            case 4, 5, 6: .begin
            case 7, 8: .commit
            case 9: .rollback
            case 10: .closeAll
            case 11: .deallocateAll
            case 12: .copyOut(Int.random(in: 0..<4, using: &random))
            case 13: .deallocate("a")
            case 14: .closeCursor("p")
            default: .rows(Int.random(in: 0..<5, using: &random))
            }
        }
    }
}

extension PipelineReplay {
    mutating func send(_ message: (UInt64, PipelineModelServer.Message)) {
        let number = message.0
        switch message.1 {
        case .query: sent("Q", number)
        case .parse(let name, _): sent("P", number, name)
        case .bind(let portal, let statement): sent("B", number, portal, statement)
        case .describeStatement(let name): sent("D", number, "S", name)
        case .describePortal(let name): sent("D", number, "P", name)
        case .execute(let name, let limit):
            if name.isEmpty, pipeline.unnamedPortalUse() == .safe { thoughtSafe.insert(number) }
            sent("E", number, name, number: limit)
        case .closeStatement(let name): sent("C", number, "S", name)
        case .closePortal(let name): sent("C", number, "P", name)
        case .functionCall: sent("F", number)
        case .sync: sent("S", number)
        case .flush(let malformed): sent("H", number, number: malformed ? 1 : 0)
        case .copyData(let bytes, _): sent("d", number, number: bytes)
        case .copyDone: sent("c", number)
        case .copyFail: sent("f", number)
        }
    }
}
