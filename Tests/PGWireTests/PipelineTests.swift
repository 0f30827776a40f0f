import PGWire
import Testing

/// Transcripts by hand, a rule each. `>` is a message, `<` what comes back; messages are numbered from 1.
@Suite struct PipelineTests {
    private func ends(_ replay: borrowing PipelineReplay) -> [String] {
        replay.outcomes.map { outcome in
            var text = "\(outcome.of)"
            if outcome.index > 0 { text += ".\(outcome.index)" }
            switch outcome.ending {
            case .complete: text += " \(outcome.tag?.description ?? "")"
            case .empty: text += " empty"
            case .suspended: text += " suspended \(outcome.rows ?? -1)"
            case .functionResult: text += " function"
            case .failed: text += " \(outcome.sqlstate?.description ?? "failed")"
            }
            if let statement = outcome.statement { text += " of \(statement)" }
            return text
        }
    }

    @Test("Each statement of a Query has an outcome; behind an error the rest has none")
    func queryOfSeveral() {
        var replay = PipelineReplay()
        replay.play("> Q", "< T D:7 D:5 C:SELECT_2 I:0 C:INSERT_0_3 E:22012 Z:I")
        #expect(ends(replay) == ["1 SELECT 2", "1.1 empty", "1.2 INSERT 0 3", "1.3 22012"])
        #expect(replay.outcomes.map(\.rows) == [2, nil, 3, nil])
        #expect(replay.outcomes.map(\.bytes) == [12, 0, 0, 0])
        #expect(replay.pipeline.oldestUnanswered == nil)
    }

    @Test("A duration is from the sending, of a later statement of a Query from the end before it")
    func durations() {
        var pipeline = Pipeline()
        pipeline.querySent(message: 1, now: 5_000_000)
        pipeline.querySent(message: 2, now: 6_000_000)
        let tag = Array("SELECT 0".utf8)
        var durations: [UInt64] = []
        func note(_ answer: Pipeline.Answer) {
            if case .ended(let outcome) = answer { durations.append(outcome.durationMicroseconds) }
        }
        note(pipeline.commandComplete(tag: tag.span, now: 7_500_000))
        note(pipeline.commandComplete(tag: tag.span, now: 7_600_000))
        note(pipeline.readyForQuery(status: 0x49, now: 7_700_000))
        note(pipeline.commandComplete(tag: tag.span, now: 9_000_000))
        // A clock that goes back is no reason to trap.
        note(pipeline.commandComplete(tag: tag.span, now: 1))
        #expect(durations == [2_500, 100, 3_000, 0])
    }

    @Test("F-WIRE-17: behind an extended error all is passed over until Sync, Query and FunctionCall too")
    func skipUntilSync() {
        var replay = PipelineReplay()
        replay.play(
            "> P -", "> B - -", "> E -", "> P -", "> Q", "> F", "< 1 2 E:23505", "> B - -", "> E -", "> D S",
            "> S", "> Q", "< Z:I C:BEGIN Z:T")
        #expect(ends(replay) == ["3 23505 of 1", "11 BEGIN"])
        #expect(replay.skipped == [4, 5, 6, 7, 8])
        #expect(replay.pipeline.transactionStatus == .inTransaction)
    }

    @Test("F-WIRE-18: behind a failed Query or FunctionCall nothing is passed over")
    func nothingSkipped() {
        var replay = PipelineReplay()
        replay.play(
            "> Q", "> F", "> P -", "> B - -", "> E -", "> S",
            "< E:42601 Z:I E:42883 Z:I 1 2 D:4 C:SELECT_1 Z:I")
        #expect(ends(replay) == ["1 42601", "2 42883", "5 SELECT 1 of 3"])
        #expect(replay.skipped == [])
    }

