import Gateway
import Testing

struct SessionDealTests {
    @Test("a worker gets eight connections before the next one gets its first")
    func hands() {
        let deal = SessionDeal(workers: 3)
        let dealt = (0..<48).map { _ in deal.deal() }
        let expected = [0, 1, 2, 0, 1, 2].flatMap { Array(repeating: $0, count: 8) }
        #expect(dealt == expected)
        #expect(deal.connections == [16, 16, 16])
    }

    @Test("a hand that connections have left is filled up before another is begun")
    func refilled() {
        let deal = SessionDeal(workers: 2)
        for _ in 0..<16 { _ = deal.deal() }
        for _ in 0..<3 { deal.closed(by: 1) }
        #expect((0..<3).map { _ in deal.deal() } == [1, 1, 1])
        #expect(deal.deal() == 0)
        #expect(deal.connections == [9, 8])
    }

    @Test("connections that come and go do not wander: workers stay within a hand of each other")
    func churn() {
        let deal = SessionDeal(workers: 4)
        var open: [Int] = []
        var state: UInt64 = 7
        for _ in 0..<10_000 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            if open.count < 200 || state >> 33 & 1 == 0 {
                open.append(deal.deal())
                // What was just dealt went to a worker that had no more whole hands than any other.
                let counts = deal.connections
                let worker = open[open.count - 1]
                #expect(counts.allSatisfy { (counts[worker] - 1) / 8 <= $0 / 8 })
            } else {
                deal.closed(by: open.remove(at: Int(state >> 34) % open.count))
            }
        }
        #expect(deal.connections.reduce(0, +) == open.count)
    }

    @Test("a gateway of one worker deals everything to it; what no worker has is not taken back")
    func edges() {
        let deal = SessionDeal(workers: 1)
        #expect((0..<20).allSatisfy { _ in deal.deal() == 0 })
        deal.closed(by: 5)
        deal.closed(by: -1)
        #expect(deal.connections == [20])
    }
}
