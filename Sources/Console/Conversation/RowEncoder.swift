import PGWire

/// A column of a result, as the client was told of it.
struct ResultColumn: Sendable, Equatable {
    let name: String
    var type: ConsoleType
    var format: Int16 = 0

    var described: RowDescription.Column {
        RowDescription.Column(
            name: Array(name.utf8.filter { $0 != 0 }), table: 0, attribute: 0, type: type.oid,
            typeSize: type.size, typeModifier: -1, format: format)
    }
}

/// Writes rows of a statement as DataRow, or as lines of COPY.
struct RowEncoder {
    let columns: [ResultColumn]

    /// - Throws: 42804 where a value is not of the type that the column was said to have.
    func appendRow(of statement: EngineStatement, to bytes: inout [UInt8]) throws(ConsoleError) {
        bytes.append(BackendTag.dataRow.rawValue)
        let length = bytes.count
        bytes.append(contentsOf: [0, 0, 0, 0])
        RowEncoder.append(UInt16(truncatingIfNeeded: columns.count), to: &bytes)
        for (at, column) in columns.enumerated() {
            let start = bytes.count
            bytes.append(contentsOf: [0xff, 0xff, 0xff, 0xff])
            guard let stored = statement.type(at) else { continue }
            try append(statement, at, column, stored: stored, to: &bytes)
            RowEncoder.put(UInt32(truncatingIfNeeded: bytes.count - start - 4), into: &bytes, at: start)
        }
        RowEncoder.put(UInt32(truncatingIfNeeded: bytes.count - length), into: &bytes, at: length)
    }

    private func append(
        _ statement: EngineStatement, _ at: Int, _ column: ResultColumn, stored: ConsoleType,
        to bytes: inout [UInt8]
    ) throws(ConsoleError) {
        switch column.type {
        case .text: RowEncoder.appendText(statement, at, stored, to: &bytes)
        case .integer, .boolean:
            guard stored == .integer else { throw RowEncoder.mismatch(column, stored) }
            let number = statement.integer(at)
            if column.type == .boolean {
                bytes.append(
                    column.format == 1 ? (number == 0 ? 0 : 1) : UInt8(ascii: number == 0 ? "f" : "t"))
            } else if column.format == 1 {
                RowEncoder.append(UInt64(bitPattern: number), to: &bytes)
            } else {
                bytes.append(contentsOf: String(number).utf8)
            }
        case .real:
            guard stored == .real || stored == .integer else { throw RowEncoder.mismatch(column, stored) }
            let number = statement.real(at)
            if column.format == 1 {
                RowEncoder.append(number.bitPattern, to: &bytes)
            } else {
                bytes.append(contentsOf: RowEncoder.text(number).utf8)
            }
        case .time:
            guard stored == .text else { throw RowEncoder.mismatch(column, stored) }
            try RowEncoder.appendTime(statement, at, column.format, to: &bytes)
        case .bytes:
            if column.format == 1 {
                statement.appendBytes(at, to: &bytes)
            } else {
                RowEncoder.appendHex(statement, at, to: &bytes)
            }
        }
    }

    private static func mismatch(_ column: ResultColumn, _ stored: ConsoleType) -> ConsoleError {
        ConsoleError(
            "42804",
            "column \"\(column.name)\" is \(column.type.postgreSQLName), and a value of it \(stored.postgreSQLName)",
            hint: "CAST the expression to the type that is wanted, such as text.")
    }

    static func appendText(
        _ statement: EngineStatement, _ at: Int, _ stored: ConsoleType, to bytes: inout [UInt8]
    ) {
        switch stored {
        case .integer, .boolean: bytes.append(contentsOf: String(statement.integer(at)).utf8)
        case .real: bytes.append(contentsOf: text(statement.real(at)).utf8)
        case .text, .time: statement.appendBytes(at, to: &bytes)
        case .bytes: appendHex(statement, at, to: &bytes)
        }
    }

    /// PostgreSQL's microseconds since 2000, or its ISO style in UTC.
    private static func appendTime(
        _ statement: EngineStatement, _ at: Int, _ format: Int16, to bytes: inout [UInt8]
    ) throws(ConsoleError) {
        var recorded: [UInt8] = []
        statement.appendBytes(at, to: &recorded)
        if format == 1 {
            guard let time = TimestampText.since2000(recorded) else { throw .noTime(recorded) }
            append(UInt64(bitPattern: time), to: &bytes)
        } else {
            guard TimestampText.appendShown(recorded, to: &bytes) else { throw .noTime(recorded) }
        }
    }

