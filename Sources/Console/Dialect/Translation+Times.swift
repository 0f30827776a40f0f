/// Times and dates, which SQLite has no types for: their constants, casts and arithmetic become calls. What has no call is
/// an error, for SQLite would compute with the year.
extension Translator {
    /// PostgreSQL's types of times and dates.
    static let temporal: [String: TranslatedPiece.Sense] = [
        "date": .date, "timestamp": .time, "timestamptz": .time, "timestamp with time zone": .time,
        "timestamp without time zone": .time,
    ]

    /// Functions that give a time or a date whatever they are given, and those that give what they are given.
    private static let calls: [String: TranslatedPiece.Sense] = [
        "now": .time, "ago": .time, "date_trunc": .time, "pg_time": .time, "date": .date, "pg_date": .date,
    ]
    private static let passing: Set<String> = [
        "max", "min", "first_value", "last_value", "lag", "lead", "coalesce", "nullif",
    ]

    static func sense(ofCall name: String, inner: TranslatedPiece.Sense) -> TranslatedPiece.Sense {
        calls[name] ?? (passing.contains(name) ? inner : .other)
    }

    static func sense(ofColumn token: SQLToken) -> TranslatedPiece.Sense {
        token.name == RecordColumns.timeName ? .time : .other
    }

    private static func function(_ sense: TranslatedPiece.Sense) -> String {
        sense == .date ? "pg_date" : "pg_time"
    }

    // MARK: Constants

    /// - Returns: whether the words that begin here were a time, a date, or a call about them, and were translated.
    mutating func time(_ token: SQLToken) throws(ConsoleError) -> Bool {
        guard !follows, made.last?.text != "as" else { return false }
        switch token.text {
        case "now" where self.token(1)?.isSymbol("(") == true && self.token(2)?.isSymbol(")") == true:
            at += 2
            add("now()", token, isOperand: true, .time)
        case "current_timestamp", "localtimestamp": add("now()", token, isOperand: true, .time)
        case "current_date": add(token.text, token, isOperand: true, .date)
        case "interval": return try interval(token)
        case "date", "timestamp", "timestamptz": return constant(token)
        case "cast" where self.token(1)?.isSymbol("(") == true: return cast(token)
        case "extract" where self.token(1)?.isSymbol("(") == true: return extract(token)
        case "at": return try zone()
        case "between":
            let before = made.last?.text == "not" ? made.dropLast().last : made.last
            between = before.flatMap { $0.sense == .other ? nil : ($0.sense, false) }
            return false
        case "and":
            between = between.flatMap { $0.isAtAnd ? nil : ($0.sense, true) }
            return false
        default: return false
        }
        return true
    }

    /// `date '2026-11-27'`
    private mutating func constant(_ token: SQLToken) -> Bool {
        var length = 1
        if token.text == "timestamp", let word = self.token(1), word.isWord("with") || word.isWord("without")
        {
            length = 4
        }
        guard let value = self.token(length), value.kind == .string else { return false }
        let sense = Translator.temporal[token.text] ?? .time
        add("\(Translator.function(sense))(\(Translator.literal(value.text)))", token, isOperand: true, sense)
        at += length
        return true
    }

    /// A string, which is a time where one stands before it to be compared with.
    mutating func string(_ token: SQLToken) throws(ConsoleError) {
        if let (text, length) = interval(0) { return try interval(text, token, length: length) }
        let compared = isJoined(1) ? .other : senseOfComparison(before: made.count)
        let sense = compared == .interval ? .other : compared
        add(Translator.literal(token.text), token, isOperand: true)
        made[made.count - 1].isLiteral = true
        if sense != .other { wrap(Translator.function(sense) + "(", ")", sense) }
    }

    /// It goes on with `||` or a cast, which say what it is.
    private func isJoined(_ offset: Int) -> Bool {
        guard let next = token(offset) else { return false }
        return next.isSymbol("||") || next.isSymbol("::")
    }

    private static let comparisons: Set<String> = ["=", "<", ">", "<=", ">=", "<>", "!="]

    private func senseOfComparison(before place: Int) -> TranslatedPiece.Sense {
        guard place > 1 else { return .other }
        let sign = made[place - 1].text
        if Translator.comparisons.contains(sign) { return made[place - 2].sense }
        if sign == "between" || sign == "and", let between { return between.sense }
        return senseOfList
    }

    /// Of what stands before the IN whose list is open.
    private var senseOfList: TranslatedPiece.Sense {
        guard let bracket = open.last, bracket > 2, made[bracket].text == "(", made[bracket - 1].text == "in",
            ["(", ","].contains(made.last?.text)
        else { return .other }
        return made[made[bracket - 2].text == "not" ? bracket - 3 : bracket - 2].sense
    }

    /// `'2026-11-27' <= time`
    mutating func compareWithLiteral() {
        guard let last = made.last, last.sense == .time || last.sense == .date, let start = operandStart,
            start > 1,
            Translator.comparisons.contains(made[start - 1].text), made[start - 2].isLiteral,
            made[start - 2].before.isEmpty
        else { return }
        made[start - 2].before = Translator.function(last.sense) + "("
        made[start - 2].after = ")"
    }

    // MARK: Calls

