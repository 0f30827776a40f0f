/// One statement of an operator's, told by its first words.
enum ConsoleCommand: Sendable, Equatable {
    /// SELECT, VALUES, WITH, EXPLAIN: SQLite's.
    case query([SQLToken])
    /// COPY (query) TO STDOUT.
    case copy([SQLToken], CopyForm)
    /// SHOW SESSIONS and the like.
    case showTable(String)
    /// SHOW of a setting, by its name.
    case showSetting(String)
    case set(String, String)
    case reset(String)
    case begin
    case commit
    case rollback
    /// What drivers say and what changes nothing here, with the tag that answers it.
    case nothing(tag: String)
    case deallocate(String?)
    case kill(String, reason: String?)
    case revoke(Revoked, reason: String?)
    case reload

    enum Revoked: Sendable, Equatable {
        case subject(String, issuer: String?)
        case token(String, issuer: String?)
        case issuer(String)
    }

    struct CopyForm: Sendable, Equatable {
        var isCSV = false
        var hasHeader = false
        var delimiter: UInt8?
        var null: String?
    }

    /// It looks at the log or the gateway's state.
    var reads: Bool {
        switch self {
        case .query, .copy, .showTable: true
        case .showSetting, .set, .reset, .begin, .commit, .rollback, .nothing, .deallocate, .kill, .revoke,
            .reload:
            false
        }
    }

    /// The tables that SHOW gives: its words, and what they are for SQLite.
    static let shown = [
        "sessions": "SELECT * FROM sessions", "replicas": "SELECT * FROM replicas",
        "issuers": "SELECT * FROM issuers", "rules": "SELECT * FROM rules",
        "log": "SELECT * FROM log",
    ]
}

/// Cuts a text into its statements, and tells what each is.
struct CommandParser {
    private let tokens: [SQLToken]
    private let source: [UInt8]
    private var at = 0

    private init(_ tokens: [SQLToken], _ source: [UInt8]) {
        self.tokens = tokens
        self.source = source
    }

    /// The statements of a text that has any, each with its tokens.
    static func statements(_ sql: [UInt8]) throws(ConsoleError) -> [[SQLToken]] {
        var statements: [[SQLToken]] = [[]]
        for token in try SQLLexer.tokens(sql) {
            if token.isSymbol(";") {
                statements.append([])
            } else {
                statements[statements.count - 1].append(token)
            }
        }
        return statements.filter { !$0.isEmpty }
    }

    static func command(_ tokens: [SQLToken], of source: [UInt8]) throws(ConsoleError) -> ConsoleCommand {
        var parser = CommandParser(tokens, source)
        return try parser.command()
    }

    private var current: SQLToken? { tokens.indices.contains(at) ? tokens[at] : nil }

    private func failure() -> ConsoleError {
        guard let current else { return ConsoleError("42601", "syntax error at end of input") }
        return .syntax(
            String(decoding: source[current.range], as: UTF8.self),
            position: SQLLexer.position(current.range.lowerBound, in: source))
    }

    private mutating func take(word: String) -> Bool {
        guard let current, current.isWord(word) else { return false }
        at += 1
        return true
    }

    private mutating func take(symbol: String) -> Bool {
        guard let current, current.isSymbol(symbol) else { return false }
        at += 1
        return true
    }

    private mutating func string() throws(ConsoleError) -> String {
        guard let current, current.kind == .string else { throw failure() }
        at += 1
        return current.text
    }

    private mutating func name() throws(ConsoleError) -> String {
        guard let name = current?.name else { throw failure() }
        at += 1
        return name
    }

    private func end(_ command: ConsoleCommand) throws(ConsoleError) -> ConsoleCommand {
        guard current == nil else { throw failure() }
        return command
    }

    private mutating func command() throws(ConsoleError) -> ConsoleCommand {
        if tokens.first?.isSymbol("(") == true { return .query(tokens) }
        guard let first = tokens.first, first.kind == .word else { throw failure() }
        at = 1
        switch first.text {
        case "select", "values", "with", "explain": return .query(tokens)
        case "table": return .query(CommandParser.select(tokens))
        case "show": return try show()
        case "kill":
            let session = try string()
            let reason = try reason()
            return try end(.kill(session, reason: reason))
        case "revoke": return try revoke()
        case "reload": return try end(.reload)
        case "copy": return try copy()
        case "begin", "start": return .begin
        case "commit", "end": return .commit
        case "rollback", "abort":
            return tokens.contains { $0.isWord("to") } ? .nothing(tag: "ROLLBACK") : .rollback
        case "savepoint": return .nothing(tag: "SAVEPOINT")
        case "release": return .nothing(tag: "RELEASE")
        case "set": return try set()
        case "reset": return .reset(try name())
        case "discard":
            return tokens.contains { $0.isWord("all") } ? .deallocate(nil) : .nothing(tag: "DISCARD")
        case "deallocate":
            _ = take(word: "prepare")
            return take(word: "all") ? .deallocate(nil) : .deallocate(try name())
        case "close": return .nothing(tag: "CLOSE CURSOR")
        case "listen": return .nothing(tag: "LISTEN")
        case "unlisten": return .nothing(tag: "UNLISTEN")
        default: return try other(first)
        }
    }

    private static func select(_ tokens: [SQLToken]) -> [SQLToken] {
        guard let first = tokens.first else { return tokens }
        func made(_ kind: SQLToken.Kind, _ text: String) -> SQLToken {
            SQLToken(kind: kind, text: text, range: first.range, isApart: true)
        }
        return [made(.word, "select"), made(.symbol, "*"), made(.word, "from")] + tokens.dropFirst()
    }

