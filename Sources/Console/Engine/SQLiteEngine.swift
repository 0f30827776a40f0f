import CSQLite

/// SQLite for one console session: a database in memory that holds nothing but the session's tables, each of them
/// virtual, and that does nothing but read them. Used by one thread at a time.
final class SQLiteEngine {
    let handle: OpaquePointer
    let watch: StatementWatch
    /// The error that a table raised; SQLite itself passes on its message alone.
    var raised: ConsoleError?
    /// What the authorizer has refused last.
    var refusedAction: (code: Int32, what: String)?

    /// A table says what its columns are, which SQLite reads as a CREATE TABLE.
    var isDeclaring = false
    /// The tables that were added, by their names.
    var names: Set<String> = []

    /// The memory of all SQLite in the process, once.
    private static let heap: Int64 = sqlite3_hard_heap_limit64(ConsoleLimits.memory)

    init(tables: [any ConsoleTable], functions: [EngineFunction], watch: StatementWatch) throws(ConsoleError)
    {
        _ = SQLiteEngine.heap
        var opened: OpaquePointer?
        let flags =
            SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_MEMORY | SQLITE_OPEN_NOMUTEX
            | SQLITE_OPEN_PRIVATECACHE
        let code = sqlite3_open_v2(":memory:", &opened, flags, nil)
        guard code == SQLITE_OK, let opened else {
            sqlite3_close_v2(opened)
            throw ConsoleError("53200", "SQLite cannot be opened")
        }
        handle = opened
        self.watch = watch
        guard csqlite_confine(handle) == SQLITE_OK,
            // What a sort does not hold in memory goes into no file: records leave their folder for none.
            sqlite3_exec(handle, "PRAGMA temp_store = MEMORY; PRAGMA cache_size = -1024", nil, nil, nil)
                == SQLITE_OK
        else { throw ConsoleError("53200", "SQLite cannot be confined") }
        limit()
        for table in tables { try add(table) }
        for function in functions { try add(function) }
        // SQLite's own tables say what they are by a CREATE TABLE, too, which is refused from here on.
        guard
            sqlite3_exec(handle, "SELECT 1 FROM json_each('[]'), json_tree('[]')", nil, nil, nil) == SQLITE_OK
        else { throw error(SQLITE_ERROR) }
        observe()
    }

    deinit { sqlite3_close_v2(handle) }

    private func limit() {
        let limits: [(Int32, Int32)] = [
            (SQLITE_LIMIT_LENGTH, ConsoleLimits.value),
            (SQLITE_LIMIT_SQL_LENGTH, Int32(clamping: ConsoleLimits.statement * 4)),
            (SQLITE_LIMIT_COLUMN, ConsoleLimits.columns),
            (SQLITE_LIMIT_EXPR_DEPTH, ConsoleLimits.expressionDepth),
            (SQLITE_LIMIT_COMPOUND_SELECT, ConsoleLimits.compoundSelects),
            (SQLITE_LIMIT_VDBE_OP, ConsoleLimits.instructions),
            (SQLITE_LIMIT_FUNCTION_ARG, ConsoleLimits.functionArguments),
            (SQLITE_LIMIT_ATTACHED, 0),
            (SQLITE_LIMIT_LIKE_PATTERN_LENGTH, ConsoleLimits.pattern),
            (SQLITE_LIMIT_VARIABLE_NUMBER, ConsoleLimits.parameters),
            (SQLITE_LIMIT_TRIGGER_DEPTH, 1),
            (SQLITE_LIMIT_WORKER_THREADS, 0),
        ]
        for (which, most) in limits { sqlite3_limit(handle, which, most) }
    }

    /// Has each statement looked at before it is prepared, and while it runs.
    private func observe() {
        // SAFETY: the engine outlives its connection, which it closes last; both callbacks run only within calls for it.
        let own = Unmanaged.passUnretained(self).toOpaque()
        sqlite3_set_authorizer(
            handle,
            { context, action, first, second, _, _ in
                guard let context else { return SQLITE_DENY }
                let engine = Unmanaged<SQLiteEngine>.fromOpaque(context).takeUnretainedValue()
                return engine.authorize(action, first: text(first), second: text(second))
            }, own)
        sqlite3_progress_handler(
            handle, ConsoleLimits.stepsBetweenLooks,
            { context in
                guard let context else { return 1 }
                let engine = Unmanaged<SQLiteEngine>.fromOpaque(context).takeUnretainedValue()
                return engine.watch.reason == nil ? 0 : 1
            }, own)
    }

    /// - Parameter sql: one statement, in SQLite's dialect.
    func prepare(_ sql: String) throws(ConsoleError) -> EngineStatement {
        raised = nil
        refusedAction = nil
        var statement: OpaquePointer?
        let code = sqlite3_prepare_v3(handle, sql, -1, 0, &statement, nil)
        guard code == SQLITE_OK else { throw error(code, at: Int(sqlite3_error_offset(handle))) }
        guard let statement else { throw .syntax("end of input") }
        guard sqlite3_stmt_readonly(statement) != 0 else {
            sqlite3_finalize(statement)
            throw .readOnly("this statement")
        }
        return EngineStatement(statement, of: self)
    }

    /// - Parameter at: in bytes of the statement's text, where it is known; the caller knows what stood there.
    func error(_ code: Int32, at: Int = -1) -> ConsoleError {
        if let raised {
            self.raised = nil
            return raised
        }
        var error = EngineErrors.error(
            code: code & 0xff, message: String(cString: sqlite3_errmsg(handle)), refused: refusedAction,
            interruption: watch.reason)
        if at >= 0, error.sqlstate.hasPrefix("42") { error.position = at }
        return error
    }
}

/// A C string; nil where there is none.
func text(_ pointer: UnsafePointer<CChar>?) -> String? { pointer.map { String(cString: $0) } }
