import GatewayConfiguration
import GatewayPolicy
import GatewayRouting
import Testing

struct RankingTests {
    private func target(
        _ name: String, _ region: String = "eu-west-1", kind: ReplicaKind = .auto, maxLag: Duration? = nil,
        weight: Int = 1, maintenance: Bool = false
    ) -> ReplicaTarget {
        ReplicaTarget(
            id: id(name), region: region, kind: kind, host: "127.0.0.1", port: 5432, dbname: "orders",
            maxLag: maxLag, weight: weight, maintenance: maintenance, sslmode: .verifyFull)
    }

    private func rank(
        _ replicas: [(ReplicaTarget, ReplicaStatus)], _ access: Access = .readOnly,
        regions: [String] = ["eu-west-1", "eu-central-1"], sessions: [String: Int] = [:],
        gateway: String = "eu-west-1", maxLag: Duration? = nil
    ) -> Ranking {
        Ranking(
            targets: replicas.map(\.0), regions: regions, access: access,
            state: ReplicaSelection.State(
                statuses: Dictionary(uniqueKeysWithValues: replicas.map { ($0.0.id, $0.1) }),
                sessions: Dictionary(uniqueKeysWithValues: sessions.map { (id($0.key), $0.value) }),
                gatewayRegion: gateway, maxLag: maxLag))
    }

    private func standby(_ roundTrip: Duration = .microseconds(400)) -> ReplicaStatus {
        healthy(report(.standby, roundTrip: roundTrip, replication: level()))
    }

    @Test(
        "Own region, else the nearest; among equals the least loaded",
        arguments: [
            ("eu-west-1", [:], ["own", "near", "far"]),
            // Within the own region only load counts, elsewhere distance comes first.
            ("ap-1", ["near": 50], ["own", "near", "far"]),
            ("ap-1", ["own": 5, "near": 1], ["near", "own", "far"]),
            ("eu-central-1", ["near": 9], ["far", "near", "own"]),
            ("eu-central-1", ["near": 9, "far": 10], ["near", "far", "own"]),
            ("eu-central-1", ["near": 11, "far": 10], ["far", "near", "own"]),
        ] as [(String, [String: Int], [String])])
    func order(gateway: String, sessions: [String: Int], expected: [String]) {
        let near = gateway == "ap-1" && sessions["own"] == nil ? 12 : 9
        let ranking = rank(
            [
                (target("far", "eu-central-1"), standby(.milliseconds(40))),
                (target("near", "eu-central-1"), standby(.milliseconds(near))),
                (target("own", "eu-west-1"), standby(.milliseconds(9))),
            ], sessions: sessions, gateway: gateway)
        #expect(ranking.order.map(\.id.replica) == expected)
        #expect(ranking.passedOver.isEmpty)
    }

    @Test("Differences below a millisecond do not decide, sessions do")
    func nearlyEqual() {
        let ranking = rank(
            [
                (target("a", "eu-central-1"), standby(.microseconds(300))),
                (target("b", "eu-central-1"), standby(.microseconds(700))),
            ], sessions: ["a": 3, "b": 2])
        #expect(ranking.order.map(\.id.replica) == ["b", "a"])
    }

    @Test("Ten sessions go to replicas of weight 1 and 4 as two and eight")
    func weight() {
        var sessions: [String: Int] = [:]
        for _ in 0..<10 {
            let ranking = rank(
                [(target("small"), standby()), (target("large", weight: 4), standby())], sessions: sessions)
            sessions[ranking.order.first?.id.replica ?? "", default: 0] += 1
        }
        #expect(sessions == ["small": 2, "large": 8])
    }

    @Test("Why one is passed over, the weightiest reason first")
    func reasons() {
        let refused = AttestationFailure.kindMismatch(expected: .standby, found: .primary)
        let foreign = AttestationFailure.systemIdentifierMismatch(expected: "7001", found: "7002")
        let cases: [(ReplicaTarget, ReplicaStatus, PassedOver, String)] = [
            (
                target("1", "us-east-1", maintenance: true), standby(), .regionNotAllowed("us-east-1"),
                "region us-east-1 is not allowed here"
            ),
            (target("2", maintenance: true), ReplicaStatus(), .maintenance, "in maintenance"),
            (
                target("3"),
                status {
                    _ = $0.good(report())
                    _ = $0.good(report(identifier: "7002"))
                },
                .quarantined(foreign), "quarantined: system_identifier is 7002, not 7001"
            ),
            (
                target("4", kind: .standby), healthy(report(), kind: .standby), .notAttested(refused),
                "not attested: configured as standby, found as primary"
            ),
            (target("5"), ReplicaStatus(), .unhealthy(.neverProbed), "unhealthy: not probed yet"),
            (
                target("6"),
                status {
                    _ = $0.bad(.serverFull)
                    _ = $0.bad(.serverFull)
                }, .unhealthy(.serverFull),
                "unhealthy: no connection slot left (53300)"
            ),
            (
                target("7", maxLag: .seconds(10)), healthy(report(.standby)), .lag(nil, limit: .seconds(10)),
                "lag is unknown, the limit is 10000 ms"
            ),
        ]
        let ranking = rank(cases.map { ($0.0, $0.1) })
        #expect(ranking.order.isEmpty)
        #expect(ranking.passedOver.map(\.why) == cases.map(\.2))
        #expect(ranking.passedOver.map(\.why.reason) == cases.map(\.3))
    }