    /// As PostgreSQL writes a float8: the shortest text that is the same number.
    static func text(_ number: Double) -> String {
        if number.isInfinite { return number < 0 ? "-Infinity" : "Infinity" }
        if number.isNaN { return "NaN" }
        let text = "\(number)"
        return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    }

    private static let digits = Array("0123456789abcdef".utf8)

    private static func appendHex(_ statement: EngineStatement, _ at: Int, to bytes: inout [UInt8]) {
        var raw: [UInt8] = []
        statement.appendBytes(at, to: &raw)
        bytes.append(contentsOf: "\\x".utf8)
        for byte in raw {
            bytes.append(digits[Int(byte >> 4)])
            bytes.append(digits[Int(byte & 15)])
        }
    }

    private static func append(_ value: UInt16, to bytes: inout [UInt8]) {
        bytes.append(UInt8(truncatingIfNeeded: value >> 8))
        bytes.append(UInt8(truncatingIfNeeded: value))
    }

    private static func append(_ value: UInt64, to bytes: inout [UInt8]) {
        for shift in stride(from: UInt64(56), through: 0, by: -8) {
            bytes.append(UInt8(truncatingIfNeeded: value >> shift))
        }
    }

    private static func put(_ value: UInt32, into bytes: inout [UInt8], at place: Int) {
        for index in 0..<4 {
            bytes[place + index] = UInt8(truncatingIfNeeded: value >> UInt32(24 - index * 8))
        }
    }

    // MARK: COPY

    /// One CopyData with one line.
    func appendLine(
        of statement: EngineStatement, _ form: ConsoleCommand.CopyForm, to bytes: inout [UInt8]
    ) throws(ConsoleError) {
        var line: [UInt8] = []
        let delimiter = form.delimiter ?? UInt8(ascii: form.isCSV ? "," : "\t")
        for at in columns.indices {
            if at > 0 { line.append(delimiter) }
            guard let stored = statement.type(at) else {
                line.append(contentsOf: (form.null ?? (form.isCSV ? "" : "\\N")).utf8)
                continue
            }
            var value: [UInt8] = []
            if columns[at].type == .boolean {
                value.append(UInt8(ascii: statement.integer(at) == 0 ? "f" : "t"))
            } else if columns[at].type == .time {
                try RowEncoder.appendTime(statement, at, 0, to: &value)
            } else {
                RowEncoder.appendText(statement, at, stored, to: &value)
            }
            RowEncoder.append(value, form, delimiter, to: &line)
        }
        line.append(0x0a)
        do throws(MessageError) {
            try CopyData.encode(data: line, into: &bytes)
        } catch {
            throw ConsoleError("54000", "a row is too long")
        }
    }

    func headerLine(_ form: ConsoleCommand.CopyForm) -> [UInt8] {
        let delimiter = form.delimiter ?? UInt8(ascii: form.isCSV ? "," : "\t")
        var line: [UInt8] = []
        for (at, column) in columns.enumerated() {
            if at > 0 { line.append(delimiter) }
            RowEncoder.append(Array(column.name.utf8), form, delimiter, to: &line)
        }
        return line + [0x0a]
    }

    private static func append(
        _ value: [UInt8], _ form: ConsoleCommand.CopyForm, _ delimiter: UInt8, to line: inout [UInt8]
    ) {
        guard !form.isCSV else {
            let null = Array((form.null ?? "").utf8)
            let needsQuotes =
                value.contains { $0 == delimiter || $0 == 0x22 || $0 == 0x0a || $0 == 0x0d } || value == null
            guard needsQuotes else { return line.append(contentsOf: value) }
            line.append(0x22)
            for byte in value {
                if byte == 0x22 { line.append(0x22) }
                line.append(byte)
            }
            return line.append(0x22)
        }
        for byte in value {
            switch byte {
            case 0x5c: line.append(contentsOf: [0x5c, 0x5c])
            case 0x0a: line.append(contentsOf: Array("\\n".utf8))
            case 0x0d: line.append(contentsOf: Array("\\r".utf8))
            case 0x09: line.append(contentsOf: Array("\\t".utf8))
            case 0x08: line.append(contentsOf: Array("\\b".utf8))
            case 0x0c: line.append(contentsOf: Array("\\f".utf8))
            case delimiter: line.append(contentsOf: [0x5c, byte])
            default: line.append(byte)
            }
        }
    }
}
