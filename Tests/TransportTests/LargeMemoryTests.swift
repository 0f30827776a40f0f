import Foundation
import Testing
import Transport

@Suite struct LargeMemoryTests {
    private func maps() throws -> Int {
        try String(contentsOfFile: "/proc/self/maps", encoding: .utf8).utf8.count { $0 == 0x0a }
    }

    @Test("Large memory goes back on a thread that ends with it: nothing of either is left behind")
    func threads() throws {
        let pool = BufferPool()
        let before = try maps()
        for _ in 0..<300 {
            var buffer = ByteBuffer(pool: pool)
            buffer.append([UInt8](repeating: 7, count: 5 << 20))
            buffer.removeAll()
            let room = buffer.room
            #expect(room == BufferPool.blockSize)
        }
        // A thread that nobody waits for would leave its stack: two maps each.
        var grown = Int.max
        for _ in 0..<100 where grown > 100 {
            grown = try maps() - before
            if grown > 100 { usleep(20_000) }
        }
        #expect(grown <= 100)
    }
}
