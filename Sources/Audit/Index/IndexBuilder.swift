import Audit

/// Brings an index up to the end of its log, a chunk of blocks a transaction.
///
/// Commands that do so at once take turns: each looks, within its transaction, whether the index still ends where it
/// went on from, and begins anew where it does not. What is in memory is known from this run alone; whatever lacks is
/// looked up, or taken for more blocks than need be.
final class IndexBuilder {
    private let index: LogIndex
    private var blocks: BlockReader
    private var place: LogPlace
    private var nextBlock: Int
    private let removals: Int64
    var marks: IndexMarks
    var sessions: IndexSessions
    private var terms: IndexTerms
    var scanner = RecordScanner()
    private var statements = StatementFacts.Memory()
    private let insertBlock: SQLiteStatement
    private let insertFailure: SQLiteStatement

    private init(_ index: LogIndex) throws {
        self.index = index
        place = try index.end
        nextBlock = try index.blockCount
        removals = try index.removals
        blocks = try BlockReader(log: index.log, from: place)
        marks = try IndexMarks(index.database, block: nextBlock)
        sessions = try IndexSessions(index.database)
        terms = try IndexTerms(index.database)
        insertBlock = try index.database.prepare("INSERT INTO blocks VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)")
        insertFailure = try index.database.prepare("INSERT OR IGNORE INTO failures VALUES (?, ?, ?)")
    }

    /// - Parameter progress: is told the bytes of records that went in, after each block.
    /// - Throws: `IndexError`, busy where another command writes into the index; `AuditError` where the log cannot be
    ///   read. What was committed stays.
    static func catchUp(_ index: LogIndex, progress: (Int) -> Void) throws {
        guard !index.database.isReadOnly else { return }
        try IndexRemoval.run(index)
        var builder = try IndexBuilder(index)
        var piece = try builder.blocks.next()
        while let next = piece {
            do {
                piece = try index.database.transaction {
                    guard try index.end == builder.place, try index.removals == builder.removals else {
                        throw Overtaken()
                    }
                    return try builder.addChunk(from: next, progress: progress)
                }
            } catch is Overtaken {
                builder = try IndexBuilder(index)
                piece = try builder.blocks.next()
            }
        }
    }

    /// Another command has added to the index meanwhile.
    private struct Overtaken: Error {}

    /// Adds blocks up to the chunk's end, or the log's.
    /// - Returns: the block that comes next.
    private func addChunk(from first: BlockReader.Piece, progress: (Int) -> Void) throws -> BlockReader.Piece?
    {
        var piece: BlockReader.Piece? = first
        while let current = piece {
            try add(current)
            progress(current.lines.reduce(0) { $0 + $1.bytes.count + 1 })
            piece = try blocks.next()
            if nextBlock % IndexLimits.chunkBlocks == 0 { break }
        }
        try marks.flush()
        try sessions.flush()
        try index.setEnd(place)
        return piece
    }

    private func add(_ piece: BlockReader.Piece) throws {
        guard var block = IndexBlock(id: nextBlock, lines: piece.lines, segment: piece.segment) else {
            throw IndexError.unusable(
                path: piece.lines.first?.path ?? "", reason: "cannot be put into an index")
        }
        marks.begin(block: nextBlock)
        var first: ArraySlice<UInt8>?
        var last: ArraySlice<UInt8>?
        for line in piece.lines {
            guard line.seq != nil, scanner.scan(line.bytes) else { continue }
            if let time = scanner.rawText(.time), time.count == RecordClock.width {
                if first.map({ time.lexicographicallyPrecedes($0) }) ?? true { first = time }
                if last.map({ $0.lexicographicallyPrecedes(time) }) ?? true { last = time }
            }
            try addRecord()
        }
        block.firstTime = IndexBuilder.micros(first) ?? .min
        block.lastTime = IndexBuilder.micros(last) ?? .max
        for (at, value) in block.row.enumerated() { insertBlock.bind(Int32(at + 1), value) }
        try insertBlock.run()
        nextBlock += 1
        place = piece.end
    }

