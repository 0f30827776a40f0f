/// Reads a PL/pgSQL body without parsing it ("PL/pgSQL — SQL Procedural Language"): every name in it may be any
/// object of that name, a statement whose first word is not known to be harmless hides what it does, and so does
/// EXECUTE anywhere.
struct ProcedureBody {
    private let tokens: [BodyTokens.Token]
    private var place = 0
    private var facts = BodyFacts()
    /// CASE expressions that are open in this statement: their THEN and ELSE begin no statement.
    private var cases = 0
    /// From DECLARE to BEGIN stand declarations.
    private var declares = false
    /// A word of this statement by which a SET in it belongs to it.
    private var updates = false

    /// nil: the body cannot be followed.
    static func facts(of text: String) -> BodyFacts? {
        guard let tokens = BodyTokens.tokens(of: text) else { return nil }
        var body = ProcedureBody(tokens: tokens)
        body.collectNames()
        body.readStatements()
        return body.facts
    }

    private init(tokens: [BodyTokens.Token]) { self.tokens = tokens }

    private mutating func collectNames() {
        facts.operators.formUnion(ProcedureBody.unwritten.map { BodyFacts.Name($0) })
        for (index, token) in tokens.enumerated() {
            switch token {
            case .word(WatchedSettings.function), .quoted(WatchedSettings.function): readSetConfig(index)
            case .word(let name):
                facts.mentions.insert(name)
                // In an encoding of one byte a character the server folds more than ASCII.
                facts.mentions.insert(name.lowercased())
                if name == "execute" { facts.add(.opaque, "runs SQL that it makes at run time (EXECUTE)") }
            case .quoted(let name): facts.mentions.insert(name)
            case .operator(let run): addOperators(run)
            case .string, .number, .mark: break
            }
        }
        facts.mentionsAreRead = facts.mentions.isDisjoint(with: ProcedureBody.writing)
    }

    /// Without one of these words a body writes and locks no relation that it names, or hides what it does.
    private static let writing: Set<String> = [
        "insert", "update", "delete", "merge", "truncate", "copy", "share",
    ]

    /// Operators that syntax calls without writing them: LIKE, IN, BETWEEN, CASE x WHEN, NULLIF, USING.
    static let unwritten = ["=", "<>", "<", ">", "<=", ">=", "~~", "!~~", "~~*", "!~~*", "~", "!~"]

    /// A call that names what it sets by a constant sets that; anything else may set any parameter.
    private mutating func readSetConfig(_ index: Int) {
        guard index + 3 < tokens.count, tokens[index + 1] == .mark("("), tokens[index + 3] == .mark(","),
            case .string(let name?) = tokens[index + 2]
        else {
            facts.mentions.insert(WatchedSettings.function)
            return
        }
        for reach in WatchedSettings.reach(ofSetting: name) {
            facts.add(reach, "sets \(name.lowercased())")
        }
    }

    /// A run's end may belong to the next operator (`*-1`), so each of its beginnings and the rest may be one.
    private mutating func addOperators(_ run: String) {
        let bytes = Array(run.utf8)
        for start in bytes.indices {
            for end in (start + 1)...bytes.count {
                facts.operators.insert(BodyFacts.Name(String(decoding: bytes[start..<end], as: UTF8.self)))
            }
        }
    }

    // MARK: - Statements

    private mutating func readStatements() {
        skipDirectives()
        var isStart = true
        while place < tokens.count {
            if isStart {
                isStart = readStart()
                continue
            }
            isStart = readOn(tokens[place])
            place += 1
        }
    }

    /// `case` may also be a column's label (`SELECT 1 case`), so that what follows a THEN within one may still be a
    /// statement: one of two words, which few expressions begin with.
    private func mayBeCommand() -> Bool {
        guard let first = word(1), first != "not", first != "case", place + 2 < tokens.count else {
            return false
        }
        switch tokens[place + 2] {
        case .word(let second): return !ProcedureBody.infixes.contains(second)
        case .quoted, .mark(";"): return true
        case .string, .mark("("): return ProcedureBody.bareCommands.contains(first)
        case .number, .operator, .mark: return false
        }
    }

    private static let infixes: Set<String> = [
        "else", "end", "when", "then", "and", "or", "is", "isnull", "notnull", "not", "in", "like", "ilike",
        "between", "similar", "collate", "at", "overlaps", "operator", "uescape", "with", "without",
        "precision", "varying",
    ]
    private static let bareCommands: Set<String> = [
        "copy", "explain", "do", "load", "vacuum", "reindex", "cluster",
    ]

    /// `#variable_conflict use_column` and its like stand before the block.
    private mutating func skipDirectives() {
        while place + 2 < tokens.count, tokens[place] == .operator("#") { place += 3 }
    }

