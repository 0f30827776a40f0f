/// A statement of PostgreSQL's as SQLite reads it: casts by `::`, OPERATOR(), qualified names of the catalogue, regular
/// expressions, arrays behind ANY. What SQLite has itself stays as it is.
struct Translation: Sendable, Equatable {
    private(set) var sql = ""
    /// Where pieces of `sql` begin, and which byte of the source they are of.
    private var places: [(made: Int, source: Int)] = []

    static func == (left: Translation, right: Translation) -> Bool { left.sql == right.sql }

    init(_ tokens: [SQLToken]) throws(ConsoleError) {
        var translator = Translator(tokens)
        for piece in try translator.pieces() {
            if piece.isApart, !sql.isEmpty { sql += " " }
            places.append((sql.utf8.count, piece.source))
            sql += piece.text
        }
    }

    /// The byte of the source that stands at a byte of the translation.
    func source(of made: Int) -> Int {
        places.last { $0.made <= made }?.source ?? 0
    }
}

private struct Piece {
    var text: String
    let source: Int
    let isApart: Bool
    /// A value can end with it.
    var isOperand = false
}

private struct Translator {
    private let tokens: [SQLToken]
    private var at = 0
    private var made: [Piece] = []
    /// For each open parenthesis, where it stands in `made`.
    private var open: [Int] = []
    /// How many more closing ones each of them needs.
    private var closing: [Int] = []

    init(_ tokens: [SQLToken]) { self.tokens = tokens }

    private func token(_ offset: Int = 0) -> SQLToken? {
        tokens.indices.contains(at + offset) ? tokens[at + offset] : nil
    }

    /// What stood before the next piece was left out, and stood apart.
    private var wasApart = false

    private mutating func add(
        _ text: String, _ token: SQLToken, isOperand: Bool = false, isApart: Bool? = nil
    ) {
        made.append(
            Piece(
                text: text, source: token.range.lowerBound, isApart: wasApart || isApart ?? token.isApart,
                isOperand: isOperand))
        wasApart = false
    }

    mutating func pieces() throws(ConsoleError) -> [Piece] {
        while let token = token() {
            switch token.kind {
            case .word: word(token)
            case .quoted: quoted(token)
            case .string: add(Translator.literal(token.text), token, isOperand: true)
            case .number, .parameter: add(token.text, token, isOperand: true)
            case .symbol:
                try symbol(token)
                continue
            }
            at += 1
        }
        return made
    }

    static func literal(_ text: String) -> String {
        "'" + text.replacing("'", with: "''") + "'"
    }

    private static func identifier(_ text: String) -> String {
        "\"" + text.replacing("\"", with: "\"\"") + "\""
    }

    private var follows: Bool { made.last?.text == "." }

    private mutating func quoted(_ token: SQLToken) {
        add(Translator.identifier(token.text), token, isOperand: true)
    }

    // MARK: Words

    /// Words that stand for a value without being called.
    private static let values: Set<String> = [
        "current_user", "session_user", "current_role", "current_catalog", "current_schema",
    ]

    private static let renamed = [
        "ilike": "LIKE", "string_agg": "group_concat", "array_agg": "json_group_array", "index": "\"index\"",
        "substring": "substr", "json_build_object": "json_object", "jsonb_build_object": "json_object",
        "strpos": "instr", "char_length": "length", "least": "min", "greatest": "max",
    ]

    /// Behind these a value begins, and none has ended.
    private static let keywords: Set<String> = [
        "select", "from", "where", "and", "or", "not", "on", "in", "like", "as", "by", "when", "then", "else",
        "case", "limit", "offset", "having", "distinct", "union", "all", "is", "between", "join", "left",
        "regexp", "glob", "using", "values", "with", "order", "group", "except", "intersect", "exists",
        "over",
        "escape", "collate", "ilike", "any", "some", "returning", "set",
    ]

