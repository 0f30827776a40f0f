import GatewayRouting
import Testing

struct ReplayLagTests {
    /// The primary at 100, 200, 300 at 1, 2, 3 seconds.
    private var trail: PrimaryTrail {
        var trail = PrimaryTrail()
        for (time, lsn) in [(1000, 100), (2000, 200), (3000, 300)] as [(Int64, UInt64)] {
            trail.observed(lsn, from: id("p"), at: at(time))
        }
        return trail
    }

    @Test(
        "How old a standby's data is at most, at 4 s (F-POL-04)",
        arguments: [
            // An idle primary: last commit an hour ago, everything received is replayed.
            (
                ReplicationFacts(received: 300, replayed: 300, streaming: true, replayAge: .seconds(3600)), 0,
                0
            ),
            // Ahead of what we saw of the primary.
            (
                ReplicationFacts(received: 350, replayed: 350, streaming: true, replayAge: .seconds(3600)), 0,
                0
            ),
            // Level with its receiver, but the primary was seen further on a second ago.
            (
                ReplicationFacts(received: 200, replayed: 200, streaming: true, replayAge: .seconds(3600)),
                2000, 100
            ),
            (
                ReplicationFacts(received: 200, replayed: 200, streaming: true, replayAge: .milliseconds(50)),
                50, 100
            ),
            // Replay is paused or slow.
            (
                ReplicationFacts(received: 300, replayed: 150, streaming: true, replayAge: .seconds(9)), 3000,
                150
            ),
            (
                ReplicationFacts(received: 300, replayed: 50, streaming: true, replayAge: .seconds(9)), 9000,
                250
            ),
            (ReplicationFacts(received: 300, replayed: 50, streaming: true, replayAge: nil), nil, 250),
            // Replication is cut: the last commit's age says nothing, the primary's position does.
            (ReplicationFacts(received: 300, replayed: 300, streaming: false, replayAge: .zero), 1000, 0),
            (ReplicationFacts(received: 100, replayed: 100, streaming: false, replayAge: .zero), 3000, 200),
            (ReplicationFacts(received: 90, replayed: 90, streaming: false, replayAge: .zero), nil, 210),
            // Without pg_monitor the same.
            (ReplicationFacts(received: 300, replayed: 300, streaming: nil, replayAge: .zero), 1000, 0),
            // From an archive: nothing was ever received.
            (ReplicationFacts(received: nil, replayed: 300, streaming: false, replayAge: .zero), 1000, 0),
            (ReplicationFacts(received: nil, replayed: nil, streaming: nil, replayAge: nil), nil, nil),
        ] as [(ReplicationFacts, Int64?, UInt64?)])
    func withPrimary(facts: ReplicationFacts, milliseconds: Int64?, bytes: UInt64?) {
        let lag = ReplayLag(facts, recovery: .standby, trail: trail, now: at(4000))
        #expect(lag.time == milliseconds.map { .milliseconds($0) })
        #expect(lag.bytes == bytes)
    }

    @Test(
        "Without a primary in sight only a streaming receiver bounds it (F-POL-04)",
        arguments: [
            (
                ReplicationFacts(received: 300, replayed: 300, streaming: true, replayAge: .seconds(3600)), 0,
                0
            ),
            (
                ReplicationFacts(received: 300, replayed: 200, streaming: true, replayAge: .seconds(9)), 9000,
                100
            ),
            (ReplicationFacts(received: 300, replayed: 300, streaming: false, replayAge: .zero), nil, 0),
            (ReplicationFacts(received: 300, replayed: 300, streaming: nil, replayAge: .zero), nil, 0),
            (
                ReplicationFacts(received: nil, replayed: 300, streaming: true, replayAge: .seconds(2)), 2000,
                nil
            ),
        ] as [(ReplicationFacts, Int64?, UInt64?)])
    func alone(facts: ReplicationFacts, milliseconds: Int64?, bytes: UInt64?) {
        let lag = ReplayLag(facts, recovery: .standby, trail: PrimaryTrail(), now: at(4000))
        #expect(lag.time == milliseconds.map { .milliseconds($0) })
        #expect(lag.bytes == bytes)
    }

    @Test("A primary does not lag")
    func primary() {
        let lag = ReplayLag(ReplicationFacts(written: 10), recovery: .primary, trail: trail, now: at(4000))
        #expect(lag.time == .zero)
        #expect(lag.bytes == 0)
    }

    @Test("Another primary, or one that went back, begins a new trail; it has a limit")
    func trails() {
        var moved = trail
        moved.observed(500, from: id("q"), at: at(3500))
        #expect(moved.age(of: 300, now: at(4000)) == nil)
        var back = trail
        back.observed(50, from: id("p"), at: at(3500))
        #expect(back.newest == 50)
        #expect(back.age(of: 300, now: at(4000)) == .milliseconds(500))
        var long = PrimaryTrail()
        for step in 0...PrimaryTrail.limit { long.observed(UInt64(step), from: id("p"), at: at(Int64(step))) }
        #expect(long.age(of: 0, now: at(1000)) == nil)
        #expect(long.age(of: 1, now: at(1000)) == .milliseconds(999))
    }
}
