import Glibc
import Seeded
import Testing
import Transport

/// Sends a pattern through a pair of streams that one loop watches, edge-triggered as the relay's are, in
/// pieces and rooms of random sizes; stops when all of it came, or after a deadline.
private final class PatternFlow: LoopOwner {
    private let pair: SocketPair
    private let total: Int
    private let loop: Loop<PatternFlow>
    private let mailbox: Mailbox<Int>
    private var random: SeededGenerator
    private var sent = 0
    private var outbound: ByteBuffer
    private var inbound: ByteBuffer
    private(set) var received = 0
    private(set) var isIntact = true
    private(set) var timedOut = false
    private(set) var last = Stream.Outcome.moved(0)

    init(_ pair: SocketPair, total: Int, seed: UInt64) throws {
        self.pair = pair
        self.total = total
        mailbox = try Mailbox<Int>()
        loop = try Loop<PatternFlow>(mailDescriptor: mailbox.descriptor)
        random = SeededGenerator(seed: seed)
        let pool = BufferPool()
        outbound = ByteBuffer(pool: pool)
        inbound = ByteBuffer(pool: pool)
        try loop.add(pair.connecting.descriptor, token: 1)
        try loop.add(pair.accepting.descriptor, token: 2)
    }

    static func byte(_ position: Int) -> UInt8 { UInt8(truncatingIfNeeded: position &* 13 &+ position / 255) }

    func run() {
        _ = loop.schedule((), at: loop.now + 20_000_000_000)
        _ = loop.run(self)
    }

    func ready(_ token: UInt64, _ readiness: Readiness) {
        (token == 1 ? pair.connecting : pair.accepting).note(readiness)
    }

    func timerFired(_ payload: Void) {
        timedOut = true
        loop.stop()
    }

    func mailArrived() {}

    func nothingReady() -> Bool { true }

    func turnEnded() {
        send()
        receive()
        if received == total || !isIntact { loop.stop() }
    }

    private func send() {
        for _ in 0..<4 where pair.connecting.isWritable {
            if outbound.isEmpty, sent < total {
                let size = min(total - sent, Int.random(in: 1...60_000, using: &random))
                outbound.append((sent..<(sent + size)).map(PatternFlow.byte))
                sent += size
            }
            guard !outbound.isEmpty else { return }
            // What has been offered to TLS once must be offered again, so all of it is.
            last = pair.connecting.write(from: &outbound, limit: outbound.count)
        }
        if pair.connecting.isWritable, sent < total || !outbound.isEmpty { loop.runAgain() }
    }

    private func receive() {
        for _ in 0..<3 where pair.accepting.isReadable {
            let before = inbound.count
            let outcome = pair.accepting.read(
                into: &inbound, minimum: Int.random(in: 1...20_000, using: &random))
            guard case .moved(let count) = outcome else { break }
            let start = received
            isIntact =
                isIntact
                && inbound.withBytes(before..<(before + count)) { span in
                    for index in 0..<span.count where span[index] != PatternFlow.byte(start + index) {
                        return false
                    }
                    return true
                }
            received += count
            inbound.consume(Int.random(in: (inbound.count / 2)...inbound.count, using: &random))
        }
        if pair.accepting.isReadable { loop.runAgain() }
    }
}

@Suite struct EdgeTests {
    @Test(
        "In the clear, 4 MB in random pieces arrive whole while every readiness is told only once",
        arguments: [1, 2] as [UInt64])
    func plain(seed: UInt64) throws {
        let flow = try PatternFlow(try SocketPair(), total: 4_000_000, seed: seed)
        flow.run()
        #expect(!flow.timedOut, "stopped at \(flow.received)")
        #expect(flow.isIntact)
        #expect(flow.received == 4_000_000)
    }

    @Test(
        "Under TLS, 4 MB in random pieces arrive whole while every readiness is told only once",
        arguments: [1, 2, 3, 4] as [UInt64])
    func encrypted(seed: UInt64) throws {
        let certificates = try TestCertificates()
        let pair = try SocketPair()
        try pair.accepting.acceptTLS(
            try TLSContext(certificate: certificates.certificate, key: certificates.key))
        try pair.connecting.connectTLS(
            try TLSContext(trust: .authority(file: certificates.ca)), host: "127.0.0.1", verifiesHost: true)
        var outcomes = (Stream.Outcome.wouldBlock, Stream.Outcome.wouldBlock)
        for _ in 0..<100 where outcomes.0 == .wouldBlock || outcomes.1 == .wouldBlock {
            pair.noteReady()
            if outcomes.0 == .wouldBlock { outcomes.0 = pair.connecting.handshake() }
            if outcomes.1 == .wouldBlock { outcomes.1 = pair.accepting.handshake() }
            _ = Descriptor.waits(pair.accepting.descriptor, for: POLLIN, milliseconds: 10)
        }
        try #require(outcomes.0 == .moved(0) && outcomes.1 == .moved(0))
        let flow = try PatternFlow(pair, total: 4_000_000, seed: seed)
        flow.run()
        #expect(!flow.timedOut, "stopped at \(flow.received), last write \(flow.last)")
        #expect(flow.isIntact)
        #expect(flow.received == 4_000_000)
    }
}
