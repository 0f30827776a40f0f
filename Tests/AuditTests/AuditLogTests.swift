import Audit
import Foundation
import Glibc
import Synchronization
import Testing

@Suite struct AuditLogTests {
    @Test(
        """
        Appended records are numbered without a gap from 0, durable after a sync, and there again when the \
        log is opened anew
        """
    )
    func reopen() throws {
        let folder = try TemporaryFolder()
        for round in 0..<3 {
            let log = try AuditLog(folder.settings())
            #expect(log.durable == UInt64(round * 4))
            var batch = marked([1, 2, 3])
            let receipt = try log.append(&batch)
            #expect(receipt.first == UInt64(round * 4) && receipt.end == receipt.first + 3)
            let left = batch.recordCount
            #expect(left == 0)
            #expect(try log.append(marks: [4]) == receipt.end)
            log.close()
            #expect(log.durable == receipt.end + 1)
            #expect(throws: AuditError.closed) { try log.append(marks: [5]) }
        }
        #expect(try readAll(folder.path + "/log").marks == [1, 2, 3, 4, 1, 2, 3, 4, 1, 2, 3, 4])
    }

    @Test("The folder is made for its owner alone, with a log.json that names the region")
    func folder() throws {
        let folder = try TemporaryFolder()
        let log = try AuditLog(folder.settings("a/b/log"))
        defer { log.close() }
        let path = folder.path + "/a/b/log"
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        #expect(attributes[.posixPermissions] as? Int == 0o700)
        let segment = try FileManager.default.attributesOfItem(atPath: folder.segment(0, of: "a/b/log"))
        #expect(segment[.posixPermissions] as? Int == 0o600)
        let described = try #require(JSONValue(Data(contentsOf: URL(fileURLWithPath: path + "/log.json"))))
        #expect(described["region"]?.string == "eu-west-1" && described["format"]?.unsigned == 1)
    }

    @Test("F-AUD-10: a second writer of one folder is refused and told who holds it; the first goes on")
    func secondWriter() throws {
        let folder = try TemporaryFolder()
        let log = try AuditLog(folder.settings())
        do throws(AuditError) {
            _ = try AuditLog(folder.settings())
            Issue.record("a second writer got in")
        } catch {
            guard case .locked(_, let holder) = error else {
                Issue.record("\(error)")
                return
            }
            #expect(holder.hasPrefix("gateway gw-test, pid \(getpid()), boot "))
        }
        _ = try log.append(marks: [1])
        log.close()
        try AuditLog(folder.settings()).close()
    }

