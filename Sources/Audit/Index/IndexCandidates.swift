import Audit

/// Which blocks of an index can hold what is searched for, found in one moment of it.
struct IndexCandidates {
    var blocks: BlockBits
    /// Where the log goes on behind them.
    let end: LogPlace
    /// The SQLSTATEs that are asked for, by their terms.
    var states: Set<Int64> = []
    /// All sessions that can fit, where the subject says so: the others' records are not looked at.
    var sessions: Set<UInt64>?

    /// - Parameter failed: statements of which a later part of the log has an outcome that is asked for.
    init(_ index: LogIndex, _ conditions: SearchConditions, failed: FailedStatements?) throws(IndexError) {
        end = try index.end
        let count = try index.blockCount
        blocks = BlockBits(count: count, full: true)
        if conditions.since != nil || conditions.until != nil {
            blocks.formIntersection(try IndexCandidates.inTime(index, conditions, count: count))
        }
        if let session = conditions.session {
            blocks.formIntersection(try IndexCandidates.of(session: session, index, count: count))
        }
        for key in SearchKey.allCases where conditions.patterns[key] != nil {
            let terms = try IndexCandidates.terms(index, key, conditions)
            var found = try IndexCandidates.blocks(of: terms, index, count: count)
            if key == .sqlstate {
                states = Set(terms)
                for session in failed?.sessions ?? [] {
                    found.formUnion(try IndexCandidates.of(sum: session, index, count: count))
                }
            }
            if key == .subject { sessions = try index.sessions(subjects: terms) }
            blocks.formIntersection(found)
        }
        if conditions.isRefused {
            blocks.formIntersection(try IndexCandidates.of(.refused, "yes", index, count: count))
        }
        if conditions.isAboutStatements {
            var found = try IndexCandidates.of(.type, "query", index, count: count)
            for type in ["parse", "text"] {
                found.formUnion(try IndexCandidates.of(.type, type, index, count: count))
            }
            blocks.formIntersection(found)
        }
    }

    private static func inTime(
        _ index: LogIndex, _ conditions: SearchConditions, count: Int
    ) throws(IndexError) -> BlockBits {
        let statement = try index.database.prepare(
            "SELECT id FROM blocks WHERE last_time >= ? AND first_time <= ?")
        statement.bind(1, conditions.since ?? .min)
        statement.bind(2, conditions.until ?? .max)
        var found = BlockBits(count: count)
        while try statement.step() { found.insert(Int(clamping: statement.integer(0))) }
        return found
    }

    /// The terms of a key that fit.
    private static func terms(
        _ index: LogIndex, _ key: SearchKey, _ conditions: SearchConditions
    ) throws(IndexError) -> [Int64] {
        let patterns = conditions.patterns[key] ?? []
        var found: [Int64] = []
        // A relation is also looked for by the end of its name.
        if key != .relation, patterns.allSatisfy(\.isLiteral) {
            for pattern in patterns { found += try term(index, key, pattern.text) }
            return found
        }
        let statement = try index.database.prepare("SELECT id, value FROM terms WHERE key = ?")
        statement.bind(1, key.rawValue)
        while try statement.step() {
            if let value = statement.text(1), conditions.fits(key, value) {
                found.append(statement.integer(0))
            }
        }
        return found
    }

    private static func term(_ index: LogIndex, _ key: SearchKey, _ value: String) throws(IndexError)
        -> [Int64]
    {
        let statement = try index.database.prepare("SELECT id FROM terms WHERE key = ? AND value = ?")
        statement.bind(1, key.rawValue)
        statement.bind(2, value)
        var found: [Int64] = []
        while try statement.step() { found.append(statement.integer(0)) }
        return found
    }

    private static func of(
        _ key: SearchKey, _ value: String, _ index: LogIndex, count: Int
    ) throws(IndexError) -> BlockBits {
        try blocks(of: try term(index, key, value), index, count: count)
    }

    private static func of(session: String, _ index: LogIndex, count: Int) throws(IndexError) -> BlockBits {
        var found = try of(sum: ByteSum.of(Array(session.utf8)[...]), index, count: count)
        found.formUnion(try of(.target, session, index, count: count))
        return found
    }

    private static func of(sum: UInt64, _ index: LogIndex, count: Int) throws(IndexError) -> BlockBits {
        let statement = try index.database.prepare(
            "SELECT p.chunk, p.blocks FROM sessions s JOIN session_postings p ON p.session = s.id WHERE s.sum = ?"
        )
        return try blocks(statement, [Int64(bitPattern: sum)], count: count)
    }

    private static func blocks(of terms: [Int64], _ index: LogIndex, count: Int) throws(IndexError)
        -> BlockBits
    {
        try blocks(
            try index.database.prepare("SELECT chunk, blocks FROM postings WHERE term = ?"), terms,
            count: count)
    }

    private static func blocks(
        _ statement: SQLiteStatement, _ values: [Int64], count: Int
    ) throws(IndexError) -> BlockBits {
        var found = BlockBits(count: count)
        for value in values {
            statement.bind(1, value)
            while try statement.step() {
                found.insert(
                    ChunkBits(encoded: statement.blob(1)), chunk: Int(clamping: statement.integer(0)))
            }
        }
        return found
    }
}
