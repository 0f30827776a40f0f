/// The time of records: RFC 3339, UTC, microseconds, never going back.
package struct RecordClock: Sendable {
    /// Length of `2026-01-31T23:59:59.000000Z`.
    package static let width = 27
    /// 9999-12-31T23:59:59.999999Z: RFC 3339 has years of four digits.
    package static let last: Int64 = 253_402_300_799_999_999

    /// The last time given, in microseconds since 1970.
    private(set) var micros: Int64
    /// It as text.
    private(set) var text: [UInt8]
    private var second: Int64 = .min

    init(notBefore micros: Int64) {
        self.micros = micros
        text = [UInt8](repeating: 0x30, count: RecordClock.width)
        format()
    }

    /// Takes a reading of the clock (microseconds since 1970).
    /// - Returns: by how many microseconds the clock went back behind the last time given; 0 where it did
    ///   not.
    mutating func advance(to reading: Int64) -> Int64 {
        let reading = max(0, min(reading, RecordClock.last))
        if reading <= micros {
            return micros - reading
        }
        micros = reading
        format()
        return 0
    }

    /// A time in the form that records have; one beyond what RFC 3339 has is the nearest there is.
    package static func text(_ micros: Int64) -> [UInt8] {
        RecordClock(notBefore: max(0, min(micros, last))).text
    }

    private mutating func format() {
        let whole = micros / 1_000_000
        if whole != second {
            second = whole
            let days = whole / 86_400
            let seconds = whole % 86_400
            let (year, month, day) = RecordClock.date(days: days)
            put(year, digits: 4, at: 0)
            text[4] = 0x2d
            put(month, digits: 2, at: 5)
            text[7] = 0x2d
            put(day, digits: 2, at: 8)
            text[10] = 0x54
            put(seconds / 3600, digits: 2, at: 11)
            text[13] = 0x3a
            put(seconds / 60 % 60, digits: 2, at: 14)
            text[16] = 0x3a
            put(seconds % 60, digits: 2, at: 17)
            text[19] = 0x2e
            text[26] = 0x5a
        }
        put(micros % 1_000_000, digits: 6, at: 20)
    }

    private mutating func put(_ value: Int64, digits: Int, at: Int) {
        var rest = value
        for offset in stride(from: at + digits - 1, through: at, by: -1) {
            text[offset] = 0x30 + UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        }
    }

    /// The civil date of a day counted from 1970-01-01 (Gregorian, proleptic), from the year 1 on.
    package static func date(days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        // Years counted from March, in eras of 400 years, so that the leap day is a year's last.
        let shifted = days + 719_468
        let era = shifted / 146_097
        let dayOfEra = shifted % 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
    }

    /// Days from 1970-01-01 to a civil date.
    package static func days(year: Int64, month: Int64, day: Int64) -> Int64 {
        let shifted = month <= 2 ? year - 1 : year
        let era = shifted / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    /// Reads a time in exactly the form that records have; nil for anything else.
    package static func parse(_ text: String) -> Int64? {
        let bytes = Array(text.utf8)
        guard bytes.count == width, bytes[4] == 0x2d, bytes[7] == 0x2d, bytes[10] == 0x54, bytes[13] == 0x3a,
            bytes[16] == 0x3a, bytes[19] == 0x2e, bytes[26] == 0x5a
        else { return nil }
        func number(_ range: Range<Int>) -> Int64? {
            var value: Int64 = 0
            for byte in bytes[range] {
                guard byte >= 0x30, byte <= 0x39 else { return nil }
                value = value * 10 + Int64(byte - 0x30)
            }
            return value
        }
        guard let year = number(0..<4), let month = number(5..<7), let day = number(8..<10),
            let hour = number(11..<13),
            let minute = number(14..<16), let second = number(17..<19), let micro = number(20..<26),
            year >= 1970, (1...12).contains(month), (1...31).contains(day), hour < 24, minute < 60,
            second < 60
        else { return nil }
        return ((days(year: year, month: month, day: day) * 24 + hour) * 3600 + minute * 60 + second)
            * 1_000_000 + micro
    }
}
