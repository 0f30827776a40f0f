import PGWire
import Testing

/// Statements whose records named another Parse than ran, since what was unanswered went another way.
@Suite struct PipelineRestatedTests {
    @Test(
        "F-WIRE-22: an Execute sent behind an unanswered DEALLOCATE and a new Parse is restated by its outcome"
    )
    func redefinedBehindDeallocate() {
        var replay = PipelineReplay()
        replay.play("> P a", "> S", "< 1 Z:I", "> Q", "> P a", "> S", "> B p a", "> E p", "> S")
        // A Parse of a name that is taken fails: the old text is what is expected.
        #expect(replay.expected == [6: 1, 7: 1])
        replay.play("< C:DEALLOCATE Z:I 1 Z:I 2 C:SELECT_1 Z:I")
        #expect(replay.outcomes(of: 7).map(\.statement) == [4])
        #expect(replay.outcomes(of: 7).map(\.isRestated) == [true])
    }

    @Test("F-WIRE-22: what SQL's PREPARE made is restated as of no Parse")
    func preparedBySQL() {
        var replay = PipelineReplay()
        replay.play(
            "> P a", "> S", "< 1 Z:I", "> Q", "> B p a", "> E p", "> S",
            "< C:DEALLOCATE C:PREPARE Z:I 2 C:SELECT_1 Z:I")
        #expect(replay.expected == [4: 1, 5: 1])
        #expect(replay.outcomes(of: 5).map(\.statement) == [nil])
        #expect(replay.outcomes(of: 5).map(\.isRestated) == [true])
    }

    @Test(
        "F-WIRE-22: a Bind that failed under another text than its record names says so; others say nothing")
    func others() {
        var replay = PipelineReplay()
        replay.play(
            "> P a", "> B p a", "> E p", "> S", "< 1 2 C:SELECT_1 Z:I", "> Q", "> P a", "> S", "> B p a",
            "> S",
            "< C:DEALLOCATE Z:I 1 Z:I E:22P02 Z:I")
        #expect(replay.outcomes(of: 3).map(\.isRestated) == [false])
        #expect(replay.outcomes(of: 8).map(\.statement) == [6])
        #expect(replay.outcomes(of: 8).map(\.isRestated) == [true])
    }

    @Test(
        "F-WIRE-22: where a failing COPY leaves readings open, an outcome is restated by what was told, not by its own reading"
    )
    func inDoubt() {
        var replay = PipelineReplay()
        // The Sync inside of the COPY may have been taken in; the Parse behind it then never ran.
        replay.play(
            "> P a", "> S", "< 1 Z:I", "> P", "> B", "> E", "< 1 2 G", "> d 2", "> S", "> c", "< E:22P02",
            "> C S a", "> P a", "> B p a", "> E p", "> S", "< Z:I 3 1 2 C:SELECT_1 Z:I")
        #expect(replay.violations == [])
        #expect(replay.wronglyRestated == [])
    }
}
