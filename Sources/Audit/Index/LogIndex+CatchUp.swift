import Audit

extension LogIndex {
    /// Brings the index up to the log's last whole block of records. Where it cannot (no room, another command is at
    /// it), it stays as it is: what is behind it is read by the search.
    ///
    /// - Parameter progress: is told the bytes of records that went in.
    /// - Throws: `AuditError` where the log cannot be read; `IndexError` otherwise.
    package func catchUp(progress: (Int) -> Void = { _ in }) throws {
        // Who finds another at it reads the log meanwhile rather than wait.
        database.wait(milliseconds: 100)
        defer { database.wait(milliseconds: IndexLimits.busyTimeout) }
        do {
            try IndexBuilder.catchUp(self, progress: progress)
        } catch let error as IndexError where error.isBusy {
            return
        }
    }

    /// The message of the Parse that a Bind or Execute was of whose outcome is still to come.
    func statement(ofExecution message: UInt64, in session: UInt64) throws(IndexError) -> UInt64? {
        guard let message = Int64(exactly: message) else { return nil }
        let statement = try database.prepare(
            """
            SELECT p.statement FROM sessions s JOIN pending p ON p.session = s.id AND p.message = ?2 \
            WHERE s.sum = ?1
            """)
        statement.bind(1, Int64(bitPattern: session))
        statement.bind(2, message)
        guard try statement.step() else { return nil }
        defer { statement.reset() }
        return UInt64(exactly: statement.integer(0))
    }
}
