import CSQLite

/// A prepared statement of a session's engine. Used by one thread at a time.
final class EngineStatement {
    struct Column: Sendable, Equatable {
        let name: String
        /// Nil for an expression, whose type shows in its values.
        let declared: ConsoleType?
    }

    private let handle: OpaquePointer
    private let engine: SQLiteEngine

    init(_ handle: OpaquePointer, of engine: SQLiteEngine) {
        self.handle = handle
        self.engine = engine
    }

    deinit { sqlite3_finalize(handle) }

    var columns: [Column] {
        (0..<sqlite3_column_count(handle)).map { at in
            Column(
                name: text(sqlite3_column_name(handle, at)) ?? "?column?",
                declared: text(sqlite3_column_decltype(handle, at)).flatMap { ConsoleType(declared: $0) })
        }
    }

    /// The largest number of a parameter `$n`, and which place of SQLite's each has.
    ///
    /// - Throws: 42P02 for a parameter that has no number.
    func parameterPlaces() throws(ConsoleError) -> [Int: Int32] {
        var places: [Int: Int32] = [:]
        let count = sqlite3_bind_parameter_count(handle)
        guard count > 0 else { return [:] }
        for at in 1...count {
            guard let name = text(sqlite3_bind_parameter_name(handle, at)) else { continue }
            guard name.hasPrefix("$"), let number = Int(name.dropFirst()), number > 0 else {
                throw ConsoleError("42P02", "there is no parameter \(name)")
            }
            places[number] = at
        }
        return places
    }

    func bind(_ value: ConsoleValue, at place: Int32) {
        switch value {
        case .null: sqlite3_bind_null(handle, place)
        case .integer(let number): sqlite3_bind_int64(handle, place, number)
        case .real(let number): sqlite3_bind_double(handle, place, number)
        case .text(let text): _ = csqlite_bind_text(handle, place, text, Int32(clamping: text.utf8.count))
        case .blob(let bytes):
            // SAFETY: SQLite copies the bytes before the call returns.
            bytes.withUnsafeBytes {
                _ = csqlite_bind_blob(handle, place, $0.baseAddress, Int32(clamping: $0.count))
            }
        }
    }

    /// Whether there is a row (more).
    func step() throws(ConsoleError) -> Bool {
        let code = sqlite3_step(handle)
        if code == SQLITE_ROW { return true }
        guard code == SQLITE_DONE else {
            let error = engine.error(code)
            sqlite3_reset(handle)
            throw error
        }
        return false
    }

    /// It can be run again, with other values.
    func reset() {
        sqlite3_reset(handle)
        sqlite3_clear_bindings(handle)
    }

    /// The storage class of a value of the row; nil for NULL.
    func type(_ column: Int) -> ConsoleType? {
        switch sqlite3_column_type(handle, Int32(clamping: column)) {
        case SQLITE_INTEGER: .integer
        case SQLITE_FLOAT: .real
        case SQLITE_TEXT: .text
        case SQLITE_BLOB: .bytes
        default: nil
        }
    }

    func integer(_ column: Int) -> Int64 { sqlite3_column_int64(handle, Int32(clamping: column)) }

    func real(_ column: Int) -> Double { sqlite3_column_double(handle, Int32(clamping: column)) }

    /// Appends a value's text, or the bytes of a blob.
    func appendBytes(_ column: Int, to bytes: inout [UInt8]) {
        let at = Int32(clamping: column)
        let start: UnsafeRawPointer?
        if sqlite3_column_type(handle, at) == SQLITE_BLOB {
            start = sqlite3_column_blob(handle, at)
        } else {
            start = sqlite3_column_text(handle, at).map { UnsafeRawPointer($0) }
        }
        guard let start else { return }
        // SAFETY: SQLite says how many bytes there are; they are copied before the next call for this statement.
        bytes.append(
            contentsOf: UnsafeRawBufferPointer(start: start, count: Int(sqlite3_column_bytes(handle, at))))
    }
}
