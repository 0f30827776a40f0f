import Glibc

/// What the control group of the process, and every group above it, allows (F-OPS-17): cgroup v2, and the hierarchies of v1
/// where the machine still has them (cgroups(7)). A container sees its own group as the root; a systemd service finds its
/// group by /proc/self/cgroup.
package struct ControlGroup: Sendable {
    /// Groups above one another that are looked at.
    private static let depth = 32
    /// v1 says so much, less a page, where there is no limit.
    private static let unlimited = 1 << 62

    private let root: String
    private let membership: String

    /// - Parameters:
    ///   - root: where the hierarchies are mounted.
    ///   - membership: the file that says which group of each hierarchy the process is in.
    package init(root: String = "/sys/fs/cgroup", membership: String = "/proc/self/cgroup") {
        self.root = root
        self.membership = membership
    }

    /// The lowest `memory.max`, or `memory.limit_in_bytes` of v1, in bytes; nil where there is no limit.
    package var memoryLimit: Int? {
        let texts =
            folders(.v2).compactMap { value($0, "memory.max") }
            + folders(.v1("memory")).compactMap { value($0, "memory.limit_in_bytes") }
        return texts.compactMap { Int($0) }.filter { (1..<ControlGroup.unlimited).contains($0) }.min()
    }

    /// The lowest quota in cores, rounded up; nil where there is none. In v2 it is `cpu.max` (`quota period`, or
    /// `max period`), in v1 `cpu.cfs_quota_us` (-1 for none) and `cpu.cfs_period_us`.
    package var cores: Int? {
        let inV2 = folders(.v2).compactMap { folder -> Int? in
            let parts = value(folder, "cpu.max")?.split(separator: " ") ?? []
            return parts.count == 2 ? cores(quota: String(parts[0]), period: String(parts[1])) : nil
        }
        let inV1 = folders(.v1("cpu")).compactMap { folder in
            cores(quota: value(folder, "cpu.cfs_quota_us"), period: value(folder, "cpu.cfs_period_us"))
        }
        return (inV2 + inV1).min()
    }

    private func cores(quota: String?, period: String?) -> Int? {
        guard let quota = quota.flatMap({ Int($0) }), let period = period.flatMap({ Int($0) }), period > 0,
            quota > 0
        else { return nil }
        return (quota - 1) / period + 1
    }

    /// What /proc/PID/cgroup has a line for: `0::PATH`, or `N:CONTROLLERS:PATH`.
    private enum Hierarchy {
        case v2
        case v1(String)

        /// Where it is mounted, below the root of all.
        var mount: String {
            switch self {
            case .v2: ""
            case .v1(let controller): "/" + controller
            }
        }

        func path(in line: Substring) -> Substring? {
            let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard parts.count == 3 else { return nil }
            switch self {
            case .v2: return parts[0] == "0" && parts[1].isEmpty ? parts[2] : nil
            case .v1(let controller):
                return parts[1].split(separator: ",").contains(Substring(controller)) ? parts[2] : nil
            }
        }
    }

    /// The folder of the hierarchy's root, that of the process' own group, and those of all between.
    private func folders(_ hierarchy: Hierarchy) -> [String] {
        var folders = [root + hierarchy.mount]
        let lines = read(membership, limit: 4_096)?.split(separator: "\n") ?? []
        let path = lines.lazy.compactMap { hierarchy.path(in: $0) }.first ?? ""
        for name in path.split(separator: "/").prefix(ControlGroup.depth) {
            // Outside of the namespace's root: not ours to see.
            guard name != ".." else { break }
            folders.append(folders[folders.count - 1] + "/" + name)
        }
        return folders
    }

    /// The first line of the group's file.
    private func value(_ folder: String, _ file: String) -> String? {
        read(folder + "/" + file, limit: 128).map { text in String(text.prefix { $0 != "\n" }) }
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
