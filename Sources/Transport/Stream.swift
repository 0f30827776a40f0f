import CLinux
import Glibc

/// A connected socket, in the clear or under TLS: one object for its whole life, so that nothing is ever written past
/// the encryption (F-WIRE-04). Remembers what epoll told, edge-triggered. Belongs to one worker.
package final class Stream {
    package enum Outcome: Sendable, Hashable {
        /// So many bytes went.
        case moved(Int)
        /// Nothing more now: the loop tells when.
        case wouldBlock
        /// The peer closed; for reads, after everything it sent was read.
        case closed
        case failed(TransportError)
    }

    package let descriptor: Int32
    private var tls: TLSSession?
    private var isOpen = true
    /// A read may give bytes.
    package private(set) var isReadable = false
    package private(set) var isWritable = false
    private var isHungUp = false
    /// A TLS write that waits for bytes from the peer, or a read that waits for room: rare, but both happen.
    private var wantsOtherDirection = false
    package private(set) var bytesRead: UInt64 = 0
    package private(set) var bytesWritten: UInt64 = 0

    /// Bytes that are read at once: some hundred microseconds' worth, decrypted or not.
    package static let readLimit = 512 << 10

    package init(descriptor: Int32) { self.descriptor = descriptor }

    deinit { close() }

    package var isEncrypted: Bool { tls != nil }

    package func note(_ readiness: Readiness) {
        if readiness.isReadable { isReadable = true }
        if readiness.isWritable { isWritable = true }
        if readiness.isHungUp { isHungUp = true }
        if wantsOtherDirection {
            isReadable = true
            isWritable = true
            wantsOtherDirection = false
        }
    }

    /// Reads once into the buffer's free room, which is at least `minimum` bytes; `limit` bytes at most.
    package func read(
        into buffer: inout ByteBuffer, minimum: Int = 1, limit: Int = Stream.readLimit
    ) -> Outcome {
        guard isOpen else { return .closed }
        buffer.reserve(minimum)
        var outcome = Outcome.wouldBlock
        _ = buffer.withWritable { room in
            let free = UnsafeMutableRawBufferPointer(rebasing: room.prefix(limit))
            let (count, result) = tls.map { receive(free, $0) } ?? receive(free)
            outcome = result
            return count
        }
        if buffer.isEmpty { buffer.removeAll() }
        return outcome
    }

    private func receive(_ free: UnsafeMutableRawBufferPointer) -> (Int, Outcome) {
        let count = recv(descriptor, free.baseAddress, free.count, 0)
        if count > 0 {
            // A short read has emptied the socket, unless what follows is the end (epoll(7)).
            if count < free.count, !isHungUp { isReadable = false }
            bytesRead &+= UInt64(count)
            return (count, .moved(count))
        }
        if count == 0 { return (0, .closed) }
        switch errno {
        case EAGAIN:
            isReadable = false
            return (0, .wouldBlock)
        case EINTR: return (0, .wouldBlock)
        // A reset: unlike after a FIN, nobody is there to read an answer.
        case ECONNRESET, EPIPE, ETIMEDOUT: return (0, .failed(.closed))
        default: return (0, .failed(.system(call: "recv", code: errno)))
        }
    }

    private func receive(_ free: UnsafeMutableRawBufferPointer, _ tls: TLSSession) -> (Int, Outcome) {
        let (count, step, isDrained) = tls.read(free)
        switch step {
        case .done:
            if isDrained, !isHungUp { isReadable = false }
            bytesRead &+= UInt64(count)
            return (count, .moved(count))
        case .wantsRead:
            isReadable = false
            return (0, .wouldBlock)
        case .wantsWrite:
            wantsOtherDirection = true
            isReadable = false
            return (0, .wouldBlock)
        case .closed: return (0, .closed)
        case .failed(let reason): return (0, .failed(.tls(reason: reason)))
        }
    }

    /// Writes the first `limit` bytes of the buffer, as many as the socket takes, and consumes them.
    package func write(from buffer: inout ByteBuffer, limit: Int) -> Outcome {
        guard isOpen else { return .closed }
        var total = 0
        while total < limit {
            var outcome = Outcome.wouldBlock
            let count = buffer.withReadable(limit: limit - total) { source in
                let (sent, result) = tls.map { send(source, $0) } ?? send(source)
                outcome = result
                return sent
            }
            guard case .moved = outcome else {
                return total > 0 && outcome == .wouldBlock ? .moved(total) : outcome
            }
            buffer.consume(count)
            total += count
            if !isWritable { break }
        }
        return .moved(total)
    }

    private func send(_ source: UnsafeRawBufferPointer) -> (Int, Outcome) {
        let count = Glibc.send(descriptor, source.baseAddress, source.count, Int32(MSG_NOSIGNAL))
        if count >= 0 {
            if count < source.count { isWritable = false }
            bytesWritten &+= UInt64(count)
            return (count, .moved(count))
        }
        switch errno {
        case EAGAIN, EINTR:
            isWritable = false
            return (0, .wouldBlock)
        case ECONNRESET, EPIPE, ETIMEDOUT: return (0, .closed)
        default: return (0, .failed(.system(call: "send", code: errno)))
        }
    }

    private func send(_ source: UnsafeRawBufferPointer, _ tls: TLSSession) -> (Int, Outcome) {
        let (count, step) = tls.write(source)
        switch step {
        case .done:
            bytesWritten &+= UInt64(count)
            return (count, .moved(count))
        case .wantsWrite:
            isWritable = false
            return (0, .wouldBlock)
        case .wantsRead:
            wantsOtherDirection = true
            isWritable = false
            return (0, .wouldBlock)
        case .closed: return (0, .closed)
        case .failed(let reason): return (0, .failed(.tls(reason: reason)))
        }
    }

    // MARK: TLS

    /// The first byte that waits in the socket, without taking it; nil where there is none.
    package func peekFirstByte() -> UInt8? {
        var byte: UInt8 = 0
        return recv(descriptor, &byte, 1, Int32(MSG_PEEK)) == 1 ? byte : nil
    }

    /// Begins TLS as the accepting side; go on with `handshake`.
    package func acceptTLS(_ context: TLSContext) throws(TransportError) {
        tls = try TLSSession(accepting: context, descriptor: descriptor)
    }

    /// Begins TLS towards a replica; go on with `handshake`. Shows `identity`, or else the context's certificate.
    package func connectTLS(
        _ context: TLSContext, host: String, verifiesHost: Bool, identity: TLSIdentity? = nil
    ) throws(TransportError) {
        tls = try TLSSession(
            connecting: context, descriptor: descriptor, host: host, verifiesHost: verifiesHost,
            identity: identity)
    }

    /// `.moved(0)` when the handshake is done.
    package func handshake() -> Outcome {
        guard let tls else { return .failed(.tls(reason: "no TLS was begun")) }
        switch tls.handshake() {
        case .done:
            // OpenSSL reads ahead: what came behind the peer's Finished is in its memory, and epoll tells of it no more.
            isReadable = true
            return .moved(0)
        case .wantsRead:
            isReadable = false
            return .wouldBlock
        case .wantsWrite:
            isWritable = false
            return .wouldBlock
        case .closed: return .closed
        case .failed(let reason): return .failed(.tls(reason: reason))
        }
    }

    package var hasPostgreSQLProtocol: Bool { tls?.hasPostgreSQLProtocol ?? false }
    package var peerPublicKeyPin: String? { tls?.peerPublicKeyPin }
    package var peerCertificateDigest: [UInt8]? { tls?.peerCertificateDigest }
    package var serverEndPoint: [UInt8]? { tls?.serverEndPoint }

    /// No more will be written: close_notify, then FIN. Reading may go on.
    package func shutdownWrite() {
        guard isOpen else { return }
        tls?.shutdown()
        Glibc.shutdown(descriptor, Int32(SHUT_WR))
    }

    /// Closes at once; close_notify goes first where the socket takes it.
    package func close() {
        guard isOpen else { return }
        isOpen = false
        tls?.shutdown()
        Glibc.close(descriptor)
    }
}