    private mutating func word(_ token: SQLToken) {
        if !follows, isSchema(token) { return }
        if token.text == "collate", let next = self.token(1), let name = next.name {
            // PostgreSQL's collations; SQLite compares bytes unless it is told.
            if name == "pg_catalog", self.token(2)?.isSymbol(".") == true {
                at += 3
                return
            }
            if name == "default" || name == "C" {
                at += 1
                return
            }
        }
        if token.text == "operator", self.token(1)?.isSymbol("(") == true { return operatorCall() }
        if token.text == "array", let next = self.token(1) {
            if next.isSymbol("[") { return array(token) }
            // A subquery: its first row.
            if next.isSymbol("(") {
                wasApart = wasApart || token.isApart
                return
            }
        }
        // PostgreSQL takes nearly any word for a name behind AS.
        if made.last?.text == "as", self.token(1)?.isSymbol("(") != true, !isInCast {
            return add(Translator.identifier(token.text), token, isOperand: true)
        }
        if let interval = interval(token) {
            add(interval, token, isOperand: true)
            return
        }
        if !follows, token.text == "lateral" || token.text == "only" && isAfterFrom {
            wasApart = true
            return
        }
        if token.text == "all", made.last?.text == "limit" { return add("-1", token, isOperand: true) }
        if token.text == "interval", let next = self.token(1), next.kind == .string {
            at += 1
            return add(Translator.literal(next.text), token, isOperand: true)
        }
        if !follows, Translator.values.contains(token.text), self.token(1)?.isSymbol("(") != true,
            made.last?.text != "as"
        {
            return add(token.text + "()", token, isOperand: true)
        }
        if let other = Translator.renamed[token.text], !follows || token.text == "index" {
            return add(other, token, isOperand: token.text != "ilike")
        }
        add(token.text, token, isOperand: !Translator.keywords.contains(token.text))
    }

    private var isInCast: Bool {
        guard let bracket = open.last, bracket > 0, made.indices.contains(bracket - 1) else { return false }
        return made[bracket - 1].text == "cast"
    }

    private var isAfterFrom: Bool { made.last?.text == "from" || made.last?.text == "join" }

    /// Takes `pg_catalog.` and the like away: here all tables are in one schema.
    private mutating func isSchema(_ token: SQLToken) -> Bool {
        guard self.token(1)?.isSymbol(".") == true, let name = self.token(2)?.name else { return false }
        switch token.text {
        case "pg_catalog", "public", "domicile":
            at += 1
            wasApart = wasApart || token.isApart
            return true
        case "information_schema":
            at += 2
            add("information_schema_" + name, token, isOperand: true)
            return true
        default: return false
        }
    }

    /// `now() - interval '1 day'`, which SQLite's arithmetic has no way for.
    private mutating func interval(_ token: SQLToken) -> String? {
        var length: Int
        if token.text == "now", self.token(1)?.isSymbol("(") == true, self.token(2)?.isSymbol(")") == true {
            length = 3
        } else if token.text == "current_timestamp" {
            length = 1
        } else {
            return nil
        }
        guard let sign = self.token(length), sign.isSymbol("-") || sign.isSymbol("+") else {
            at += length - 1
            return "now()"
        }
        var text: String?
        if self.token(length + 1)?.isWord("interval") == true, let value = self.token(length + 2),
            value.kind == .string
        {
            text = value.text
            length += 3
        } else if let value = self.token(length + 1), value.kind == .string,
            self.token(length + 2)?.isSymbol("::") == true, self.token(length + 3)?.isWord("interval") == true
        {
            text = value.text
            length += 4
        }
        guard let text else {
            at += length - 1
            return "now()"
        }
        at += length - 1
        return "now(\(Translator.literal((sign.isSymbol("-") ? "-" : "+") + text)))"
    }

    /// OPERATOR(pg_catalog.~)
    private mutating func operatorCall() {
        var end = at + 2
        var symbol: SQLToken?
        while tokens.indices.contains(end), !tokens[end].isSymbol(")") {
            if tokens[end].kind == .symbol, !tokens[end].isSymbol(".") { symbol = tokens[end] }
            end += 1
        }
        at = end
        if let symbol { infix(symbol) }
    }

    private mutating func array(_ token: SQLToken) {
        add("json_array(", token)
        at += 1
        open.append(made.count - 1)
        closing.append(-1)
    }

    // MARK: Symbols

    /// Moves on by itself.
    private mutating func symbol(_ token: SQLToken) throws(ConsoleError) {
        at += 1
        switch token.text {
        case "::": try cast(token)
        case "(":
            open.append(made.count)
            closing.append(0)
            add("(", token)
        case ")", "]":
            let extra = closing.popLast() ?? 0
            _ = open.popLast()
            add(String(repeating: ")", count: 1 + max(0, extra)), token, isOperand: true)
        case "[": subscripts()
        case "=", "<>", "!=": comparison(token)
        default: infix(token)
        }
    }

    private mutating func infix(_ token: SQLToken) {
        let isBinary = made.last?.isOperand ?? false
        let text: String
        switch token.text {
        case "~" where isBinary: text = "REGEXP"
        case "!~": text = "NOT REGEXP"
        case "~*": text = "REGEXP '(?i)' ||"
        case "!~*": text = "NOT REGEXP '(?i)' ||"
        case "~~", "~~*": text = "LIKE"
        case "!~~", "!~~*": text = "NOT LIKE"
        default:
            add(token.text, token)
            return
        }
        add(text, token, isApart: true)
        // What follows must stand apart, too.
        if let next = self.token(), !next.isApart { add("", next, isApart: true) }
    }