    @Test("F-AUD-22: a folder whose log.json names another region is refused")
    func otherRegion() throws {
        let folder = try TemporaryFolder()
        try AuditLog(folder.settings()).close()
        var settings = folder.settings()
        settings.region = "us-east-1"
        #expect(
            throws: AuditError.wrongRegion(path: settings.folder, expected: "us-east-1", found: "eu-west-1")
        ) { try AuditLog(settings) }
        try FileManager.default.removeItem(atPath: settings.folder + "/log.json")
        #expect(throws: AuditError.notALog(path: settings.folder, reason: "holds segments and no log.json")) {
            try AuditLog(settings)
        }
    }

    @Test("NFS, SMB, 9p and FUSE are refused by their magic numbers of statfs(2); local filesystems are not")
    func filesystems() {
        #expect(FilesystemType.name(refusedMagic: 0x6969) == "nfs")
        #expect(FilesystemType.name(refusedMagic: 0xff53_4d42) == "cifs")
        #expect(FilesystemType.name(refusedMagic: 0x0102_1997) == "9p")
        #expect(FilesystemType.name(refusedMagic: 0x6573_5546) == "fuse")
        // ext4, xfs, btrfs, tmpfs
        for local: UInt32 in [0xef53, 0x5846_5342, 0x9123_683e, 0x0102_1994] {
            #expect(FilesystemType.name(refusedMagic: local) == nil)
        }
    }

    @Test(
        "A folder on FUSE is refused",
        .enabled(if: mountedFUSE != nil, "NEEDS A FUSE MOUNT ON THIS MACHINE to be tried on a real one"))
    func networkFilesystem() throws {
        let mount = try #require(mountedFUSE)
        let settings = AuditLogSettings(region: "r", folder: mount + "/domicile-test-log", gateway: "g")
        #expect(throws: AuditError.self) { try AuditLog(settings) }
    }

    @Test("F-AUD-18: time never goes back; what the clock lost stands in clock_back_us; years end at 9999")
    func clock() throws {
        let folder = try TemporaryFolder()
        let clock = TestClock()
        let log = try AuditLog(folder.settings(), clocks: clock.clocks, wrapping: { $0 }, startsWriter: false)
        for time: Int64 in [
            1_000_000_000_123_456, 999_999_999_000_000, 2_147_483_648_000_001, 253_402_300_800_000_000,
        ] {
            clock.set(time)
            _ = try log.append(marks: [1])
        }
        log.close()
        clock.set(0)
        let again = try AuditLog(
            folder.settings(), clocks: clock.clocks, wrapping: { $0 }, startsWriter: false)
        _ = try again.append(marks: [2])
        again.close()
        let records = try readAll(folder.path + "/log")
        // date -u -d @1000000000; 2147483648 is one second past 32 bits.
        #expect(
            records.map { $0["time"]?.string } == [
                "2001-09-09T01:46:40.123456Z", "2001-09-09T01:46:40.123456Z", "2038-01-19T03:14:08.000001Z",
                "9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z",
            ])
        #expect(
            records.map { $0["clock_back_us"]?.unsigned } == [
                nil, 1_123_456, nil, nil, 253_402_300_799_999_999,
            ])
    }

    @Test("Segments begin by size, are named by their first record, and read as one log")
    func rotation() throws {
        let folder = try TemporaryFolder()
        let log = try AuditLog(folder.settings(segmentBytes: 2000))
        for mark in 0..<200 { _ = try log.append(marks: [mark, mark], padding: mark % 7 * 30) }
        log.close()
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path + "/log/segments")
            .sorted()
        #expect(names.count > 20)
        for name in names {
            let text = try String(contentsOfFile: folder.path + "/log/segments/" + name, encoding: .utf8)
            let first = try #require(Int(name.prefix(20)))
            #expect(text.utf8.count <= 2000 && text.hasPrefix("{\"seq\":\(first),"))
        }
        #expect(try readAll(folder.path + "/log").marks == (0..<200).flatMap { [$0, $0] })
        let again = try AuditLog(folder.settings())
        #expect(try again.append(marks: [1]) == 400)
        again.close()
    }

    @Test(
        """
        Eight threads append at once: no number twice, none missing, no batch torn apart, every receipt \
        right
        """,
        arguments: AuditDurability.allCases)
    func concurrent(durability: AuditDurability) throws {
        let folder = try TemporaryFolder()
        let log = try AuditLog(folder.settings(durability: durability, segmentBytes: 50_000))
        let announced = Mutex<[UInt64]>([])
        _ = log.subscribe { notice in
            if case .durable(let end) = notice { announced.withLock { $0.append(end) } }
        }
        let receipts = Mutex<[(UInt64, Int)]>([])
        let done = DispatchGroup()
        for thread in 0..<8 {
            let worker = Thread {
                for turn in 0..<300 {
                    let mark = thread * 1000 + turn
                    let first = try? log.append(
                        marks: Array(repeating: mark, count: turn % 4 + 1), padding: turn % 50)
                    receipts.withLock { $0.append((first ?? .max, mark)) }
                }
                done.leave()
            }
            done.enter()
            worker.start()
        }
        done.wait()
        log.close()
        let marks = try readAll(folder.path + "/log").marks
        #expect(marks.count == 8 * (75 * 1 + 75 * 2 + 75 * 3 + 75 * 4))
        receipts.withLock { receipts in
            for (first, mark) in receipts {
                let count = mark % 1000 % 4 + 1
                #expect(
                    Array(marks[Int(first)..<(Int(first) + count)]) == Array(repeating: mark, count: count))
            }
        }
        announced.withLock { announced in
            #expect(announced == announced.sorted() && announced.last == UInt64(marks.count))
        }
        #expect(log.durable == UInt64(marks.count))
    }

    @Test("An acknowledged record becomes durable without anybody asking, and the observer hears of it")
    func announces() throws {
        let folder = try TemporaryFolder()
        let log = try AuditLog(folder.settings())
        let heard = DispatchSemaphore(value: 0)
        let token = log.subscribe { notice in
            if notice == .durable(2) { heard.signal() }
        }
        _ = try log.append(marks: [1, 2])
        #expect(heard.wait(timeout: .now() + 10) == .success)
        #expect(log.durable == 2)
        log.unsubscribe(token)
        log.close()
    }
}

/// A FUSE mount of this machine, where there is one.
let mountedFUSE: String? = {
    let mounts = (try? String(contentsOfFile: "/proc/mounts", encoding: .utf8)) ?? ""
    for line in mounts.split(separator: "\n") {
        let fields = line.split(separator: " ")
        if fields.count > 2, fields[2].hasPrefix("fuse.") { return String(fields[1]) }
    }
    return nil
}()
