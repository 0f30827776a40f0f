import CLinux
import Glibc

/// Large memory and the kernel, which takes some 0.06 ms to take back a MiB that was written to.
package enum LargeMemory {
    /// Bytes from which memory is mapped by itself: by its own rules the allocator raises this to 32 MiB as large memory is
    /// freed, copies what grows, and gives back all that was freed at once, on the thread that happens to free the last of it.
    package static let mapped: Int32 = 256 << 10
    /// Bytes beyond which it is a thread of its own that waits for the kernel.
    static let bytes = 4 << 20

    // SAFETY: the one owner of the memory gives it away here, and the thread that takes it only frees it.
    private struct Owned: @unchecked Sendable {
        let memory: UnsafeMutableRawPointer
    }

    /// For the whole process, before it has any.
    package static func mapByItself() { clinux_map_from(mapped) }

    /// - Parameter count: bytes that the memory has, of the C allocator.
    static func release(_ memory: UnsafeMutableRawPointer, _ count: Int) {
        guard count > bytes else { return free(memory) }
        let owned = Owned(memory: memory)
        do throws(TransportError) {
            try Thread(name: "memory") { free(owned.memory) }.detach()
        } catch {
            free(memory)
        }
    }
}
