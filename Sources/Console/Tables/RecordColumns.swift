import Audit
import AuditIndex

/// The columns of `records`: the keys of audit records (design: interface.md, "Audit record"), and the whole line.
enum RecordColumns {
    private static let names: [(String, ConsoleType)] = [
        ("seq", .integer), ("salt", .text), ("time", .time), ("type", .text), ("session", .text),
        ("gateway", .text), ("region", .text), ("replica", .text), ("database", .text), ("role", .text),
        ("issuer", .text), ("subject", .text), ("planner", .text), ("task", .text), ("token_id", .text),
        ("client", .text), ("application", .text), ("rule", .text), ("message", .integer),
        ("asked", .text), ("claims", .text), ("claims_omitted", .text), ("decision", .text),
        ("attested", .text), ("sqlstate", .text), ("reason", .text), ("backend", .text),
        ("duration_us", .integer), ("statements", .integer), ("bytes_in", .integer), ("bytes_out", .integer),
        ("sql", .text), ("sql_base64", .text), ("client_encoding", .text), ("sql_bytes", .integer),
        ("sql_digest", .text), ("redacted", .text), ("literals", .text), ("fingerprint", .text),
        ("class", .text), ("relations", .text), ("unparsed", .text), ("statement_name", .text),
        ("verdict", .text),
        ("observed", .text), ("parameter_types", .text), ("statement", .integer), ("portal", .text),
        ("parameters", .text), ("max_rows", .integer), ("function_oid", .integer), ("function", .text),
        ("of", .integer), ("direction", .text), ("bytes", .integer), ("digest", .text), ("target", .text),
        ("index", .integer), ("tag", .text), ("rows", .integer), ("operation", .text), ("changes", .text),
        ("arguments", .text),
        ("part", .integer), ("count", .integer), ("clock_back_us", .integer), ("left_out", .text),
    ]

    static let all: [TableColumn] =
        names.map { TableColumn($0.0, $0.1) } + [TableColumn(whole), TableColumn("relation", isHidden: true)]

    /// The record as it stands in the log.
    static let whole = "record"

    static let seq = place("seq")
    static let timeName = "time"
    static let time = place(timeName)
    static let session = place("session")
    static let record = place(whole)
    /// Hidden: `relation = 'customers'` asks for the statements that speak of it, by its name with or without a schema.
    static let relation = place("relation")

    static func place(_ name: String) -> Int { all.firstIndex { $0.name == name } ?? all.count }

    private static let bytes: [[UInt8]] = all.map { Array($0.name.utf8) }

    /// For each slot the columns whose names fall into it.
    private static let slots: [[Int]] = {
        var slots = [[Int]](repeating: [], count: 256)
        for (at, name) in bytes.enumerated() {
            slots[slot(name.count, name.first ?? 0, name.last ?? 0)].append(at)
        }
        return slots
    }()

    private static func slot(_ count: Int, _ first: UInt8, _ last: UInt8) -> Int {
        (count &* 31 &+ Int(first) &* 7 &+ Int(last)) & 255
    }

    /// The column of a key, by where it stands in a line; nil: no column has its name.
    static func column(_ line: [UInt8], _ name: Range<Int>) -> Int? {
        guard let first = name.first, let last = name.last else { return nil }
        return slots[slot(name.count, line[first], line[last])].first {
            bytes[$0].elementsEqual(line[name])
        }
    }
}

/// One record as a row.
struct RecordRow {
    private var members = RecordMembers()
    private var places = [Int](repeating: -1, count: RecordColumns.all.count)
    private var line: [UInt8] = []
    private var isScanned = true

    /// The next record; its members are looked for when the first of them is wanted.
    mutating func take(_ line: [UInt8]) {
        self.line = line
        isScanned = false
    }

    mutating func value(_ column: Int) -> ConsoleValue {
        if column == RecordColumns.record { return .text(String(decoding: line, as: UTF8.self)) }
        if !isScanned { scan() }
        guard places.indices.contains(column), places[column] >= 0 else { return .null }
        return RecordRow.value(line[members.members[places[column]].value])
    }

    private mutating func scan() {
        isScanned = true
        for at in places.indices { places[at] = -1 }
        guard members.scan(line) else { return }
        for (at, member) in members.members.enumerated() {
            if let column = RecordColumns.column(line, member.name) { places[column] = at }
        }
    }

    /// A JSON value: lists and objects are the text that they are.
    static func value(_ bytes: ArraySlice<UInt8>) -> ConsoleValue {
        switch bytes.first {
        case 0x22:
            guard bytes.contains(0x5c) else {
                return .text(String(decoding: bytes.dropFirst().dropLast(), as: UTF8.self))
            }
            return .text(JSONValue(bytes)?.string ?? String(decoding: bytes, as: UTF8.self))
        case 0x74: return .integer(1)
        case 0x66: return .integer(0)
        case 0x6e, nil: return .null
        case 0x5b, 0x7b: return .text(String(decoding: bytes, as: UTF8.self))
        default:
            let text = String(decoding: bytes, as: UTF8.self)
            return Int64(text).map { .integer($0) } ?? Double(text).map { .real($0) } ?? .text(text)
        }
    }
}
