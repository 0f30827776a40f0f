import Testing
import Transport

@Suite struct BufferBudgetTests {
    @Test("F-OPS-17: a gauge shows what buffers hold: a block, more than one, nothing when they are empty")
    func gauge() {
        let gauge = BufferGauge()
        let pool = BufferPool(gauge: gauge)
        do {
            var buffer = ByteBuffer(pool: pool)
            #expect(gauge.bytes == 0)
            buffer.append([1])
            #expect(gauge.bytes == 65_536)
            var other = ByteBuffer(pool: pool)
            other.reserve(100_000)
            #expect(gauge.bytes == 165_536)
            // A block that becomes too small gives way to memory twice its size, and that to its double.
            buffer.append([UInt8](repeating: 0, count: 65_536))
            #expect(gauge.bytes == 100_000 + 131_072)
            buffer.append([UInt8](repeating: 0, count: 65_536))
            #expect(gauge.bytes == 100_000 + 262_144)
            buffer.consume(buffer.count)
            #expect(gauge.bytes == 100_000)
            other.append([1])
            #expect(gauge.bytes == 100_000)
        }
        #expect(gauge.bytes == 0)
    }

    @Test("F-OPS-17: a small piece grows by doubling, into a block, and beyond; its bytes stay as they are")
    func small() {
        let gauge = BufferGauge()
        var buffer = ByteBuffer(pool: BufferPool(gauge: gauge))
        buffer.reserveSmall()
        #expect(gauge.bytes == 4_096)
        var expected: [UInt8] = []
        var sizes: [Int] = []
        for number in 0..<40 {
            let piece = [UInt8](repeating: UInt8(number), count: 2_000)
            buffer.append(piece)
            expected += piece
            if sizes.last != gauge.bytes { sizes.append(gauge.bytes) }
        }
        #expect(sizes == [4_096, 8_192, 16_384, 32_768, 65_536, 131_072])
        let found = buffer.withBytes(0..<80_000) { bytes in
            var all: [UInt8] = []
            for index in 0..<bytes.count { all.append(bytes[index]) }
            return all
        }
        #expect(found == expected)
        buffer.removeAll()
        #expect(gauge.bytes == 0)
        // A buffer that holds a block keeps it.
        buffer.append([1])
        buffer.reserveSmall()
        #expect(gauge.bytes == 65_536)
    }

    @Test("F-OPS-17: a budget leaves what is within its limit, over all gauges, to the byte")
    func leaves() {
        let budget = BufferBudget(limit: 300_000, workers: 2)
        let pools = budget.gauges.map(BufferPool.init(gauge:))
        var first = ByteBuffer(pool: pools[0])
        var second = ByteBuffer(pool: pools[1])
        first.append([1])
        second.append([1])
        #expect(budget.held == 131_072)
        #expect(budget.leaves(168_928))
        #expect(!budget.leaves(168_929))
        first.removeAll()
        #expect(budget.held == 65_536)
        second.removeAll()
        #expect(BufferBudget(limit: nil, workers: 1).leaves(Int.max))
    }

    @Test("F-OPS-17: connections are taken up to three quarters, those that log in counted a block each")
    func connections() {
        let budget = BufferBudget(limit: 1_048_576, workers: 1)
        #expect(budget.admitsConnection(loggingIn: 0))
        #expect(budget.admitsConnection(loggingIn: 11))
        // 12 blocks are three quarters of 16.
        #expect(!budget.admitsConnection(loggingIn: 12))
        let pool = BufferPool(gauge: budget.gauges[0])
        var buffer = ByteBuffer(pool: pool)
        buffer.append([1])
        #expect(budget.admitsConnection(loggingIn: 10))
        #expect(!budget.admitsConnection(loggingIn: 11))
        #expect(!budget.admitsConnection(loggingIn: Int.max))
        buffer.removeAll()
        #expect(BufferBudget(limit: nil, workers: 1).admitsConnection(loggingIn: Int.max))
    }
}
