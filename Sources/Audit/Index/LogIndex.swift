import Audit
import Glibc

/// The search index of one log: which blocks of records something stands in. It may be deleted at any time.
///
/// It only saves reading: what a search gives is read from the log and compared with what was asked. Where the index
/// says too much, the search reads more; where what it says is seen not to be so, it is made anew. What somebody
/// changed in it to hide a record is not noticed: `--no-index` reads the log alone.
package final class LogIndex {
    package let log: String
    let database: SQLiteDatabase
    private let file: IndexFile
    private var terms: [Int64: String] = [:]
    private let blockStatement: SQLiteStatement
    private let sessionStatement: SQLiteStatement
    private let termStatement: SQLiteStatement
    private let failureStatement: SQLiteStatement

    private init(_ database: SQLiteDatabase, file: IndexFile, log: String) throws(IndexError) {
        self.database = database
        self.file = file
        self.log = log
        blockStatement = try database.prepare(
            """
            SELECT id, seq, records, segment, offset, bytes, first_time, last_time, sum FROM blocks WHERE id = ?
            """)
        sessionStatement = try database.prepare(
            "SELECT id, client, \(IndexSchema.identityColumns) FROM sessions WHERE sum = ? ORDER BY id LIMIT 1"
        )
        termStatement = try database.prepare("SELECT value FROM terms WHERE id = ?")
        failureStatement = try database.prepare(
            """
            SELECT f.sqlstate FROM sessions s JOIN failures f ON f.session = s.id AND f.message = ?2 \
            WHERE s.sum = ?1
            """)
    }

    /// Opens a log's index as it is; one that is no index, or not of this log as it is, is replaced by an empty one.
    ///
    /// - Parameters:
    ///   - path: nil: in the log's folder.
    ///   - creating: whether one is made where there is none.
    /// - Returns: nil where there is none.
    package static func open(log: String, at path: String? = nil, creating: Bool) throws(IndexError)
        -> LogIndex?
    {
        let file = try IndexFile(of: log, at: path)
        do {
            return try attempt(file, log: log, creating: creating)
        } catch {
            guard error.isBroken else { throw error }
        }
        try file.remove(isIndex: isIndex(file))
        return try attempt(file, log: log, creating: true)
    }

    private static func isIndex(_ file: IndexFile) -> Bool {
        guard let database = try? file.connect(creating: false),
            let application = try? database.integer("PRAGMA application_id")
        else { return false }
        return application == IndexSchema.application
    }

    private static func attempt(
        _ file: IndexFile, log: String, creating: Bool
    ) throws(IndexError) -> LogIndex? {
        guard let database = try file.connect(creating: creating) else { return nil }
        try database.execute("PRAGMA cache_size = -32768")
        try database.execute("PRAGMA synchronous = NORMAL")
        try database.execute("PRAGMA temp_store = MEMORY")
        try database.execute("PRAGMA cell_size_check = ON")
        let description = LogIndex.description(of: log)
        switch try IndexSchema.state(of: database) {
        case .ready: break
        case .empty:
            guard !database.isReadOnly else { return nil }
            try indexing { try IndexSchema.make(in: database, log: description) }
        case .other(_, let reason): throw .broken(reason: reason)
        }
        let index = try LogIndex(database, file: file, log: log)
        guard try index.blob("description") == description else {
            throw .broken(reason: "is of another log")
        }
        try indexing { try IndexCheck.check(index) }
        return index
    }

    /// What `log.json` says, byte for byte.
    private static func description(of log: String) -> [UInt8] {
        (try? FolderPath.read(log + "/log.json", limit: 1 << 16)) ?? []
    }

    // MARK: Up to where it goes

    /// Behind the last block.
    var end: LogPlace {
        get throws(IndexError) {
            let fields = try blob("place")
            guard !fields.isEmpty else { return LogPlace(position: 0, segment: nil, offset: 0) }
            let parts = String(decoding: fields, as: UTF8.self).split(separator: " ").map { UInt64($0) }
            guard parts.count == 3, let position = parts[0], let segment = parts[1], let offset = parts[2],
                let offset = Int(exactly: offset)
            else { throw .broken(reason: "does not say where it ends") }
            return LogPlace(position: position, segment: segment, offset: offset)
        }
    }

    func setEnd(_ place: LogPlace) throws(IndexError) {
        let statement = try database.prepare("INSERT OR REPLACE INTO log (key, value) VALUES ('place', ?)")
        statement.bind(1, blob: Array("\(place.position) \(place.segment ?? 0) \(place.offset)".utf8))
        try statement.run()
    }

    private func blob(_ key: String) throws(IndexError) -> [UInt8] {
        let statement = try database.prepare("SELECT value FROM log WHERE key = ?")
        statement.bind(1, key)
        guard try statement.step() else { return [] }
        return statement.blob(0)
    }

    /// Blocks that there are: their numbers are 0 and so on.
    var blockCount: Int {
        get throws(IndexError) {
            let last = try database.integer("SELECT max(id) FROM blocks")
            guard let count = Int(exactly: (last ?? -1) + 1), count >= 0, count < 1 << 40 else {
                throw .broken(reason: "has no sound list of blocks")
            }
            return count
        }
    }

    /// The first block that there is: retention took the records of those before it.
    var firstBlock: Int {
        get throws(IndexError) {
            let first = try database.integer("SELECT min(id) FROM blocks") ?? 0
            guard let first = Int(exactly: first), first >= 0 else {
                throw .broken(reason: "has no sound list of blocks")
            }
            return first
        }
    }

    /// What changes when values lose their numbers.
    var removals: Int64 {
        get throws(IndexError) {
            let statement = try database.prepare("SELECT value FROM log WHERE key = ?")
            statement.bind(1, IndexRemoval.mark)
            guard try statement.step() else { return 0 }
            defer { statement.reset() }
            return statement.integer(0)
        }
    }

    /// What was found not to be so is not believed again: the next command makes the index anew.
    func distrust() {
        guard !database.isReadOnly else { return }
        try? database.execute("DELETE FROM log")
    }

    // MARK: Rows

    func block(_ id: Int) throws(IndexError) -> IndexBlock? {
        blockStatement.bind(1, Int64(id))
        guard try blockStatement.step() else { return nil }
        defer { blockStatement.reset() }
        return IndexBlock(blockStatement)
    }

    /// Who and where a session is; nil: it is not in the index.
    func identity(of sum: UInt64) throws(IndexError) -> SessionIdentity? {
        sessionStatement.bind(1, Int64(bitPattern: sum))
        guard try sessionStatement.step() else { return nil }
        defer { sessionStatement.reset() }
        return try identity(sessionStatement, from: 2, client: 1)
    }

    private func identity(
        _ row: SQLiteStatement, from column: Int32, client: Int32
    ) throws(IndexError) -> SessionIdentity {
        var identity = SessionIdentity()
        for (at, key) in SearchKey.identities.enumerated() {
            guard let term = row.optionalInteger(column + Int32(at)) else { continue }
            identity[key] = try value(of: term)
        }
        identity.client = row.text(client)
        return identity
    }

    /// All sessions of some subjects, or nil where they are more than are read at once.
    func sessions(subjects: [Int64]) throws(IndexError) -> Set<UInt64>? {
        let statement = try database.prepare("SELECT sum FROM sessions WHERE subject = ?")
        var found: Set<UInt64> = []
        for subject in subjects {
            statement.bind(1, subject)
            while try statement.step() {
                guard found.count < IndexLimits.preloadedSessions else {
                    statement.reset()
                    return nil
                }
                found.insert(UInt64(bitPattern: statement.integer(0)))
            }
        }
        return found
    }

    private func value(of term: Int64) throws(IndexError) -> String? {
        if let known = terms[term] { return known }
        termStatement.bind(1, term)
        guard try termStatement.step() else { return nil }
        defer { termStatement.reset() }
        guard let value = termStatement.text(0) else { return nil }
        if terms.count >= IndexLimits.rememberedTerms { terms.removeAll() }
        terms[term] = value
        return value
    }

    /// Whether a statement has an outcome with one of these SQLSTATEs.
    func failed(_ session: UInt64, _ message: UInt64, states: Set<Int64>) throws(IndexError) -> Bool {
        guard !states.isEmpty, let message = Int64(exactly: message) else { return false }
        failureStatement.bind(1, Int64(bitPattern: session))
        failureStatement.bind(2, message)
        while try failureStatement.step() {
            if states.contains(failureStatement.integer(0)) {
                failureStatement.reset()
                return true
            }
        }
        return false
    }
}

/// Does what throws errors of the index only, or of reading the log: those say that the index cannot be used.
func indexing<Result>(_ body: () throws -> Result) throws(IndexError) -> Result {
    do {
        return try body()
    } catch let error as IndexError {
        throw error
    } catch {
        throw .unusable(path: "the log", reason: "\(error)")
    }
}