    @Test("F-WIRE-19: a ReadyForQuery that no Sync, Query or FunctionCall asked for is a violation")
    func readyForQueryUnasked() {
        for sent in ["> P -", "> B - -", "> E -", "> D S", "> C S", "> Q", "> F"] {
            var replay = PipelineReplay()
            replay.play(sent, "< Z:I")
            #expect(replay.violations.count == 1, "\(sent)")
        }
        var idle = PipelineReplay()
        idle.play("< Z:I")
        #expect(idle.violations == [Pipeline.Violation(got: 0x5a, awaited: nil)])
        var skipping = PipelineReplay()
        skipping.play("> P -", "< E:42601 Z:I")
        #expect(skipping.violations.count == 1)
    }

    @Test("F-WIRE-21: two Executes, a Describe of the portal and one Sync have each their own")
    func severalExecutes() {
        var replay = PipelineReplay()
        replay.play(
            "> P -", "> B - -", "> D P", "> E -", "> E -", "> S", "< 1 2 T D:1 D:1 s D:1 C:SELECT_1 Z:I")
        #expect(ends(replay) == ["4 suspended 2 of 1", "5 SELECT 1 of 1"])
    }

    @Test("F-WIRE-22: a Bind means what its name meant then, also when it is redefined before it is answered")
    func unnamedRedefined() {
        var replay = PipelineReplay()
        replay.play(
            "> P -", "> B p -", "> P -", "> B q -", "> E p", "> E q", "> S",
            "< 1 2 1 2 C:SELECT_1 C:SELECT_2 Z:I")
        #expect(replay.expected == [2: 1, 4: 3, 5: 1, 6: 3])
        #expect(ends(replay) == ["5 SELECT 1 of 1", "6 SELECT 2 of 3"])
    }

    @Test("F-WIRE-22: a named statement keeps its meaning when its Parse fails or is passed over")
    func namedKept() {
        var replay = PipelineReplay()
        replay.play("> P s", "> S", "< 1 Z:I", "> P s", "> B - s", "> S", "> B - s", "> E -", "> S")
        // Up to the Sync the Bind would be passed over, so it counts only if the Parse succeeds.
        #expect(replay.expected == [4: 3, 6: 1, 7: 1])
        replay.play("< E:42P05 Z:I 2 C:SELECT_1 Z:I")
        #expect(ends(replay) == ["3 42P05", "7 SELECT 1 of 1"])
        #expect(replay.skipped == [4])
    }

    @Test("F-WIRE-22: a failed Parse destroys the unnamed statement, a passed over or malformed one does not")
    func unnamedLost() {
        var replay = PipelineReplay()
        replay.play("> P -", "> S", "< 1 Z:I", "> P -", "> S", "< E:08P01 Z:I", "> B - -", "> S", "< 2 Z:I")
        #expect(replay.expected == [5: 1])
        replay.play("> B - x", "> P -", "> S", "< E:26000 Z:I", "> B - -", "> S", "< 2 Z:I")
        #expect(replay.expected == [5: 1, 10: 1])
        replay.play("> P -", "> S", "< E:42601 Z:I", "> B - -", "> S", "< E:26000 Z:I")
        #expect(replay.expected == [5: 1, 10: 1])
        #expect(replay.violations == [])
    }

    @Test("F-WIRE-22: an outcome names what ran, though an error in between changed what was expected")
    func expectationCorrected() {
        var replay = PipelineReplay()
        replay.play("> P s", "> B - s", "> E -", "> S", "< 1 2 C:SELECT_1 Z:I")
        replay.play("> P x", "> C S s", "> P s", "> S", "> B - s", "> E -", "> S")
        #expect(replay.expected[10] == 7)
        replay.play("< E:42601 Z:I 2 C:SELECT_1 Z:I")
        #expect(ends(replay).last == "10 SELECT 1 of 1")
    }

    @Test("F-WIRE-22: DEALLOCATE ALL and DISCARD ALL forget names, a single DEALLOCATE until PREPARE")
    func deallocated() {
        for tag in ["DEALLOCATE_ALL", "DISCARD_ALL"] {
            var replay = PipelineReplay()
            replay.play("> P s", "> S", "< 1 Z:I", "> Q", "< C:\(tag) Z:I", "> B - s")
            #expect(replay.expected[4] == nil)
        }
        var replay = PipelineReplay()
        replay.play("> P s", "> S", "< 1 Z:I", "> Q", "< C:DEALLOCATE Z:I", "> P s", "> B - s", "> S")
        #expect(replay.expected[5] == 4)
        replay.play("< 1 2 Z:I", "> Q", "< C:PREPARE Z:I", "> B - s")
        #expect(replay.expected[8] == nil)
    }

