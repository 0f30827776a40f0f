import Crypto
import Glibc

/// What was found at the end of a log when it was opened.
struct RecoveredLog {
    /// The last segment, cut to its whole records; nil where the log holds none yet.
    var segment: AppendMachine.Segment?
    /// The last record's time in microseconds since 1970.
    var micros: Int64 = 0
    /// What was torn off the end and no record tells of yet; the newest last.
    var torn: [TornTail] = []
}

/// Bytes that were no record, put aside.
struct TornTail: Equatable {
    /// Name of the file beside the segments that holds them.
    let file: String
    let bytes: Int
    /// In lower-case hex.
    let sha256: String
}

/// Reads the end of a log at start, and repairs what a crash may leave there: a last line that is no record.
///
/// The records of the last segment must be numbered from its name on without a gap. Where they stop being so,
/// the rest of the file goes byte for byte into `….torn` and is cut off — if it is what a crash leaves: the last
/// line alone, or no whole record of a later number stands in it, or it holds NUL bytes (blocks that never reached
/// the disk).
/// Anything else is damage of what was durable and is not repaired.
///
/// Records that a signed checkpoint covers were durable: where one of those is torn, that is damage, too.
struct LogRecovery {
    let folder: SegmentFolder
    /// Records below this number are covered by a signed checkpoint.
    var covered: UInt64 = 0

    func recover() throws(AuditError) -> RecoveredLog {
        for name in try SegmentName.files(folder.path) where name.hasSuffix(SegmentName.draftSuffix) {
            unlink(folder.path + "/" + name)
        }
        let firsts = try SegmentName.list(folder.path)
        guard let last = firsts.last else { return RecoveredLog() }
        if firsts.count > 1 { try checkEnd(of: firsts[firsts.count - 2], reaches: last) }

        let scan = try SegmentScan(path: folder.path(of: last), first: last)
        var recovered = RecoveredLog()
        recovered.micros = scan.micros ?? 0
        recovered.torn = try unrecorded(before: scan.next)
        if scan.length < scan.fileLength {
            recovered.torn.append(try tearOff(scan, first: last))
        }
        if recovered.micros == 0 && firsts.count > 1 {
            let before = firsts[firsts.count - 2]
            recovered.micros = try SegmentScan(path: folder.path(of: before), first: before).micros ?? 0
        }
        recovered.segment = AppendMachine.Segment(
            first: last, end: scan.next, length: scan.length, entered: true)
        return recovered
    }

    /// What starts that were cut short put aside: the record of it would have had this number.
    private func unrecorded(before next: UInt64) throws(AuditError) -> [TornTail] {
        let base = SegmentName.digits(next)
        var found: [TornTail] = []
        for name in try SegmentName.files(folder.path).sorted()
        where name.hasPrefix(base) && name.hasSuffix(SegmentName.tornSuffix) {
            let path = folder.path + "/" + name
            var status = stat()
            guard stat(path, &status) == 0 else { throw .system(operation: "stat", path: path, code: errno) }
            found.append(
                TornTail(file: name, bytes: Int(status.st_size), sha256: try FileDigest.sha256(path)))
        }
        return found
    }

    /// A segment goes up to the next one's first record; what it holds from there on was written again there.
    private func checkEnd(of first: UInt64, reaches next: UInt64) throws(AuditError) {
        let scan = try SegmentScan(path: folder.path(of: first), first: first)
        guard scan.next >= next else {
            throw .damaged(
                path: folder.path(of: first), seq: scan.next,
                reason: "it is missing, and the next segment begins with \(next)")
        }
    }