    private func other(_ first: SQLToken) throws(ConsoleError) -> ConsoleCommand {
        switch first.text {
        case "insert", "update", "delete", "merge", "truncate", "create", "alter", "drop", "grant", "vacuum",
            "analyze", "reindex", "cluster", "comment", "refresh", "attach", "detach", "pragma", "replace",
            "import", "security", "reassign", "notify":
            throw .readOnly(first.text.uppercased())
        case "prepare", "execute", "declare", "fetch", "move", "do", "call", "lock", "checkpoint", "load":
            throw .unsupported(first.text.uppercased())
        default:
            throw .syntax(
                String(decoding: source[first.range], as: UTF8.self),
                position: SQLLexer.position(first.range.lowerBound, in: source))
        }
    }

    private mutating func reason() throws(ConsoleError) -> String? {
        take(word: "reason") ? try string() : nil
    }

    private mutating func revoke() throws(ConsoleError) -> ConsoleCommand {
        let revoked: ConsoleCommand.Revoked
        if take(word: "subject") {
            let subject = try string()
            revoked = .subject(subject, issuer: take(word: "issuer") ? try string() : nil)
        } else if take(word: "token") {
            let token = try string()
            revoked = .token(token, issuer: take(word: "issuer") ? try string() : nil)
        } else if take(word: "issuer") {
            revoked = .issuer(try string())
        } else if current?.name != nil {
            throw .readOnly("REVOKE of a privilege")
        } else {
            throw failure()
        }
        let reason = try reason()
        return try end(.revoke(revoked, reason: reason))
    }

    private mutating func show() throws(ConsoleError) -> ConsoleCommand {
        var words = [try name()]
        while let current, let name = current.name {
            at += 1
            words.append(name)
            _ = current
        }
        // A setting's name may have a dot.
        while take(symbol: ".") { words[words.count - 1] += "." + (try name()) }
        guard current == nil else { throw failure() }
        if words.count == 1, ConsoleCommand.shown[words[0]] != nil { return .showTable(words[0]) }
        if words == ["transaction", "isolation", "level"] { return .showSetting("transaction_isolation") }
        if words == ["time", "zone"] { return .showSetting("timezone") }
        guard words.count == 1 else { throw failure() }
        return .showSetting(words[0])
    }

    private mutating func set() throws(ConsoleError) -> ConsoleCommand {
        _ = take(word: "session") || take(word: "local")
        if take(word: "transaction") || take(word: "characteristics") { return .nothing(tag: "SET") }
        if take(word: "time") {
            guard take(word: "zone") else { throw failure() }
            return .set("timezone", text(from: at))
        }
        if take(word: "names") { return .set("client_encoding", text(from: at)) }
        var name = try name()
        while take(symbol: ".") { name += "." + (try self.name()) }
        guard take(symbol: "=") || take(word: "to") else { throw failure() }
        return .set(name, text(from: at))
    }

    /// A setting's value as it is shown.
    private func text(from start: Int) -> String {
        tokens[min(start, tokens.count)...].map { $0.isSymbol(",") ? ", " : $0.text }.joined()
    }

    // MARK: COPY

    private mutating func copy() throws(ConsoleError) -> ConsoleCommand {
        let query: [SQLToken]
        if take(symbol: "(") {
            let start = at
            var depth = 1
            while let current, depth > 0 {
                if current.isSymbol("(") { depth += 1 }
                if current.isSymbol(")") { depth -= 1 }
                at += 1
            }
            guard depth == 0 else { throw failure() }
            query = Array(tokens[start..<(at - 1)])
        } else {
            query = try copiedTable()
        }
        if take(word: "from") { throw .readOnly("COPY FROM") }
        guard take(word: "to") else { throw failure() }
        guard take(word: "stdout") else { throw .unsupported("COPY to a file or program of the gateway") }
        let form = try copyForm()
        return try end(.copy(query, form))
    }

    /// COPY table [(columns)]: the same as a query.
    private mutating func copiedTable() throws(ConsoleError) -> [SQLToken] {
        let table = tokens[at]
        _ = try name()
        var columns: [SQLToken] = []
        if take(symbol: "(") {
            while let current, !current.isSymbol(")") {
                columns.append(
                    SQLToken(kind: current.kind, text: current.text, range: current.range, isApart: true))
                at += 1
            }
            guard take(symbol: ")") else { throw failure() }
        }
        func made(_ kind: SQLToken.Kind, _ text: String) -> SQLToken {
            SQLToken(kind: kind, text: text, range: table.range, isApart: true)
        }
        return [made(.word, "select")] + (columns.isEmpty ? [made(.symbol, "*")] : columns)
            + [made(.word, "from"), made(.quoted, table.text)]
    }

    private mutating func copyForm() throws(ConsoleError) -> ConsoleCommand.CopyForm {
        var form = ConsoleCommand.CopyForm()
        _ = take(word: "with")
        let isList = take(symbol: "(")
        while let current, !current.isSymbol(")") {
            switch try name() {
            case "format":
                switch try name() {
                case "csv": form.isCSV = true
                case "text": break
                default: throw .unsupported("COPY in this format")
                }
            case "csv": form.isCSV = true
            case "header": form.hasHeader = !take(word: "false")
            case "delimiter":
                _ = take(word: "as")
                let bytes = Array(try string().utf8)
                guard bytes.count == 1, let byte = bytes.first, byte != 0x0a, byte != 0x0d else {
                    throw ConsoleError("22023", "COPY delimiter must be a single one-byte character")
                }
                form.delimiter = byte
            case "null":
                _ = take(word: "as")
                form.null = try string()
            case "encoding": _ = try string()
            default:
                at -= 1
                throw failure()
            }
            if isList { _ = take(symbol: ",") }
            if form.hasHeader { _ = take(word: "true") }
        }
        if isList, !take(symbol: ")") { throw failure() }
        return form
    }
}
