/// The limits of the search index.
package enum IndexLimits {
    /// Records of a block: what a search reads at once.
    package static let blockRecords = 256
    /// Bytes of records at which a block ends, whatever it holds.
    package static let blockBytes = 1 << 20
    /// The longest block that is read: one that is not full, and a record of the greatest length.
    static let longestBlock = 1 << 26
    /// Blocks of a chunk, the unit in which a term's blocks are kept and in which the index is committed.
    static let chunkBlocks = 256
    /// Sessions whose identity and last statements are held in memory.
    package static let liveSessions = 100_000
    /// Statements of a session that an outcome still to come may be about.
    static let rememberedStatements = 64
    /// Executions of a session whose outcome is still to come.
    static let rememberedExecutions = 1024
    /// Terms whose number is held in memory.
    static let rememberedTerms = 100_000
    /// Texts whose description is held in memory, where records have none.
    static let rememberedTexts = 4096
    /// Bytes of a text that is described where its record does not.
    static let describedBytes = 8192
    /// Sessions of a subject that are read before a search begins.
    static let preloadedSessions = 20_000
    /// Statements that a search by SQLSTATE remembers of the part of a log that is not in the index.
    package static let failedStatements = 4_000_000
    /// Milliseconds for which a reading command waits for another one's transaction.
    static let busyTimeout: Int32 = 10_000
}
