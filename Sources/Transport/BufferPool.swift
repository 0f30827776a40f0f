/// Fixed blocks of memory for a worker's sessions: a session takes one while bytes are in it and gives it back.
/// Belongs to one worker; not shared between threads.
///
/// Blocks that were free all the time between two calls of `settle` go back to the allocator: after a burst of many sessions an
/// idle one costs no more than before it.
package final class BufferPool {
    /// Bytes of a block.
    package static let blockSize = 64 * 1024

    /// The last one is taken first, so that the others fall idle.
    private var free: [UnsafeMutableRawPointer] = []
    /// The fewest that were free at a time since `settle`.
    private var least = 0
    /// Bytes that buffers of this pool hold, beyond a block, too.
    package let gauge: BufferGauge

    package init(gauge: BufferGauge = BufferGauge()) { self.gauge = gauge }

    deinit { for block in free { block.deallocate() } }

    /// Blocks that nobody has.
    package var freeBlocks: Int { free.count }

    func take() -> UnsafeMutableRawPointer {
        gauge.add(BufferPool.blockSize)
        guard let block = free.popLast() else {
            return .allocate(byteCount: BufferPool.blockSize, alignment: 16)
        }
        least = min(least, free.count)
        return block
    }

    func give(_ block: UnsafeMutableRawPointer) {
        gauge.add(-BufferPool.blockSize)
        free.append(block)
    }

    /// Lets go of blocks that nobody took since the last call; to be called now and then.
    package func settle() {
        for block in free[..<least] { block.deallocate() }
        free.removeFirst(least)
        gauge.released(least * BufferPool.blockSize)
        least = free.count
    }
}
