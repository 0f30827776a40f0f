import Audit
import Crypto
import Foundation
import Glibc
import Testing

@Suite struct RecoveryTests {
    /// A log of four records, the bytes of its segment, and where each record ends.
    private func made(_ folder: TemporaryFolder) throws -> (bytes: [UInt8], ends: [Int]) {
        let log = try AuditLog(folder.settings())
        for mark in 1...4 { _ = try log.append(marks: [mark]) }
        log.close()
        let bytes = try Array(Data(contentsOf: URL(fileURLWithPath: folder.segment(0))))
        return (bytes, bytes.indices.filter { bytes[$0] == 0x0a }.map { $0 + 1 })
    }

    private func put(_ bytes: [UInt8], _ folder: TemporaryFolder) throws {
        try Data(bytes).write(to: URL(fileURLWithPath: folder.segment(0)))
        for name in try FileManager.default.contentsOfDirectory(atPath: folder.path + "/log/segments")
        where name.hasSuffix(".torn") {
            try FileManager.default.removeItem(atPath: folder.path + "/log/segments/" + name)
        }
    }

    /// Opens the log and checks that the torn bytes are put aside whole and told of.
    private func recover(_ folder: TemporaryFolder, keeps: Int, torn: [UInt8]) throws {
        let log = try AuditLog(folder.settings())
        #expect(try log.append(marks: [9]) == UInt64(keeps) + (torn.isEmpty ? 0 : 1))
        log.close()
        let records = try readAll(folder.path + "/log")
        #expect(records.marks == Array(1...4).prefix(keeps) + [9])
        guard !torn.isEmpty else {
            #expect(records.count == keeps + 1 && log.tornTail == nil)
            return
        }
        let told = records[keeps]
        #expect(told["type"]?.string == "log.recovered" && told["reason"]?.string == "torn_tail")
        #expect(told["bytes"]?.unsigned == UInt64(torn.count))
        #expect(told["sha256"]?.string == SHA256.hash(data: torn).map { String(format: "%02x", $0) }.joined())
        let file = try #require(told["file"]?.string)
        #expect(file == String(format: "%020d.torn", keeps))
        let aside = try Data(contentsOf: URL(fileURLWithPath: folder.path + "/log/segments/" + file))
        #expect(Array(aside) == torn)
    }

    @Test(
        """
        F-AUD-06: a log cut at any byte of its last two records starts again; what was cut off is kept aside \
        and told of
        """
    )
    func cutAtEachByte() throws {
        let folder = try TemporaryFolder()
        let (bytes, ends) = try made(folder)
        for length in ends[1]...bytes.count {
            let keeps = ends.filter { $0 <= length }.count
            let whole = keeps == 0 ? 0 : ends[keeps - 1]
            try put(Array(bytes[..<length]), folder)
            try recover(folder, keeps: keeps, torn: Array(bytes[whole..<length]))
        }
    }

    @Test(
        """
        F-AUD-06: zeros from any byte of the last two records to the end, or a page more, are torn and no \
        record
        """
    )
    func zeroFillFromEachByte() throws {
        let folder = try TemporaryFolder()
        let (bytes, ends) = try made(folder)
        for length in stride(from: ends[1], to: bytes.count, by: 3) {
            let keeps = ends.filter { $0 <= length }.count
            for extra in [0, 4096] {
                let filled =
                    Array(bytes[..<length]) + [UInt8](repeating: 0, count: bytes.count - length + extra)
                try put(filled, folder)
                try recover(folder, keeps: keeps, torn: Array(filled[ends[keeps - 1]...]))
            }
        }
    }

    @Test(
        """
        F-AUD-06: a hole of zeros over two records' border, with a whole record behind it, is torn from the \
        first of them on
        """
    )
    func hole() throws {
        let folder = try TemporaryFolder()
        var (bytes, ends) = try made(folder)
        for at in (ends[1] - 20)..<(ends[1] + 20) { bytes[at] = 0 }
        try put(bytes, folder)
        try recover(folder, keeps: 1, torn: Array(bytes[ends[0]...]))
    }

