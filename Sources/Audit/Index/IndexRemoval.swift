import Audit

/// Removes from an index what is of segments that retention took: their blocks at once, and by whole chunks of blocks the values and
/// sessions that stand nowhere else. The last block stays: where the index goes on is kept with it.
enum IndexRemoval {
    /// The key under which an index keeps how far it was done: who writes into it sees that values lost their numbers.
    static let mark = "removed"

    static func run(_ index: LogIndex) throws {
        guard !index.database.isReadOnly, let segment = try SegmentName.list(index.log + "/segments").first,
            segment > 0, let first = try firstLeft(index, since: segment), try index.firstBlock < first
        else { return }
        // What is removed is not to be found in the file's free pages.
        try index.database.execute("PRAGMA secure_delete = ON")
        try index.database.transaction {
            let blocks = try index.database.prepare("DELETE FROM blocks WHERE id < ?")
            blocks.bind(1, Int64(first))
            try blocks.run()
            let chunk = first / IndexLimits.chunkBlocks
            for table in ["postings", "session_postings"] {
                let rows = try index.database.prepare("DELETE FROM \(table) WHERE chunk < ?")
                rows.bind(1, Int64(chunk))
                try rows.run()
            }
            for statement in orphans { try index.database.execute(statement) }
            let mark = try index.database.prepare("INSERT OR REPLACE INTO log (key, value) VALUES (?, ?)")
            mark.bind(1, IndexRemoval.mark)
            mark.bind(2, Int64(first))
            try mark.run()
        }
    }

    /// The first block that stays.
    private static func firstLeft(_ index: LogIndex, since segment: UInt64) throws -> Int? {
        guard let last = try index.database.integer("SELECT max(id) FROM blocks") else { return nil }
        let statement = try index.database.prepare("SELECT min(id) FROM blocks WHERE segment >= ?")
        statement.bind(1, Int64(clamping: segment))
        guard try statement.step() else { return nil }
        defer { statement.reset() }
        return Int(exactly: statement.optionalInteger(0) ?? last)
    }

    private static let orphans = [
        "DELETE FROM sessions WHERE NOT EXISTS (SELECT 1 FROM session_postings p WHERE p.session = sessions.id)",
        "DELETE FROM failures WHERE NOT EXISTS (SELECT 1 FROM sessions s WHERE s.id = failures.session)",
        "DELETE FROM pending WHERE NOT EXISTS (SELECT 1 FROM sessions s WHERE s.id = pending.session)",
        """
        DELETE FROM terms WHERE NOT EXISTS (SELECT 1 FROM postings p WHERE p.term = terms.id) \
        AND id NOT IN (\(identities)) AND id NOT IN (SELECT sqlstate FROM failures)
        """,
    ]

    private static var identities: String {
        IndexSchema.identityColumns.split(separator: ",").map { part in
            let column = part.filter { $0 != " " }
            return "SELECT \(column) FROM sessions WHERE \(column) IS NOT NULL"
        }.joined(separator: " UNION ")
    }
}
