/// What stands in an index, and how it is told from anything else.
enum IndexSchema {
    /// `Domi`: SQLite's application_id.
    static let application: Int64 = 0x446f_6d69
    /// Another version is made anew.
    static let version: Int64 = 1

    /// Tables by their text, which is also what they are compared with: a file with other ones is no index.
    ///
    /// - `log`: the log it is of, and up to where. `place` is the number, segment and offset behind the last block.
    /// - `blocks`: up to 256 records that follow each other in one segment. `sum` is of their bytes.
    /// - `terms`: values by key (`SearchKey`); `postings`: for each, and each 256 blocks, the blocks that it stands in
    ///   (`ChunkBits`). A record without who and where counts as having its session's.
    /// - `sessions` and `session_postings`: the same of sessions, with what their session.start says, as terms.
    /// - `failures`: statements by session and message of which an outcome has an SQLSTATE.
    /// - `pending`: binds and executes whose outcome is still to come, and their Parse's message.
    static let tables: [String] = [
        "CREATE TABLE log (key TEXT PRIMARY KEY, value) WITHOUT ROWID",
        """
        CREATE TABLE blocks (id INTEGER PRIMARY KEY, seq INTEGER NOT NULL, records INTEGER NOT NULL, \
        segment INTEGER NOT NULL, offset INTEGER NOT NULL, bytes INTEGER NOT NULL, first_time INTEGER NOT NULL, \
        last_time INTEGER NOT NULL, sum INTEGER NOT NULL)
        """,
        "CREATE TABLE terms (id INTEGER PRIMARY KEY, key INTEGER NOT NULL, value TEXT NOT NULL, UNIQUE (key, value))",
        """
        CREATE TABLE postings (term INTEGER NOT NULL, chunk INTEGER NOT NULL, blocks BLOB NOT NULL, \
        PRIMARY KEY (term, chunk)) WITHOUT ROWID
        """,
        """
        CREATE TABLE sessions (id INTEGER PRIMARY KEY, name TEXT NOT NULL, sum INTEGER NOT NULL, subject INTEGER, \
        planner INTEGER, task INTEGER, database INTEGER, replica INTEGER, role INTEGER, issuer INTEGER, \
        rule INTEGER, client TEXT)
        """,
        "CREATE INDEX sessions_sum ON sessions (sum)",
        "CREATE INDEX sessions_subject ON sessions (subject)",
        """
        CREATE TABLE session_postings (session INTEGER NOT NULL, chunk INTEGER NOT NULL, blocks BLOB NOT NULL, \
        PRIMARY KEY (session, chunk)) WITHOUT ROWID
        """,
        """
        CREATE TABLE failures (session INTEGER NOT NULL, message INTEGER NOT NULL, sqlstate INTEGER NOT NULL, \
        PRIMARY KEY (session, message, sqlstate)) WITHOUT ROWID
        """,
        """
        CREATE TABLE pending (session INTEGER NOT NULL, message INTEGER NOT NULL, statement INTEGER NOT NULL, \
        PRIMARY KEY (session, message)) WITHOUT ROWID
        """,
    ]

    /// The columns of `sessions` that are terms, in the order of `SearchKey.identities`.
    static let identityColumns = "subject, planner, task, database, replica, role, issuer, rule"

    enum State: Equatable {
        case empty, ready
        /// Something else is there; `isIndex`: an index of another version.
        case other(isIndex: Bool, reason: String)
    }

    static func state(of database: SQLiteDatabase) throws(IndexError) -> State {
        let application = try database.integer("PRAGMA application_id") ?? 0
        let version = try database.integer("PRAGMA user_version") ?? 0
        let statement = try database.prepare(
            "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY rowid")
        var found: [String] = []
        while try statement.step() {
            guard found.count <= tables.count else { break }
            found.append(statement.text(0) ?? "")
        }
        statement.reset()
        if found.isEmpty, application == 0, version == 0 { return .empty }
        guard application == IndexSchema.application else {
            return .other(isIndex: false, reason: "is no index of an audit log")
        }
        guard version == IndexSchema.version, found == tables else {
            return .other(isIndex: true, reason: "is of version \(version), expected \(IndexSchema.version)")
        }
        return .ready
    }

    /// Makes the tables where there are none.
    static func make(in database: SQLiteDatabase, log description: [UInt8]) throws {
        try database.transaction {
            guard try state(of: database) == .empty else { return }
            for table in tables { try database.execute(table) }
            try database.execute("PRAGMA application_id = \(application)")
            try database.execute("PRAGMA user_version = \(version)")
            let insert = try database.prepare("INSERT INTO log (key, value) VALUES (?, ?)")
            insert.bind(1, "description")
            insert.bind(2, blob: description)
            try insert.run()
        }
    }
}