    @Test("F-WIRE-22: portals end with their transaction, and a cursor of SQL may take their names")
    func portals() {
        var replay = PipelineReplay()
        replay.play("> P -", "> B p -", "> S", "< 1 2 Z:T", "> E p", "> S", "< s Z:T", "> E p")
        #expect(replay.expected[6] == 1)
        replay.play("> S", "< C:SELECT_1 Z:I", "> E p", "> S", "< E:34000 Z:I")
        #expect(replay.expected[8] == nil)
        replay.play("> Q", "> P -", "> B p -", "> S", "< C:BEGIN Z:T 1 2 Z:T")
        replay.play("> Q", "> Q", "< C:CLOSE_CURSOR Z:T C:DECLARE_CURSOR Z:T", "> E p")
        #expect(replay.expected[16] == nil)
    }

    @Test(
        "An Execute of what a failed Query left is known before it is forwarded, for it can crash the server")
    func leftByQuery() {
        var replay = PipelineReplay()
        func use() -> Pipeline.UnnamedPortalUse { replay.pipeline.unnamedPortalUse() }
        #expect(use() == .safe)
        replay.play("> Q", "< C:BEGIN Z:T")
        #expect(use() == .safe)
        replay.play("> Q")
        #expect(use() == .leftByQuery)
        replay.play("< T E:22012 Z:E")
        #expect(use() == .leftByQuery)
        replay.play("> Q", "< E:42601 Z:E")
        #expect(use() == .leftByQuery)
        replay.play("> B - r")
        #expect(use() == .safe)
        // The Bind fails; behind the Sync an Execute would be run.
        replay.play("> S")
        #expect(use() == .unsettled)
        replay.play("< E:25P02 Z:E")
        #expect(use() == .leftByQuery)
        replay.play("> C P -", "< 3")
        #expect(use() == .safe)
        replay.play("> Q", "< E:25P02 Z:E", "> Q", "< C:ROLLBACK Z:I")
        #expect(use() == .safe)
    }

    @Test("F-WIRE-22: COMMIT closes portals though the next transaction begins at once")
    func commitAndChain() {
        var replay = PipelineReplay()
        replay.play("> Q", "> P -", "> B p -", "> S", "> Q", "< C:BEGIN Z:T 1 2 Z:T C:COMMIT Z:T", "> E p")
        #expect(replay.expected == [3: 2])
        replay.play("< E:34000")
        #expect(replay.violations == [])
    }

    @Test("F-WIRE-22: statements and portals of one name are two things")
    func statementIsNoPortal() {
        var replay = PipelineReplay()
        replay.play("> P a", "> P b", "> B a b", "> C S a", "> E a", "> S", "< 1 1 2 3 C:SELECT_1 Z:I")
        #expect(ends(replay) == ["5 SELECT 1 of 2"])
    }

    @Test("Names are cut to 63 bytes")
    func longNames() {
        var replay = PipelineReplay()
        let name = String(repeating: "n", count: 63)
        replay.play("> P \(name)A", "> B - \(name)B", "> B - \(name.dropLast())")
        #expect(replay.expected == [2: 1])
    }

    @Test("F-WIRE-23: a Query in an unfinished series takes the unnamed statement and portal with it")
    func queryInSeries() {
        var replay = PipelineReplay()
        replay.play("> P -", "> B - -", "> Q", "> E -", "> S")
        #expect(replay.expected == [2: 1])
        replay.play("< 1 2 C:SELECT_1 Z:I E:34000 Z:I")
        #expect(ends(replay) == ["3 SELECT 1", "4 34000"])
    }

