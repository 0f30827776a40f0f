import Audit
import Foundation
import Glibc
import Testing

@Suite struct ReaderTests {
    @Test(
        """
        F-AUD-11: a reader that is asked again goes on where it was, across new segments, and takes no tail \
        without a newline for a record
        """
    )
    func follow() throws {
        let folder = try TemporaryFolder()
        let log = try AuditLog(folder.settings(segmentBytes: 1500))
        let reader = try AuditReader(folder: folder.path + "/log")
        #expect(try reader.next() == nil)
        var expected: UInt64 = 0
        for mark in 0..<100 {
            _ = try log.append(marks: Array(repeating: mark, count: mark % 3 + 1), padding: 80)
            while let line = try reader.next() {
                #expect(line.isInSequence && line.seq == expected)
                expected += 1
            }
            #expect(expected == log.written)
        }
        log.close()
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path + "/log/segments")
            .sorted()
        let last = folder.path + "/log/segments/" + (try #require(names.last))
        let handle = try #require(FileHandle(forWritingAtPath: last))
        try handle.seekToEnd()
        try handle.write(contentsOf: Data("{\"seq\":\(expected),\"half\":".utf8))
        #expect(try reader.next() == nil)
        try handle.write(contentsOf: Data("1}\n".utf8))
        #expect(try reader.next()?.seq == expected)
    }

