import Audit
import AuditTree
import Foundation
import Testing

/// What stands in a log's folder beside its records: `verify` may not pass over what a reader of the files would see.
@Suite struct VerificationFolderTests {
    /// A log of 40 records in segments that begin with 0, 12 and 30, under four checkpoints.
    private func log() throws -> SignedLog {
        let log = try SignedLog(records: 40, checkpoints: [10, 20, 30, 40])
        try log.split(at: 30)
        try log.split(at: 12)
        return log
    }

    private func line(_ log: SignedLog, _ seq: Int) throws -> [UInt8] {
        let reader = try AuditReader(folder: log.path, from: UInt64(seq))
        return try #require(try reader.next()).bytes + [0x0a]
    }

    @Test("A log in several segments is verified, with what a failed sync had written again, cut anywhere")
    func writtenAgain() throws {
        let log = try log()
        #expect(try log.verify().findings == [])
        let first = try log.read(log.segment)
        let second = try log.read(log.folder.segment(12))
        for count in [1, 100, second.count / 2, second.count - 1, second.count] {
            try log.write(first + second.prefix(count), log.segment)
            #expect(try log.verify().findings == [], "\(count) bytes")
        }
        // Blocks that never reached the disk.
        let holes = Array(second.prefix(100)) + [UInt8](repeating: 0, count: 4096)
        try log.write(first + holes, log.segment)
        #expect(try log.verify().findings == [])
    }

    @Test("Anything else behind the next segment's first number is damage, and its place is named")
    func forgedBehindTheEnd() throws {
        let log = try log()
        let first = try log.read(log.segment)
        let other = try SignedLog(records: 40, checkpoints: [])
        let forged = [
            try line(other, 12), try line(log, 13), try line(log, 12) + line(log, 14), try line(log, 11),
            Array("{\"seq\":99999999,\"type\":\"query\"}\n".utf8), Array("whatever\n".utf8),
            Array("{\"seq\":12,\"sql\":\"DROP".utf8), Array("\n".utf8),
            try log.read(log.folder.segment(12)) + Array("{".utf8),
        ]
        for bytes in forged {
            try log.write(first + bytes, log.segment)
            let report = try log.verify()
            #expect(report.findings.map(\.path) == [log.segment], "\(String(decoding: bytes, as: UTF8.self))")
            #expect(report.findings.map(\.seq) == [12])
            #expect(!report.isVerified)
        }
        try log.write(first, log.segment)
        #expect(log.isVerified)
        // Where the line stands, not only that there is one.
        try log.write(first + Array("whatever\n".utf8), log.segment)
        let reason = try #require(try log.verify().findings.first?.reason)
        #expect(reason.contains("from byte \(first.count) on"), "\(reason)")
    }

    @Test(
        "Files among the segments that are none of the log's are named: readers of *.jsonl take them for records"
    )
    func strangers() throws {
        let log = try log()
        let segments = log.path + "/segments/"
        for name in [
            "zzz.jsonl", "0.jsonl", "00000000000000000000.jsonl.bak", ".hidden",
            "000000000000000000000.jsonl",
            "00000000000000000005.torn", "99999999999999999999999.jsonl.new", "x.torn",
        ] {
            try log.write(try log.lines()[1] + [0x0a], segments + name)
            #expect(try log.verify().findings.map(\.path) == [segments + name])
            try FileManager.default.removeItem(atPath: segments + name)
        }
        // A segment that is being made, and what a crash tore off the end before a record could name it.
        for name in ["00000000000000000040.jsonl.new", "00000000000000000040.torn"] {
            try log.write([0x7b], segments + name)
            #expect(try log.verify().findings == [])
        }
    }

