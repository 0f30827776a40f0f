import Audit

/// Reads the records of one log that fit what is searched for, in either order, from a place on. What is in the search
/// index is found by it; what is behind it is read. Memory grows with neither.
package final class LogBrowse {
    /// Bytes behind the index that are read for sessions' identities although nothing asks for one.
    private static let shownBehind = 16 << 20

    package let region: String
    /// Where reading goes on: the next record's number, or descending, one past it.
    package private(set) var place: UInt64
    /// All records that are asked for were looked at.
    package private(set) var isAtEnd = false
    /// It was told to stop before that.
    package private(set) var isCut = false
    /// It was told to stop before it knew the sessions that it needs: what it goes on with will not get further.
    package private(set) var isStuck = false

    private let log: String
    private let selection: RecordSelection
    private let isDescending: Bool
    private let isEmpty: Bool
    private let end: UInt64
    private let index: LogIndex?
    private let asksIdentity: Bool
    private var matcher: RecordMatcher
    private var scanner = RecordScanner()
    /// Of sessions that were looked up in the index.
    private var known: [UInt64: SessionIdentity?] = [:]
    /// Of sessions that began behind it; nil: not read yet.
    private var behind: [UInt64: SessionIdentity]?
    private var looked = 0

    /// - Parameters:
    ///   - conditions: without a statement's SQLSTATE: a record fits `sqlstate` where it has it itself.
    ///   - from: where to go on, by `place` of an earlier one; nil: at the beginning, or descending, at the end.
    ///   - index: nil: the log alone is read.
    package init(
        log: String, region: String, conditions: SearchConditions, isDescending: Bool, from: UInt64?,
        index: LogIndex?
    ) throws(AuditError) {
        self.log = log
        self.region = region
        self.isDescending = isDescending
        self.index = index
        asksIdentity = !conditions.identityKeys.isEmpty
        matcher = RecordMatcher(conditions)
        var low = try AuditReader.first(of: log)
        var high = try AuditReader.end(of: log)
        if let since = conditions.since {
            let text = RecordClock.text(since)
            low = try RecordTimes.first(in: log, from: low, before: high) {
                !$0.lexicographicallyPrecedes(text)
            }
        }
        if let until = conditions.until {
            let text = RecordClock.text(until)
            high = try RecordTimes.first(in: log, from: low, before: high) {
                text.lexicographicallyPrecedes($0)
            }
        }
        if let from {
            if isDescending { high = min(high, from) } else { low = max(low, from) }
        }
        isEmpty = low >= high
        place = isDescending ? high : low
        end = isDescending ? low : high
        selection = try RecordSelection(
            log: log, low: low, high: high, isDescending: isDescending, conditions: conditions, relation: nil,
            index: isEmpty ? nil : index)
    }

    /// The next record that fits; nil: there is none (`isAtEnd`), or it took too long (`isCut`).
    ///
    /// - Parameter isOver: asked now and then; true ends the reading.
    package func next(_ isOver: () -> Bool) throws(AuditError) -> FoundRecord? {
        if isEmpty { isAtEnd = true }
        guard !isAtEnd, !isCut else { return nil }
        if behind == nil { behind = try readBehind(isOver) }
        while !isCut, let line = try selection.next(isOver) {
            place = isDescending ? line.expected : line.expected &+ 1
            looked += 1
            if line.seq != nil, scanner.scan(line.bytes), fits() {
                return FoundRecord(
                    region: region, line: line, time: scanner.text(.time) ?? "",
                    identity: scanner.sessionSum.flatMap { identity(of: $0) }, session: scanner.text(.session)
                )
            }
            if looked & 63 == 0, isOver() { isCut = true }
        }
        if !isCut, isOver() { isCut = true }
        guard !isCut else { return nil }
        isAtEnd = true
        place = end
        return nil
    }

    private func fits() -> Bool {
        matcher.fits(scanner, identity: { identity(of: $0) }, failed: { _, _ in false })
    }

    /// Who and where a session is, as far as it is known.
    private func identity(of session: UInt64) -> SessionIdentity? {
        if let identity = behind?[session] { return identity }
        if let known = known[session] { return known }
        let identity = (try? index?.identity(of: session)) ?? nil
        if known.count >= IndexLimits.liveSessions { known.removeAll() }
        known[session] = .some(identity)
        return identity
    }

    /// The sessions that began behind the index: other records leave out who and where they are. Where that takes too
    /// long, nothing is left out of an answer: there is none.
    private func readBehind(_ isOver: () -> Bool) throws(AuditError) -> [UInt64: SessionIdentity] {
        let place = (try? index?.end) ?? LogPlace(position: 0, segment: nil, offset: 0)
        var found: [UInt64: SessionIdentity] = [:]
        guard asksIdentity || LogSize.bytes(of: log, from: place) <= LogBrowse.shownBehind else {
            return found
        }
        let reader = try AuditReader(folder: log, at: place)
        var read = 0
        while let line = try reader.next() {
            read += 1
            if read & 255 == 0, isOver() {
                isCut = asksIdentity
                isStuck = asksIdentity
                return found
            }
            guard let session = RecordScanner.sessionSum(ofHead: line.bytes[...]), found[session] == nil,
                found.count < IndexLimits.liveSessions, scanner.scan(line.bytes), scanner.identitySum != nil
            else { continue }
            found[session] = SessionIdentity(scanner)
        }
        return found
    }
}

/// Records of several logs, in the order of their times.
package struct BrowsedPage: Sendable {
    /// Bytes of records after which a page has no more.
    package static let bytes = 4 << 20

    package private(set) var records: [FoundRecord] = []
    /// Of each region, where the next page goes on.
    package private(set) var places: [(region: String, place: UInt64)] = []
    /// There are no more.
    package private(set) var isLast = false
    /// It was told to stop before the page was full: there may be more.
    package private(set) var isCut = false
    /// So early that the next page would end there, too.
    package private(set) var isStuck = false

    /// - Parameters:
    ///   - limit: records that it has at most.
    ///   - isOver: asked now and then; true ends the reading.
    package init(
        _ browses: [LogBrowse], isDescending: Bool, limit: Int, isOver: () -> Bool
    ) throws(AuditError) {
        var heads = [FoundRecord?](repeating: nil, count: browses.count)
        var size = 0
        while records.count < limit, size < BrowsedPage.bytes, !isCut {
            for (at, browse) in browses.enumerated() where heads[at] == nil && !browse.isAtEnd {
                heads[at] = try browse.next(isOver)
                isCut = isCut || browse.isCut
            }
            // What one of them has not found yet could come before the others'.
            guard !isCut else { break }
            guard let next = BrowsedPage.first(of: heads, isDescending: isDescending),
                let record = heads[next]
            else { break }
            records.append(record)
            size += record.line.bytes.count
            heads[next] = nil
        }
        for (at, browse) in browses.enumerated() {
            let waiting = heads[at].map { isDescending ? $0.line.expected &+ 1 : $0.line.expected }
            places.append((browse.region, waiting ?? browse.place))
        }
        isStuck = browses.contains(where: \.isStuck)
        isLast = browses.allSatisfy(\.isAtEnd) && heads.allSatisfy { $0 == nil }
    }

    private static func first(of heads: [FoundRecord?], isDescending: Bool) -> Int? {
        var first: Int?
        for (at, head) in heads.enumerated() {
            guard let head else { continue }
            if let other = first.flatMap({ heads[$0] }) {
                guard isDescending ? other.time < head.time : head.time < other.time else { continue }
            }
            first = at
        }
        return first
    }
}
