import CLinux
import Glibc

/// What the process asks of the kernel before it holds a token or a key.
enum ProcessLimits {
    /// Takes as many file descriptors as it may have, forbids core dumps (F-OPS-14), lives on when a peer closes while
    /// it is written to (F-OPS-04), and when a file may not grow (RLIMIT_FSIZE), which is an error like a full disk.
    static func apply() {
        signal(SIGPIPE, SIG_IGN)
        signal(SIGXFSZ, SIG_IGN)
        // A watchdog's SIGABRT ends the process; the runtime's own handler would write a backtrace and go on.
        signal(SIGABRT, SIG_DFL)
        var files = rlimit()
        if getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &files) == 0,
            files.rlim_cur < files.rlim_max
        {
            files.rlim_cur = files.rlim_max
            _ = setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &files)
        }
        var core = rlimit(rlim_cur: 0, rlim_max: 0)
        _ = setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &core)
        _ = clinux_forbid_dumps()
    }
}
