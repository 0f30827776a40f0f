import Audit
import AuditTree
import Foundation
import Glibc
import Synchronization
import Testing

@Suite struct RetentionTests {
    @Test
    func `F-AUD-20: old segments go, a signed record says so, and old and new records are still proved`()
        throws
    {
        let kept = try RetainedLog()
        let log = try kept.open()
        try kept.write(log)
        let old = try kept.line(150)
        #expect(kept.segments == [0, 100, 200, 300, 400])
        kept.turn(log)
        #expect(kept.segments == [200, 300, 400, 500])
        #expect(log.counters.retention == LogRetention.Status(first: 200, removed: 2))
        let record = try #require(JSONValue(try kept.line(500)))
        #expect(record["type"]?.string == "log.pruned")
        #expect((record["first"]?.unsigned, record["end"]?.unsigned) == (0, 200))
        #expect(record["gateway"]?.string == "gw-test")
        #expect(record["reason"]?.string == "audit.retention: 150m")
        #expect(record["policy"]?.string == "p")
        log.close()

        let report = try kept.verify()
        #expect(report.isVerified, "\(report.findings)")
        #expect((report.first, report.end, report.pruned, report.pruning) == (200, 501, 200, 500))
        #expect(report.covered == 501 && report.confirmed > 0)
        let key = try #require(kept.verifiers.first)
        #expect(
            ForeignVerifiers.answers(kept.path, key: "\(key)") == [
                "python": "ok 501 501", "go": "ok 501 501",
            ])

