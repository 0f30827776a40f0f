import CSQLite

/// A connection to an SQLite file. For one thread.
final class SQLiteDatabase {
    fileprivate let handle: OpaquePointer

    /// - Parameter path: a file that is there; the connection is read-only where it may not be written.
    init(path: String) throws(IndexError) {
        var opened: OpaquePointer?
        let flags =
            SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_PRIVATECACHE
        let code = sqlite3_open_v2(path, &opened, flags, nil)
        guard code == SQLITE_OK, let opened else {
            let text = String(cString: sqlite3_errstr(code))
            sqlite3_close_v2(opened)
            throw .unusable(path: path, reason: text)
        }
        handle = opened
        sqlite3_busy_timeout(handle, IndexLimits.busyTimeout)
        guard csqlite_defend(handle) == SQLITE_OK else { throw error(SQLITE_ERROR) }
    }

    deinit { sqlite3_close_v2(handle) }

    var isReadOnly: Bool { sqlite3_db_readonly(handle, "main") != 0 }

    /// Milliseconds to wait for a lock that another connection holds.
    func wait(milliseconds: Int32) { sqlite3_busy_timeout(handle, milliseconds) }

    func execute(_ sql: String) throws(IndexError) {
        let code = sqlite3_exec(handle, sql, nil, nil, nil)
        guard code == SQLITE_OK else { throw error(code) }
    }

    func prepare(_ sql: String) throws(IndexError) -> SQLiteStatement {
        var statement: OpaquePointer?
        let code = sqlite3_prepare_v3(handle, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &statement, nil)
        guard code == SQLITE_OK, let statement else { throw error(code) }
        return SQLiteStatement(statement, of: self)
    }

    /// The first column of the first row; nil where there is no row or it is NULL.
    func integer(_ sql: String) throws(IndexError) -> Int64? {
        let statement = try prepare(sql)
        guard try statement.step() else { return nil }
        return statement.optionalInteger(0)
    }

    /// Does it all or nothing. Takes the lock for writing at once, so that what is read first still holds.
    func transaction<Result>(_ body: () throws -> Result) throws -> Result {
        try transaction("BEGIN IMMEDIATE", body)
    }

    /// Reads it all as it is in one moment. Others may write from there on.
    func reading<Result>(_ body: () throws -> Result) throws -> Result { try transaction("BEGIN", body) }

    private func transaction<Result>(_ begin: String, _ body: () throws -> Result) throws -> Result {
        try execute(begin)
        do {
            let result = try body()
            try execute("COMMIT")
            return result
        } catch {
            // Where SQLite has rolled back by itself there is nothing to roll back.
            try? execute("ROLLBACK")
            throw error
        }
    }

    fileprivate func error(_ code: Int32) -> IndexError {
        .sqlite(code: code & 0xff, text: String(cString: sqlite3_errmsg(handle)))
    }
}

/// A prepared statement. Its text is always our own; values are bound.
final class SQLiteStatement {
    private let handle: OpaquePointer
    private let database: SQLiteDatabase

    fileprivate init(_ handle: OpaquePointer, of database: SQLiteDatabase) {
        self.handle = handle
        self.database = database
    }

    deinit { sqlite3_finalize(handle) }

    /// Whether there is a row (more).
    func step() throws(IndexError) -> Bool {
        let code = sqlite3_step(handle)
        if code == SQLITE_ROW { return true }
        guard code == SQLITE_DONE else {
            let error = database.error(code)
            sqlite3_reset(handle)
            throw error
        }
        sqlite3_reset(handle)
        return false
    }

    /// Runs it to its end.
    func run() throws(IndexError) { while try step() {} }

    /// Ends what it reads, and its lock.
    func reset() { sqlite3_reset(handle) }

    func bind(_ at: Int32, _ value: Int64?) {
        if let value { sqlite3_bind_int64(handle, at, value) } else { sqlite3_bind_null(handle, at) }
    }

    func bind(_ at: Int32, _ value: String?) {
        guard let value else {
            sqlite3_bind_null(handle, at)
            return
        }
        // A C string would end at a NUL.
        _ = csqlite_bind_text(handle, at, value, Int32(clamping: value.utf8.count))
    }

    func bind(_ at: Int32, blob value: [UInt8]) {
        // SAFETY: SQLite copies the bytes before the call returns.
        value.withUnsafeBytes { _ = csqlite_bind_blob(handle, at, $0.baseAddress, Int32(clamping: $0.count)) }
    }

    func integer(_ column: Int32) -> Int64 { sqlite3_column_int64(handle, column) }

    func optionalInteger(_ column: Int32) -> Int64? {
        sqlite3_column_type(handle, column) == SQLITE_NULL ? nil : sqlite3_column_int64(handle, column)
    }

    func text(_ column: Int32) -> String? {
        bytes(column, sqlite3_column_text(handle, column).map { UnsafeRawPointer($0) }).map {
            String(decoding: $0, as: UTF8.self)
        }
    }

    func blob(_ column: Int32) -> [UInt8] { bytes(column, sqlite3_column_blob(handle, column)) ?? [] }

    private func bytes(_ column: Int32, _ start: UnsafeRawPointer?) -> [UInt8]? {
        guard let start else { return nil }
        // SAFETY: SQLite says how many bytes there are; they are copied before the next call for this statement.
        return Array(UnsafeRawBufferPointer(start: start, count: Int(sqlite3_column_bytes(handle, column))))
    }
}
