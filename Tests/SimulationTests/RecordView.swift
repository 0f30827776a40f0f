import Foundation

/// A record as it stands in a log, read with a parser that the log does not know.
struct SeenRecord {
    var type: String
    var session: String?
    var message: UInt64?
    var sql: String?
    var of: UInt64?
    var index: Int?
    var rows: Int?
    var failed = false
    var skipped = false
    /// The region that it names.
    var region: String?
    var reason: String?
    /// The segment it is in, and the byte behind it.
    var file: UInt64
    var end: Int
    var line: String
}

/// The records of a region's log as its files hold them.
struct RecordView {
    struct Key: Hashable {
        var session: String
        var type: String
        /// The message's number; 0 for records of the session as a whole.
        var message: UInt64
    }

    private(set) var all: [SeenRecord] = []
    private(set) var byKey: [Key: Int] = [:]
    /// A line that is no JSON, or not numbered as it should be.
    private(set) var broken: String?
    private var read: [UInt64: Int] = [:]

    mutating func forget() { self = RecordView() }

    /// Reads what was added to the files.
    mutating func follow(_ files: [UInt64: SimulatedDisk.File]) {
        for first in files.keys.sorted() {
            guard let file = files[first] else { continue }
            var at = read[first] ?? 0
            while at < file.content.count, let end = file.content[at...].firstIndex(of: 0x0a) {
                take(file.content[at..<end], file: first, end: end + 1)
                at = end + 1
            }
            read[first] = at
        }
    }

    private mutating func take(_ line: ArraySlice<UInt8>, file: UInt64, end: Int) {
        guard let object = try? JSONSerialization.jsonObject(with: Data(line)) as? [String: Any],
            let type = object["type"] as? String, let sequence = object["seq"] as? Int
        else {
            broken = broken ?? text(line)
            return
        }
        if sequence != all.count { broken = broken ?? "seq \(sequence) at \(all.count)" }
        let record = SeenRecord(
            type: type, session: object["session"] as? String,
            message: (object["message"] as? NSNumber)?.uint64Value, sql: object["sql"] as? String,
            of: (object["of"] as? NSNumber)?.uint64Value, index: object["index"] as? Int,
            rows: object["rows"] as? Int, failed: object["sqlstate"] != nil,
            skipped: object["reason"] as? String == "skipped", region: object["region"] as? String,
            reason: object["reason"] as? String, file: file, end: end, line: text(line))
        if let session = record.session {
            byKey[Key(session: session, type: type, message: record.message ?? 0)] = all.count
        }
        all.append(record)
    }

    func find(_ session: String, _ type: String, _ message: UInt64 = 0) -> SeenRecord? {
        byKey[Key(session: session, type: type, message: message)].map { all[$0] }
    }
}
