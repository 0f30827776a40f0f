import CLinux

/// When memory of connections that have closed, and of a burst that is over, is given back to the system. The allocator keeps
/// what it has freed, and after thousands of idle sessions that is most of the process (F-OPS-13).
package struct MemoryTrim {
    /// So many connections must have gone since the last time.
    package static let least = 1_000
    /// Bytes of buffers that must have been given back to the allocator.
    package static let leastBytes = 4 << 20

    private var peak = 0
    private var last = 0
    private var seen = 0
    private var trimmed = 0

    package init() {}

    /// Told now and then how many connections there are; true where it is time to give memory back: half of many have
    /// gone, and no more are going.
    package mutating func connections(_ count: Int) -> Bool {
        let isFalling = count < last
        last = count
        peak = max(peak, count)
        guard !isFalling, peak - count >= MemoryTrim.least, count <= peak / 2 else { return false }
        peak = count
        return true
    }

    /// Told now and then how many bytes the buffers' pools have given back in all; true where it is time: much has come
    /// together, and no more is coming.
    package mutating func buffers(released: Int) -> Bool {
        defer { seen = released }
        guard released == seen, released - trimmed >= MemoryTrim.leastBytes else { return false }
        trimmed = released
        return true
    }

    /// Takes each arena's lock in turn: not for a worker's thread.
    package static func giveBack() { clinux_trim_memory() }
}
