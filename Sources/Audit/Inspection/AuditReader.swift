import Glibc

/// Reads a log's records in their order, from the segments of a live log or of a copied folder.
///
/// Streaming: memory does not grow with the log. Bytes behind the last newline are not there (yet). A segment
/// goes up to the next one's first record: what it holds from there on was written again in the next one.
package final class AuditReader {
    /// The log's folder.
    package let folder: String
    /// The number of the record that comes next.
    package private(set) var position: UInt64

    private let segments: String
    private var current: OpenLines?

    private struct OpenLines {
        let first: UInt64
        let path: String
        let file: ReadFile
        var lines: LineReader
        /// The first record of the segment behind this one, as far as it is known.
        var next: UInt64?
        /// Lines before the wanted record are passed over.
        var skips: Bool
    }

    /// - Parameter from: the first record wanted; where the log begins later, its first one.
    /// - Throws: `AuditError.notALog` where the folder has no segments.
    package init(folder: String, from: UInt64 = 0) throws(AuditError) {
        self.folder = folder
        segments = folder + "/segments"
        position = from
        guard access(segments, F_OK) == 0 else {
            throw .notALog(path: folder, reason: "is no audit log: it has no folder segments")
        }
    }

    /// Goes on behind a record that was read before.
    ///
    /// - Throws: `AuditError.notALog` where the folder has no segments.
    package convenience init(folder: String, at place: LogPlace) throws(AuditError) {
        try self.init(folder: folder, from: place.position)
        guard let first = place.segment else { return }
        let path = segments + "/" + SegmentName.text(first)
        let firsts = try SegmentName.list(segments)
        // Retention took it: what is left begins behind it.
        guard firsts.contains(first), let file = try AuditReader.file(of: first, in: segments) else { return }
        current = OpenLines(
            first: first, path: path, file: file,
            lines: LineReader(descriptor: file.descriptor, path: path, offset: place.offset),
            next: firsts.first { $0 > first }, skips: false)
    }

    /// The region that the log's `log.json` names; nil where there is none.
    package var region: String? {
        get throws(AuditError) { try LogIdentity.region(of: folder) }
    }

    /// The next line; nil: none is there now. Asked again later, it goes on where it was.
    package func next() throws(AuditError) -> RecordLine? {
        while true {
            if current == nil, !(try openSegment(of: position)) { return nil }
            if let line = try nextInSegment() { return line }
            guard try moveOn() else { return nil }
        }
    }

    /// One past the last record of the log.
    package static func end(of folder: String) throws(AuditError) -> UInt64 {
        let segments = folder + "/segments"
        guard let last = try SegmentName.list(segments).last else { return 0 }
        return try SegmentTail.last(of: segments + "/" + SegmentName.text(last)).map { $0.seq + 1 } ?? last
    }

    /// The first record that the log holds: retention removed those before it.
    package static func first(of folder: String) throws(AuditError) -> UInt64 {
        try SegmentName.list(folder + "/segments").first ?? 0
    }

    private func nextInSegment() throws(AuditError) -> RecordLine? {
        while var open = current {
            current = nil
            defer { current = open }
            if let next = open.next, position >= next { return nil }
            let offset = open.lines.offset
            guard let line = try open.lines.next() else { return nil }
            let seq = RecordLine.seq(of: line)
            if open.skips {
                guard let seq, seq >= position else { continue }
                open.skips = false
            }
            let found = RecordLine(
                expected: position, seq: seq, bytes: Array(line), path: open.path, offset: offset)
            // A damaged number must not lead past what stands behind it.
            position = (seq.flatMap { $0 < open.next ?? .max ? $0 : nil } ?? position) &+ 1
            return found
        }
        return nil
    }

    /// At the end of a segment: opens the one that goes on from here.
    private func moveOn() throws(AuditError) -> Bool {
        guard let open = current else { return false }
        let firsts = try SegmentName.list(segments)
        let target = firsts.last { $0 <= position } ?? firsts.first
        guard let target else { return false }
        if target > open.first {
            // The writer had ended this one before it began the next: whatever is in it, is in it now.
            if open.next == nil {
                current?.next = target
                return true
            }
            current = nil
            return try openSegment(of: position)
        }
        if let later = firsts.first(where: { $0 > max(position, open.first) }) {
            // Numbers are missing between this segment and the next.
            if open.next == nil {
                current?.next = later
                return true
            }
            current = nil
            position = later
            return try openSegment(of: later)
        }
        if try open.file.stands(at: open.path) { return false }
        current = nil
        return try openSegment(of: position)
    }

    /// Opens the segment that holds a record, at or before it.
    private func openSegment(of seq: UInt64) throws(AuditError) -> Bool {
        while true {
            let firsts = try SegmentName.list(segments)
            guard let first = firsts.last(where: { $0 <= seq }) ?? firsts.first else { return false }
            guard let file = try AuditReader.file(of: first, in: segments) else { continue }
            position = max(position, first)
            let path = segments + "/" + SegmentName.text(first)
            let offset = position > first ? try file.offset(before: position, path: path) : 0
            current = OpenLines(
                first: first, path: path, file: file,
                lines: LineReader(descriptor: file.descriptor, path: path, offset: offset),
                next: firsts.first { $0 > first }, skips: position > first)
            return true
        }
    }

    /// Opens a segment; nil where retention has taken it since it was listed.
    private static func file(of first: UInt64, in segments: String) throws(AuditError) -> ReadFile? {
        do throws(AuditError) {
            return try ReadFile(path: segments + "/" + SegmentName.text(first))
        } catch {
            guard case .system(_, _, ENOENT) = error, !(try SegmentName.list(segments)).contains(first) else {
                throw error
            }
            return nil
        }
    }
}