    private func tearOff(_ scan: SegmentScan, first: UInt64) throws(AuditError) -> TornTail {
        if let later = scan.laterRecord, !scan.holdsNUL, !scan.isLastLineAlone {
            throw .damaged(
                path: folder.path(of: first), seq: scan.next,
                reason: "no record stands at byte \(scan.length), but record \(later) does behind it")
        }
        guard scan.next >= covered else {
            throw .damaged(
                path: folder.path(of: first), seq: scan.next,
                reason: "no record stands at byte \(scan.length), and a signed checkpoint covers it")
        }
        let base = SegmentName.digits(scan.next)
        var name = base + SegmentName.tornSuffix
        var copy = 1
        while access(folder.path + "/" + name, F_OK) == 0 {
            copy += 1
            name = base + ".\(copy)" + SegmentName.tornSuffix
        }
        let digest = try copyTail(of: folder.path(of: first), from: scan.length, to: folder.path + "/" + name)
        do {
            try folder.syncFolder()
            let file = try folder.open(first)
            defer { folder.close(file) }
            try folder.cut(file, to: scan.length)
            try folder.sync(file)
        } catch {
            throw error.error
        }
        return TornTail(file: name, bytes: scan.fileLength - scan.length, sha256: digest)
    }

    private func copyTail(of path: String, from offset: Int, to copy: String) throws(AuditError) -> String {
        let source = open(path, O_RDONLY | O_CLOEXEC)
        guard source >= 0 else { throw .system(operation: "open", path: path, code: errno) }
        defer { close(source) }
        let target = open(copy, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard target >= 0 else { throw .system(operation: "create", path: copy, code: errno) }
        defer { close(target) }
        var hash = SHA256()
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        var at = offset
        while true {
            let count = pread(source, &buffer, buffer.count, at)
            guard count >= 0 else { throw .system(operation: "read", path: path, code: errno) }
            if count == 0 { break }
            Digest.update(&hash, buffer.span.extracting(0..<count))
            guard write(target, buffer, count) == count else {
                throw .system(operation: "write", path: copy, code: errno)
            }
            at += count
        }
        guard fsync(target) == 0 else { throw .system(operation: "fsync", path: copy, code: errno) }
        var text: [UInt8] = []
        JSONText.appendHex(hash.finalize(), to: &text)
        return String(decoding: text, as: UTF8.self)
    }
}

/// One pass over a segment: how far its lines are the records they must be.
struct SegmentScan {
    /// One past the last whole record, and where it ends.
    private(set) var next: UInt64
    private(set) var length = 0
    private(set) var fileLength = 0
    /// The last whole record's time.
    private(set) var micros: Int64?
    /// The number of a whole record behind the first line that is none.
    private(set) var laterRecord: UInt64?
    /// Whether there are NUL bytes from the first line that is no record on.
    private(set) var holdsNUL = false

    /// The line before the one that is read: judged in full only when what follows it is no record.
    private var lastLine: [UInt8] = []
    private var broken = false
    /// Lines from the first one that is no record on.
    private var brokenLines = 0

    /// Nothing but the last line is no record.
    var isLastLineAlone: Bool { brokenLines == 1 }

    init(path: String, first: UInt64) throws(AuditError) {
        next = first
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw .system(operation: "open", path: path, code: errno) }
        defer { close(file) }
        var lines = LineReader(descriptor: file, path: path, offset: 0)
        while let line = try lines.next() { take(line) }
        if !broken { judgeLastLine() }
        fileLength = lines.offset + lines.rest.count
        if !lines.rest.isEmpty {
            broken = true
            brokenLines += 1
            holdsNUL = holdsNUL || lines.rest.contains(0)
        }
    }

    private mutating func take(_ line: ArraySlice<UInt8>) {
        if broken {
            brokenLines += 1
            holdsNUL = holdsNUL || line.contains(0)
            if laterRecord == nil, let seq = RecordLine.seq(of: line), seq >= next, JSONValue(line) != nil {
                laterRecord = seq
            }
            return
        }
        if RecordLine.seq(of: line) == next, line.last == 0x7d, !line.contains(0) {
            next += 1
            length += line.count + 1
            lastLine.removeAll(keepingCapacity: true)
            lastLine.append(contentsOf: line)
            return
        }
        judgeLastLine()
        broken = true
        take(line)
    }

    /// The last line that looked like a record must be one: a hole in the file may have glued two together.
    private mutating func judgeLastLine() {
        guard !lastLine.isEmpty else { return }
        if let value = JSONValue(lastLine) {
            micros = value["time"]?.string.flatMap { RecordClock.parse($0) }
        } else {
            next -= 1
            length -= lastLine.count + 1
            broken = true
            brokenLines += 1
        }
        lastLine = []
    }
}