    /// CAST(… AS timestamptz): the word, and `AS` with the type is left out.
    private mutating func cast(_ token: SQLToken) -> Bool {
        var depth = 0
        var asked: Int?
        var place = at + 1
        while let next = self.token(place - at) {
            if next.isSymbol("(") { depth += 1 }
            if next.isSymbol(")") { depth -= 1 }
            if depth == 1, next.isWord("as") { asked = place }
            // Deeper than SQLite takes it, and each level would be looked through again.
            if depth == 0 || depth > Int(ConsoleLimits.expressionDepth) { break }
            place += 1
        }
        guard depth == 0, let asked else { return false }
        let words = ((asked + 1)..<place).compactMap { self.token($0 - at)?.name }.filter {
            $0 != "pg_catalog"
        }
        guard let sense = Translator.temporal[words.joined(separator: " ")] else { return false }
        casts[asked] = place
        add(Translator.function(sense), token, isOperand: true)
        return true
    }

    /// EXTRACT(hour FROM time)
    private mutating func extract(_ token: SQLToken) -> Bool {
        guard let part = self.token(2), part.kind == .word || part.kind == .string,
            self.token(3)?.isWord("from") == true
        else { return false }
        // As if it were written date_part('hour', …): the parenthesis is the next token.
        add("date_part", token, isOperand: true)
        at += 1
        openCall(token)
        add(Translator.literal(part.text), part)
        add(",", part, isApart: false)
        at += 2
        return true
    }

    /// All times here are in UTC: AT TIME ZONE may say so, and nothing else.
    private mutating func zone() throws(ConsoleError) -> Bool {
        guard made.last?.isOperand == true, token(1)?.isWord("time") == true, token(2)?.isWord("zone") == true
        else {
            return false
        }
        guard let name = token(3), name.kind == .string, ["UTC", "GMT", "Z"].contains(name.text.uppercased())
        else {
            throw .unsupported("a time zone other than UTC")
        }
        at += 3
        return true
    }

    // MARK: Arithmetic

    /// `interval '1 day'` that stands by itself.
    private mutating func interval(_ token: SQLToken) throws(ConsoleError) -> Bool {
        guard let (text, length) = interval(0) else { return false }
        try interval(text, token, length: length)
        return true
    }

    /// A length beside a difference of times, in seconds as that is; else a text, for functions.
    private mutating func interval(_ text: String, _ token: SQLToken, length: Int) throws(ConsoleError) {
        if let sign = self.token(length), sign.isSymbol("+") || sign.isSymbol("-") || sign.isSymbol("*") {
            throw ConsoleError(
                "0A000", "this arithmetic with intervals is not supported in the database domicile",
                hint: "Put the time first: now() - interval '1 day'.")
        }
        let before = made.last?.text ?? ""
        let isCompared =
            Translator.comparisons.contains(self.token(length)?.text ?? "")
            || Translator.comparisons.contains(before) || senseOfComparison(before: made.count) == .interval
            || ["+", "-"].contains(before) && made.dropLast().last?.sense == .interval
        let constant = isCompared ? "\(try TimeInterval(text).seconds)" : Translator.literal(text)
        add(constant, token, isOperand: true, isCompared ? .interval : .other)
        at += length - 1
    }

    /// What stands some tokens on, where it is an interval, and its length in tokens.
    private func interval(_ offset: Int) -> (text: String, length: Int)? {
        guard let first = token(offset) else { return nil }
        if first.isWord("interval"), let value = token(offset + 1), value.kind == .string {
            // interval '1' day
            if let unit = token(offset + 2), unit.kind == .word, Int64(value.text) != nil,
                (try? TimeInterval("\(value.text) \(unit.text)")) != nil
            {
                return ("\(value.text) \(unit.text)", 3)
            }
            return (value.text, 2)
        }
        if first.kind == .string, token(offset + 1)?.isSymbol("::") == true,
            token(offset + 2)?.isWord("interval") == true
        {
            return (first.text, 3)
        }
        return nil
    }

    /// What follows a sign, where a time or date stands before it or an interval behind.
    ///
    /// - Returns: whether it was translated.
    mutating func arithmetic(_ sign: SQLToken) throws(ConsoleError) -> Bool {
        guard let last = made.last, last.isOperand, last.sense != .interval else { return false }
        if let (text, length) = interval(0) {
            wrap("pg_time_shift(", ", \(Translator.literal(sign.text + text)))", .time)
            at += length
            return true
        }
        guard last.sense != .other else { return false }
        if last.sense == .date, let number = token(), number.kind == .number, Int64(number.text) != nil,
            !["*", "/", "%"].contains(token(1)?.text)
        {
            wrap("pg_date_shift(", ", '\(sign.text)\(number.text)')", .date)
            at += 1
            return true
        }
        guard sign.text == "-", token()?.kind != .number, let start = operandStart else {
            throw ConsoleError(
                "0A000", "this arithmetic with times is not supported in the database domicile",
                hint: "Add an interval to a time, or a number of days to a date; take one from the other.")
        }
        let call = last.sense == .date ? "pg_days_between(" : "pg_seconds_between("
        made[start].before = call + made[start].before
        differences.append((start, made.count, open.count, last.sense == .date ? .other : .interval))
        add(",", sign, isApart: false)
        return true
    }

    /// What is taken away from a time is there, whole.
    mutating func endDifference() {
        guard let (start, comma, depth, sense) = differences.last, open.count == depth,
            made.count > comma + 1,
            let last = made.last, last.isOperand,
            !["(", ".", "::", "["].contains(token()?.text), token()?.isWord("at") != true
        else { return }
        made[made.count - 1].after += ")"
        made[made.count - 1].begin = start
        made[made.count - 1].sense = sense
        differences.removeLast()
    }
}
