import Seeded
import Testing
import Transport

private func contents(_ buffer: borrowing ByteBuffer) -> [UInt8] {
    buffer.withBytes(0..<buffer.count) { bytes in
        var copy: [UInt8] = []
        for index in 0..<bytes.count { copy.append(bytes[index]) }
        return copy
    }
}

/// Bytes that differ from their neighbours, so that a shift shows.
private func pattern(_ count: Int, from start: Int = 0) -> [UInt8] {
    (start..<(start + count)).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 / 256) }
}

@Suite struct ByteBufferTests {
    private static let block = 65_536

    @Test(
        "What is appended comes out, at no byte, one, a block and one past it",
        arguments: [0, 1, 65_535, 65_536, 65_537])
    func appendAtSizes(size: Int) {
        var buffer = ByteBuffer(pool: BufferPool())
        buffer.append(pattern(size))
        let count = buffer.count
        let isEmpty = buffer.isEmpty
        let bytes = contents(buffer)
        #expect(count == size)
        #expect(isEmpty == (size == 0))
        #expect(bytes == pattern(size))
    }

    @Test("A block and one byte more, appended apart, stay in order while the memory grows")
    func growsInOrder() {
        var buffer = ByteBuffer(pool: BufferPool())
        buffer.append(pattern(ByteBufferTests.block))
        let full = buffer.room
        buffer.append(pattern(1, from: ByteBufferTests.block))
        let bytes = contents(buffer)
        #expect(full == 0)
        #expect(bytes == pattern(ByteBufferTests.block + 1))
    }

    @Test("Room counts a block while nothing is held, and what is left of it afterwards")
    func room() {
        var buffer = ByteBuffer(pool: BufferPool())
        let before = buffer.room
        buffer.append([1, 2, 3])
        let after = buffer.room
        buffer.consume(1)
        let consumed = buffer.room
        #expect([before, after, consumed] == [65_536, 65_533, 65_534])
    }

    @Test("Consuming drops bytes at the head, at nothing, one, all but one and all")
    func consume() {
        var buffer = ByteBuffer(pool: BufferPool())
        buffer.append(pattern(10))
        buffer.consume(0)
        let none = contents(buffer)
        buffer.consume(1)
        let one = contents(buffer)
        buffer.consume(8)
        let last = contents(buffer)
        buffer.consume(1)
        let all = contents(buffer)
        #expect(none == pattern(10))
        #expect(one == pattern(9, from: 1))
        #expect(last == pattern(1, from: 9))
        #expect(all.isEmpty)
    }

    @Test("A range of the bytes is read without the rest, and after consuming it counts from the new head")
    func rangeOfBytes() {
        var buffer = ByteBuffer(pool: BufferPool())
        buffer.append(pattern(100))
        buffer.consume(10)
        let (count, first, last) = buffer.withBytes(5..<8) { ($0.count, $0[0], $0[2]) }
        let none = buffer.withBytes(90..<90) { $0.count }
        #expect(count == 3)
        #expect([first, last] == [pattern(1, from: 15)[0], pattern(1, from: 17)[0]])
        #expect(none == 0)
    }

    @Test("Room that is reserved behind consumed bytes moves what is there, and loses nothing")
    func reserveMoves() {
        var buffer = ByteBuffer(pool: BufferPool())
        buffer.append(pattern(60_000))
        buffer.consume(59_000)
        buffer.reserve(64_536)
        let bytes = contents(buffer)
        buffer.append(pattern(64_536, from: 60_000))
        let more = contents(buffer)
        let left = buffer.room
        #expect(bytes == pattern(1_000, from: 59_000))
        #expect(more == pattern(65_536, from: 59_000))
        #expect(left == 0)
    }

    @Test("Room beyond a block is taken from the allocator, and the next bytes are a block's again")
    func reserveBeyondBlock() {
        var buffer = ByteBuffer(pool: BufferPool())
        buffer.reserve(65_537)
        let large = buffer.room
        buffer.append([7])
        buffer.consume(1)
        let released = buffer.room
        #expect(large == 65_537)
        #expect(released == 65_536)
    }

