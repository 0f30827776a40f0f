import Transport

/// What sessions may take of the memory that all buffers have together (F-OPS-17).
extension Worker {
    /// How long sessions that found none wait before they look again, in nanoseconds.
    private static let bufferPause: UInt64 = 5_000_000

    /// Whether a session whose buffer is empty may take a block for it; else it is touched again soon.
    func mayTakeBlock(_ session: Session) -> Bool {
        guard !context.buffers.leaves(BufferPool.blockSize) else { return true }
        if starving.isEmpty {
            context.counters.bufferWaits.increase()
            _ = loop.schedule(.buffers, at: loop.now &+ Worker.bufferPause)
        }
        starving.append(session)
        return false
    }

    /// Whether a session may gather so many bytes more.
    func mayGather(_ bytes: Int) -> Bool { context.buffers.leaves(bytes) }

    /// Who waits for room looks again.
    func buffersTimerFired() {
        let waiting = starving
        starving.removeAll(keepingCapacity: true)
        for session in waiting { touch(session) }
    }
}