    @Test("F-AUD-06: what a start put aside and did not come to record is told of by the next one")
    func cutShort() throws {
        let folder = try TemporaryFolder()
        let (bytes, _) = try made(folder)
        try put(bytes, folder)
        let aside = URL(fileURLWithPath: folder.path + "/log/segments/" + String(format: "%020d.torn", 4))
        try Data("{\"se".utf8).write(to: aside)
        let log = try AuditLog(folder.settings())
        log.close()
        let told = try readAll(folder.path + "/log").filter { $0["type"]?.string == "log.recovered" }
        #expect(told.map { $0["file"]?.string } == [aside.lastPathComponent])
        #expect(told.map { $0["bytes"]?.unsigned } == [4])
        #expect(
            told.map { $0["sha256"]?.string } == [
                SHA256.hash(data: Data("{\"se".utf8)).map { String(format: "%02x", $0) }.joined()
            ])
        // Once: the record stands behind it.
        let again = try AuditLog(folder.settings())
        again.close()
        #expect(again.tornTail == nil)
        #expect(try readAll(folder.path + "/log").count == 5)
    }

    @Test("F-AUD-06: garbage behind the last record, with and without newlines in it, is put aside")
    func garbage() throws {
        let folder = try TemporaryFolder()
        let (bytes, _) = try made(folder)
        for tail in [
            "garbage", "garbage\n", "\n", "{}\n", "{\"seq\":4,\n", "{\"seq\":4,}\n", "{\"seq\":7}\n{\"se",
            "{\"seq\":4,\"a\":1}x\n", "{\"seq\":99,\"a\":1}\n", "{\"seq\":3,\"a\":1}\n",
        ] {
            try put(bytes + Array(tail.utf8), folder)
            try recover(folder, keeps: 4, torn: Array(tail.utf8))
        }
    }

    @Test(
        """
        A record that is damaged in the middle, whole ones behind it, is not repaired: the log does not open \
        and says which
        """
    )
    func damageInTheMiddle() throws {
        let folder = try TemporaryFolder()
        let (bytes, ends) = try made(folder)
        // Its number, its last brace, and the newline before it.
        for at in [ends[0] + 7, ends[1] - 2, ends[0] - 1] {
            var damaged = bytes
            damaged[at] = 0x58
            try put(damaged, folder)
            do throws(AuditError) {
                try AuditLog(folder.settings()).close()
                Issue.record("opened with byte \(at) damaged")
            } catch {
                guard case .damaged(_, let seq, _) = error else {
                    Issue.record("\(error)")
                    return
                }
                #expect(seq == (at < ends[0] ? 0 : 1))
            }
            #expect(try Data(contentsOf: URL(fileURLWithPath: folder.segment(0))) == Data(damaged))
        }
    }

    @Test("A segment that is missing between others is noticed at start")
    func missingSegment() throws {
        let folder = try TemporaryFolder()
        let log = try AuditLog(folder.settings(segmentBytes: 1024))
        for mark in 0..<9 { _ = try log.append(marks: [mark], padding: 300) }
        log.close()
        let segments = folder.path + "/log/segments"
        let names = try FileManager.default.contentsOfDirectory(atPath: segments).sorted()
        try FileManager.default.removeItem(atPath: segments + "/" + names[names.count - 2])
        #expect(throws: AuditError.self) { try AuditLog(folder.settings()) }
    }

    @Test("Drafts of segments that were never published are removed at start")
    func drafts() throws {
        let folder = try TemporaryFolder()
        _ = try made(folder)
        try Data("{".utf8).write(to: URL(fileURLWithPath: folder.segment(2) + ".new"))
        try recover(folder, keeps: 4, torn: [])
        #expect(access(folder.segment(2) + ".new", F_OK) != 0)
    }
}
