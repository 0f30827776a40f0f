import CLinux

/// When memory of connections that have closed is given back to the system. The allocator keeps what it has freed, and
/// after thousands of idle sessions that is most of the process (F-OPS-13).
package struct MemoryTrim {
    /// So many connections must have gone since the last time.
    package static let least = 1_000

    private var peak = 0
    private var last = 0

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

    /// Takes each arena's lock in turn: not for a worker's thread.
    package static func giveBack() { clinux_trim_memory() }
}