    @Test(
        "F-WIRE-26: a FunctionCall's outcome comes with ReadyForQuery, for an error may still follow its result"
    )
    func functionCall() {
        var replay = PipelineReplay()
        replay.play("> F", "< V:8")
        #expect(ends(replay) == [])
        replay.play("< Z:I", "> F", "< V:8 E:23505 Z:I")
        #expect(ends(replay) == ["1 function", "2 23505"])
        #expect(replay.outcomes.map(\.bytes) == [8, 8])
    }

    @Test("F-WIRE-27: CopyData, CopyDone and CopyFail outside COPY await nothing")
    func strayCopy() {
        var replay = PipelineReplay()
        replay.play("> d 9", "> c", "> f")
        let isIdle = replay.pipeline.isIdle
        #expect(isIdle)
        replay.play("> Q", "> d 9", "> c", "> P -", "> d 9", "> f", "> S", "< C:SELECT_1 Z:I 1 Z:I")
        let isIdleAgain = replay.pipeline.isIdle
        #expect(isIdleAgain)
        #expect(replay.outcomes.first?.copy == nil)
        #expect(replay.violations == [])
    }

    @Test("F-WIRE-27: COPY IN counts what was sent before and after CopyInResponse, up to CopyDone")
    func copyIn() {
        var replay = PipelineReplay()
        replay.play("> Q", "> d 10", "< G", "> d 5", "> S", "> H", "> c", "> d 100", "> c", "< C:COPY_3 Z:I")
        #expect(ends(replay) == ["1 COPY 3"])
        #expect(replay.outcomes.first?.copy == Pipeline.CopySummary(of: 1, direction: .in, bytes: 15))
        let isIdle = replay.pipeline.isIdle
        #expect(isIdle)
    }

    @Test("F-WIRE-27: an error in the middle of COPY IN leaves what is in flight without meaning")
    func copyInFails() {
        var replay = PipelineReplay()
        replay.play(
            "> Q", "< G", "> d 1000000", "< E:22P04", "> d 1000000", "> c", "< Z:I", "> Q", "< C:BEGIN Z:T")
        #expect(ends(replay) == ["1 22P04", "5 BEGIN"])
        #expect(replay.outcomes.first?.copy?.bytes == 1_000_000)
        #expect(replay.violations == [])
    }

    @Test("F-WIRE-28: COPY BOTH counts both directions")
    func copyBoth() {
        var replay = PipelineReplay()
        replay.play("> Q", "< W d:100", "> d 34", "< d:50", "> c", "< c C:COPY_0 C:START_REPLICATION Z:I")
        #expect(ends(replay) == ["1 COPY 0", "1.1 START REPLICATION"])
        #expect(replay.outcomes.first?.copy == Pipeline.CopySummary(of: 1, direction: .both, bytes: 184))
        #expect(replay.outcomes.first?.bytes == 150)
    }

    @Test("COPY OUT counts what came back")
    func copyOut() {
        var replay = PipelineReplay()
        replay.play("> P -", "> B - -", "> E -", "> S", "< 1 2 H d:4 d:6 c C:COPY_2 Z:I")
        #expect(ends(replay) == ["3 COPY 2 of 1"])
        #expect(replay.outcomes.first?.copy == Pipeline.CopySummary(of: 3, direction: .out, bytes: 10))
    }

    @Test(
        "As libpq does COPY: the Sync sent with it is taken in, and after an error both readings meet again")
    func copyOfLibpq() {
        for frames in ["E:22P02 Z:I", "E:22P02 Z:I Z:I"] {
            var replay = PipelineReplay()
            replay.play("> P -", "> B - -", "> E -", "> S", "< 1 2 G", "> d 4", "> c", "> S")
            replay.play("< \(frames)", "> Q", "< T C:SELECT_0 Z:I")
            #expect(ends(replay) == ["3 22P02 of 1", "8 SELECT 0"])
            #expect(replay.uncertain == 0)
            #expect(replay.violations == [])
        }
    }