    @Test("One failed probe, with `fall` 2, passes nobody over (F-POL-10)")
    func oneFailure() {
        let shaken = status { machine in
            _ = machine.good(report())
            _ = machine.bad()
        }
        #expect(rank([(target("a"), shaken)]).order.count == 1)
    }

    @Test(
        "Lag is compared with the replica's limit and the session's, the lower one; unknown is over it (F-POL-04)",
        arguments: [
            (nil, nil, 9000, true), (10_000, nil, 9000, true), (9000, nil, 9000, true),
            (8999, nil, 9000, false),
            (10_000, 1000, 9000, false), (nil, 1000, 9000, false), (1000, 10_000, 9000, false),
            (nil, nil, nil, true), (10_000, nil, nil, false), (nil, 10_000, nil, false),
        ] as [(Int64?, Int64?, Int64?, Bool)])
    func lag(own: Int64?, asked: Int64?, lag: Int64?, selected: Bool) {
        let facts = ReplicationFacts(
            received: 2, replayed: 1, streaming: lag == nil ? nil : true,
            replayAge: lag.map { .milliseconds($0) })
        let ranking = rank(
            [
                (
                    target("a", maxLag: own.map { .milliseconds($0) }),
                    healthy(report(.standby, replication: facts))
                )
            ],
            maxLag: asked.map { .milliseconds($0) })
        #expect(ranking.order.isEmpty == !selected)
    }

    @Test("A primary is never too old")
    func primaryLag() {
        #expect(rank([(target("a", maxLag: .milliseconds(1)), healthy(report()))]).order.count == 1)
    }

    @Test("Two primaries in the allowed regions: none is written to, both may be read (F-POL-05)")
    func splitBrain() {
        let replicas = [
            (target("a"), healthy(report())), (target("b", "eu-central-1"), healthy(report(timeline: 2))),
        ]
        let writing = rank(replicas, .readWrite)
        #expect(writing.order.isEmpty)
        #expect(
            writing.passedOver.map(\.why) == [.severalPrimaries(["a", "b"]), .severalPrimaries(["a", "b"])])
        #expect(rank(replicas, .readOnly).order.count == 2)
    }

    @Test("A promoted `kind: standby` beside the primary counts as a second one (F-POL-05)")
    func promotedStandby() {
        let ranking = rank(
            [
                (target("a", kind: .primary), healthy(report(), kind: .primary)),
                (target("b", kind: .standby), healthy(report(timeline: 2), kind: .standby)),
            ], .readWrite)
        #expect(ranking.order.isEmpty)
        #expect(ranking.passedOver.first?.why == .severalPrimaries(["a", "b"]))
    }

    @Test("A promoted `kind: standby` outside the allowed regions stops nobody's writes")
    func promotedOutside() {
        let ranking = rank(
            [
                (target("a", kind: .primary), healthy(report(), kind: .primary)),
                (target("u", "us-east-1", kind: .standby), healthy(report(timeline: 2), kind: .standby)),
            ], .readWrite)
        #expect(ranking.order.map(\.id.replica) == ["a"])
    }

    @Test(
        "An old primary that comes back after a promotion is not written to, though the new one is gone (F-POL-15)"
    )
    func oldPrimary() {
        let gone = status { machine in
            _ = machine.good(report(timeline: 2))
            _ = machine.bad()
            _ = machine.bad()
        }
        let ranking = rank(
            [(target("old"), healthy(report(timeline: 1))), (target("new", "us-east-1"), gone)], .readWrite)
        #expect(ranking.order.isEmpty)
        #expect(ranking.passedOver.first?.why == .timelineBehind(found: 1, newest: 2))
    }

    @Test("A later timeline of another cluster says nothing")
    func otherCluster() {
        let foreign = status { machine in
            _ = machine.good(report(identifier: "7002", timeline: 9), cluster: "7001")
        }
        let ranking = rank([(target("a"), healthy(report())), (target("b"), foreign)], .readWrite)
        #expect(ranking.order.map(\.id.replica) == ["a"])
    }
}
