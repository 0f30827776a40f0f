/// What can be said of a statement's columns and parameters by its words alone, for clients that want to know before
/// it runs. What cannot be told is text.
struct SelectList {
    private let tokens: [SQLToken]
    private let columnTypes: [String: ConsoleType]

    /// - Parameter columnTypes: of the columns that have one type in all tables.
    init(_ tokens: [SQLToken], columnTypes: [String: ConsoleType]) {
        self.tokens = tokens
        self.columnTypes = columnTypes
    }

    /// For each item of the first SELECT's list its type, as far as it shows; empty where the list is not plain.
    var types: [ConsoleType?] { items.map { type(of: $0) } }

    /// For each item the name that its column has.
    var names: [String] {
        items.map { item in
            if item.count > 2, item[item.count - 2].isWord("as") { return item[item.count - 1].text }
            return item.last?.name ?? "?column?"
        }
    }

    /// The items of the first SELECT's list; empty where it is not plain.
    private var items: [[SQLToken]] {
        guard let start = outerSelect else { return [] }
        var items: [[SQLToken]] = [[]]
        var depth = 0
        var at = start + 1
        if tokens.indices.contains(at), tokens[at].isWord("distinct") { at += 1 }
        loop: while at < tokens.count {
            let token = tokens[at]
            if token.isSymbol("(") || token.isSymbol("[") { depth += 1 }
            if token.isSymbol(")") || token.isSymbol("]") { depth -= 1 }
            guard depth >= 0 else { break }
            if depth == 0 {
                if token.kind == .word, SelectList.ends.contains(token.text) { break loop }
                if token.isSymbol(",") {
                    items.append([])
                    at += 1
                    continue
                }
            }
            items[items.count - 1].append(token)
            at += 1
        }
        if items.contains(where: {
            $0.last?.isSymbol("*") == true && $0.count != 2 || $0.count == 1 && $0[0].isSymbol("*")
        }) {
            return []
        }
        return items
    }

    private static let ends: Set<String> = [
        "from", "where", "group", "order", "limit", "union", "intersect", "except", "having", "offset",
        "window",
    ]

    private var outerSelect: Int? {
        var depth = 0
        for (at, token) in tokens.enumerated() {
            if token.isSymbol("(") { depth += 1 }
            if token.isSymbol(")") { depth -= 1 }
            if depth == 0, token.isWord("select") { return at }
        }
        return nil
    }

    private static let integers: Set<String> = [
        "count", "length", "instr", "unicode", "row_number", "rank", "dense_rank", "ntile",
        "json_array_length",
        "sign", "octet_length",
    ]
    private static let reals: Set<String> = ["total", "avg", "julianday", "date_part", "extract"]
    private static let times: Set<String> = ["now", "ago", "date_trunc"]
    private static let ofTheirArgument: Set<String> = ["sum", "max", "min", "first_value", "last_value"]

    private func type(of item: [SQLToken]) -> ConsoleType? {
        var item = item
        if item.count > 2, item[item.count - 2].isWord("as") { item.removeLast(2) }
        if let cast = castType(item) { return cast }
        guard let first = item.first else { return nil }
        if item.count <= 2, first.isWord("current_timestamp") || first.isWord("localtimestamp") {
            return .time
        }
        if first.isWord("cast"), let asked = item.lastIndex(where: { $0.isWord("as") }),
            SelectList.type(named: item[(asked + 1)...].dropLast().map(\.text).joined(separator: " "))
                == .time
        {
            return .time
        }
        if isShifted(item) || item.count == 2 && item[1].kind == .string && isTime(first.text) {
            return .time
        }
        if item.count <= 2, first.kind == .number { return first.text.contains(".") ? .real : .integer }
        if item.count >= 3, first.kind == .word, item[1].isSymbol("("), isCall(item) {
            if SelectList.integers.contains(first.text) { return .integer }
            if SelectList.reals.contains(first.text) { return .real }
            if SelectList.times.contains(first.text) { return .time }
            if SelectList.ofTheirArgument.contains(first.text), let column = item.dropLast().last?.name {
                return columnTypes[column]
            }
        }
        return nil
    }

