import Audit

/// Whether an index is of its log as it is now: where it ends, and some of its blocks in full, one of them by chance.
///
/// A log that was cut, replaced by an older copy, or written again behind the index's back is noticed here. Blocks that a
/// search reads are compared with the log once more.
enum IndexCheck {
    /// - Throws: `IndexError.broken` where it is not.
    static func check(_ index: LogIndex) throws {
        // Another command may be adding to it, or taking from it what retention took.
        try index.database.reading { try checkAsItIs(index) }
    }

    private static func checkAsItIs(_ index: LogIndex) throws {
        let end = try index.end
        let count = try index.blockCount
        guard count > 0 else {
            guard end.position == 0, end.segment == nil else { throw broken("has lost its blocks") }
            return
        }
        let firstLeft = try index.firstBlock
        guard try index.database.integer("SELECT count(*) FROM blocks") == Int64(count - firstLeft) else {
            throw broken("lacks blocks")
        }
        let segments = try SegmentName.list(index.log + "/segments")
        // Those before it are gone only where retention took their segments.
        if firstLeft > 0 {
            guard let block = try index.block(firstLeft), block.offset == 0,
                block.segment <= segments.first ?? 0
            else {
                throw broken("lacks blocks")
            }
        }
        guard let last = try index.block(count - 1), last.segment == end.segment,
            last.offset + last.bytes == end.offset, last.seq < end.position
        else { throw broken("does not end where it says") }
        guard segments.contains(last.segment) else { throw broken("goes beyond the log") }
        var samples: Set<Int> = [count - 1, Int.random(in: firstLeft..<count)]
        if let first = try firstBlock(index, since: segments.first ?? 0) { samples.insert(first) }
        for sample in samples { try check(index, block: sample, segments: segments) }
    }

    /// The first block that retention has left.
    private static func firstBlock(_ index: LogIndex, since segment: UInt64) throws -> Int? {
        let statement = try index.database.prepare("SELECT min(id) FROM blocks WHERE segment >= ?")
        statement.bind(1, Int64(clamping: segment))
        guard try statement.step() else { return nil }
        defer { statement.reset() }
        return statement.optionalInteger(0).flatMap { Int(exactly: $0) }
    }

    /// Whether a block's records are in the log, and all that they say is in the index.
    static func check(_ index: LogIndex, block id: Int, segments: [UInt64]) throws {
        guard let block = try index.block(id) else { throw broken("lacks block \(id)") }
        // Retention took it.
        if let first = segments.first, block.segment < first { return }
        var text: [UInt8] = []
        guard block.read(from: index.log, into: &text) else {
            throw broken("contradicts the log at record \(block.seq)")
        }
        var rows = try Rows(index, block: id)
        var scanner = RecordScanner()
        var statements = StatementFacts.Memory()
        var count = 0
        try block.forEachLine(of: text, in: index.log) { line in
            count += 1
            guard line.seq != nil, scanner.scan(line.bytes) else { return }
            guard try rows.hold(scanner, &statements) else {
                throw broken("does not hold what record \(line.expected) says")
            }
        }
        guard count == block.records else { throw broken("miscounts the records of block \(id)") }
    }

    private static func broken(_ reason: String) -> IndexError {
        .broken(reason: reason)
    }

    /// What the index says of one block.
    private struct Rows {
        private let index: LogIndex
        private let chunk: Int64
        private let block: UInt8
        private let term: SQLiteStatement
        private let session: SQLiteStatement
        private var known: [String: Bool] = [:]

        init(_ index: LogIndex, block: Int) throws {
            self.index = index
            chunk = Int64(block / IndexLimits.chunkBlocks)
            self.block = UInt8(truncatingIfNeeded: block % IndexLimits.chunkBlocks)
            term = try index.database.prepare(
                """
                SELECT p.blocks FROM terms t JOIN postings p ON p.term = t.id AND p.chunk = ?1 \
                WHERE t.key = ?2 AND t.value = ?3
                """)
            session = try index.database.prepare(
                """
                SELECT p.blocks FROM sessions s JOIN session_postings p ON p.session = s.id AND p.chunk = ?1 \
                WHERE s.sum = ?2
                """)
        }

        mutating func hold(_ record: RecordScanner, _ statements: inout StatementFacts.Memory) throws -> Bool
        {
            for key in SearchKey.identities + [.type, .sqlstate] {
                guard let value = key.field.flatMap({ record.text($0) }) else { continue }
                guard try holds(key, value) else { return false }
            }
            if record.isRefused, !(try holds(.refused, "yes")) { return false }
            if let facts = record.has(.of) ? nil : statements.facts(record) {
                for key: SearchKey in [.statementClass, .relation, .fingerprint] {
                    for value in RecordMatcher.values(of: key, in: facts) where !(try holds(key, value)) {
                        return false
                    }
                }
            }
            guard let sum = record.sessionSum else { return true }
            guard try holds(session: sum) else { return false }
            guard record.text(.type) == "session.start" else { return true }
            return try index.identity(of: sum) == SessionIdentity(record)
        }

        private mutating func holds(_ key: SearchKey, _ value: String) throws -> Bool {
            let name = "\(key.rawValue) \(value)"
            if let known = known[name] { return known }
            term.bind(1, chunk)
            term.bind(2, key.rawValue)
            term.bind(3, value)
            let found = try holds(term)
            known[name] = found
            return found
        }

        private mutating func holds(session sum: UInt64) throws -> Bool {
            let name = "session \(sum)"
            if let known = known[name] { return known }
            session.bind(1, chunk)
            session.bind(2, Int64(bitPattern: sum))
            let found = try holds(session)
            known[name] = found
            return found
        }

        private func holds(_ statement: SQLiteStatement) throws -> Bool {
            guard try statement.step() else { return false }
            defer { statement.reset() }
            return ChunkBits(encoded: statement.blob(0)).blocks.contains(block)
        }
    }
}
