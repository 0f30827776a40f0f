import Glibc

/// Finds records in a log by reading it: nothing but the log itself is needed.
package enum RecordSearch {
    /// Gives each record of a session, in the log's order: those that carry it, and cancels that mean it.
    /// - Parameter end: one past the last record looked at; nil: all.
    package static func session(
        _ session: String, in folder: String, before end: UInt64? = nil,
        visit: (RecordLine, JSONValue) throws -> Bool
    ) throws {
        var quoted: [UInt8] = []
        JSONText.appendQuoted(session.utf8.span, to: &quoted)
        let reader = try AuditReader(folder: folder)
        while let line = try reader.next() {
            if let end, line.expected >= end { return }
            guard contains(line.bytes, quoted), let value = JSONValue(line.bytes) else { continue }
            guard value["session"]?.string == session || value["target"]?.string == session else { continue }
            guard try visit(line, value) else { return }
        }
    }

    /// The record with a number; nil where the log has none.
    package static func record(_ seq: UInt64, in folder: String) throws(AuditError) -> RecordLine? {
        let reader = try AuditReader(folder: folder, from: seq)
        guard let line = try reader.next(), line.seq == seq else { return nil }
        return line
    }

    /// The session.start of the session that a record belongs to; nil where there is none before it.
    package static func start(of value: JSONValue, at seq: UInt64, in folder: String) throws -> JSONValue? {
        guard let session = value["session"]?.string else { return nil }
        var found: JSONValue?
        try self.session(session, in: folder, before: seq) { _, earlier in
            guard earlier["type"]?.string == "session.start" else { return true }
            found = earlier
            return false
        }
        return found
    }

    /// Gives the session.start records among so many before the last `n`: whose sessions the last ones belong
    /// to.
    package static func starts(
        in folder: String, before n: Int, among count: Int, visit: (JSONValue) -> Void
    ) throws(AuditError) {
        let end = try AuditReader.end(of: folder)
        let last = end - min(end, UInt64(clamping: n))
        let reader = try AuditReader(folder: folder, from: last - min(last, UInt64(clamping: count)))
        let wanted = Array("\"type\":\"session.start\"".utf8)
        while let line = try reader.next(), line.expected < last {
            if contains(line.bytes, wanted), let value = JSONValue(line.bytes) { visit(value) }
        }
    }

    /// Gives each session.start and session.refused of a log, in its order; nil for a line that should be one and
    /// cannot be read.
    /// - Parameter since: a time as records write it, or its beginning; records before it are passed over.
    package static func logins(
        in folder: String, since: String? = nil, visit: (JSONValue?) throws -> Void
    ) throws {
        let wanted = [
            Array("\"type\":\"session.start\"".utf8), Array("\"type\":\"session.refused\"".utf8),
        ]
        let reader = try AuditReader(folder: folder)
        while let line = try reader.next() {
            guard wanted.contains(where: { contains(line.bytes, $0) }) else { continue }
            guard let value = JSONValue(line.bytes) else {
                try visit(nil)
                continue
            }
            let type = value["type"]?.string
            guard type == "session.start" || type == "session.refused" else { continue }
            if let since, (value["time"]?.string ?? "") < since { continue }
            try visit(value)
        }
    }

    private static func contains(_ bytes: [UInt8], _ wanted: [UInt8]) -> Bool {
        offset(of: wanted, in: bytes, from: 0) != nil
    }

    /// Where bytes stand first, from an offset on.
    static func offset(of wanted: [UInt8], in bytes: [UInt8], from: Int) -> Int? {
        // SAFETY: both pointers are used only inside the closures; `at + wanted.count` never passes the end.
        bytes.withUnsafeBytes { bytes in
            wanted.withUnsafeBytes { wanted in
                guard let base = bytes.baseAddress, let needle = wanted.baseAddress else { return nil }
                var at = max(0, from)
                while at + wanted.count <= bytes.count {
                    let rest = bytes.count - wanted.count - at + 1
                    guard let hit = memchr(base + at, Int32(wanted[0]), rest) else { return nil }
                    at = UnsafeRawPointer(hit) - base
                    if memcmp(base + at, needle, wanted.count) == 0 { return at }
                    at += 1
                }
                return nil
            }
        }
    }
}
