import Testing
import Transport

@Suite struct ByteBufferTests {
    private static func bytes(_ count: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: $0) } }

    private static func content(_ buffer: borrowing ByteBuffer) -> [UInt8] {
        buffer.withBytes(0..<buffer.count) { span in (0..<span.count).map { span[$0] } }
    }

    @Test(
        "Bytes come out as they went in, at a block's size, one below and one past it",
        arguments: [0, 1, 65_535, 65_536, 65_537, 200_000])
    func sizes(_ count: Int) {
        var buffer = ByteBuffer(pool: BufferPool())
        let bytes = Self.bytes(count)
        buffer.append(bytes)
        let held = buffer.count
        #expect(held == count)
        #expect(Self.content(buffer) == bytes)
        buffer.consume(count / 2)
        buffer.append([1, 2, 3])
        #expect(Self.content(buffer) == Array(bytes[(count / 2)...]) + [1, 2, 3])
    }

    @Test("An emptied buffer has room for a block again, whatever it held before")
    func emptied() {
        var buffer = ByteBuffer(pool: BufferPool())
        buffer.append(Self.bytes(300_000))
        buffer.consume(300_000)
        let isEmpty = buffer.isEmpty
        let room = buffer.room
        #expect(isEmpty)
        #expect(room == BufferPool.blockSize)
    }

    @Test("A range is replaced by fewer, as many and more bytes, at both ends and in the middle")
    func replaced() {
        for range in [0..<0, 0..<3, 4..<6, 7..<10, 10..<10, 0..<10] {
            for count in [0, 2, 3, 40, 70_000] {
                var buffer = ByteBuffer(pool: BufferPool())
                buffer.append([9, 9])
                buffer.append(Self.bytes(10))
                buffer.consume(2)
                let new = Self.bytes(count)
                buffer.replace(range, with: new)
                var expected = Self.bytes(10)
                expected.replaceSubrange(range, with: new)
                #expect(Self.content(buffer) == expected)
            }
        }
    }
}
