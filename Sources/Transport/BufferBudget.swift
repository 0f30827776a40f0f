import Synchronization

/// Bytes that the buffers of one pool hold: written by the pool's thread, read by any.
package final class BufferGauge: Sendable {
    private let held = Atomic<Int>(0)
    private let given = Atomic<Int>(0)

    package init() {}

    package var bytes: Int { held.load(ordering: .relaxed) }
    /// Bytes of blocks that the pool has given back to the allocator, all together.
    package var bytesReleased: Int { given.load(ordering: .relaxed) }

    /// Of the pool's own thread: nobody else writes, and so no locked instruction is needed.
    func add(_ bytes: Int) {
        held.store(held.load(ordering: .relaxed) &+ bytes, ordering: .relaxed)
    }

    func released(_ bytes: Int) {
        given.store(given.load(ordering: .relaxed) &+ bytes, ordering: .relaxed)
    }
}

/// What the buffers of all sessions may hold together (F-OPS-17). Beyond it a session reads into small pieces, so that nobody
/// waits for others that do not read their answers: the sum may pass the limit by what these take. The gauges are read one after the other: threads that
/// take memory at the same moment may pass the limit by what each takes in one turn.
package final class BufferBudget: Sendable {
    /// Of the limit, what is there before new connections are refused: in quarters.
    private static let quartersForNew = 3

    /// Bytes; nil: as many as there are.
    package let limit: Int?
    /// One for each worker.
    package let gauges: [BufferGauge]

    package init(limit: Int?, workers: Int) {
        self.limit = limit
        gauges = (0..<max(1, workers)).map { _ in BufferGauge() }
    }

    /// Half of what a control group allows: the other half is for what is no buffer, such as the program, its threads,
    /// TLS, what is remembered of statements, and texts that are being read.
    package static func share(ofMemory limit: Int?) -> Int? { limit.map { $0 / 2 } }

    /// Bytes that buffers hold now.
    package var held: Int { gauges.reduce(0) { $0 &+ $1.bytes } }
    /// Bytes that the pools have given back to the allocator since they began.
    package var released: Int { gauges.reduce(0) { $0 &+ $1.bytesReleased } }

    /// Whether so many bytes more are within the limit.
    package func leaves(_ bytes: Int) -> Bool {
        guard let limit else { return true }
        return bytes <= limit - held
    }

    /// Whether another connection may be taken, beside those that are logging in and may each take a block.
    package func admitsConnection(loggingIn: Int) -> Bool {
        guard let limit else { return true }
        let (coming, overflow) = max(0, loggingIn).multipliedReportingOverflow(by: BufferPool.blockSize)
        guard !overflow else { return false }
        return held < limit / 4 * BufferBudget.quartersForNew - coming
    }
}
