import Glibc
import Testing
import Transport

@Suite struct StreamTests {
    /// POLLRDHUP, which the Glibc module does not carry.
    private static let pollHangUp: Int32 = 0x2000
    private static let everything = Array("relay me".utf8)

    @Test("What one side writes the other reads, both ways, and both are counted")
    func bothWays() throws {
        let pair = try SocketPair()
        pair.noteReady()
        #expect(writeAll(pair.connecting, [1, 2, 3]) == .moved(3))
        #expect(readAll(pair.accepting, 3)?.bytes == [1, 2, 3])
        #expect(writeAll(pair.accepting, [4]) == .moved(1))
        #expect(readAll(pair.connecting, 1)?.bytes == [4])
        #expect(pair.connecting.bytesWritten == 3)
        #expect(pair.connecting.bytesRead == 1)
        #expect(pair.accepting.bytesRead == 3)
        #expect(!pair.accepting.isEncrypted)
    }

    @Test("An empty socket says that it would block, and is not readable until the loop says so")
    func wouldBlock() throws {
        let pair = try SocketPair()
        pair.noteReady()
        var buffer = ByteBuffer(pool: BufferPool())
        let outcome = pair.accepting.read(into: &buffer)
        let room = buffer.room
        #expect(outcome == .wouldBlock)
        #expect(!pair.accepting.isReadable)
        #expect(room == BufferPool.blockSize)
        pair.accepting.note(Readiness(isReadable: true, isWritable: false, isHungUp: false))
        #expect(pair.accepting.isReadable)
    }

    @Test("A short read has emptied the socket: it is not readable any more, and what follows is told")
    func shortRead() throws {
        let pair = try SocketPair()
        pair.noteReady()
        writeAll(pair.connecting, [1, 2, 3])
        try #require(Descriptor.waits(pair.accepting.descriptor, for: POLLIN))
        var buffer = ByteBuffer(pool: BufferPool())
        let outcome = pair.accepting.read(into: &buffer)
        #expect(outcome == .moved(3))
        #expect(!pair.accepting.isReadable)
    }

    @Test("A read that fills the room leaves the stream readable")
    func fullRead() throws {
        let pair = try SocketPair()
        pair.noteReady()
        writeAll(pair.connecting, [UInt8](repeating: 7, count: 10))
        try #require(Descriptor.waits(pair.accepting.descriptor, for: POLLIN))
        var buffer = ByteBuffer(pool: BufferPool())
        buffer.append([UInt8](repeating: 0, count: BufferPool.blockSize - 4))
        let outcome = pair.accepting.read(into: &buffer)
        #expect(outcome == .moved(4))
        #expect(pair.accepting.isReadable)
    }

    @Test("The end comes after everything that was sent, and again when asked again")
    func end() throws {
        let pair = try SocketPair()
        pair.noteReady()
        writeAll(pair.connecting, StreamTests.everything)
        pair.connecting.close()
        let result = try #require(readAll(pair.accepting, 1_000))
        #expect(result.bytes == StreamTests.everything)
        #expect(result.last == .closed)
        #expect(readAll(pair.accepting, 1)?.last == .closed)
    }

    @Test("F-WIRE-33: bytes and the end that came together are both read, though the end was told only once")
    func endBehindBytes() throws {
        let pair = try SocketPair()
        writeAll(pair.connecting, [1])
        pair.connecting.close()
        try #require(Descriptor.waits(pair.accepting.descriptor, for: StreamTests.pollHangUp))
        pair.accepting.note(Readiness(isReadable: true, isWritable: true, isHungUp: true))
        var buffer = ByteBuffer(pool: BufferPool())
        let first = pair.accepting.read(into: &buffer)
        #expect(first == .moved(1))
        #expect(pair.accepting.isReadable)
        let second = pair.accepting.read(into: &buffer)
        #expect(second == .closed)
    }