    @Test(
        "A COPY that fails before it reads has answered all Syncs sent inside it",
        arguments: [1, 2, 30, 2_000])
    func manySyncsAnswered(count: Int) {
        var replay = PipelineReplay()
        replay.play("> Q", "< G")
        for _ in 0..<count { replay.play("> S") }
        replay.play("> c", "> Q", "< E:P0001 Z:I")
        for _ in 0..<count { replay.play("< Z:I") }
        replay.play("< C:SELECT_1 Z:I")
        #expect(ends(replay) == ["1 P0001", "\(count + 3) SELECT 1"])
        #expect(replay.uncertain == 0)
        #expect(replay.violations == [])
    }

    @Test("Where nothing tells the readings apart, the ends are given at last, as not certain")
    func doubtWithoutEnd() {
        var replay = PipelineReplay()
        replay.play(
            "> P -", "> B - -", "> E -", "< 1 2 G", "> d 4", "> S", "> c", "> P -", "> B - -", "> E -", "> S")
        replay.play("> P -", "> B - -", "> E -", "> S", "< E:22P02 Z:I")
        for _ in 0..<1_000 {
            replay.play("> P -", "> B - -", "> E -", "> S", "< 1 2 C:SELECT_1 Z:I")
        }
        #expect(replay.uncertain > 0)
        #expect(replay.outcomes.count > 400)
        #expect(replay.violations == [])
    }

    @Test("An error at a Sync's commit is the Sync's, and skips nothing")
    func errorAtSync() {
        var replay = PipelineReplay()
        replay.play("> P -", "> B - -", "> E -", "> S", "> Q", "< 1 2 C:INSERT_0_1 E:23505 Z:I C:BEGIN Z:T")
        #expect(ends(replay) == ["3 INSERT 0 1 of 1", "4 23505", "5 BEGIN"])
        #expect(replay.outcomes[1].kind == .sync)
    }

    @Test("A Flush with a body is answered by an error, in its place")
    func malformedFlush() {
        var replay = PipelineReplay()
        replay.play("> P -", "> H", "> H 1", "> B - -", "> S", "< 1 E:08P01 Z:I")
        #expect(ends(replay) == ["3 08P01"])
        #expect(replay.skipped == [4])
    }

    @Test("An error while nothing awaits one speaks of the session")
    func sessionError() {
        var replay = PipelineReplay()
        replay.play("< E:57P01", "> Q", "< E:08P01 E:08P01")
        #expect(replay.sessionErrors == 2)
        #expect(ends(replay) == ["1 08P01"])
    }

    @Test("Closed lists: a tag that has no place behind the login is a violation, whatever is awaited")
    func foreignTags() {
        let known = Set("DTnt123sIVdc".utf8)
        for tag in UInt8.min...UInt8.max where !known.contains(tag) {
            var pipeline = Pipeline()
            pipeline.querySent(message: 1, now: 0)
            let answer = pipeline.frame(tag: tag, bodyLength: 8, now: 0)
            #expect(answer == .violation(Pipeline.Violation(got: tag, awaited: .query)))
        }
    }

    @Test(
        "Closed lists: an answer that nothing awaits is a violation",
        arguments: Array("DTnt123sIVdcCGHWZ".unicodeScalars))
    func answersUnasked(_ tag: Unicode.Scalar) {
        var replay = PipelineReplay()
        replay.play("< \(tag)")
        #expect(replay.violations.map(\.got) == [UInt8(ascii: tag)])
    }

    @Test("F-WIRE-14: the oldest unanswered message is known")
    func oldest() {
        var replay = PipelineReplay()
        replay.play("> Q", "> Q", "> P -")
        #expect(replay.pipeline.oldestUnanswered == 1)
        replay.play("< C:SELECT_1")
        #expect(replay.pipeline.oldestUnanswered == 1)
        replay.play("< Z:I")
        #expect(replay.pipeline.oldestUnanswered == 2)
        #expect(replay.pipeline.outstanding == 2)
    }

