import Gateway
import Testing

@Suite struct HoldQueueTests {
    @Test("What waits for nothing, or for what is durable already, may go at once")
    func nothingToWaitFor() {
        var queue = HoldQueue()
        queue.add(10, waitsFor: 0, durable: 0, endsFrame: false)
        #expect(queue.released == 10)
        #expect(!queue.isHolding)
        #expect(!queue.releasedEndsFrame)
        queue.add(5, waitsFor: 7, durable: 7, endsFrame: true)
        #expect(queue.released == 15)
        #expect(queue.releasedEndsFrame)
    }

    @Test("What waits is held until its number is durable, and not one number before")
    func waits() {
        var queue = HoldQueue()
        queue.add(10, waitsFor: 8, durable: 7, endsFrame: true)
        #expect(queue.released == 0)
        #expect(queue.held == 10)
        #expect(queue.isHolding)
        queue.release(durable: 7)
        #expect(queue.released == 0)
        queue.release(durable: 8)
        #expect(queue.released == 10)
        #expect(queue.held == 0)
        #expect(!queue.isHolding)
    }

    @Test("Bytes never overtake: what waits for nothing waits for what stands before it")
    func inOrder() {
        var queue = HoldQueue()
        queue.add(10, waitsFor: 5, durable: 0, endsFrame: true)
        queue.add(20, waitsFor: 0, durable: 0, endsFrame: true)
        queue.add(40, waitsFor: 3, durable: 4, endsFrame: true)
        #expect(queue.released == 0)
        #expect(queue.held == 70)
        queue.release(durable: 4)
        #expect(queue.released == 0)
        queue.release(durable: 5)
        #expect(queue.released == 70)
    }

    @Test("Pieces of growing numbers go one after the other, each as its number is durable")
    func stepwise() {
        var queue = HoldQueue()
        for (number, bytes) in [(2, 1), (4, 10), (6, 100), (8, 1_000)] as [(UInt64, Int)] {
            queue.add(bytes, waitsFor: number, durable: 0, endsFrame: true)
        }
        var seen: [Int] = []
        for durable in 1...9 as ClosedRange<UInt64> {
            queue.release(durable: durable)
            seen.append(queue.released)
        }
        #expect(seen == [0, 1, 1, 11, 11, 111, 111, 1_111, 1_111])
        #expect(queue.held == 0)
    }

    @Test("A piece that joins one before it goes with it, and says for both where a frame ends")
    func merging() {
        var queue = HoldQueue()
        queue.add(10, waitsFor: 5, durable: 0, endsFrame: true)
        queue.add(3, waitsFor: 2, durable: 0, endsFrame: false)
        queue.release(durable: 5)
        #expect(queue.released == 13)
        #expect(!queue.releasedEndsFrame)
        queue.add(4, waitsFor: 5, durable: 5, endsFrame: true)
        #expect(queue.released == 17)
        #expect(queue.releasedEndsFrame)
    }

    @Test("Whether what may go ends a frame is that of the last piece released, not of what still waits")
    func endsFrame() {
        var queue = HoldQueue()
        queue.add(10, waitsFor: 0, durable: 0, endsFrame: true)
        queue.add(10, waitsFor: 3, durable: 0, endsFrame: false)
        queue.add(10, waitsFor: 4, durable: 0, endsFrame: true)
        #expect(queue.releasedEndsFrame)
        queue.release(durable: 3)
        #expect(!queue.releasedEndsFrame)
        queue.release(durable: 4)
        #expect(queue.releasedEndsFrame)
    }

    @Test("What left the buffer is released no more; what waits stays")
    func took() {
        var queue = HoldQueue()
        queue.add(10, waitsFor: 0, durable: 0, endsFrame: true)
        queue.add(5, waitsFor: 1, durable: 0, endsFrame: true)
        queue.took(4)
        #expect(queue.released == 6)
        queue.took(6)
        #expect(queue.released == 0)
        #expect(queue.held == 5)
        queue.release(durable: 1)
        #expect(queue.released == 5)
    }

    @Test("What waits is forgotten on the word, what may go is not, and later pieces count for themselves")
    func dropHeld() {
        var queue = HoldQueue()
        queue.add(10, waitsFor: 0, durable: 0, endsFrame: true)
        queue.add(5, waitsFor: 1, durable: 0, endsFrame: false)
        queue.dropHeld()
        #expect(queue.released == 10)
        #expect(queue.held == 0)
        #expect(queue.releasedEndsFrame)
        queue.release(durable: 9)
        #expect(queue.released == 10)
        queue.add(7, waitsFor: 10, durable: 9, endsFrame: true)
        #expect(queue.held == 7)
        queue.release(durable: 10)
        #expect(queue.released == 17)
    }

    @Test("A piece of no bytes changes nothing")
    func nothing() {
        var queue = HoldQueue()
        queue.add(0, waitsFor: 9, durable: 0, endsFrame: false)
        #expect(!queue.isHolding)
        #expect(queue.releasedEndsFrame)
    }

    @Test(
        "A thousand random steps release what a plain list of pieces would",
        arguments: 1...8 as ClosedRange<UInt64>)
    func againstList(seed: UInt64) {
        var random = seed
        func number(below limit: UInt64) -> UInt64 {
            random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return (random &>> 33) % limit
        }
        var queue = HoldQueue()
        var waiting: [(bytes: Int, number: UInt64)] = []
        var released = 0
        var durable: UInt64 = 0
        func settle() {
            while let first = waiting.first, first.number <= durable {
                released += first.bytes
                waiting.removeFirst()
            }
        }
        for _ in 0..<1_000 {
            switch number(below: 4) {
            case 0, 1:
                let bytes = Int(number(below: 50))
                let waitsFor = number(below: 3) == 0 ? 0 : durable + number(below: 6)
                queue.add(bytes, waitsFor: waitsFor, durable: durable, endsFrame: true)
                if bytes > 0 { waiting.append((bytes, waitsFor)) }
                settle()
            case 2:
                durable += number(below: 4)
                queue.release(durable: durable)
                settle()
            default:
                let bytes = Int(number(below: UInt64(released + 1)))
                queue.took(bytes)
                released -= bytes
            }
            #expect(queue.released == released)
            #expect(queue.held == waiting.reduce(0) { $0 + $1.bytes })
        }
    }
}
