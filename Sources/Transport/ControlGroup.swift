import Glibc

/// What the control group of the process (cgroup v2, and every group above it) allows (F-OPS-17). A container sees its own
/// group as the root; a systemd service finds its group by /proc/self/cgroup.
package struct ControlGroup: Sendable {
    /// Groups above one another that are looked at.
    private static let depth = 32

    private let root: String
    private let membership: String

    /// - Parameters:
    ///   - root: where the hierarchy is mounted.
    ///   - membership: the file that says which group the process is in (cgroups(7)).
    package init(root: String = "/sys/fs/cgroup", membership: String = "/proc/self/cgroup") {
        self.root = root
        self.membership = membership
    }

    /// The lowest `memory.max`, in bytes; nil where there is no limit.
    package var memoryLimit: Int? {
        values(of: "memory.max").compactMap { text in Int(text).flatMap { $0 > 0 ? $0 : nil } }.min()
    }

    /// The lowest `cpu.max` (`quota period`, or `max period`) in cores, rounded up; nil where there is no quota.
    package var cores: Int? {
        values(of: "cpu.max").compactMap { text -> Int? in
            let parts = text.split(separator: " ")
            guard parts.count == 2, let quota = Int(parts[0]), let period = Int(parts[1]), period > 0,
                quota > 0
            else { return nil }
            return (quota - 1) / period + 1
        }.min()
    }

    /// What the file says in the process' own group and in each above it.
    private func values(of file: String) -> [String] {
        var folders = [root]
        let line = read(membership, limit: 4_096)?.split(separator: "\n").first { $0.hasPrefix("0::/") }
        for name in (line?.dropFirst("0::/".count) ?? "").split(separator: "/").prefix(ControlGroup.depth) {
            // Outside of the namespace's root: not ours to see.
            guard name != ".." else { break }
            folders.append(folders[folders.count - 1] + "/" + name)
        }
        return folders.compactMap { folder in
            read(folder + "/" + file, limit: 128).map { text in
                String(text.prefix { $0 != "\n" })
            }
        }
    }

    private func read(_ path: String, limit: Int) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: limit)
        let count = Glibc.read(descriptor, &bytes, bytes.count)
        guard count > 0 else { return nil }
        return String(decoding: bytes.prefix(count), as: UTF8.self)
    }
}
