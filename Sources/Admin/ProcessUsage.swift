import Foundation
import Glibc

/// What the process itself uses, from procfs(5); nil where that cannot be read.
package struct ProcessUsage: Sendable {
    package var residentBytes: Int?
    /// Unix time of the process' start.
    package var startTime: Duration?

    package init(residentBytes: Int?, startTime: Duration?) {
        self.residentBytes = residentBytes
        self.startTime = startTime
    }

    /// The usage now. `startTime` does not change: give the one that was read first.
    package static func now(startTime: Duration?) -> ProcessUsage {
        let pages = fields(of: "/proc/self/statm").dropFirst().first.flatMap { Int($0) }
        let pageBytes = sysconf(Int32(_SC_PAGESIZE))
        return ProcessUsage(residentBytes: pages.map { $0 &* pageBytes }, startTime: startTime)
    }

    /// Field 22 of /proc/self/stat (clock ticks since boot) and `btime` of /proc/stat.
    package static func readStartTime() -> Duration? {
        guard let stat = contents(of: "/proc/self/stat"), let end = stat.lastIndex(of: ")"),
            let boot = contents(of: "/proc/stat")?.split(separator: "\n").first(where: {
                $0.hasPrefix("btime ")
            }),
            let booted = Int64(boot.dropFirst("btime ".count))
        else { return nil }
        // Behind the name, which may hold spaces, the first field is number 3.
        let behindName = stat[stat.index(after: end)...].split(separator: " ")
        let ticksPerSecond = Int64(sysconf(Int32(_SC_CLK_TCK)))
        guard behindName.count > 19, let ticks = Int64(behindName[19]), ticksPerSecond > 0 else { return nil }
        return .seconds(booted) + .milliseconds(ticks &* 1_000 / ticksPerSecond)
    }

    private static func fields(of path: String) -> [Substring] {
        contents(of: path)?.split(separator: " ") ?? []
    }

    private static func contents(of path: String) -> String? {
        try? String(contentsOfFile: path, encoding: .utf8)
    }
}
