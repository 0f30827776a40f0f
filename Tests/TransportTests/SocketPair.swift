import Glibc
import Transport

// Foundation, which some of these tests use for files and commands, has classes of the same names.
typealias Stream = Transport.Stream
typealias Thread = Transport.Thread

/// Two connected streams, made by listening, connecting and accepting.
struct SocketPair {
    enum Failure: Error { case notAccepted, timeout }

    let connecting: Stream
    let accepting: Stream
    /// What the accepting side saw of the connecting one.
    let peer: SocketAddress

    init(on address: SocketAddress? = SocketAddress(literal: "127.0.0.1", port: 0)) throws {
        guard let address else { throw Failure.notAccepted }
        // OpenSSL writes without MSG_NOSIGNAL; the gateway ignores the signal too (F-OPS-04).
        signal(SIGPIPE, SIG_IGN)
        let listener = try Socket.listen(on: address)
        defer { Socket.close(listener) }
        let target: SocketAddress
        switch address.kind {
        case .ip: target = Socket.localAddress(of: listener)
        case .unix: target = address
        }
        connecting = Stream(descriptor: try Socket.connect(to: target))
        guard Descriptor.waits(listener, for: POLLIN) else { throw Failure.timeout }
        guard case .connection(let descriptor, let peer) = Socket.accept(listener) else {
            throw Failure.notAccepted
        }
        accepting = Stream(descriptor: descriptor)
        self.peer = peer
    }

    /// Tells both streams what a loop would tell them at first.
    func noteReady() {
        connecting.noteReady()
        accepting.noteReady()
    }
}

extension Stream {
    func noteReady() { note(Readiness(isReadable: true, isWritable: true, isHungUp: false)) }
}

/// Waiting for a descriptor without a loop: at most ten seconds.
enum Descriptor {
    static func waits(_ descriptor: Int32, for events: Int32, milliseconds: Int32 = 10_000) -> Bool {
        var entry = pollfd(fd: descriptor, events: Int16(events), revents: 0)
        return poll(&entry, 1, milliseconds) == 1
    }
}

/// Reads until `count` bytes are there or the stream ends; nil after ten seconds without a byte.
func readAll(_ stream: Stream, _ count: Int) -> (bytes: [UInt8], last: Stream.Outcome)? {
    var buffer = ByteBuffer(pool: BufferPool())
    var bytes: [UInt8] = []
    while bytes.count < count {
        let outcome = stream.read(into: &buffer)
        switch outcome {
        case .moved:
            buffer.withBytes(0..<buffer.count) { span in
                for index in 0..<span.count { bytes.append(span[index]) }
            }
            buffer.removeAll()
        case .wouldBlock:
            guard Descriptor.waits(stream.descriptor, for: POLLIN) else { return nil }
            stream.noteReady()
        case .closed, .failed: return (bytes, outcome)
        }
    }
    return (bytes, .moved(bytes.count))
}

/// Writes all of `bytes`; the outcome of the last write. Waits at most ten seconds for room.
@discardableResult
func writeAll(_ stream: Stream, _ bytes: [UInt8]) -> Stream.Outcome {
    var buffer = ByteBuffer(pool: BufferPool())
    buffer.append(bytes)
    var outcome = Stream.Outcome.moved(0)
    while !buffer.isEmpty {
        outcome = stream.write(from: &buffer, limit: buffer.count)
        switch outcome {
        case .moved: continue
        case .wouldBlock:
            guard Descriptor.waits(stream.descriptor, for: POLLOUT) else { return outcome }
            stream.noteReady()
        case .closed, .failed: return outcome
        }
    }
    return outcome
}