    private static func micros(_ time: ArraySlice<UInt8>?) -> Int64? {
        time.flatMap { RecordClock.parse(String(decoding: $0, as: UTF8.self)) }
    }

    // MARK: Records

    private func addRecord() throws {
        if let type = scanner.text(.type) { try mark(.type, type) }
        if scanner.isRefused { try mark(.refused, "yes") }
        if let session = scanner.sessionSum {
            try addToSession(session)
        } else {
            if let target = scanner.text(.target) { try mark(.target, target) }
            if scanner.identitySum != nil { _ = try markIdentity(SessionIdentity(scanner)) }
            if let state = scanner.text(.sqlstate) { try mark(.sqlstate, state) }
        }
        if let facts = scanner.has(.of) ? nil : statements.facts(scanner) {
            for key: SearchKey in [.statementClass, .relation, .fingerprint] {
                for value in RecordMatcher.values(of: key, in: facts) { try mark(key, value) }
            }
        }
    }

    private func mark(_ key: SearchKey, _ value: String) throws { marks.insert(try terms.number(key, value)) }

    private func markIdentity(_ identity: SessionIdentity) throws -> [Int64?] {
        try SearchKey.identities.map { key in
            guard let value = identity[key] else { return nil }
            let term = try terms.number(key, value)
            marks.insert(term)
            return term
        }
    }

    private func addToSession(_ sum: UInt64) throws {
        let session = try sessions.session(sum, name: { scanner.text(.session) ?? "" })
        marks.insert(session: session.number)
        if session.block != nextBlock {
            session.block = nextBlock
            for term in session.terms { marks.insert(term) }
        }
        if let identity = scanner.identitySum, identity != session.identitySum {
            let identityOfRecord = SessionIdentity(scanner)
            let found = try markIdentity(identityOfRecord)
            session.identitySum = identity
            if session.isIdentified, let subject = found.first ?? nil, !session.terms.contains(subject) {
                try sessions.note(subject: subject, of: sum, name: scanner.text(.session) ?? "")
            }
            try sessions.adopt(found, client: identityOfRecord.client, by: session)
        }
        if let target = scanner.text(.target), target != scanner.text(.session) { try mark(.target, target) }
        if let message = scanner.unsigned(.message) {
            if scanner.has(.sql) {
                session.note(statement: message, in: nextBlock)
            } else if let statement = scanner.unsigned(.statement) {
                session.note(execution: message, of: statement)
            }
        } else if let message = scanner.unsigned(.of), scanner.rawText(.type)?.elementsEqual(outcome) == true
        {
            try addOutcome(of: message, in: session)
            return
        }
        if let state = scanner.text(.sqlstate) { try mark(.sqlstate, state) }
        if scanner.rawText(.type)?.elementsEqual(ended) == true { try sessions.end(sum) }
    }

    private let outcome = Array("outcome".utf8)
    private let ended = Array("session.end".utf8)

    /// An outcome with an SQLSTATE is noted with the statement that it is about, and stands in its block, too.
    private func addOutcome(of message: UInt64, in session: LiveSession) throws {
        var statement = session.statement(ofExecution: message) ?? message
        if scanner.has(.statement) { statement = scanner.unsigned(.statement) ?? message }
        session.answered(message)
        guard let state = scanner.text(.sqlstate) else { return }
        let term = try terms.number(.sqlstate, state)
        marks.insert(term)
        guard let number = Int64(exactly: statement) else { return }
        insertFailure.bind(1, session.number)
        insertFailure.bind(2, number)
        insertFailure.bind(3, term)
        try insertFailure.run()
        if let block = session.block(ofStatement: statement) {
            marks.insert(term, block: block)
        } else {
            for (chunk, bits) in try marks.blocks(ofSession: session.number) {
                marks.insert(term, bits, chunk: chunk)
            }
        }
    }
}
