import Audit
import AuditTree
import Foundation
import Glibc
import Testing

@Suite struct CheckpointAnchorTests {
    private let folder: TemporaryFolder
    private let key = SigningKey()

    init() throws { folder = try TemporaryFolder() }

    private func settings(anchor: String) -> AuditLogSettings {
        var settings = folder.settings()
        settings.tree = TreeSettings(
            origin: "test.example/audit", keys: [key], anchors: [FileAnchor(path: anchor)],
            interval: .milliseconds(1))
        return settings
    }

    private func verify(against anchor: String) throws -> VerificationReport {
        let verifier = try #require(key.verifier(of: "test.example/audit/eu-west-1"))
        return try LogVerification(
            folder: folder.path + "/log", keys: [verifier], anchors: [KeptCheckpoints(anchor)]
        ).run()
    }

    @Test func `F-AUD-15: signed checkpoints stand in a file elsewhere, which shows a log that was cut`()
        throws
    {
        let anchor = folder.path + "/elsewhere"
        for start in 0..<2 {
            let log = try AuditLog(settings(anchor: anchor))
            for mark in 0..<20 { _ = try log.append(marks: [20 * start + mark]) }
            log.close()
            #expect(log.tree?.anchors.first?.status == .init(anchored: UInt64(20 * start + 20), trouble: nil))
        }
        let whole = try verify(against: anchor)
        #expect(whole.isVerified && whole.confirmed >= 2, "\(whole)")

        // Cut back to what it was after the first start, with everything that says otherwise.
        let path = folder.path + "/log"
        let segment = try String(contentsOfFile: folder.segment(0), encoding: .utf8)
        let lines = segment.split(separator: "\n").prefix(20).map { $0 + "\n" }
        try lines.joined().write(toFile: folder.segment(0), atomically: true, encoding: .utf8)
        let notes = try String(contentsOfFile: path + "/checkpoints.log", encoding: .utf8)
        let kept = notes.components(separatedBy: "\n\ntest").enumerated().map { $0 == 0 ? $1 : "test" + $1 }
            .filter { (Int($0.split(separator: "\n")[1]) ?? 99) <= 20 }.map {
                $0.trimmingCharacters(in: .newlines)
            }
        try (kept.joined(separator: "\n\n") + "\n\n").write(
            toFile: path + "/checkpoints.log", atomically: true, encoding: .utf8)
        try ((kept.last ?? "") + "\n").write(toFile: path + "/checkpoint", atomically: true, encoding: .utf8)
        let cut = try verify(against: anchor)
        #expect(cut.findings.contains { $0.path == anchor && $0.seq == 20 }, "\(cut.findings)")
    }

    @Test func `F-AUD-03: an anchor that hangs holds nobody up, neither records nor checkpoints`() throws {
        // Opening a pipe that nobody reads does not return.
        let anchor = folder.path + "/pipe"
        #expect(mkfifo(anchor, 0o600) == 0)
        let log = try AuditLog(settings(anchor: anchor))
        for mark in 0..<50 { _ = try log.append(marks: [mark]) }
        log.close()
        #expect(log.tree?.head?.size == 50)
        #expect(log.tree?.anchors.first?.status.anchored == 0)
        // Whoever opens it lets the thread go; closed again, it would end the process by SIGPIPE, which a gateway ignores.
        #expect(open(anchor, O_RDONLY | O_NONBLOCK) >= 0)
    }

    @Test func `an anchor that cannot be written says why, and has everything once it can`() throws {
        let place = folder.path + "/mount"
        let anchor = place + "/checkpoints"
        let log = try AuditLog(settings(anchor: anchor))
        _ = try log.append(marks: [1])
        let deadline = Date(timeIntervalSinceNow: 20)
        while log.tree?.anchors.first?.status.trouble == nil, Date() < deadline { usleep(5_000) }
        #expect(
            log.tree?.anchors.first?.status.trouble == .system(operation: "open", path: anchor, code: ENOENT))
        #expect(log.failure == nil && log.tree?.trouble == nil)
        try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
        _ = try log.append(marks: [2])
        log.close()
        #expect(log.tree?.anchors.first?.status == .init(anchored: 2, trouble: nil))
        #expect(try verify(against: anchor).isVerified)
    }

    @Test func `half a note that a failed write left does not hide the next one`() throws {
        let anchor = folder.path + "/elsewhere"
        try "test.example/audit/eu-west-1\n7\nAAAA".write(toFile: anchor, atomically: true, encoding: .utf8)
        let handle = try #require(FileHandle(forWritingAtPath: anchor))
        handle.seekToEndOfFile()
        handle.write(Data("\n— torn\n\n".utf8))
        try handle.close()
        let log = try AuditLog(settings(anchor: anchor))
        _ = try log.append(marks: [1])
        log.close()
        let report = try verify(against: anchor)
        #expect(report.isVerified && report.confirmed == 1, "\(report)")
    }

    @Test func `of checkpoints that wait too many the oldest are left out, and the newest is written`() throws
    {
        let file = FileAnchor(path: folder.path + "/elsewhere")
        let anchor = CheckpointAnchor(file)
        let notes = (1...(file.limit + 3)).compactMap { size in
            key.sign(Checkpoint(origin: "o", size: UInt64(size), root: .empty).text, as: "o")
        }
        for note in notes { anchor.offer([note]) }
        #expect(anchor.turn())
        #expect(anchor.status == .init(anchored: UInt64(notes.count), trouble: nil))
        var history = try CheckpointHistory(path: file.path)
        var sizes: [UInt64] = []
        while let entry = try history.next() {
            guard case .note(let note) = entry else { continue }
            sizes.append(try #require(Checkpoint(text: note.text)).size)
        }
        #expect(sizes == (4...UInt64(notes.count)).map { $0 })
    }

    @Test func `a pause grows after each failure up to its limit, and begins anew after a success`() {
        var pause = GrowingPause(first: .seconds(1), longest: .seconds(5))
        #expect(
            (0..<5).map { _ in pause.failed() } == [
                .seconds(1), .seconds(2), .seconds(4), .seconds(5), .seconds(5),
            ])
        pause.succeeded()
        #expect(pause.failed() == .seconds(1))
    }

    @Test func `F-AUD-16: of two histories that were signed, two anchors that each hold one show both`()
        throws
    {
        let places = [folder.path + "/first", folder.path + "/second"]
        let log = try AuditLog(settings(anchor: places[0]))
        for mark in 0..<3 { _ = try log.append(marks: [mark]) }
        log.close()
        // The same log from its beginning, as somebody with the folder and the key would write it anew.
        try FileManager.default.removeItem(atPath: folder.path + "/log")
        let other = try AuditLog(settings(anchor: places[1]))
        for mark in 0..<3 { _ = try other.append(marks: [mark]) }
        other.close()
        #expect(try verify(against: places[1]).isVerified)
        let report = try verify(against: places[0])
        #expect(
            report.findings.contains { $0.path == places[0] && $0.reason.contains("is not of this log") },
            "\(report)")
    }
}