    /// Intervals are added to a time or taken away, and nothing else: a difference of times is none.
    private func isShifted(_ item: [SQLToken]) -> Bool {
        var depth = 0
        var isShifted = false
        for (at, token) in item.enumerated() {
            if token.isSymbol("(") { depth += 1 }
            if token.isSymbol(")") { depth -= 1 }
            guard at > 0, token.kind == .symbol, depth == 0 || token.isSymbol("-"),
                !["(", ")", ".", "::"].contains(token.text)
            else { continue }
            let next = item[(at + 1)...]
            let isOfInterval =
                next.first?.isWord("interval") == true || next.dropFirst(2).first?.isWord("interval") == true
            guard isOfInterval, token.isSymbol("+") || token.isSymbol("-") else { return false }
            if depth == 0 { isShifted = true }
        }
        return isShifted
    }

    private func isTime(_ name: String) -> Bool { Translator.temporal[name] == .time }

    /// A function's call, and nothing behind it but what belongs to it or names it.
    private func isCall(_ item: [SQLToken]) -> Bool {
        var depth = 0
        for (at, token) in item.enumerated().dropFirst() {
            if token.isSymbol("(") { depth += 1 }
            if token.isSymbol(")") { depth -= 1 }
            if depth == 0 {
                let rest = item[(at + 1)...]
                return rest.isEmpty || rest.count == 1 || rest.first?.isWord("over") == true
                    || rest.first?.isWord("filter") == true
            }
        }
        return false
    }

    private func castType(_ item: [SQLToken]) -> ConsoleType? {
        guard let sign = item.lastIndex(where: { $0.isSymbol("::") }), sign > 0 else { return nil }
        // A type of several words: timestamp with time zone.
        let words = item[(sign + 1)...].filter { $0.kind == .word && $0.text != "pg_catalog" }
        let isQualified = item.count - sign == 4 && item[sign + 1].isWord("pg_catalog")
        guard words.count + 1 == item.count - sign || isQualified else { return nil }
        return SelectList.type(named: words.map(\.text).joined(separator: " "))
    }

    private static func type(named name: String) -> ConsoleType? {
        switch name {
        case "int", "integer", "int2", "int4", "int8", "bigint", "smallint", "oid": .integer
        case "float4", "float8", "real", "numeric": .real
        case "bool", "boolean": .boolean
        case "text", "varchar", "name": .text
        case let name where Translator.temporal[name] == .time: .time
        default: nil
        }
    }

    // MARK: Parameters

    /// The type of each parameter that its neighbours tell.
    var parameterTypes: [Int: ConsoleType] {
        var types: [Int: ConsoleType] = [:]
        for (at, token) in tokens.enumerated() where token.kind == .parameter {
            guard let number = Int(token.text.dropFirst()), types[number] == nil else { continue }
            if let type = parameterType(at) { types[number] = type }
        }
        return types
    }

    private func parameterType(_ at: Int) -> ConsoleType? {
        func token(_ offset: Int) -> SQLToken? {
            tokens.indices.contains(at + offset) ? tokens[at + offset] : nil
        }
        if token(1)?.isSymbol("::") == true, let name = token(2)?.text { return SelectList.type(named: name) }
        if token(-1)?.isWord("limit") == true || token(-1)?.isWord("offset") == true { return .integer }
        let comparisons: Set<String> = ["=", "<", ">", "<=", ">=", "<>", "!="]
        if let sign = token(-1), sign.kind == .symbol, comparisons.contains(sign.text),
            let name = token(-2)?.name
        {
            return columnTypes[name]
        }
        if let sign = token(1), sign.kind == .symbol, comparisons.contains(sign.text),
            let name = token(2)?.name
        {
            return columnTypes[name]
        }
        if token(-1)?.isWord("between") == true, let name = token(-2)?.name { return columnTypes[name] }
        if token(-1)?.isWord("and") == true, token(-3)?.isWord("between") == true, let name = token(-4)?.name
        {
            return columnTypes[name]
        }
        return nil
    }
}
