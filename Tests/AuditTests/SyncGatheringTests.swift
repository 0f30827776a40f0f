import Audit
import Testing

@Suite struct SyncGatheringTests {
    /// A gathering behind a sync of `took` µs, which ended at 10,000 and was for so many sessions.
    private func behind(sync took: Int64, for sessions: Int, meanwhile: Int = 0) -> SyncGathering {
        var gathering = SyncGathering()
        for _ in 0..<sessions { gathering.asked(now: 0) }
        gathering.began()
        for _ in 0..<meanwhile { gathering.asked(now: 9_000) }
        gathering.ended(took: took, servesAll: false, now: 10_000)
        return gathering
    }

    @Test("The first session waits for nobody, nor does one that is alone")
    func alone() {
        var first = SyncGathering()
        first.asked(now: 5)
        #expect(first.delay(now: 5) == 0)
        var alone = behind(sync: 1_000, for: 1)
        alone.asked(now: 20_000)
        #expect(alone.delay(now: 20_000) == 0)
    }

    @Test(
        "Callers make syncs behind four fast ones, and while one now and then is slow, not where a third are or one takes very long",
        arguments: [
            ([1, 1, 1], false), ([1, 1, 1, 1], true),
            // What comes first, and what is left of it behind a slow one.
            ([1, 1, 1, 1, 500], false), ([1, 1, 1, 1, 1, 1, 500], true),
            ([1, 1, 1, 1, 1, 1, 1, 1, 500, 500], true),
            ([1, 1, 1, 1, 1, 1, 1, 1, 500, 500, 500], false),
            ([1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 500, 500, 500, 1], false),
            ([500, 1, 1, 500, 1, 1, 500, 1, 1, 500, 1, 1], false),
            ([1, 1, 1, 1, 1, 1, 1, 1, 4_000], false), ([1, 1, 1, 1, 1, 1, 1, 1, 4_000, 1, 1, 1], false),
            ([1, 1, 1, 1, 1, 1, 1, 1, 4_000, 1, 1, 1, 1], true),
        ] as [([Int64], Bool)])
    func trusts(took: [Int64], isTrusted: Bool) {
        var gathering = SyncGathering()
        for one in took {
            gathering.asked(now: 0)
            gathering.began()
            gathering.ended(took: one, servesAll: true, now: one)
        }
        #expect(gathering.isSteadilyFast == isTrusted)
    }

    @Test(
        "Behind a slow sync the next one is put off until as many have come as before, a quarter of it at most"
    )
    func gathers() {
        var gathering = behind(sync: 1_000, for: 3, meanwhile: 1)
        #expect(gathering.delay(now: 10_000) == 250 && gathering.delay(now: 10_100) == 150)
        gathering.asked(now: 10_050)
        gathering.asked(now: 10_060)
        #expect(gathering.waiting == 3 && gathering.delay(now: 10_060) == 190)
        #expect(gathering.delay(now: 10_250) == 0, "the time is over")
        gathering.asked(now: 10_070)
        #expect(gathering.delay(now: 10_070) == 0, "all are there")
    }

    @Test("The time counts from the first who asks, and is never longer than the limit")
    func limit() {
        var gathering = behind(sync: 1_000_000, for: 2)
        gathering.asked(now: 500_000)
        #expect(gathering.delay(now: 500_000) == SyncGathering.longest)
        #expect(gathering.delay(now: 500_000 + SyncGathering.longest) == 0)
    }

    @Test("Behind a fast sync nobody waits for others")
    func fast() {
        var gathering = behind(sync: SyncGathering.slow - 1, for: 8, meanwhile: 2)
        #expect(gathering.delay(now: 10_000) == 0)
        gathering = behind(sync: SyncGathering.slow, for: 8, meanwhile: 2)
        #expect(gathering.delay(now: 10_000) == SyncGathering.slow / 4)
    }

    @Test("Who asks while a sync runs that is for them, too, is served with it")
    func servedMeanwhile() {
        var gathering = SyncGathering()
        gathering.asked(now: 0)
        gathering.began()
        gathering.asked(now: 500)
        gathering.ended(took: 1_000, servesAll: true, now: 1_000)
        #expect(gathering.waiting == 0 && gathering.delay(now: 1_000) == 0)
        gathering.asked(now: 1_100)
        #expect(gathering.delay(now: 1_100) == 250, "two came together before")
    }

    @Test(
        "A log on a slow disk puts its sync off for those who came together before, and has one sync for all of them"
    )
    func log() throws {
        let folder = try TemporaryFolder()
        let clock = TestClock()
        var settings = folder.settings()
        settings.syncsWhenAsked = true
        let log = try AuditLog(
            settings, clocks: clock.clocks,
            wrapping: {
                FaultyFiles($0) { operation in
                    if operation == .sync { clock.advance(1_000) }
                    return .none
                }
            }, startsWriter: false)
        defer { log.close() }
        for mark in 1...2 { log.askSync(try log.append(marks: [mark]) + 1) }
        #expect(log.turn() != nil && log.durable == 2 && log.counters.syncs == 1)

        log.askSync(try log.append(marks: [3]) + 1)
        #expect(log.turn() == 250 && log.durable == 2, "the other is likely to come")
        clock.advance(100)
        #expect(log.turn() == 150 && log.durable == 2)
        log.askSync(try log.append(marks: [4]) + 1)
        #expect(log.turn() != nil && log.durable == 4 && log.counters.syncs == 2)

        log.askSync(try log.append(marks: [5]) + 1)
        #expect(log.turn() == 250)
        clock.advance(250)
        #expect(log.turn() != nil && log.durable == 5, "nobody else came")
    }

