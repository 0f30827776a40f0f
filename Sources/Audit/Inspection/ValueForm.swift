/// A value as bytes that a client may have sent for it: as text, or as the binary form of a type, which PostgreSQL's type
/// has in its `typsend` function.
package struct ValueForm: Sendable, Equatable {
    /// `text`, or the type whose binary form it is.
    package let name: String
    package let bytes: [UInt8]

    package init(name: String, bytes: [UInt8]) {
        self.name = name
        self.bytes = bytes
    }

    /// The value's text as it is, and the binary forms of those types that it is a value of. Binary text is its text.
    package static func all(of value: [UInt8]) -> [ValueForm] {
        var forms = [ValueForm(name: "text", bytes: value)]
        guard value.count <= longest, let text = String(validating: value, as: UTF8.self) else {
            return forms
        }
        forms += numbers(text)
        if let byte = boolean(text) { forms.append(ValueForm(name: "bool", bytes: [byte])) }
        if let bytes = byteString(text) { forms.append(ValueForm(name: "bytea", bytes: bytes)) }
        if let bytes = uuid(text) { forms.append(ValueForm(name: "uuid", bytes: bytes)) }
        forms += times(text)
        return forms
    }

    /// Bytes of the longest text that is read as a value of a type.
    private static let longest = 1 << 20

    private static func bigEndian(_ value: some FixedWidthInteger) -> [UInt8] {
        var bytes: [UInt8] = []
        for shift in stride(from: value.bitWidth - 8, through: 0, by: -8) {
            bytes.append(UInt8(truncatingIfNeeded: value >> shift))
        }
        return bytes
    }

    private static func numbers(_ text: String) -> [ValueForm] {
        var forms: [ValueForm] = []
        if let value = Int16(text) { forms.append(ValueForm(name: "int2", bytes: bigEndian(value))) }
        if let value = Int32(text) { forms.append(ValueForm(name: "int4", bytes: bigEndian(value))) }
        if let value = Int64(text) { forms.append(ValueForm(name: "int8", bytes: bigEndian(value))) }
        if let value = Float(text) {
            forms.append(ValueForm(name: "float4", bytes: bigEndian(value.bitPattern)))
        }
        if let value = Double(text) {
            forms.append(ValueForm(name: "float8", bytes: bigEndian(value.bitPattern)))
        }
        return forms
    }

    /// The spellings that PostgreSQL takes whole.
    private static func boolean(_ text: String) -> UInt8? {
        switch text.lowercased() {
        case "true", "t", "yes", "y", "on", "1": 1
        case "false", "f", "no", "n", "off", "0": 0
        default: nil
        }
    }

    /// `\x` and hex digits.
    private static func byteString(_ text: String) -> [UInt8]? {
        guard text.hasPrefix("\\x") else { return nil }
        return hex(text.dropFirst(2))
    }

    /// 32 hex digits, with hyphens or without.
    private static func uuid(_ text: String) -> [UInt8]? {
        let groups = text.split(separator: "-", omittingEmptySubsequences: false).map(\.count)
        guard groups == [8, 4, 4, 4, 12] || groups == [32] else { return nil }
        return hex(text.filter { $0 != "-" })
    }

    private static func hex(_ text: some StringProtocol) -> [UInt8]? {
        let digits = Array(text.utf8)
        guard digits.count % 2 == 0 else { return nil }
        var bytes: [UInt8] = []
        for at in stride(from: 0, to: digits.count, by: 2) {
            guard let high = nibble(digits[at]), let low = nibble(digits[at + 1]) else { return nil }
            bytes.append(high << 4 | low)
        }
        return bytes
    }

    private static func nibble(_ digit: UInt8) -> UInt8? {
        switch digit {
        case 0x30...0x39: digit - 0x30
        case 0x41...0x46: digit - 0x41 + 10
        case 0x61...0x66: digit - 0x61 + 10
        default: nil
        }
    }

    // MARK: Times

    /// `2026-03-01`, and with a time (`09:14`, `09:14:22.849545`) behind a space or `T`, and a zone (`Z`, `+01`, `+01:30`) behind
    /// that. Without a zone a timestamptz is taken to be UTC.
    private static func times(_ text: String) -> [ValueForm] {
        let pattern =
            #/(\d{4})-(\d\d)-(\d\d)(?:[ T](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,6}))?)?(Z|[+-]\d\d(?::?\d\d)?)?)?/#
        guard let match = text.wholeMatch(of: pattern), let year = Int64(match.1), let month = Int64(match.2),
            let day = Int64(match.3), year > 0, (1...12).contains(month),
            (1...days(in: month, of: year)).contains(day)
        else { return [] }
        let date = days(year, month, day)
        guard let hours = match.4.flatMap({ Int64($0) }), let minutes = match.5.flatMap({ Int64($0) }) else {
            return [ValueForm(name: "date", bytes: bigEndian(Int32(truncatingIfNeeded: date)))]
        }
        let seconds = match.6.flatMap { Int64($0) } ?? 0
        guard hours < 24, minutes < 60, seconds < 60 else { return [] }
        let fraction = match.7.map(String.init) ?? ""
        let micros = Int64(fraction + String(repeating: "0", count: 6 - fraction.count)) ?? 0
        let time = ((date * 24 + hours) * 60 + minutes) * 60 + seconds
        guard let zone = match.8 else {
            return [ValueForm(name: "timestamp", bytes: bigEndian(time * 1_000_000 + micros))]
        }
        guard let offset = offset(zone) else { return [] }
        return [ValueForm(name: "timestamptz", bytes: bigEndian((time - offset) * 1_000_000 + micros))]
    }

    /// Seconds east of UTC.
    private static func offset(_ zone: Substring) -> Int64? {
        guard zone != "Z" else { return 0 }
        let digits = zone.dropFirst().filter { $0 != ":" }
        guard let hours = Int64(digits.prefix(2)),
            let minutes = Int64(digits.dropFirst(2) + (digits.count > 2 ? "" : "0")),
            hours < 16, minutes < 60
        else { return nil }
        let seconds = hours * 3600 + minutes * 60
        return zone.hasPrefix("-") ? -seconds : seconds
    }

    private static func isLeap(_ year: Int64) -> Bool {
        year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
    }

    private static func days(in month: Int64, of year: Int64) -> Int64 {
        switch month {
        case 2: isLeap(year) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// Days from 2000-01-01 in the Gregorian calendar: PostgreSQL's epoch.
    private static func days(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        // Counted from the year 1; 730,119 days lie before 2000.
        let before = year - 1
        var days = before * 365 + before / 4 - before / 100 + before / 400
        for earlier in 1..<month { days += self.days(in: earlier, of: year) }
        return days + day - 1 - 730_119
    }
}
