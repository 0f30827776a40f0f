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
            sql += piece.before + piece.text + piece.after
        }
    }

    /// The byte of the source that stands at a byte of the translation.
    func source(of made: Int) -> Int {
        places.last { $0.made <= made }?.source ?? 0
    }
}

/// A piece of a translation.
struct TranslatedPiece {
    /// What an operand is where that shows: SQLite has texts for both, and its arithmetic takes the year for all of them.
    enum Sense {
        case other
        case date
        case time
        /// A difference of times, in seconds.
        case interval
    }

    var text: String
    let source: Int
    let isApart: Bool
    /// A value can end with it.
    var isOperand = false
    /// A string constant.
    var isLiteral = false
    var sense = Sense.other
    /// What a call that was made of it puts around it.
    var before = ""
    var after = ""
    /// Of an operand's last piece: where the operand begins, if not here.
    var begin: Int?
}

struct Translator {
    private let tokens: [SQLToken]
    var at = 0
    var made: [TranslatedPiece] = []
    /// What stands before the BETWEEN whose bounds follow, where it is a time or date; and whether its AND was there.
    var between: (sense: TranslatedPiece.Sense, isAtAnd: Bool)?
    /// Where in a CAST to a date or time `AS` stands, and the parenthesis behind the type.
    var casts: [Int: Int] = [:]
    /// Differences whose second operand is still to come: where the first begins, the comma between, open parentheses.
    var differences: [(start: Int, comma: Int, depth: Int, sense: TranslatedPiece.Sense)] = []
    /// For each open parenthesis, where it stands in `made`.
    private(set) var open: [Int] = []
    /// How many more closing ones each of them needs.
    private var closing: [Int] = []

    init(_ tokens: [SQLToken]) { self.tokens = tokens }

    func token(_ offset: Int = 0) -> SQLToken? {
        tokens.indices.contains(at + offset) ? tokens[at + offset] : nil
    }

    /// What stood before the next piece was left out, and stood apart.
    private var wasApart = false

    mutating func add(
        _ text: String, _ token: SQLToken, isOperand: Bool = false, isApart: Bool? = nil,
        _ sense: TranslatedPiece.Sense = .other
    ) {
        made.append(
            TranslatedPiece(
                text: text, source: token.range.lowerBound, isApart: wasApart || isApart ?? token.isApart,
                isOperand: isOperand, sense: sense))
        wasApart = false
    }

    mutating func pieces() throws(ConsoleError) -> [TranslatedPiece] {
        while let token = token() {
            endDifference()
            if let end = casts[at] {
                at = end
                continue
            }
            switch token.kind {
            case .word:
                if try !time(token) { word(token) }
                compareWithLiteral()
            case .quoted:
                quoted(token)
                compareWithLiteral()
            case .string: try string(token)
            case .number, .parameter: add(token.text, token, isOperand: true)
            case .symbol:
                try symbol(token)
                continue
            }
            at += 1
        }
        endDifference()
        return made
    }

    static func literal(_ text: String) -> String {
        "'" + text.replacing("'", with: "''") + "'"
    }

    private static func identifier(_ text: String) -> String {
        "\"" + text.replacing("\"", with: "\"\"") + "\""
    }

    var follows: Bool { made.last?.text == "." }

    private mutating func quoted(_ token: SQLToken) {
        add(Translator.identifier(token.text), token, isOperand: true, Translator.sense(ofColumn: token))
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
        if !follows, token.text == "lateral" || token.text == "only" && isAfterFrom {
            wasApart = true
            return
        }
        // substring(name from 1 for 6)
        if token.text == "from" || token.text == "for", let bracket = open.last, bracket > 0,
            made[bracket].text == "(", made[bracket - 1].text == "substr"
        {
            return add(",", token, isApart: false)
        }
        if token.text == "all", made.last?.text == "limit" { return add("-1", token, isOperand: true) }
        if !follows, Translator.values.contains(token.text), self.token(1)?.isSymbol("(") != true,
            made.last?.text != "as"
        {
            return add(token.text + "()", token, isOperand: true)
        }
        // Functions of PostgreSQL's, which SQLite takes for the beginning of a join.
        if !follows, token.text == "left" || token.text == "right", self.token(1)?.isSymbol("(") == true {
            return add(Translator.identifier(token.text), token, isOperand: true)
        }
        if let other = Translator.renamed[token.text], !follows || token.text == "index" {
            return add(other, token, isOperand: token.text != "ilike")
        }
        let isOperand = !Translator.keywords.contains(token.text)
        add(token.text, token, isOperand: isOperand, isOperand ? Translator.sense(ofColumn: token) : .other)
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

    /// An opening parenthesis that is taken here.
    mutating func openCall(_ token: SQLToken) {
        open.append(made.count)
        closing.append(0)
        add("(", token, isApart: false)
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
            let begin = open.popLast()
            let inner = made.last?.sense ?? .other
            add(String(repeating: ")", count: 1 + max(0, extra)), token, isOperand: true)
            if let begin { closed(from: begin, inner: inner) }
        case "[": subscripts()
        case "=", "<>", "!=": comparison(token)
        case "+", "-":
            if try !arithmetic(token) { infix(token) }
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
        guard !isArray, let wrapper = Translator.wrapper(of: name) else { return }
        wrap(wrapper.before, wrapper.after, Translator.temporal[name] ?? .other)
    }

    static let longTypes = [
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
        case let name where temporal[name] == .date: ("pg_date(", ")")
        case let name where temporal[name] == .time: ("pg_time(", ")")
        case "regclass": ("pg_regclass(", ")")
        case "regtype": ("pg_regtype(", ")")
        case "regnamespace": ("pg_regnamespace(", ")")
        default: nil
        }
    }

    // MARK: Operands

    /// Where in `made` the value begins that ends there.
    var operandStart: Int? {
        guard let last = made.indices.last, made[last].isOperand else { return nil }
        var at = made[last].begin ?? last
        while at > 1, made[at - 1].text == ".", made[at - 2].isOperand { at -= 2 }
        return at
    }

    /// Makes a call of the value that ends there.
    mutating func wrap(_ before: String, _ after: String, _ sense: TranslatedPiece.Sense) {
        guard let start = operandStart, let last = made.indices.last else { return }
        made[start].before = before + made[start].before
        made[last].after += after
        made[last].isOperand = true
        made[last].begin = start
        made[last].sense = sense
    }

    /// A parenthesis was closed: what stands in it is one operand, with the name of the function that is called.
    private mutating func closed(from begin: Int, inner: TranslatedPiece.Sense) {
        guard let last = made.indices.last else { return }
        let isCall = begin > 0 && made[begin].text == "(" && made[begin - 1].isOperand
        let start = isCall ? begin - 1 : begin
        made[last].begin = start
        made[last].sense = isCall ? Translator.sense(ofCall: made[start].text, inner: inner) : inner
    }
}
