import PGWire
import PipelineModel
import Seeded
import Testing

/// Random traffic against a naive model of the server, with every delay between sending, running and
/// answering.
@Suite struct PipelineModelTests {
    private typealias Server = PipelineModelServer

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
        var random = SeededGenerator(seed: seed)
        var traffic = ModelTraffic(syncInCopy: syncInCopy)
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
        #expect(replay.wronglyRestated == [], "seed \(seed)")
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
