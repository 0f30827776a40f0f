import Glibc

/// How many threads can run at once: the cores that are there, and the cgroup's quota where it is lower (F-OPS-17).
package enum CPUQuota {
    package static func cores(_ group: ControlGroup = ControlGroup()) -> Int {
        let available = max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))
        return max(1, min(available, group.cores ?? available))
    }
}