    private func word(_ ahead: Int = 0) -> String? {
        guard place + ahead < tokens.count, case .word(let word) = tokens[place + ahead] else { return nil }
        return word
    }

    /// A token within a statement; true where a statement begins behind it.
    private mutating func readOn(_ token: BodyTokens.Token) -> Bool {
        switch token {
        case .mark(";"):
            cases = 0
            updates = false
            return true
        case .word("case"): cases += 1
        case .word("end"): if cases > 0 { cases -= 1 }
        case .word("then"), .word("else"):
            if cases == 0 { return true }
            if mayBeCommand() { hide("what may be a command") }
        case .word("loop"): return true
        case .word("begin"):
            declares = false
            return true
        case .word("update"), .word("merge"): updates = true
        case .word("set"):
            if !updates { facts.add(.settings, "may set a configuration parameter") }
        case .word, .quoted, .string, .number, .operator, .mark: break
        }
        return false
    }

    /// The first token of a statement; true where another begins behind it.
    private mutating func readStart() -> Bool {
        defer { place += 1 }
        switch tokens[place] {
        case .mark(";"): return true
        case .operator("<<"):
            skipLabel()
            return true
        case .quoted, .number: return readAssignment()
        case .mark("("): return false
        case .word(let first): return readStart(first)
        case .string, .operator, .mark:
            hide("a statement that the gateway cannot read")
            return false
        }
    }

    private mutating func readStart(_ first: String) -> Bool {
        switch first {
        case "begin", "else", "exception", "loop":
            declares = false
            return first != "exception"
        case "declare":
            declares = true
            return true
        case "set", "reset": readSetting(first)
        // A statement: its THEN and ELSE begin statements.
        case "case": break
        case "end": skipToSemicolon()
        case "update", "merge": updates = true
        case "analyze": readAnalyze()
        case "do":
            // MERGE … THEN DO NOTHING
            if word(1) != "nothing" { hide("DO") }
        default:
            if declares || ProcedureBody.harmless.contains(first) { return false }
            return readAssignment()
        }
        return false
    }

    private static let harmless: Set<String> = [
        "if", "elsif", "elseif", "when", "while", "for", "foreach", "exit", "continue", "return", "raise",
        "assert", "perform", "get", "open", "fetch", "move", "close", "null", "select", "insert", "delete",
        "with", "values", "table", "truncate", "lock", "notify", "commit", "rollback",
    ]

    /// `name := …`, `name.field = …`, `name[1] := …`; anything else is a command that nobody listed.
    private mutating func readAssignment() -> Bool {
        if declares { return false }
        guard place + 1 < tokens.count else {
            hide("a statement that the gateway does not know")
            return false
        }
        switch tokens[place + 1] {
        case .mark(":"), .mark("."), .mark("["): return false
        case .operator(let run) where run.hasPrefix("="): return false
        case .word, .quoted, .string, .number, .operator, .mark:
            hide(word().map { $0.uppercased() } ?? "a statement that the gateway does not know")
            return false
        }
    }

    /// `END LOOP label` holds no statement.
    private mutating func skipToSemicolon() {
        while place + 1 < tokens.count, tokens[place + 1] != .mark(";") { place += 1 }
    }

    private mutating func skipLabel() {
        guard place + 2 < tokens.count, tokens[place + 2] == .operator(">>") else {
            return hide("a statement that the gateway cannot read")
        }
        place += 2
    }

    /// SET of a named parameter that decides nothing is harmless; any other may be any parameter's.
    private mutating func readSetting(_ first: String) {
        var ahead = 1
        if let scope = word(ahead), scope == "local" || scope == "session" { ahead += 1 }
        let next = place + ahead + 1 < tokens.count ? tokens[place + ahead + 1] : .mark(";")
        let isPlain =
            next == .operator("=") || next == .word("to") || (first == "reset" && next == .mark(";"))
        if let name = word(ahead), isPlain, name != "all" {
            for reach in WatchedSettings.reach(ofSetting: name) { facts.add(reach, "sets \(name)") }
        } else {
            facts.add(.settings, "may set a configuration parameter")
            if let name = word(ahead), name == "role" || name == "authorization" {
                facts.add(.roleChange, "sets the role")
            }
        }
        updates = true
    }

    /// Without a relation's name it works on all of them.
    private mutating func readAnalyze() {
        let next = place + 1 < tokens.count ? tokens[place + 1] : .mark(";")
        switch next {
        case .word("verbose"): hide("ANALYZE, perhaps of every relation")
        case .word, .quoted: break
        case .string, .number, .operator, .mark: hide("ANALYZE, perhaps of every relation")
        }
    }

    private mutating func hide(_ what: String) {
        facts.add(.opaque, "runs \(what), which the gateway does not follow")
    }
}