    @Test(
        "A replacement that is longer, shorter, empty or as long, at the start, within and at the end"
    )
    func replaceTable() {
        let base = pattern(10)
        let ranges = [0..<0, 0..<1, 0..<3, 4..<4, 4..<6, 9..<10, 7..<10, 10..<10, 0..<10]
        for range in ranges {
            for length in [0, 1, 2, 3, 20] {
                var buffer = ByteBuffer(pool: BufferPool())
                buffer.append([0xee] + base)
                buffer.consume(1)
                let replacement = [UInt8](repeating: 0xaa, count: length)
                buffer.replace(range, with: replacement)
                let bytes = contents(buffer)
                let expected =
                    Array(base[..<range.lowerBound]) + replacement + Array(base[range.upperBound...])
                #expect(bytes == expected, "\(range) with \(length) bytes")
            }
        }
    }

    @Test("A replacement that grows a full block takes larger memory and keeps both sides")
    func replaceGrowsFullBlock() {
        var buffer = ByteBuffer(pool: BufferPool())
        buffer.append(pattern(65_536))
        buffer.replace(100..<101, with: [1, 2, 3])
        let bytes = contents(buffer)
        let full = pattern(65_536)
        #expect(bytes == Array(full[..<100]) + [1, 2, 3] + Array(full[101...]))
    }

    @Test(
        "A replacement in an empty buffer is an append; one by nothing of all bytes leaves it without memory")
    func replaceEmpty() {
        var buffer = ByteBuffer(pool: BufferPool())
        buffer.replace(0..<0, with: [])
        let nothing = buffer.isEmpty
        buffer.replace(0..<0, with: [5, 6])
        let added = contents(buffer)
        buffer.replace(0..<2, with: [])
        let room = buffer.room
        #expect(nothing)
        #expect(added == [5, 6])
        #expect(room == 65_536)
    }

    @Test("All bytes removed at once leave a buffer that can be used again")
    func removeAll() {
        var buffer = ByteBuffer(pool: BufferPool())
        buffer.append(pattern(200_000))
        buffer.removeAll()
        let count = buffer.count
        buffer.append([9])
        let bytes = contents(buffer)
        #expect(count == 0)
        #expect(bytes == [9])
    }

    @Test("Random appends, consumptions, reservations and replacements give what an array gives")
    func againstArray() {
        var random = SeededGenerator(seed: 11)
        for round in 0..<20 {
            var buffer = ByteBuffer(pool: BufferPool())
            var model: [UInt8] = []
            for step in 0..<200 {
                switch Int.random(in: 0..<8, using: &random) {
                case 0, 1, 2:
                    let size = Int.random(in: 0...(step % 10 == 0 ? 70_000 : 300), using: &random)
                    let bytes = pattern(size, from: Int.random(in: 0..<1_000, using: &random))
                    buffer.append(bytes)
                    model += bytes
                case 3, 4:
                    let size = Int.random(in: 0...model.count, using: &random)
                    buffer.consume(size)
                    model.removeFirst(size)
                case 5:
                    buffer.reserve(Int.random(in: 0...70_000, using: &random))
                case 6:
                    let low = Int.random(in: 0...model.count, using: &random)
                    let high = Int.random(in: low...min(model.count, low + 400), using: &random)
                    let bytes = pattern(Int.random(in: 0...500, using: &random))
                    buffer.replace(low..<high, with: bytes)
                    model.replaceSubrange(low..<high, with: bytes)
                default:
                    if step % 50 == 0 {
                        buffer.removeAll()
                        model = []
                    }
                }
                let count = buffer.count
                #expect(count == model.count, "round \(round), step \(step)")
            }
            let bytes = contents(buffer)
            #expect(bytes == model, "round \(round)")
        }
    }

    @Test("Many buffers take and give blocks again and again, each with its own bytes")
    func poolOfMany() {
        let pool = BufferPool()
        func fill(_ depth: Int) -> Bool {
            guard depth > 0 else { return true }
            var buffer = ByteBuffer(pool: pool)
            buffer.append([UInt8](repeating: UInt8(truncatingIfNeeded: depth), count: 64))
            let deeper = fill(depth - 1)
            return deeper && contents(buffer).allSatisfy { $0 == UInt8(truncatingIfNeeded: depth) }
        }
        for _ in 0..<3 {
            let isIntact = fill(129)
            #expect(isIntact)
            pool.settle()
        }
    }
}
