import Audit
import AuditIndex
import Gateway

/// A search of the logs: what is asked for, in which of them, and which page.
package struct RecordQuery: Sendable {
    /// Records of a page, at most and where nothing is said.
    package static let limit = 500
    static let usual = 50
    /// Bytes of a value.
    static let valueLimit = 1024

    package private(set) var conditions = SearchConditions()
    package private(set) var folders: [RegionFolder]
    package private(set) var isDescending = true
    package private(set) var limit = RecordQuery.usual
    /// Where to go on, by region.
    private(set) var places: [String: UInt64] = [:]
    /// What was asked for, as it was written; of it the record of the reading is made.
    private(set) var asked: [(name: String, value: String)] = []

    private static let keys: [(name: String, key: SearchKey)] = [
        ("subject", .subject), ("planner", .planner), ("task", .task), ("database", .database),
        ("replica", .replica), ("role", .role), ("rule", .rule), ("type", .type), ("relation", .relation),
        ("class", .statementClass), ("fingerprint", .fingerprint), ("sqlstate", .sqlstate),
    ]

    /// - Parameters:
    ///   - fields: by the parameters' names; an empty one is as one that is left out.
    ///   - now: microseconds since 1970.
    package init(
        _ fields: [String: String], in folders: [RegionFolder], now: Int64
    ) throws(LogFailure) {
        self.folders = folders
        let parameters = AdminRoute.records.parameters
        for (name, value) in fields.sorted(by: { $0.key < $1.key }) where !value.isEmpty {
            guard let parameter = parameters.first(where: { $0.name == name }) else {
                throw .wrong("unknown parameter \(Refusal.printable(name))")
            }
            guard value.utf8.count <= RecordQuery.valueLimit else {
                throw .wrong("\(name) is longer than \(RecordQuery.valueLimit) bytes")
            }
            if let mistake = parameter.mistake(in: value) { throw .wrong(mistake) }
            if name != "cursor", name != "limit" { asked.append((name, value)) }
        }
        func value(_ name: String) -> String? { fields[name].flatMap { $0.isEmpty ? nil : $0 } }
        for (name, key) in RecordQuery.keys {
            if let value = value(name) { conditions.require(key, [value]) }
        }
        conditions.session = value("session")
        conditions.text = value("text")
        conditions.isRefused = value("refused") == "true"
        conditions.since = try RecordQuery.time(value("since"), "since", now)?.lowerBound
        conditions.until = try RecordQuery.time(value("until"), "until", now)?.upperBound
        isDescending = value("order") != "asc"
        limit = value("limit").flatMap { Int($0) } ?? RecordQuery.usual
        if let region = value("region") { self.folders = [try RecordQuery.folder(region, in: folders)] }
        if let cursor = value("cursor") { try take(cursor) }
    }

    static func folder(_ region: String, in folders: [RegionFolder]) throws(LogFailure) -> RegionFolder {
        guard let folder = folders.first(where: { $0.region == region }) else {
            throw .unknown("this gateway writes no log of the region \(Refusal.printable(region))")
        }
        return folder
    }

    private static func time(
        _ text: String?, _ name: String, _ now: Int64
    ) throws(LogFailure) -> ClosedRange<Int64>? {
        guard let text else { return nil }
        guard let span = SearchTime.span(text, now: now) else {
            throw .wrong(
                "\(name) is expected to be a time as 2026-03-01T09:14Z, 2026-03, yesterday, 90m or 2d")
        }
        return span
    }

    /// What the record of the reading says.
    var target: String {
        "records" + asked.map { " \($0.name)=\($0.value)" }.joined()
    }

    // MARK: Pages

    /// Where a page ended: `REGION:NUMBER`, of each region that was searched.
    static func cursor(_ places: [(region: String, place: UInt64)]) -> String {
        places.map { "\($0.region):\($0.place)" }.joined(separator: ",")
    }

    private mutating func take(_ cursor: String) throws(LogFailure) {
        for part in cursor.split(separator: ",", omittingEmptySubsequences: false) {
            guard let colon = part.lastIndex(of: ":"),
                let place = UInt64(part[part.index(after: colon)...]), part.last != ":"
            else { throw .wrong("cursor is expected to be the next of a page") }
            places[String(part[..<colon])] = place
        }
        guard Set(places.keys) == Set(folders.map(\.region)) else {
            throw .wrong("cursor is of a search of other regions")
        }
    }
}
