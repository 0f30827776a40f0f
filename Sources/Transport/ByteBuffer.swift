import Glibc

/// Bytes on their way from one socket to another: filled at the tail, consumed at the head.
///
/// Holds no memory while it is empty. Normally one pooled block; `reserve` beyond a block's size takes memory of its
/// own, which goes back when the buffer runs empty.
package struct ByteBuffer: ~Copyable {
    // SAFETY: storage is owned by this value alone (~Copyable), `head <= tail <= capacity` holds after every method,
    // and the memory handed to `withWritable` and `readable` is within [tail, capacity) and [head, tail).
    private var storage: UnsafeMutableRawPointer?
    private var capacity = 0
    private var head = 0
    private var tail = 0
    private let pool: BufferPool

    package init(pool: BufferPool) { self.pool = pool }

    deinit {
        if let storage { ByteBuffer.giveBack(storage, capacity, to: pool) }
    }

    private static func giveBack(_ storage: UnsafeMutableRawPointer, _ capacity: Int, to pool: BufferPool) {
        if capacity == BufferPool.blockSize {
            pool.give(storage)
        } else {
            pool.gauge.add(-capacity)
            LargeMemory.release(storage, capacity)
        }
    }

    package var count: Int { tail - head }
    package var isEmpty: Bool { head == tail }
    /// Bytes that can be added without taking more memory than a block.
    package var room: Int { storage == nil ? BufferPool.blockSize : capacity - count }

    /// The bytes in the buffer.
    @usableFromInline
    package var readable: Span<UInt8> {
        @_lifetime(borrow self)
        get {
            let start = storage.map { UnsafeRawPointer($0 + head).assumingMemoryBound(to: UInt8.self) }
            let pointer = UnsafeBufferPointer<UInt8>(start: start, count: tail - head)
            return _overrideLifetime(Span(_unsafeElements: pointer), borrowing: self)
        }
    }

    /// Lets `body` read the bytes of a range (offsets from the first byte in the buffer). For buffers that are a
    /// property of a class, whose spans cannot outlive one expression.
    @inlinable
    package func withBytes<R, E: Error>(
        _ range: Range<Int>, _ body: (Span<UInt8>) throws(E) -> R
    ) throws(E) -> R {
        try body(readable.extracting(range))
    }

    /// Takes a small piece of memory in place of a block, where the buffer holds none: slower, and enough to go on.
    package mutating func reserveSmall() {
        guard storage == nil else { return }
        storage = ByteBuffer.resize(nil, to: ByteBuffer.smallSize)
        capacity = ByteBuffer.smallSize
        pool.gauge.add(ByteBuffer.smallSize)
    }

    /// Bytes of such a piece.
    package static let smallSize = 4 * 1024

    /// Makes room for at least `bytes` more, moving what is there to the front or into larger memory.
    package mutating func reserve(_ bytes: Int) {
        guard let storage else {
            if bytes <= BufferPool.blockSize {
                self.storage = pool.take()
                capacity = BufferPool.blockSize
            } else {
                self.storage = ByteBuffer.resize(nil, to: bytes)
                capacity = bytes
                pool.gauge.add(bytes)
            }
            return
        }
        guard capacity - tail < bytes else { return }
        let live = count
        if capacity - live >= bytes {
            memmove(storage, storage + head, live)
        } else {
            let larger = max(live + bytes, capacity * 2)
            // What is not a block's size is no block: see `giveBack`.
            if capacity < BufferPool.blockSize, larger > BufferPool.blockSize / 2,
                larger <= BufferPool.blockSize
            {
                let block = pool.take()
                memcpy(block, storage + head, live)
                ByteBuffer.giveBack(storage, capacity, to: pool)
                self.storage = block
                capacity = BufferPool.blockSize
                (head, tail) = (0, live)
                return
            }
            if capacity == BufferPool.blockSize {
                let moved = ByteBuffer.resize(nil, to: larger)
                memcpy(moved, storage + head, live)
                pool.give(storage)
                pool.gauge.add(larger)
                self.storage = moved
            } else {
                if head > 0 { memmove(storage, storage + head, live) }
                self.storage = ByteBuffer.resize(storage, keeping: live, to: larger)
                pool.gauge.add(larger - capacity)
            }
            capacity = larger
        }
        head = 0
        tail = live
    }

    /// Memory of its own, with the first `kept` bytes of what there was. What is large grows without being copied, by the
    /// kernel's moving of its pages.
    private static func resize(
        _ memory: UnsafeMutableRawPointer?, keeping kept: Int = 0, to bytes: Int
    ) -> UnsafeMutableRawPointer {
        if let resized = realloc(memory, bytes) { return resized }
        let moved = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 16)
        if let memory {
            memcpy(moved, memory, kept)
            free(memory)
        }
        return moved
    }

    /// Lets `fill` write into the free memory at the tail; it returns how many bytes it wrote.
    mutating func withWritable(_ fill: (UnsafeMutableRawBufferPointer) -> Int) -> Int {
        guard let storage else { return 0 }
        let written = fill(UnsafeMutableRawBufferPointer(start: storage + tail, count: capacity - tail))
        guard written > 0 else { return written }
        precondition(written <= capacity - tail)
        tail += written
        return written
    }

    /// Lets `drain` read the first `limit` bytes; it returns how many it took.
    func withReadable(limit: Int, _ drain: (UnsafeRawBufferPointer) -> Int) -> Int {
        guard let storage else { return 0 }
        return drain(UnsafeRawBufferPointer(start: storage + head, count: min(limit, tail - head)))
    }

    package mutating func append(_ bytes: Span<UInt8>) {
        guard !bytes.isEmpty else { return }
        reserve(bytes.count)
        _ = withWritable { free in
            bytes.withUnsafeBytes { free.copyMemory(from: $0) }
            return bytes.count
        }
    }

    package mutating func append(_ bytes: [UInt8]) { append(bytes.span) }

    /// Drops the first `bytes`.
    package mutating func consume(_ bytes: Int) {
        precondition(bytes >= 0 && bytes <= count)
        head += bytes
        if head == tail { releaseStorage() }
    }

    /// Puts `bytes` in place of the range (offsets from the first byte in the buffer).
    package mutating func replace(_ range: Range<Int>, with bytes: [UInt8]) {
        precondition(range.lowerBound >= 0 && range.upperBound <= count)
        let difference = bytes.count - range.count
        if difference > 0 { reserve(difference) }
        guard let storage else { return }
        let live = count
        memmove(
            storage + head + range.lowerBound + bytes.count, storage + head + range.upperBound,
            live - range.upperBound)
        bytes.withUnsafeBytes { source in
            if let base = source.baseAddress { memcpy(storage + head + range.lowerBound, base, source.count) }
        }
        tail += difference
        if head == tail { releaseStorage() }
    }

    package mutating func removeAll() {
        head = tail
        releaseStorage()
    }

    private mutating func releaseStorage() {
        guard let storage else { return }
        ByteBuffer.giveBack(storage, capacity, to: pool)
        self.storage = nil
        capacity = 0
        head = 0
        tail = 0
    }
}