    @Test("F-WIRE-33: after one side has ended its writing, the other side's bytes still reach it")
    func halfClose() throws {
        let pair = try SocketPair()
        pair.noteReady()
        writeAll(pair.connecting, [1, 2])
        pair.connecting.shutdownWrite()
        let question = try #require(readAll(pair.accepting, 10))
        #expect(question.bytes == [1, 2])
        #expect(question.last == .closed)
        #expect(writeAll(pair.accepting, StreamTests.everything) == .moved(StreamTests.everything.count))
        #expect(readAll(pair.connecting, StreamTests.everything.count)?.bytes == StreamTests.everything)
    }

    @Test("A socket that takes no more says so, keeps the rest, and nothing is lost when it is read")
    func fullSocket() throws {
        let pair = try SocketPair()
        pair.noteReady()
        let sent = (0..<8_000_000).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ $0 / 251) }
        var buffer = ByteBuffer(pool: BufferPool())
        buffer.append(sent)
        var outcome = pair.connecting.write(from: &buffer, limit: buffer.count)
        while case .moved = outcome, !buffer.isEmpty, pair.connecting.isWritable {
            outcome = pair.connecting.write(from: &buffer, limit: buffer.count)
        }
        let kept = buffer.count
        #expect(kept > 0)
        #expect(!pair.connecting.isWritable)
        outcome = pair.connecting.write(from: &buffer, limit: buffer.count)
        #expect(outcome == .wouldBlock)
        let first = try #require(readAll(pair.accepting, sent.count - kept)).bytes
        #expect(first == Array(sent[..<(sent.count - kept)]))
    }

    @Test("A write takes no more than its limit")
    func limit() throws {
        let pair = try SocketPair()
        pair.noteReady()
        var buffer = ByteBuffer(pool: BufferPool())
        buffer.append([1, 2, 3, 4, 5])
        let none = pair.connecting.write(from: &buffer, limit: 0)
        let two = pair.connecting.write(from: &buffer, limit: 2)
        let left = buffer.count
        #expect(none == .moved(0))
        #expect(two == .moved(2))
        #expect(left == 3)
        #expect(readAll(pair.accepting, 2)?.bytes == [1, 2])
    }

    @Test("Writing to a peer that is gone ends in closed and no signal")
    func peerGone() throws {
        let pair = try SocketPair()
        pair.noteReady()
        pair.accepting.close()
        var outcome = Stream.Outcome.moved(0)
        for _ in 0..<100 {
            guard outcome == .moved(1) || outcome == .moved(0) else { break }
            outcome = writeAll(pair.connecting, [1])
            _ = Descriptor.waits(pair.connecting.descriptor, for: POLLIN, milliseconds: 100)
        }
        #expect(outcome == .closed)
    }

    @Test("A closed stream reads and writes nothing, and closing twice closes nobody else's descriptor")
    func closedTwice() throws {
        let pair = try SocketPair()
        pair.noteReady()
        let number = pair.connecting.descriptor
        pair.connecting.close()
        let other = open("/dev/null", O_RDONLY | O_CLOEXEC)
        pair.connecting.close()
        var buffer = ByteBuffer(pool: BufferPool())
        buffer.append([1])
        let written = pair.connecting.write(from: &buffer, limit: 1)
        let read = pair.connecting.read(into: &buffer)
        #expect(written == .closed)
        #expect(read == .closed)
        if other == number { #expect(fcntl(other, F_GETFD) >= 0) }
        close(other)
    }

    @Test("The first byte is looked at without being taken")
    func peek() throws {
        let pair = try SocketPair()
        pair.noteReady()
        #expect(pair.accepting.peekFirstByte() == nil)
        writeAll(pair.connecting, [0x16, 3])
        try #require(Descriptor.waits(pair.accepting.descriptor, for: POLLIN))
        #expect(pair.accepting.peekFirstByte() == 0x16)
        #expect(readAll(pair.accepting, 2)?.bytes == [0x16, 3])
    }
}