    @Test("What is never answered can be told at the end of the session, each message once")
    func abandoned() {
        var replay = PipelineReplay()
        replay.play("> Q", "> P -", "> B - -", "> D S", "> E -", "> S", "> Q", "< C:SELECT_1")
        var left: [UInt64] = []
        while let one = replay.pipeline.nextAbandoned() { left.append(one.of) }
        #expect(left == [2, 3, 5, 7])
    }

    @Test("The queue is bounded: full at its limit, and never filled by what is not answered")
    func bounded() {
        var replay = PipelineReplay()
        for _ in 1..<Pipeline.maximumOutstanding { replay.play("> P -") }
        #expect(replay.pipeline.isFull == false)
        replay.play("> P -")
        let isFull = replay.pipeline.isFull
        #expect(isFull)
        // Behind an error nothing waits any longer, though no Sync was sent.
        replay.play("< E:42601")
        #expect(replay.pipeline.isFull == false)
        for _ in 1...10_000 { replay.play("> P -", "> E -", "> d 3", "> c") }
        #expect(replay.pipeline.outstanding == 0)

        var stray = PipelineReplay()
        stray.play("> Q")
        for _ in 1...10_000 { stray.play("> d 3", "> c") }
        #expect(stray.pipeline.outstanding < Pipeline.maximumOutstanding)
        stray.play("< C:SELECT_1 Z:I")
        let isIdle = stray.pipeline.isIdle
        #expect(isIdle)
    }

    @Test("A flood of Syncs inside COPY IN is counted, not kept")
    func syncFlood() {
        var replay = PipelineReplay()
        replay.play("> Q", "< G")
        for _ in 1...10_000 { replay.sent("S", 2) }
        #expect(replay.pipeline.outstanding == 1)
        replay.play("< E:57014 Z:I Z:I Z:I")
        let isFull = replay.pipeline.isFull
        #expect(!isFull)
        #expect(replay.violations == [])
        // Several readings stand until the next answer.
        #expect(ends(replay) == [])
        replay.play("> Q", "< C:BEGIN Z:T")
        #expect(ends(replay) == ["1 57014", "2 BEGIN"])
    }

    @Test("Rows are what the tag's last number says; a number beyond Int is none")
    func rows() {
        #expect(PipelineText("INSERT 0 15").trailingNumber == 15)
        #expect(PipelineText("SELECT 0").trailingNumber == 0)
        #expect(PipelineText("BEGIN").trailingNumber == nil)
        #expect(PipelineText("12").trailingNumber == nil)
        #expect(PipelineText("").trailingNumber == nil)
        #expect(PipelineText("SELECT ").trailingNumber == nil)
        #expect(PipelineText("SELECT 9223372036854775807").trailingNumber == .max)
        #expect(PipelineText("SELECT 9223372036854775808").trailingNumber == nil)
    }

    @Test("No order of messages and frames, right or wrong, traps", arguments: 0..<20)
    func anything(seed: UInt64) {
        var state = seed &* 0x9e37_79b9_7f4a_7c15 | 1
        func pick(_ count: UInt64) -> UInt64 {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return state % count
        }
        let tags = [
            "D", "T", "n", "t", "1", "2", "3", "s", "I", "V", "d", "c", "C", "E", "Z", "G", "H", "W", "R",
        ]
        let kinds = ["Q", "P", "B", "D", "C", "E", "F", "S", "H", "d", "c", "f"]
        let texts = ["I", "T", "SELECT 1", "DISCARD ALL", "COMMIT", "CLOSE CURSOR ALL", "08P01"]
        var replay = PipelineReplay()
        for step in 0..<5_000 as Range<UInt64> {
            if pick(2) == 0 {
                let name = ["", "S", "P", "a"][Int(pick(4))]
                replay.sent(kinds[Int(pick(12))], step, name, name, number: Int(pick(2)))
            } else {
                replay.received(tags[Int(pick(19))], length: pick(50) == 0 ? .max : 3, texts[Int(pick(7))])
            }
        }
        while replay.pipeline.nextAbandoned() != nil {}
        #expect(replay.pipeline.outstanding == 0)
    }
}
