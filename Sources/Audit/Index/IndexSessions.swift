/// A session as records go into the index: its number, and which statements its outcomes may be about.
final class LiveSession {
    let number: Int64
    /// The terms of who and where it is.
    var terms: [Int64]
    /// Its row says who and where it is.
    var isIdentified: Bool
    /// Of who and where the last record said it is.
    var identitySum: UInt64?
    /// The last block that its terms were marked in.
    var block = -1
    private var statements: [(message: UInt64, block: Int)] = []
    private(set) var executions: [(message: UInt64, statement: UInt64)] = []
    /// What is in memory of its executions is not what its rows say.
    var isChanged = false
    /// It has rows in `pending`.
    var hasRows = false

    init(number: Int64, terms: [Int64], isIdentified: Bool) {
        self.number = number
        self.terms = terms
        self.isIdentified = isIdentified
    }

    func note(statement message: UInt64, in block: Int) {
        if statements.count >= IndexLimits.rememberedStatements { statements.removeFirst() }
        statements.append((message, block))
    }

    func note(execution message: UInt64, of statement: UInt64) {
        if executions.count >= IndexLimits.rememberedExecutions { executions.removeFirst() }
        executions.append((message, statement))
        isChanged = true
    }

    func statement(ofExecution message: UInt64) -> UInt64? {
        executions.last { $0.message == message }?.statement
    }

    func block(ofStatement message: UInt64) -> Int? { statements.last { $0.message == message }?.block }

    /// Outcomes come in the messages' order: what is before this one has none any more.
    func answered(_ message: UInt64) {
        guard let first = executions.first, first.message < message else { return }
        executions.removeAll { $0.message < message }
        isChanged = true
    }
}

/// The sessions that records of a log belong to, in memory and in the index.
struct IndexSessions {
    private var live: [UInt64: LiveSession] = [:]
    private let select: SQLiteStatement
    private let insert: SQLiteStatement
    private let insertOther: SQLiteStatement
    private let update: SQLiteStatement
    private let selectPending: SQLiteStatement
    private let deletePending: SQLiteStatement
    private let insertPending: SQLiteStatement

    init(_ database: SQLiteDatabase) throws(IndexError) {
        select = try database.prepare(
            "SELECT id, \(IndexSchema.identityColumns), client FROM sessions WHERE sum = ? ORDER BY id LIMIT 1"
        )
        insert = try database.prepare("INSERT INTO sessions (name, sum) VALUES (?, ?) RETURNING id")
        let columns = IndexSchema.identityColumns.replacing(", ", with: " = ?, ") + " = ?, client = ?"
        insertOther = try database.prepare("INSERT INTO sessions (name, sum, subject) VALUES (?, ?, ?)")
        update = try database.prepare("UPDATE sessions SET \(columns) WHERE id = ?")
        selectPending = try database.prepare("SELECT message, statement FROM pending WHERE session = ?")
        deletePending = try database.prepare("DELETE FROM pending WHERE session = ?")
        insertPending = try database.prepare("INSERT OR REPLACE INTO pending VALUES (?, ?, ?)")
    }

    /// A session by its sum; one that is new gets a row.
    mutating func session(_ sum: UInt64, name: () -> String) throws(IndexError) -> LiveSession {
        if let known = live[sum] { return known }
        if live.count >= IndexLimits.liveSessions {
            try flush()
            live.removeAll()
        }
        var found = try find(sum)
        if found == nil { found = try make(sum, name: name()) }
        guard let session = found else { throw .broken(reason: "gives no number") }
        live[sum] = session
        return session
    }

    private func find(_ sum: UInt64) throws(IndexError) -> LiveSession? {
        select.bind(1, Int64(bitPattern: sum))
        guard try select.step() else { return nil }
        defer { select.reset() }
        let columns = Int32(SearchKey.identities.count)
        let terms = (1...columns).compactMap { select.optionalInteger($0) }
        let session = LiveSession(
            number: select.integer(0), terms: terms,
            isIdentified: !terms.isEmpty || select.text(columns + 1) != nil)
        selectPending.bind(1, session.number)
        while try selectPending.step() {
            guard let message = UInt64(exactly: selectPending.integer(0)),
                let statement = UInt64(exactly: selectPending.integer(1))
            else { continue }
            session.note(execution: message, of: statement)
        }
        session.hasRows = !session.executions.isEmpty
        session.isChanged = false
        return session
    }

    private func make(_ sum: UInt64, name: String) throws(IndexError) -> LiveSession? {
        insert.bind(1, name)
        insert.bind(2, Int64(bitPattern: sum))
        var number: Int64?
        while try insert.step() { number = insert.integer(0) }
        return number.map { LiveSession(number: $0, terms: [], isIdentified: false) }
    }

    /// Takes what a record says of who and where its session is: the first one's stays in the session's row.
    /// - Parameter terms: in the order of `SearchKey.identities`.
    mutating func adopt(
        _ terms: [Int64?], client: String?, by session: LiveSession
    ) throws(IndexError) {
        for term in terms.compactMap({ $0 }) where !session.terms.contains(term) {
            session.terms.append(term)
        }
        guard !session.isIdentified else { return }
        session.isIdentified = true
        for (at, term) in terms.enumerated() { update.bind(Int32(at + 1), term) }
        update.bind(Int32(terms.count + 1), client)
        update.bind(Int32(terms.count + 2), session.number)
        try update.run()
    }

    /// A record of a session names another subject than its session.start, which no gateway writes: the session is
    /// found by that one, too.
    func note(subject: Int64, of sum: UInt64, name: String) throws(IndexError) {
        insertOther.bind(1, name)
        insertOther.bind(2, Int64(bitPattern: sum))
        insertOther.bind(3, subject)
        try insertOther.run()
    }

    mutating func end(_ sum: UInt64) throws(IndexError) {
        guard let session = live.removeValue(forKey: sum), session.hasRows else { return }
        deletePending.bind(1, session.number)
        try deletePending.run()
    }

    /// Keeps what is still to be answered for the run that goes on from here.
    mutating func flush() throws(IndexError) {
        for session in live.values where session.isChanged {
            if session.hasRows {
                deletePending.bind(1, session.number)
                try deletePending.run()
            }
            for execution in session.executions {
                guard let message = Int64(exactly: execution.message),
                    let statement = Int64(exactly: execution.statement)
                else { continue }
                insertPending.bind(1, session.number)
                insertPending.bind(2, message)
                insertPending.bind(3, statement)
                try insertPending.run()
            }
            session.hasRows = !session.executions.isEmpty
            session.isChanged = false
        }
    }
}