        let proof = try RecordProof.of(150, in: kept.path)
        #expect(proof.record == nil && proof.verified(by: kept.verifiers) == nil)
        let read = try #require(ProofFile(Array(proof.text.utf8)))
        #expect(read == proof && !proof.text.contains("extra"))
        #expect(read.with(record: old).verified(by: kept.verifiers)?.size == 501)
        var other = old
        other[40] ^= 1
        #expect(read.with(record: other).verified(by: kept.verifiers) == nil)
        #expect(try RecordProof.of(450, in: kept.path).verified(by: kept.verifiers)?.size == 501)
        #expect(throws: AuditError.self) { try RecordProof.of(501, in: kept.path) }
    }

    @Test
    func
        `F-AUD-15: what is left of a log is held against its anchor: rewritten records and a cut end are named`()
        throws
    {
        let kept = try RetainedLog()
        let log = try kept.open()
        try kept.write(log)
        kept.turn(log)
        log.close()
        let path = kept.folder.segment(300)
        let bytes = try Array(Data(contentsOf: URL(fileURLWithPath: path)))
        var changed = bytes
        changed[40] ^= 1
        try Data(changed).write(to: URL(fileURLWithPath: path))
        #expect(try kept.verify().findings.map(\.seq) == [300])
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        // With the last segment goes the record that says what was removed.
        try FileManager.default.removeItem(atPath: kept.folder.segment(500))
        let cut = try kept.verify()
        #expect(cut.findings.contains { $0.seq == 500 && $0.path == kept.kept }, "\(cut.findings)")
        #expect(cut.findings.contains { $0.seq == 0 }, "\(cut.findings)")
    }

    @Test func `F-AUD-20: without an anchor, or before each of them holds the records, nothing is removed`()
        throws
    {
        for anchors in [0, 2] {
            let kept = try RetainedLog()
            let log = try kept.open(anchors: anchors)
            try kept.write(log)
            if let first = log.tree?.anchors.first { _ = first.turn() }
            kept.turn(log, anchored: false)
            #expect(kept.segments == [0, 100, 200, 300, 400])
            #expect((log.retention == nil) == (anchors == 0))
            kept.turn(log)
            #expect(kept.segments.first == (anchors == 0 ? 0 : 200))
            log.close()
        }
    }

    @Test func `what somebody still needs is held back, and goes later`() throws {
        let kept = try RetainedLog()
        let log = try kept.open()
        try kept.write(log)
        kept.turn(log, heldBack: 199)
        #expect(kept.segments.first == 100)
        kept.turn(log, heldBack: 200)
        #expect(kept.segments.first == 200)
        log.close()
        #expect(try kept.verify().isVerified)
    }

    @Test
    func
        `F-AUD-20: killed at each file call of a removal, the next start finishes it; the log verifies at each point`()
        throws
    {
        let kept = try RetainedLog()
        var log = try kept.open()
        try kept.write(log, segments: 6)
        log.close()
        let whole = kept.folder.path + "/whole"
        try FileManager.default.copyItem(atPath: kept.path, toPath: whole)
        var points = 0
        for point in 0..<20 {
            try FileManager.default.removeItem(atPath: kept.path)
            try FileManager.default.copyItem(atPath: whole, toPath: kept.path)
            // Each is a history of its own from there on.
            for name in ["/state", "/kept"] {
                try? FileManager.default.removeItem(atPath: kept.folder.path + name)
            }
            let calls = Mutex(0)
            log = try kept.open(files: { operation, name in
                guard operation == .remove || operation == .syncFolder, name.hasPrefix("segments") else {
                    return nil
                }
                return calls.withLock { count in
                    count += 1
                    // From there on nothing happens any more.
                    return count > point ? EIO : nil
                }
            })
            kept.turn(log, times: 4)
            log.drop()
            let isWhole = calls.withLock { $0 } <= point
            let report = try kept.verify()
            #expect(report.isVerified, "point \(point): \(report.findings)")
            #expect((report.pruned > 0) == (point > 0))
            log = try kept.open()
            kept.turn(log)
            #expect(kept.segments.first == 300, "point \(point): \(kept.segments)")
            log.close()
            #expect(try kept.verify().isVerified)
            if isWhole { break }
            points += 1
        }
        #expect(points == 6, "three segments, each removed and made durable")
    }

    @Test func `a record that is not the one that was signed is kept, with its segment and those behind it`()
        throws
    {
        let kept = try RetainedLog()
        let events = Mutex<[RetentionSettings.Event]>([])
        let log = try kept.open(tell: { event in events.withLock { $0.append(event) } })
        try kept.write(log, segments: 6)
        let path = kept.folder.segment(100)
        var bytes = try Array(Data(contentsOf: URL(fileURLWithPath: path)))
        bytes[40] ^= 1
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        kept.turn(log, times: 12)
        #expect(kept.segments.first == 100)
        guard case .damaged(_, 100, _)? = log.retention?.status.trouble else {
            Issue.record("\(log.counters)")
            return
        }
        bytes[40] ^= 1
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        kept.turn(log, times: 12)
        #expect(kept.segments.first == 300 && log.retention?.status.trouble == nil)
        log.close()
        let told = events.withLock { $0 }
        #expect(told.count == 4, "\(told)")
        #expect(told.first == .removed(first: 0, end: 100))
        #expect(told.dropFirst(2).contains(.trouble(nil)) && told.contains(.removed(first: 100, end: 300)))
    }

    @Test func `a tile that does not lead to the checkpoint keeps the records that it stands for`() throws {
        let kept = try RetainedLog()
        let log = try kept.open()
        try kept.write(log)
        let path = kept.path + "/tile/0/000"
        var bytes = try Array(Data(contentsOf: URL(fileURLWithPath: path)))
        bytes[0] ^= 1
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        kept.turn(log)
        #expect(kept.segments.first == 0)
        guard case .unproved? = log.retention?.status.trouble else {
            Issue.record("\(log.counters)")
            return
        }
        log.close()
    }

    @Test func `segments that are gone without a record, or by one that nobody signed, are damage`() throws {
        let kept = try RetainedLog()
        let log = try kept.open()
        try kept.write(log)
        log.close()
        try FileManager.default.removeItem(atPath: kept.folder.segment(0))
        #expect(try kept.verify().findings.map(\.seq) == [0])
        let key = try #require(kept.verifiers.first)
        for answer in ForeignVerifiers.answers(kept.path, key: "\(key)").values {
            #expect(answer.hasPrefix("not verified") && answer.contains("record 0 is missing"), "\(answer)")
        }
        // Whoever removes them can write a line behind the last checkpoint.
        let last = try kept.line(499)
        let forged = String(decoding: last, as: UTF8.self).replacing("{\"seq\":499", with: "{\"seq\":500")
            .replacing("\"type\":\"outcome\"", with: "\"type\":\"log.pruned\",\"first\":0,\"end\":100")
        let file = try #require(FileHandle(forWritingAtPath: kept.folder.segment(400)))
        try file.seekToEnd()
        try file.write(contentsOf: Data((forged + "\n").utf8))
        try file.close()
        let report = try kept.verify()
        #expect(report.end == 501 && report.findings.map(\.seq) == [0], "\(report.findings)")
    }

    @Test func `F-AUD-11: readers go on where segments are removed under them, and verify begins anew`()
        throws
    {
        let kept = try RetainedLog()
        let log = try kept.open()
        try kept.write(log)
        let reader = try AuditReader(folder: kept.path)
        for _ in 0..<50 { _ = try reader.next() }
        var read = 0
        let report = try kept.verify { _ in
            read += 1
            if read == 50 { kept.turn(log) }
        }
        #expect(report.isVerified, "\(report.findings)")
        #expect((report.first, report.pruned) == (200, 200))
        #expect(read > 350, "it was read again from what is left")
        // The reader ends the segment that it has open, and goes on with what is left.
        var seen: [UInt64] = []
        while let line = try reader.next() {
            #expect(line.isInSequence)
            seen.append(line.expected)
        }
        #expect(seen == Array(50..<100) + Array(200..<501))
        log.close()
    }

    @Test func `a log without its first segments starts, also where tiles above the lowest are lost`() throws
    {
        let kept = try RetainedLog()
        var log = try kept.open()
        try kept.write(log)
        kept.turn(log)
        log.close()
        let tiles = kept.path + "/tile/1"
        try FileManager.default.removeItem(atPath: tiles)
        log = try kept.open()
        #expect(log.tree?.head?.size == 501)
        _ = try log.append(marks: [1])
        log.close()
        #expect(FileManager.default.fileExists(atPath: tiles))
        let report = try kept.verify()
        #expect(report.isVerified && report.end == 502, "\(report.findings)")
        // What alone speaks of removed records cannot be made again.
        try FileManager.default.removeItem(atPath: kept.path + "/tile/0/000")
        try FileManager.default.removeItem(atPath: tiles)
        #expect(throws: AuditError.self) { try kept.open() }
    }

    @Test func `bytes that a crash tore off removed records go with them`() throws {
        let kept = try RetainedLog()
        let log = try kept.open()
        try kept.write(log)
        let segments = kept.path + "/segments/"
        for name in ["00000000000000000100.torn", "00000000000000000150.2.torn", "00000000000000000250.torn"]
        {
            try "SELECT".write(toFile: segments + name, atomically: false, encoding: .utf8)
        }
        kept.turn(log)
        log.close()
        let left = try FileManager.default.contentsOfDirectory(atPath: segments).filter {
            $0.hasSuffix(".torn")
        }
        #expect(left == ["00000000000000000250.torn"])
    }

    @Test
    func
        `hashes for export are the tiles' where the record is gone, and a session without its start has no receipt`()
        throws
    {
        let kept = try RetainedLog()
        let log = try kept.open()
        let types: [RecordType] = [.sessionStart, .query, .sessionEnd]
        for (at, type) in types.enumerated() {
            var batch = RecordBatch(recordLimit: 65536)
            batch.begin(type)
            batch.add("session", "s1")
            batch.end()
            _ = try log.append(&batch)
            // The first of them is of the segments that go.
            if at == 0 { try kept.write(log) }
        }
        let old = try kept.line(150)
        kept.turn(log)
        log.close()
        var lines: [JSONValue] = []
        try LogExport.hashes(of: kept.path, 149..<203) { line in
            if let value = JSONValue(line), value["seq"] != nil { lines.append(value) }
        }
        #expect(lines.compactMap { $0["seq"]?.unsigned } == Array(149..<203))
        #expect(lines[1]["leaf"]?.string == Base64Text.of(TreeHash.leaf(old.span).bytes))
        let first = try #require(kept.segments.first)
        #expect(lines.filter { $0["time"] == nil }.count == Int(first) - 149)
        do {
            _ = try ResidencyReceipt(session: "s1", folder: kept.path)
            Issue.record("a receipt without its first record")
        } catch let error as AuditError {
            #expect(error.description.hasSuffix("the log begins with record \(first)"), "\(error)")
        }
    }
}
