import Glibc

/// Keeps the last file descriptors for what is not a connection of an executor: logs, probes, the admin endpoint
/// (F-OPS-01).
package enum DescriptorLimit {
    /// So many descriptors are kept of a limit.
    package static func kept(of limit: Int) -> Int { min(64, limit / 8) }

    /// Whether a fresh descriptor leaves those alone. The kernel gives out the lowest that is free, so its number says
    /// how many are in use; the limit may be changed while the process runs (prlimit(1)).
    package static func leavesRoom(_ descriptor: Int32) -> Bool {
        var files = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &files) == 0 else { return true }
        return leavesRoom(Int(descriptor), limit: Int(clamping: files.rlim_cur))
    }

    package static func leavesRoom(_ descriptor: Int, limit: Int) -> Bool {
        descriptor < limit - kept(of: limit)
    }
}
