import CSQLite

/// What a statement may do: read the session's tables, and call functions that reach nothing else.
extension SQLiteEngine {
    /// Functions of SQLite that reach beyond the statement's own values.
    private static let refusedFunctions: Set<String> = [
        "load_extension", "readfile", "writefile", "edit", "fts3_tokenizer", "fts5", "rtreecheck",
        "sqlite_dbpage", "sqlite_source_id", "sqlite_log",
    ]

    /// Tables of SQLite's own that a statement may read beside the session's: what takes JSON apart, and the schema,
    /// which is empty.
    private static let readableTables: Set<String> = [
        "json_each", "json_tree", "sqlite_master", "sqlite_schema",
    ]

    func authorize(_ action: Int32, first: String?, second: String?) -> Int32 {
        if isDeclaring { return SQLITE_OK }
        switch action {
        case SQLITE_SELECT, SQLITE_RECURSIVE: return SQLITE_OK
        // Of no column: it may be a name that the statement itself gives by WITH. Tables that are refused cannot be
        // opened either.
        case SQLITE_READ where second?.isEmpty ?? true: return SQLITE_OK
        case SQLITE_READ:
            let table = (first ?? "").lowercased()
            if tableNames.contains(table) || SQLiteEngine.readableTables.contains(table) { return SQLITE_OK }
            return refuse(action, first ?? "")
        case SQLITE_FUNCTION:
            let name = (second ?? "").lowercased()
            return SQLiteEngine.refusedFunctions.contains(name) ? refuse(action, name) : SQLITE_OK
        default: return refuse(action, first ?? "")
        }
    }

    private func refuse(_ action: Int32, _ what: String) -> Int32 {
        refusedAction = (action, what)
        return SQLITE_DENY
    }
}

/// SQLite's words for what is wrong, as PostgreSQL's.
enum EngineErrors {
    /// - Parameters:
    ///   - code: SQLite's primary result code.
    ///   - interruption: why the statement was told to stop, where it was.
    static func error(
        code: Int32, message: String, refused: (code: Int32, what: String)?, interruption: ConsoleError?
    ) -> ConsoleError {
        let opened = "vtable constructor failed: "
        if message.hasPrefix(opened) {
            return ConsoleError("42501", "table \"\(message.dropFirst(opened.count))\" may not be read")
        }
        switch code {
        case SQLITE_INTERRUPT: return interruption ?? .cancelled
        case SQLITE_NOMEM: return .outOfMemory
        case SQLITE_TOOBIG:
            return ConsoleError(
                "54000", "a value or the statement is too long",
                detail: "A value may have \(ConsoleLimits.value) bytes.")
        case SQLITE_AUTH, SQLITE_READONLY: return notAuthorized(refused)
        case SQLITE_MISMATCH: return ConsoleError("42804", message)
        case SQLITE_RANGE: return ConsoleError("08P01", message)
        default: return described(message, refused: refused)
        }
    }

    private static func notAuthorized(_ refused: (code: Int32, what: String)?) -> ConsoleError {
        guard let refused else { return ConsoleError("42501", "permission refused") }
        // A table of SQLite's own would have had to be opened first.
        guard refused.what != "sqlite_master" else {
            return ConsoleError("42501", "this table may not be read")
        }
        switch refused.code {
        case SQLITE_READ: return ConsoleError("42501", "table \"\(refused.what)\" may not be read")
        case SQLITE_FUNCTION: return ConsoleError("42501", "function \(refused.what) may not be called")
        case SQLITE_ATTACH, SQLITE_DETACH: return .readOnly("ATTACH or DETACH")
        case SQLITE_PRAGMA: return .readOnly("PRAGMA")
        case SQLITE_INSERT: return .readOnly("INSERT")
        case SQLITE_UPDATE: return .readOnly("UPDATE")
        case SQLITE_DELETE: return .readOnly("DELETE")
        default: return .readOnly("this statement")
        }
    }

    /// SQLite has one code for nearly everything, and tells it apart in words.
    private static func described(
        _ message: String, refused: (code: Int32, what: String)?
    ) -> ConsoleError {
        func rest(_ head: String) -> String? {
            message.hasPrefix(head) ? String(message.dropFirst(head.count)) : nil
        }
        if let name = rest("no such table: ") {
            return ConsoleError(
                "42P01", "relation \"\(name)\" does not exist",
                hint: "The tables are records, sessions, replicas, issuers, rules, checkpoints and log.")
        }
        if let name = rest("no such column: ") {
            return ConsoleError("42703", "column \"\(name)\" does not exist")
        }
        if let name = rest("no such function: ") {
            return ConsoleError(
                "42883", "function \(name) does not exist", hint: "The functions are those of SQLite.")
        }
        if message.hasPrefix("not authorized") { return notAuthorized(refused) }
        if message.hasSuffix("may not be modified") { return .readOnly("a change of a table") }
        if message.hasPrefix("wrong number of arguments to function") {
            return ConsoleError("42883", message)
        }
        if let name = rest("ambiguous column name: ") {
            return ConsoleError("42702", "column reference \"\(name)\" is ambiguous")
        }
        if message.hasPrefix("near \""), message.hasSuffix(": syntax error") {
            let near = message.dropFirst("near \"".count).dropLast("\": syntax error".count)
            return .syntax(String(near))
        }
        if message.hasPrefix("incomplete input") {
            return ConsoleError("42601", "syntax error at end of input")
        }
        if message.hasPrefix("unrecognized token") { return ConsoleError("42601", message) }
        if message.contains("misuse of aggregate") || message.contains("misuse of window") {
            return ConsoleError("42803", message)
        }
        if message.hasPrefix("Expression tree is too large") || message.hasPrefix("too many terms")
            || message.contains("parser stack overflow")
        {
            return ConsoleError("54001", message)
        }
        if message.hasPrefix("too many") || message.hasPrefix("at most") {
            return ConsoleError("54000", message)
        }
        if message.contains("integer overflow") { return ConsoleError("22003", "bigint out of range") }
        if message.contains("malformed JSON") { return ConsoleError("22P02", message) }
        if message.contains("pattern too complex") { return ConsoleError("54000", message) }
        return ConsoleError("42601", message)
    }
}
