import Foundation
import Glibc

/// A control group of a test's own, with a limit on memory and on the processor, in cgroup v2 or, where the machine has the
/// controllers there, v1 (cgroups(7)).
final class OwnControlGroup {
    private static let root = "/sys/fs/cgroup"

    /// Whether the memory controller is v1's here.
    private static let isFirstVersion = access("\(root)/memory/memory.limit_in_bytes", F_OK) == 0

    /// Whether this process may make groups with both limits.
    static let canBeMade: Bool = (try? OwnControlGroup(memory: 64 << 20, processor: 50)) != nil

    private let folders: [String]
    private let memory: String

    /// - Parameters:
    ///   - memory: bytes, swap in them.
    ///   - processor: a hundredth of a core each.
    init(memory bytes: Int, processor: Int) throws {
        let name = "domicile-\(UUID().uuidString.prefix(8))"
        var limits: [(file: String, value: String)]
        if OwnControlGroup.isFirstVersion {
            let processorFolder = "\(OwnControlGroup.root)/cpu/\(name)"
            memory = "\(OwnControlGroup.root)/memory/\(name)"
            folders = [memory, processorFolder]
            limits = [
                ("\(memory)/memory.limit_in_bytes", "\(bytes)"),
                ("\(processorFolder)/cpu.cfs_period_us", "100000"),
                ("\(processorFolder)/cpu.cfs_quota_us", "\(processor * 1_000)"),
            ]
        } else {
            memory = "\(OwnControlGroup.root)/\(name)"
            folders = [memory]
            try OwnControlGroup.write("+memory +cpu", to: "\(OwnControlGroup.root)/cgroup.subtree_control")
            limits = [
                ("\(memory)/memory.max", "\(bytes)"), ("\(memory)/memory.swap.max", "0"),
                ("\(memory)/cpu.max", "\(processor * 1_000) 100000"),
            ]
        }
        for folder in folders {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
        }
        limits = limits.filter { access($0.file, F_OK) == 0 || !$0.file.hasSuffix("swap.max") }
        for limit in limits { try OwnControlGroup.write(limit.value, to: limit.file) }
    }

    /// The kernel lets go of the last process a moment after it was waited for.
    deinit {
        for folder in folders {
            for _ in 0..<100 where rmdir(folder) != 0 && errno == EBUSY { usleep(20_000) }
        }
    }

    /// A program that puts itself into the group and becomes the one that is named behind it.
    var entrance: [String] {
        let joins = folders.map { "echo $$ > \($0)/cgroup.procs" }.joined(separator: " && ")
        return ["/bin/bash", "-c", "\(joins) && exec \"$@\"", "bash"]
    }

    /// Processes that the kernel has killed in it for its memory.
    var killed: Int {
        get throws {
            let file = OwnControlGroup.isFirstVersion ? "memory.oom_control" : "memory.events"
            let text = try String(contentsOfFile: "\(memory)/\(file)", encoding: .utf8)
            let line = text.split(separator: "\n").first { $0.hasPrefix("oom_kill ") }
            return line.flatMap { Int($0.dropFirst("oom_kill ".count)) } ?? 0
        }
    }

    private static func write(_ value: String, to file: String) throws {
        let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: file))
        defer { try? handle.close() }
        try handle.write(contentsOf: Data(value.utf8))
    }
}
