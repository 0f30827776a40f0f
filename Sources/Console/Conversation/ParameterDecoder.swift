/// Reads the value of a parameter by the type that the client said, or that was found for it.
enum ParameterDecoder {
    private enum OID {
        static let bool: UInt32 = 16
        static let bytea: UInt32 = 17
        static let integers: Set<UInt32> = [20, 21, 23, 26]
        static let reals: Set<UInt32> = [700, 701]
        static let numeric: UInt32 = 1700
        static let texts: Set<UInt32> = [0, 18, 19, 25, 705, 114, 1042, 1043, 2950]
        static let date: UInt32 = 1082
        static let timestamps: Set<UInt32> = [1114, 1184]
    }

    /// - Parameters:
    ///   - format: 0 text, 1 binary.
    ///   - number: for the message.
    static func value(_ bytes: [UInt8]?, type: UInt32, format: Int16, number: Int) throws(ConsoleError)
        -> ConsoleValue
    {
        guard let bytes else { return .null }
        guard format == 0 || format == 1 else {
            throw ConsoleError("22023", "unsupported format code: \(format)")
        }
        let decoded = format == 1 ? binary(bytes, type) : text(bytes, type)
        guard let decoded else {
            throw ConsoleError(
                format == 1 ? "22P03" : "22P02", "invalid value for parameter $\(number)",
                detail: "The type is \(type), the format \(format == 1 ? "binary" : "text").")
        }
        return decoded
    }

    private static func text(_ bytes: [UInt8], _ type: UInt32) -> ConsoleValue? {
        guard let text = String(validating: bytes, as: UTF8.self) else { return nil }
        let trimmed = text.trimmingPrefix(" ")
        switch type {
        case OID.bool:
            switch trimmed.lowercased() {
            case "t", "true", "1", "on", "yes", "y": return .integer(1)
            case "f", "false", "0", "off", "no", "n": return .integer(0)
            default: return nil
            }
        case OID.bytea: return hex(bytes)
        case OID.numeric:
            return Int64(trimmed).map { .integer($0) } ?? Double(trimmed).map { .real($0) }
        case let type where OID.integers.contains(type): return Int64(trimmed).map { .integer($0) }
        case let type where OID.reals.contains(type): return Double(trimmed).map { .real($0) }
        case let type where OID.timestamps.contains(type):
            return .text(TimestampText.recorded(text) ?? text)
        default: return .text(text)
        }
    }

    private static func hex(_ bytes: [UInt8]) -> ConsoleValue? {
        guard bytes.starts(with: "\\x".utf8), bytes.count % 2 == 0 else { return .blob(bytes) }
        var raw: [UInt8] = []
        var at = 2
        while at + 1 < bytes.count {
            guard let byte = UInt8(String(decoding: bytes[at...(at + 1)], as: UTF8.self), radix: 16) else {
                return nil
            }
            raw.append(byte)
            at += 2
        }
        return .blob(raw)
    }

    private static func binary(_ bytes: [UInt8], _ type: UInt32) -> ConsoleValue? {
        switch type {
        case OID.bool: return bytes.count == 1 ? .integer(bytes[0] == 0 ? 0 : 1) : nil
        case OID.bytea: return .blob(bytes)
        case let type where OID.integers.contains(type):
            guard let raw = number(bytes) else { return nil }
            switch bytes.count {
            case 2: return .integer(Int64(Int16(truncatingIfNeeded: raw)))
            case 4:
                return .integer(type == 26 ? Int64(raw) : Int64(Int32(truncatingIfNeeded: raw)))
            case 8: return .integer(Int64(bitPattern: raw))
            default: return nil
            }
        case let type where OID.reals.contains(type):
            guard let raw = number(bytes) else { return nil }
            switch bytes.count {
            case 4: return .real(Double(Float(bitPattern: UInt32(truncatingIfNeeded: raw))))
            case 8: return .real(Double(bitPattern: raw))
            default: return nil
            }
        case let type where OID.timestamps.contains(type):
            guard bytes.count == 8, let raw = number(bytes) else { return nil }
            return .text(TimestampText.recorded(since2000: Int64(bitPattern: raw)))
        case let type where OID.texts.contains(type):
            return String(validating: bytes, as: UTF8.self).map { .text($0) }
        default: return nil
        }
    }