    @Test(
        """
        Under `acknowledged` a log on a slow disk syncs what sessions forward while their statements run, one on a fast \
        disk when their answers have come
        """,
        arguments: [SyncGathering.slow, SyncGathering.slow - 1])
    func besideStatements(took: Int64) throws {
        let (folder, clock) = (try TemporaryFolder(), TestClock())
        let log = try gathered(folder, clock, .acknowledged, took: took)
        defer { log.close() }
        let before = log.durable
        let end = try forward(log, sessions: 2)
        guard took >= SyncGathering.slow else {
            #expect(log.turn() != nil && log.durable == before, "nobody has asked")
            return log.askSync(end)
        }
        #expect(log.turn() != nil && log.durable == end)
        let syncs = log.counters.syncs
        // The answers come: they find what they wait for, and count for no sync to come.
        log.askSync(end)
        _ = try forward(log, sessions: 1)
        #expect(log.turn() == SyncGathering.slow / 4 && log.durable == end, "two came together before")
        _ = try forward(log, sessions: 1)
        #expect(log.turn() != nil && log.durable == end + 2 && log.counters.syncs == syncs + 1)
    }

    @Test("Whose answer waits for a sync that is put off counts once, when the record was written")
    func countsOnce() throws {
        let (folder, clock) = (try TemporaryFolder(), TestClock())
        let log = try gathered(folder, clock, .acknowledged, took: SyncGathering.slow)
        defer { log.close() }
        let before = try forward(log, sessions: 2)
        #expect(log.turn() != nil && log.durable == before)
        let end = try forward(log, sessions: 1)
        #expect(log.turn() == SyncGathering.slow / 4)
        log.askSync(end)
        #expect(log.turn() == SyncGathering.slow / 4 && log.durable == before, "one of two is there")
    }

    @Test(
        "Nobody's answer waits under `buffered`, and under `strict` frames ask themselves",
        arguments: [AuditDurability.buffered, .strict])
    func otherDurabilities(durability: AuditDurability) throws {
        let (folder, clock) = (try TemporaryFolder(), TestClock())
        let log = try gathered(folder, clock, durability, took: SyncGathering.slow)
        defer { log.close() }
        let before = log.durable
        _ = try forward(log, sessions: 2)
        #expect(log.turn() != nil && log.durable == before)
    }

    @Test("A disk of which one sync less was slow in a row than it takes is a fast one")
    func hesitating() throws {
        let (folder, clock) = (try TemporaryFolder(), TestClock())
        let log = try gathered(
            folder, clock, .acknowledged, took: SyncGathering.slow, syncs: SyncGathering.steady - 1)
        defer { log.close() }
        let before = log.durable
        _ = try forward(log, sessions: 1)
        #expect(log.turn() != nil && log.durable == before)
    }

    @Test("On a fast disk it is so for a session that nobody shares a sync with, until somebody does")
    func loneSession() throws {
        let (folder, clock) = (try TemporaryFolder(), TestClock())
        let log = try gathered(folder, clock, .acknowledged, took: SyncGathering.slow - 1, sharing: 1)
        defer { log.close() }
        let lone = try forward(log, sessions: 1)
        #expect(log.turn() != nil && log.durable == lone)
        let shared = try forward(log, sessions: 2)
        #expect(log.turn() != nil && log.durable == shared, "two at once have one sync")
        let next = try forward(log, sessions: 1)
        #expect(log.turn() != nil && log.durable == shared, "they are likely to come together again")
        log.askSync(next)
        #expect(log.turn() != nil && log.durable == next)
    }

    @Test("One sync less than that for a single session each makes nobody alone")
    func nearlyAlone() throws {
        let (folder, clock) = (try TemporaryFolder(), TestClock())
        let log = try gathered(
            folder, clock, .acknowledged, took: 1, syncs: SyncGathering.steady - 1, sharing: 1)
        defer { log.close() }
        let before = log.durable
        _ = try forward(log, sessions: 1)
        #expect(log.turn() != nil && log.durable == before)
    }

    /// A log of which some syncs have taken so long, each for so many sessions.
    private func gathered(
        _ folder: TemporaryFolder, _ clock: TestClock, _ durability: AuditDurability, took: Int64,
        syncs: Int = SyncGathering.steady, sharing: Int = 2
    ) throws -> AuditLog {
        var settings = folder.settings(durability: durability)
        settings.syncsWhenAsked = true
        let log = try AuditLog(
            settings, clocks: clock.clocks,
            wrapping: {
                FaultyFiles($0) { operation in
                    if operation == .sync { clock.advance(took) }
                    return .none
                }
            }, startsWriter: false)
        for sync in 0..<syncs {
            for _ in 0..<sharing { log.askSync(try log.append(marks: [sync]) + 1) }
            if durability == .buffered { clock.advance(1_000_000) }
            _ = log.turn()
        }
        return log
    }

    private func forward(_ log: AuditLog, sessions: Int) throws -> UInt64 {
        var batch = marked([0])
        return try log.append(&batch, sessions: sessions).end
    }
}