    @Test("A torn end that a record names is the log's, and one of another name is not")
    func torn() throws {
        let log = try SignedLog(records: 6, checkpoints: [])
        var lines = try log.lines()
        let head = String(decoding: lines[3], as: UTF8.self).components(separatedBy: "\"type\"")[0]
        let name = "00000000000000000003.torn"
        // `printf x | sha256sum`
        let digest = "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"
        lines[3] = Array(
            "\(head)\"type\":\"log.recovered\",\"file\":\"\(name)\",\"sha256\":\"\(digest)\"}".utf8)
        try log.write(lines: lines)
        try log.sign([6])
        try log.write([0x78], log.path + "/segments/" + name)
        #expect(log.isVerified)
        try log.write([0x78], log.path + "/segments/00000000000000000003.2.torn")
        #expect(
            try log.verify().findings.map(\.path) == [log.path + "/segments/00000000000000000003.2.torn"])
    }

    @Test("A segment that is named for another record than its first is named")
    func renamed() throws {
        let log = try log()
        try FileManager.default.moveItem(atPath: log.folder.segment(12), toPath: log.folder.segment(13))
        let report = try log.verify()
        #expect(report.findings.map(\.path) == [log.folder.segment(13)])
        #expect(report.findings.map(\.seq) == [13])
    }

    // MARK: - Checkpoints

    @Test("With a key a log in which nothing is signed is not verified, new or emptied")
    func emptied() throws {
        let fresh = try SignedLog(records: 0, checkpoints: [])
        let report = try fresh.verify()
        #expect(!report.isVerified)
        #expect(report.findings.first?.reason.contains("nothing is signed") == true, "\(report.findings)")

        let log = try log()
        for name in ["checkpoint", "checkpoints.log", "tile", "segments"] {
            try FileManager.default.removeItem(atPath: log.path + "/" + name)
        }
        try FileManager.default.createDirectory(
            atPath: log.path + "/segments", withIntermediateDirectories: true)
        let emptied = try log.verify()
        #expect(!emptied.isVerified)
        #expect(emptied.findings.map(\.reason) == report.findings.map(\.reason))
    }

    @Test("`checkpoint` is the newest of checkpoints.log, or one round behind it, as a crash leaves it")
    func olderCheckpoint() throws {
        let log = try log()
        let notes = log.notes
        for (at, note) in notes.enumerated() {
            try log.write(note, log.path + "/checkpoint")
            let findings = try log.verify().findings
            #expect(findings.map(\.seq) == (at < 2 ? [UInt64(10 * (at + 1))] : []), "\(at)")
            #expect(findings.allSatisfy { $0.path == log.path + "/checkpoint" })
        }
    }

    @Test("A round of several checkpoints is one round, of which a crash may leave all behind `checkpoint`")
    func olderByARound() throws {
        let log = try SignedLog(records: 4200, checkpoints: [500, 1000, 2000, 3000, 3500, 4200])
        let path = log.path + "/checkpoint"
        // Behind those up to 3000 stands the end of a round, 3500, and another round behind that.
        for (note, isSound) in zip(log.notes, [false, false, false, false, true, true]) {
            try log.write(note, path)
            #expect(log.isVerified == isSound)
        }
        let shorter = try SignedLog(records: 3500, checkpoints: [500, 1000, 2000, 3000, 3500])
        for note in shorter.notes {
            try shorter.write(note, shorter.path + "/checkpoint")
            #expect(shorter.isVerified)
        }
    }

    @Test(
        "An entry that was taken out of checkpoints.log is noticed with a copy of it that was kept elsewhere")
    func entryTakenOut() throws {
        let log = try log()
        let kept = log.folder.path + "/kept"
        try log.write(try log.read(log.path + "/checkpoints.log"), kept)
        let others = [log.notes[0], log.notes[2], log.notes[3]]
        try log.write(Array(others.map { $0 + [0x0a] }.joined()), log.path + "/checkpoints.log")
        // Nothing inside says how many there were.
        #expect(log.isVerified)
        let report = try log.verify(against: [kept])
        #expect(report.findings.map(\.seq) == [20])
        #expect(report.findings.map(\.path) == [log.path + "/checkpoints.log"])
        #expect(report.confirmed == 4)
    }
}
