import PGWire
import Testing

/// What a real server answered must be attributed as the server's own log says (Tests/Fixtures/pipeline).
@Suite struct PipelineRecordedTests {
    @Test(
        "F-WIRE-17, 18, 19, 22, 23, 27, F-AUD-23: ends of hand-written traffic name what the server's log says ran",
        arguments: try PipelineRecording.all("scenarios.json"))
    func scenarios(_ recording: PipelineRecording) { check(recording) }

    @Test(
        "F-WIRE-22, F-AUD-23: the ends of random traffic name what the server's log says ran",
        arguments: try PipelineRecording.all("traffic.json"))
    func traffic(_ recording: PipelineRecording) { check(recording) }

    private func check(_ recording: PipelineRecording) {
        var replay = PipelineReplay()
        var lastStatus = "I"
        for event in recording.events {
            switch event {
            case .sent(let type, let message, let first, let second, let number):
                replay.sent(type, message, first, second, number: number)
            case .received(let tag, let length, let text):
                if tag == "Z" { lastStatus = text }
                replay.received(tag, length: length, text)
            }
        }
        #expect(replay.violations == [])
        #expect(replay.pipeline.transactionStatus.rawValue == lastStatus.utf8.first)
        let isIdle = replay.pipeline.isIdle
        #expect(recording.ended || isIdle)
        #expect(recording.ended || replay.pipeline.oldestUnanswered == nil)
        var abandoned: [UInt64] = []
        while let one = replay.pipeline.nextAbandoned() { abandoned.append(one.of) }
        replay.drain()
        #expect(replay.uncertain == 0)
        #expect(recording.ended || abandoned.isEmpty)
        let outcomes = replay.outcomes
        let skipped = replay.skipped
        checkEnds(recording, outcomes, without: skipped + abandoned)
        checkRan(recording, outcomes)
        for outcome in outcomes { checkMarks(recording, outcome) }
    }

    /// Each recorded message has exactly one end.
    private func checkEnds(
        _ recording: PipelineRecording, _ outcomes: [Pipeline.Outcome], without: [UInt64]
    ) {
        for (message, type) in recording.types {
            let ends = outcomes.filter { $0.of == message }
            let passedOver = without.filter { $0 == message }.count
            switch type {
            case "Q":
                #expect(passedOver == (ends.isEmpty ? 1 : 0), "Query \(message)")
                #expect(ends.map(\.index) == Array(0..<ends.count), "Query \(message)")
            case "E", "F":
                #expect(passedOver + ends.count == 1, "\(type) \(message)")
            default:
                #expect(passedOver + ends.count <= 1, "\(type) \(message)")
                #expect(ends.allSatisfy { $0.ending == .failed }, "\(type) \(message)")
            }
        }
    }

    /// The ends, in their order, are the statements of the server's log.
    private func checkRan(_ recording: PipelineRecording, _ outcomes: [Pipeline.Outcome]) {
        var ran = recording.ran[...]
        func expectNext(_ kind: String, _ statement: UInt64?, _ outcome: Pipeline.Outcome) {
            guard let next = ran.popFirst() else {
                Issue.record("the server ran nothing more, but \(outcome)")
                return
            }
            // A text that a Query carried, run by Execute, came from SQL's PREPARE or DECLARE.
            let mark = kind == "execute" && recording.types[next.mark] == "Q" ? nil : next.mark
            #expect(next.kind == kind, "\(outcome)")
            #expect(kind == "function" || mark == statement, "\(outcome)")
        }
        for outcome in outcomes {
            switch outcome.kind {
            case .query:
                // A text that does not parse is not in the log.
                if outcome.index == 0, outcome.sqlstate?.description != "42601" {
                    expectNext("query", outcome.of, outcome)
                }
            case .execute:
                if outcome.ending == .empty { continue }
                if ["34000", "25P02"].contains(outcome.sqlstate?.description) {
                    // No such portal, or none that a failed transaction runs: not in the log. But CLOSE of no
                    // such cursor is.
                    let logged = outcome.statement.map { PipelineRecording.Ran(kind: "execute", mark: $0) }
                    guard logged != nil, ran.first == logged else { continue }
                }
                expectNext("execute", outcome.statement, outcome)
            case .functionCall:
                // The log does not have those that are refused before they begin.
                if !["42883", "25P02"].contains(outcome.sqlstate?.description) {
                    expectNext("function", nil, outcome)
                }
            case .parse, .bind, .describe, .close, .sync, .flush:
                break
            }
        }
        #expect(ran.isEmpty)
    }

    /// Texts say their own number by how many rows they give, or by how they fail.
    private func checkMarks(_ recording: PipelineRecording, _ outcome: Pipeline.Outcome) {
        let source = outcome.kind == .query ? outcome.of : outcome.statement
        guard let source, let text = recording.texts[source] else { return }
        if let sqlstate = outcome.sqlstate?.description, sqlstate.hasPrefix("M"),
            outcome.kind == .query || outcome.kind == .execute
        {
            #expect(UInt64(sqlstate.dropFirst(), radix: 36) == source, "\(outcome)")
        }
        if outcome.tag?.description.hasPrefix("INSERT") == true, text.contains("generate_series"),
            outcome.ending == .complete
        {
            #expect(outcome.rows == Int(source), "\(outcome)")
        }
        // Every line of every COPY of the traffic has two bytes.
        if let copy = outcome.copy, outcome.ending == .complete, let rows = outcome.rows {
            #expect(copy.bytes == rows * 2, "\(outcome)")
            #expect(copy.direction == (text.contains("stdout") ? .out : .in), "\(outcome)")
        }
    }
}