    /// `= ANY (array)` is a search in a list.
    private mutating func comparison(_ token: SQLToken) {
        let isAny = self.token()?.isWord("any") == true || self.token()?.isWord("some") == true
        let isAll = self.token()?.isWord("all") == true
        guard isAny || isAll, let bracket = self.token(1), bracket.isSymbol("("),
            self.token(2)?.isWord("select") != true, (token.text == "=") == isAny
        else {
            add(token.text, token)
            return
        }
        at += 2
        add(
            isAny
                ? "IN (SELECT value FROM json_each(pg_array("
                : "NOT IN (SELECT value FROM json_each(pg_array(", token, isApart: true)
        open.append(made.count - 1)
        closing.append(2)
    }

    /// A subscript of an array: SQLite has none, and what is asked for by one is in no table here.
    private mutating func subscripts() {
        var depth = 1
        while let token = token(), depth > 0 {
            if token.isSymbol("[") { depth += 1 }
            if token.isSymbol("]") { depth -= 1 }
            at += 1
        }
    }

    // MARK: Casts

    private mutating func cast(_ token: SQLToken) throws(ConsoleError) {
        var words: [String] = []
        while let next = self.token(), let name = next.name, words.count < 4 {
            // `::double precision`, `::timestamp with time zone`: a type of several words.
            let joined = (words + [name]).joined(separator: " ")
            guard words.isEmpty || Translator.longTypes.contains(where: { $0.hasPrefix(joined) }) else {
                break
            }
            words.append(name)
            at += 1
            if self.token()?.isSymbol(".") == true {
                words.removeAll()
                at += 1
            }
        }
        if self.token()?.isSymbol("(") == true, Translator.sizedTypes.contains(words.joined(separator: " ")) {
            while let next = self.token(), !next.isSymbol(")") {
                at += 1
                _ = next
            }
            at += 1
        }
        var isArray = false
        while self.token()?.isSymbol("[") == true, self.token(1)?.isSymbol("]") == true {
            at += 2
            isArray = true
        }
        guard !words.isEmpty else { throw .syntax("::") }
        let name = words.joined(separator: " ")
        guard !isArray, let wrapper = Translator.wrapper(of: name), let start = operandStart() else { return }
        made[start].text = wrapper.before + made[start].text
        let last = made.count - 1
        made[last].text += wrapper.after
        made[last].isOperand = true
    }

    private static let longTypes = [
        "double precision", "character varying", "timestamp with time zone", "timestamp without time zone",
        "time with time zone", "time without time zone",
    ]
    private static let sizedTypes: Set<String> = [
        "varchar", "character varying", "char", "character", "numeric", "decimal", "timestamp", "timestamptz",
        "bpchar", "bit",
    ]

    /// What a cast becomes; nil: what has the type here already.
    private static func wrapper(of type: String) -> (before: String, after: String)? {
        switch type {
        case "text", "varchar", "character varying", "char", "character", "name", "bpchar", "json", "jsonb":
            ("CAST(", " AS TEXT)")
        case "int", "integer", "int2", "int4", "int8", "bigint", "smallint", "oid", "xid":
            ("CAST(", " AS INTEGER)")
        case "float4", "float8", "double precision", "real", "numeric", "decimal": ("CAST(", " AS REAL)")
        case "date": ("substr(", ", 1, 10)")
        case "regclass": ("pg_regclass(", ")")
        case "regtype": ("pg_regtype(", ")")
        case "regnamespace": ("pg_regnamespace(", ")")
        default: nil
        }
    }

    /// Where in `made` the value begins that ends there.
    private func operandStart() -> Int? {
        guard var at = made.indices.last, made[at].isOperand else { return nil }
        if made[at].text.hasSuffix(")"), made[at].text.allSatisfy({ $0 == ")" }) {
            // Back to its opening one, and to the function's name before that.
            var depth = 0
            while at >= 0 {
                // A parenthesis in a constant or a quoted name is none.
                if made[at].text.first != "'", made[at].text.first != "\"" {
                    depth += made[at].text.count { $0 == ")" }
                    depth -= made[at].text.count { $0 == "(" }
                }
                if depth == 0 { break }
                at -= 1
            }
            guard at >= 0 else { return nil }
            if at > 0, made[at].text == "(", made[at - 1].isOperand, made[at - 1].text != "and" { at -= 1 }
        }
        while at > 1, made[at - 1].text == ".", made[at - 2].isOperand { at -= 2 }
        return at
    }
}
