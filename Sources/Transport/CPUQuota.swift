import Glibc

/// How many threads can run at once: the affinity mask, and the cgroup's quota where it is lower (F-OPS-17).
package enum CPUQuota {
    package static func cores() -> Int {
        let available = max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))
        guard let quota = cgroupQuota() else { return available }
        return max(1, min(available, quota))
    }

    /// `cpu.max` of cgroup v2 (`quota period`, or `max period`), rounded up.
    private static func cgroupQuota() -> Int? {
        guard let text = read("/sys/fs/cgroup/cpu.max") else { return nil }
        let parts = text.split(whereSeparator: { $0 == " " || $0 == "\n" })
        guard parts.count == 2, let quota = Int(parts[0]), let period = Int(parts[1]), period > 0 else {
            return nil
        }
        return (quota + period - 1) / period
    }

    private static func read(_ path: String) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 128)
        let count = Glibc.read(descriptor, &bytes, bytes.count)
        guard count > 0 else { return nil }
        return String(decoding: bytes.prefix(count), as: UTF8.self)
    }
}
