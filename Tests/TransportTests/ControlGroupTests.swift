import Foundation
import Testing
import Transport

@Suite struct ControlGroupTests {
    /// A hierarchy of files as the kernel shows it, by path below its root.
    private final class Hierarchy {
        let folder: String

        init(_ files: [String: String], membership: String) throws {
            folder =
                FileManager.default.temporaryDirectory
                .appendingPathComponent("domicile-cgroup-\(UUID().uuidString.prefix(8))").path
            for (path, text) in files {
                let file = URL(fileURLWithPath: "\(folder)/fs/\(path)")
                try FileManager.default.createDirectory(
                    at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
                try Data(text.utf8).write(to: file)
            }
            try FileManager.default.createDirectory(atPath: "\(folder)/fs", withIntermediateDirectories: true)
            try Data(membership.utf8).write(to: URL(fileURLWithPath: "\(folder)/membership"))
        }

        deinit { try? FileManager.default.removeItem(atPath: folder) }

        var group: ControlGroup { ControlGroup(root: "\(folder)/fs", membership: "\(folder)/membership") }
    }

    @Test("F-OPS-17: a container sees its limits at the root")
    func container() throws {
        let found = try Hierarchy(
            ["memory.max": "134217728\n", "cpu.max": "50000 100000\n"], membership: "0::/\n")
        #expect(found.group.memoryLimit == 134_217_728)
        #expect(found.group.cores == 1)
        #expect(CPUQuota.cores(found.group) == 1)
        #expect(BufferBudget.share(ofMemory: found.group.memoryLimit) == 67_108_864)
    }

    @Test("F-OPS-17: a service sees its own limits and those of the slices above it: the lowest holds")
    func service() throws {
        let found = try Hierarchy(
            [
                "system.slice/memory.max": "1073741824\n", "system.slice/cpu.max": "max 100000\n",
                "system.slice/domicile.service/memory.max": "2147483648\n",
                "system.slice/domicile.service/cpu.max": "250000 100000\n",
            ], membership: "4:memory:/other\n0::/system.slice/domicile.service\n")
        #expect(found.group.memoryLimit == 1_073_741_824)
        #expect(found.group.cores == 3)
    }

    @Test(
        "F-OPS-17: limits of the first version count, too, in a service and where a container's own group is the root"
    )
    func firstVersion() throws {
        let unlimited = "9223372036854771712\n"
        let service = try Hierarchy(
            [
                "memory/memory.limit_in_bytes": unlimited, "memory/a/memory.limit_in_bytes": "134217728\n",
                "memory/a/b/memory.limit_in_bytes": unlimited, "cpu/cpu.cfs_quota_us": "-1\n",
                "cpu/cpu.cfs_period_us": "100000\n", "cpu/c/cpu.cfs_quota_us": "150000\n",
                "cpu/c/cpu.cfs_period_us": "100000\n",
            ], membership: "9:name=systemd:/x\n4:memory:/a/b\n1:cpu,cpuacct:/c\n0::/\n")
        #expect(service.group.memoryLimit == 134_217_728)
        #expect(service.group.cores == 2)
        let container = try Hierarchy(
            [
                "memory/memory.limit_in_bytes": "67108864\n", "cpu/cpu.cfs_quota_us": "50000\n",
                "cpu/cpu.cfs_period_us": "100000\n",
            ], membership: "4:memory:/docker/0123\n2:cpuacct,cpu:/docker/0123\n")
        #expect(container.group.memoryLimit == 67_108_864)
        #expect(container.group.cores == 1)
        let both = try Hierarchy(
            ["memory/memory.limit_in_bytes": "67108864\n", "memory.max": "33554432\n"], membership: "0::/\n")
        #expect(both.group.memoryLimit == 33_554_432)
        let none = try Hierarchy(
            ["memory/memory.limit_in_bytes": unlimited, "cpu/cpu.cfs_quota_us": "-1\n"],
            membership: "4:memory:/\n")
        #expect(none.group.memoryLimit == nil)
        #expect(none.group.cores == nil)
    }

    @Test(
        "F-OPS-17: what says no limit, or nothing that can be read, is none",
        arguments: [
            ["memory.max": "max\n", "cpu.max": "max 100000\n"], ["memory.max": "", "cpu.max": "1"],
            ["memory.max": "-1\n", "cpu.max": "0 0\n"], ["memory.max": "12x\n", "cpu.max": "a b\n"], [:],
        ])
    func none(files: [String: String]) throws {
        let found = try Hierarchy(files, membership: "0::/../outside\n")
        #expect(found.group.memoryLimit == nil)
        #expect(found.group.cores == nil)
        #expect(BufferBudget.share(ofMemory: nil) == nil)
    }
}