    private static func number(_ bytes: [UInt8]) -> UInt64? {
        guard bytes.count <= 8, !bytes.isEmpty else { return nil }
        return bytes.reduce(0) { $0 << 8 | UInt64($1) }
    }
}

/// Times as records have them: RFC 3339, UTC, microseconds.
enum TimestampText {
    /// Microseconds since 2000-01-01, PostgreSQL's own.
    static func recorded(since2000 microseconds: Int64) -> String {
        let (sum, overflow) = microseconds.addingReportingOverflow(946_684_800_000_000)
        return recorded(overflow ? (microseconds < 0 ? .min : .max) : sum)
    }

    /// - Parameter microseconds: since 1970; brought into the years 1 to 9999.
    static func recorded(_ microseconds: Int64) -> String {
        let bounded = min(max(microseconds, -62_135_596_800_000_000), 253_402_300_799_999_999)
        let (days, ofDay) = bounded.flooredDivision(by: 86_400_000_000)
        let (year, month, day) = civil(days)
        let (seconds, micros) = ofDay.flooredDivision(by: 1_000_000)
        return pad(year, 4) + "-" + pad(month, 2) + "-" + pad(day, 2) + "T" + pad(seconds / 3600, 2) + ":"
            + pad(seconds / 60 % 60, 2) + ":" + pad(seconds % 60, 2) + "." + pad(micros, 6) + "Z"
    }

    /// A time as drivers write it, `2026-11-27 15:58:05.1+01:00` and the like; nil where it is none.
    static func recorded(_ text: String) -> String? {
        var rest = Substring(text)
        func digits(_ count: Int) -> Int64? {
            let part = rest.prefix(count)
            guard part.count == count, part.allSatisfy(\.isNumber), let number = Int64(part) else {
                return nil
            }
            rest = rest.dropFirst(count)
            return number
        }
        func take(_ characters: String) -> Bool {
            guard let first = rest.first, characters.contains(first) else { return false }
            rest = rest.dropFirst()
            return true
        }
        guard let year = digits(4), take("-"), let month = digits(2), take("-"), let day = digits(2),
            (1...12).contains(month), (1...31).contains(day)
        else { return nil }
        var seconds: Int64 = 0
        var micros: Int64 = 0
        if take(" T") {
            guard let hour = digits(2), take(":"), let minute = digits(2) else { return nil }
            seconds = hour * 3600 + minute * 60
            if take(":") { seconds += digits(2) ?? 0 }
            if take(".") {
                let fraction = rest.prefix { $0.isNumber }
                rest = rest.dropFirst(fraction.count)
                micros = Int64((fraction + "000000").prefix(6)) ?? 0
            }
            let isNegative = rest.first == "-"
            if take("+-") {
                guard let hours = digits(2) else { return nil }
                _ = take(":")
                let minutes = rest.isEmpty ? 0 : digits(2) ?? 0
                seconds -= (hours * 3600 + minutes * 60) * (isNegative ? -1 : 1)
            } else {
                _ = take("Zz")
            }
        }
        guard rest.isEmpty else { return nil }
        return recorded((days(year, month, day) * 86_400 + seconds) * 1_000_000 + micros)
    }

    private static func pad(_ number: Int64, _ width: Int) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(0, width - text.count)) + text
    }

    /// Days since 1970-01-01 of a date of the Gregorian calendar (H. Hinnant, "chrono-compatible low-level date
    /// algorithms").
    private static func days(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let shifted = month <= 2 ? year - 1 : year
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }

    private static func civil(_ days: Int64) -> (Int64, Int64, Int64) {
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        return (
            yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        )
    }
}

extension Int64 {
    fileprivate func flooredDivision(by divisor: Int64) -> (Int64, Int64) {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }
}
