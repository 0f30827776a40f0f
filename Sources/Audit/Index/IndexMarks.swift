/// The blocks that terms and sessions stand in, as far as they were not written yet.
struct IndexMarks {
    private struct Row: Hashable {
        let number: Int64
        let chunk: Int
    }

    /// Of the chunk that is being added to.
    private var terms: [Int64: ChunkBits] = [:]
    private var sessions: [Int64: ChunkBits] = [:]
    /// Of chunks before it.
    private var earlier: [Row: ChunkBits] = [:]
    private var chunk: Int
    private var block: UInt8 = 0
    private let postings: Rows
    private let sessionPostings: Rows
    private let ofSession: SQLiteStatement

    /// The rows of one table.
    private struct Rows {
        let select: SQLiteStatement
        let replace: SQLiteStatement

        init(_ database: SQLiteDatabase, table: String, number: String) throws(IndexError) {
            select = try database.prepare("SELECT blocks FROM \(table) WHERE \(number) = ? AND chunk = ?")
            replace = try database.prepare("INSERT OR REPLACE INTO \(table) VALUES (?, ?, ?)")
        }

        func add(_ bits: ChunkBits, number: Int64, chunk: Int) throws(IndexError) {
            var bits = bits
            select.bind(1, number)
            select.bind(2, Int64(chunk))
            if try select.step() {
                bits.formUnion(ChunkBits(encoded: select.blob(0)))
                select.reset()
            }
            replace.bind(1, number)
            replace.bind(2, Int64(chunk))
            replace.bind(3, blob: bits.encoded)
            try replace.run()
        }
    }

    init(_ database: SQLiteDatabase, block: Int) throws(IndexError) {
        chunk = block / IndexLimits.chunkBlocks
        postings = try Rows(database, table: "postings", number: "term")
        sessionPostings = try Rows(database, table: "session_postings", number: "session")
        ofSession = try database.prepare("SELECT chunk, blocks FROM session_postings WHERE session = ?")
    }

    /// What follows is of this block. All blocks between two flushes are of one chunk.
    mutating func begin(block: Int) {
        if terms.isEmpty, sessions.isEmpty { chunk = block / IndexLimits.chunkBlocks }
        self.block = UInt8(truncatingIfNeeded: block % IndexLimits.chunkBlocks)
    }

    mutating func insert(_ term: Int64) { terms[term, default: ChunkBits()].insert(block) }

    mutating func insert(session: Int64) { sessions[session, default: ChunkBits()].insert(block) }

    mutating func insert(_ term: Int64, block: Int) {
        var bits = ChunkBits()
        bits.insert(UInt8(truncatingIfNeeded: block % IndexLimits.chunkBlocks))
        insert(term, bits, chunk: block / IndexLimits.chunkBlocks)
    }

    mutating func insert(_ term: Int64, _ bits: ChunkBits, chunk: Int) {
        if chunk == self.chunk {
            terms[term, default: ChunkBits()].formUnion(bits)
        } else {
            earlier[Row(number: term, chunk: chunk), default: ChunkBits()].formUnion(bits)
        }
    }

    /// The blocks that a session stands in up to now.
    func blocks(ofSession session: Int64) throws(IndexError) -> [(chunk: Int, bits: ChunkBits)] {
        var found: [(Int, ChunkBits)] = []
        ofSession.bind(1, session)
        while try ofSession.step() {
            guard let chunk = Int(exactly: ofSession.integer(0)) else { continue }
            found.append((chunk, ChunkBits(encoded: ofSession.blob(1))))
        }
        if let bits = sessions[session] { found.append((chunk, bits)) }
        return found
    }

    mutating func flush() throws(IndexError) {
        // In the order of the rows, so that each page is written once.
        for term in terms.keys.sorted() {
            if let bits = terms[term] { try postings.add(bits, number: term, chunk: chunk) }
        }
        for session in sessions.keys.sorted() {
            if let bits = sessions[session] { try sessionPostings.add(bits, number: session, chunk: chunk) }
        }
        for (row, bits) in earlier { try postings.add(bits, number: row.number, chunk: row.chunk) }
        terms.removeAll(keepingCapacity: true)
        sessions.removeAll(keepingCapacity: true)
        earlier.removeAll()
    }
}

/// The numbers of terms; a term that is new gets one.
struct IndexTerms {
    private struct Term: Hashable {
        let key: SearchKey
        let value: String
    }

    private var known: [Term: Int64] = [:]
    private let select: SQLiteStatement
    private let insert: SQLiteStatement

    init(_ database: SQLiteDatabase) throws(IndexError) {
        select = try database.prepare("SELECT id FROM terms WHERE key = ? AND value = ?")
        insert = try database.prepare("INSERT INTO terms (key, value) VALUES (?, ?) RETURNING id")
    }

    mutating func number(_ key: SearchKey, _ value: String) throws(IndexError) -> Int64 {
        let term = Term(key: key, value: value)
        if let number = known[term] { return number }
        var found = try find(select, term)
        if found == nil { found = try find(insert, term) }
        guard let number = found else { throw .broken(reason: "gives no number") }
        if known.count >= IndexLimits.rememberedTerms { known.removeAll() }
        known[term] = number
        return number
    }

    private func find(_ statement: SQLiteStatement, _ term: Term) throws(IndexError) -> Int64? {
        statement.bind(1, term.key.rawValue)
        statement.bind(2, term.value)
        var number: Int64?
        while try statement.step() { number = statement.integer(0) }
        return number
    }
}
