import Audit
import Foundation
import Glibc
import Testing

/// A tmpfs of 1 MiB, where this process may mount one.
final class SmallDisk {
    let path: String

    init?() {
        path = NSTemporaryDirectory() + "domicile-disk-" + UUID().uuidString
        guard mkdir(path, 0o700) == 0 else { return nil }
        guard SmallDisk.run("/bin/mount", ["-t", "tmpfs", "-o", "size=1m", "none", path]) else {
            rmdir(path)
            return nil
        }
    }

    deinit {
        _ = SmallDisk.run("/bin/umount", [path])
        rmdir(path)
    }

    private static func run(_ command: String, _ arguments: [String]) -> Bool {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: command)
        process.arguments = arguments
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return false }
        process.waitUntilExit()
        return process.terminationStatus == 0
    }

    static let isPermitted = SmallDisk() != nil
}

@Suite struct DiskFullTests {
    @Test(
        """
        F-AUD-02: a full disk refuses appends at once and takes them again by itself when there is room, 20 \
        times; the log holds what was taken
        """,
        .enabled(
            if: SmallDisk.isPermitted, "NEEDS THE RIGHT TO MOUNT A TMPFS: run as root to have this proved"))
    func fullAndEmptied() throws {
        let disk = try #require(SmallDisk())
        var settings = AuditLogSettings(region: "eu-west-1", folder: disk.path + "/log", gateway: "gw-test")
        settings.retryInterval = .milliseconds(5)
        let log = try AuditLog(settings)
        var taken: [Int] = []
        for round in 0..<20 {
            let ballast = disk.path + "/ballast"
            try Data(count: 620_000).write(to: URL(fileURLWithPath: ballast))
            // The rest of the room goes too.
            let rest = open(disk.path + "/rest", O_WRONLY | O_CREAT | O_TRUNC, 0o600)
            let block = [UInt8](repeating: 0, count: 4096)
            while write(rest, block, block.count) > 0 {}
            close(rest)
            var refused = false
            for turn in 0..<200 where !refused {
                let mark = round * 1000 + turn
                do throws(AuditError) {
                    _ = try log.append(marks: [mark], padding: 100)
                    taken.append(mark)
                } catch {
                    refused = true
                    guard case .system("write", _, ENOSPC) = error else {
                        Issue.record("\(error)")
                        return
                    }
                }
            }
            #expect(refused && log.failure != nil)
            unlink(ballast)
            unlink(disk.path + "/rest")
            let deadline = Date() + 20
            while log.failure != nil && Date() < deadline { usleep(1000) }
            try #require(log.failure == nil, "round \(round)")
            _ = try log.append(marks: [round * 1000 + 999])
            taken.append(round * 1000 + 999)
        }
        log.close()
        #expect(try readAll(disk.path + "/log").marks == taken)
    }
}