    @Test("A reader may begin at any record, and reads from there to the end")
    func seek() throws {
        let folder = try TemporaryFolder()
        let log = try AuditLog(folder.settings(segmentBytes: 300_000))
        for mark in 0..<4000 { _ = try log.append(marks: [mark], padding: mark % 500) }
        log.close()
        let path = folder.path + "/log"
        #expect(try AuditReader.end(of: path) == 4000)
        for from in [0, 1, 2, 77, 1234, 2999, 3998, 3999] {
            let reader = try AuditReader(folder: path, from: UInt64(from))
            var marks: [Int] = []
            while let line = try reader.next(), marks.count < 5 {
                #expect(line.isInSequence)
                marks.append(Int(try #require(JSONValue(line.bytes)?["mark"]?.unsigned)))
            }
            #expect(marks == Array(from..<min(4000, from + 5)))
        }
        #expect(try AuditReader(folder: path, from: 4000).next() == nil)
    }

    @Test("F-AUD-09: a damaged line is one named loss; everything behind it is read")
    func damage() throws {
        let folder = try TemporaryFolder()
        let log = try AuditLog(folder.settings())
        for mark in 0..<20 { _ = try log.append(marks: [mark]) }
        log.close()
        let path = folder.segment(0)
        let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").map(String.init)
        for (damaged, missing) in [
            ("{\"seq\":999999,\"x\":1}", [7, 8]), ("garbage", [7]), ("{\"seq\":3,\"x\":1}", [7, 8]),
        ] {
            var changed = lines
            changed[7] = damaged
            try (changed.joined(separator: "\n") + "\n").write(
                toFile: path, atomically: false, encoding: .utf8)
            let reader = try AuditReader(folder: folder.path + "/log")
            var right: [Int] = []
            var count = 0
            while let line = try reader.next() {
                count += 1
                if line.isInSequence { right.append(Int(try #require(line.seq))) }
            }
            #expect(count == 20)
            #expect(right == (0..<20).filter { !missing.contains($0) })
        }
    }

    @Test(
        """
        Several regions' logs are merged by time, from a root or one by one, and the last N are the last of \
        each
        """
    )
    func merge() throws {
        let folder = try TemporaryFolder()
        let clock = TestClock()
        for (region, offset) in [("eu-west-1", 0), ("us-east-1", 1)] {
            var settings = folder.settings("audit/" + region)
            settings.region = region
            let log = try AuditLog(settings, clocks: clock.clocks, wrapping: { $0 }, startsWriter: false)
            for turn in 0..<10 {
                clock.set(1_700_000_000_000_000 + Int64(turn * 2 + offset) * 1000)
                _ = try log.append(marks: [turn * 2 + offset])
            }
            log.close()
        }
        let follower = try LogFollower(folders: [folder.path + "/audit"])
        #expect(follower.regions == ["eu-west-1", "us-east-1"])
        var marks: [Int] = []
        while let record = try follower.next() {
            let mark = Int(try #require(record.value?["mark"]?.unsigned))
            #expect(record.region == (mark % 2 == 0 ? "eu-west-1" : "us-east-1"))
            marks.append(mark)
        }
        #expect(marks == Array(0..<20))
        let tail = try LogFollower(
            folders: [folder.path + "/audit/us-east-1", folder.path + "/audit/eu-west-1"], last: 2)
        marks = []
        while let record = try tail.next() {
            marks.append(Int(try #require(record.value?["mark"]?.unsigned)))
        }
        #expect(marks == [16, 17, 18, 19])
        #expect(throws: AuditError.self) { try LogFollower(folders: [folder.path]) }
        #expect(throws: AuditError.self) { try LogFollower(folders: [folder.path + "/none"]) }
    }

    @Test("F-AUD-12: rows and sheets show controls as text, and a row is one line whatever a record holds")
    func display() throws {
        let folder = try TemporaryFolder()
        var batch = RecordBatch(recordLimit: 65536)
        batch.begin(.sessionStart)
        batch.add("session", "s1")
        batch.add("replica", "orders-eu-a")
        batch.add("database", "orders")
        batch.add("subject", "eve\u{1b}[2J")
        batch.end()
        batch.begin(.query)
        batch.add("session", "s1")
        batch.add("message", 3)
        batch.addSQL(Array("select 1;\n-- \u{202e}\u{1b}]0;x\u{07}\u{2028}".utf8).span, of: 3)
        batch.end()
        batch.begin(.outcome)
        batch.add("session", "s1")
        batch.add("of", 3)
        batch.add("duration_us", 1234)
        batch.add("sqlstate", "42601")
        batch.end()
        let log = try AuditLog(
            folder.settings(), clocks: TestClock().clocks, wrapping: { $0 }, startsWriter: false)
        _ = try log.append(&batch)
        log.close()
        var table = RecordTable(showsRegion: false, width: 0)
        let follower = try LogFollower(folders: [folder.path + "/log"])
        var rows: [String] = []
        var sheets: [[String]] = []
        while let record = try follower.next() {
            rows.append(table.row(record))
            sheets.append(RecordSheet.lines(try #require(record.value)))
        }
        #expect(rows.allSatisfy { $0.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x202e } })
        #expect(rows[0].contains(#"eve\u{1b}[2J"#))
        #expect(rows[1].hasPrefix("2023-11-14 22:13:20.000 1        query"))
        #expect(
            rows[1].contains(
                #"orders         orders-eu-a      3     select 1;\n-- \u{202e}\u{1b}]0;x\u{7}\u{2028}"#))
        #expect(rows[2].contains("42601 1.2 ms"))
        #expect(
            sheets[1].contains("  | select 1;")
                && sheets[1].contains(#"  | -- \u{202e}\u{1b}]0;x\u{7}\u{2028}"#))
    }

    @Test("The JSON reader takes what RFC 8259 allows and nothing else")
    func json() {
        for good in ["{}", " [1, -0.5e+3, 0] ", #"{"a":"\ud83d\ude00\/"}"#, "null", "\"é\""] {
            #expect(JSONValue(Array(good.utf8)) != nil, "\(good)")
        }
        for bad in [
            "", "{", "{}}", "[1,]", "{\"a\":1,}", "01", "1.", "+1", "\"\n\"", "'a'", "nul", #"{"a":1,"a":2}"#,
            #""\ud800""#, #""\x""#, "[1 2]", "{1:2}",
            String(repeating: "[", count: 40) + String(repeating: "]", count: 40),
        ] { #expect(JSONValue(Array(bad.utf8)) == nil, "\(bad)") }
        #expect(JSONValue([0x22, 0xff, 0x22]) == nil)
        #expect(JSONValue(Array(#""\ud83d\ude00""#.utf8)) == .string("😀"))
    }
}
