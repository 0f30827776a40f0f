import Testing
import Transport

@Suite("The blocks that a worker's sessions share")
struct BufferPoolTests {
    /// Lets so many sessions hold bytes at the same time, and go.
    private func burst(_ count: Int, of pool: BufferPool) {
        guard count > 0 else { return }
        var buffer = ByteBuffer(pool: pool)
        buffer.append([1])
        burst(count - 1, of: pool)
        buffer.removeAll()
    }

    @Test("blocks that nobody took since the last time go back, and those that were taken stay")
    func settles() {
        let pool = BufferPool()
        burst(20, of: pool)
        pool.settle()
        #expect(pool.freeBlocks == 20)
        burst(5, of: pool)
        pool.settle()
        #expect(pool.freeBlocks == 5)
        burst(18, of: pool)
        pool.settle()
        #expect(pool.freeBlocks == 18)
        #expect(pool.gauge.bytesReleased == 15 * BufferPool.blockSize)
        pool.settle()
        #expect(pool.freeBlocks == 0)
        pool.settle()
        #expect(pool.gauge.bytesReleased == 33 * BufferPool.blockSize)
    }

    @Test("what is held stays, and comes back after a settling")
    func held() {
        let pool = BufferPool()
        burst(3, of: pool)
        var buffer = ByteBuffer(pool: pool)
        buffer.append([UInt8](repeating: 7, count: BufferPool.blockSize))
        for _ in 0..<3 { pool.settle() }
        #expect(pool.freeBlocks == 0)
        #expect(buffer.count == BufferPool.blockSize)
        #expect(buffer.readable[BufferPool.blockSize - 1] == 7)
        #expect(pool.gauge.bytes == BufferPool.blockSize)
        buffer.removeAll()
        #expect(pool.gauge.bytes == 0)
        #expect(pool.freeBlocks == 1)
    }
}
