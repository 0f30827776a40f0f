/// A value of a row, in SQLite's five storage classes.
package enum ConsoleValue: Sendable, Equatable {
    case null
    case integer(Int64)
    case real(Double)
    case text(String)
    case blob([UInt8])

    package init(_ text: String?) {
        self = text.map { .text($0) } ?? .null
    }

    package init(_ number: Int?) {
        self = number.map { .integer(Int64($0)) } ?? .null
    }

    package init(_ flag: Bool?) {
        self = flag.map { .integer($0 ? 1 : 0) } ?? .null
    }

    package var string: String? {
        switch self {
        case .null, .blob: nil
        case .integer(let number): String(number)
        case .real(let number): "\(number)"
        case .text(let text): text
        }
    }
}

/// The type that a column has for PostgreSQL's clients.
package enum ConsoleType: Sendable, Equatable, CaseIterable {
    case text
    case integer
    case real
    case boolean
    case bytes
    /// A moment, in SQLite the text that records have.
    case time

    /// `pg_type.oid`: text, int8, float8, bool, bytea, timestamptz.
    package var oid: UInt32 {
        switch self {
        case .text: 25
        case .integer: 20
        case .real: 701
        case .boolean: 16
        case .bytes: 17
        case .time: 1184
        }
    }

    /// `pg_type.typlen`.
    package var size: Int16 {
        switch self {
        case .text, .bytes: -1
        case .integer, .real, .time: 8
        case .boolean: 1
        }
    }

    /// As SQLite's declared type of a column.
    var declared: String {
        switch self {
        case .text: "TEXT"
        case .integer: "INTEGER"
        case .real: "REAL"
        case .boolean: "BOOLEAN"
        case .bytes: "BLOB"
        // SQLite compares what has TEXT in its type as text.
        case .time: "TIMESTAMPTZ TEXT"
        }
    }

    /// As PostgreSQL's `format_type` says it.
    var postgreSQLName: String {
        switch self {
        case .text: "text"
        case .integer: "bigint"
        case .real: "double precision"
        case .boolean: "boolean"
        case .bytes: "bytea"
        case .time: "timestamp with time zone"
        }
    }

    init?(declared: String) {
        guard let known = ConsoleType.allCases.first(where: { $0.declared == declared.uppercased() }) else {
            return nil
        }
        self = known
    }
}
