import Audit
import AuditIndex
import Glibc

/// Times as records have them: RFC 3339, UTC, microseconds, always of the same length, so that they compare as texts.
enum TimestampText {
    /// Microseconds from 1970 to 2000, where PostgreSQL counts from.
    private static let epoch: Int64 = 946_684_800_000_000

    /// Microseconds since 1970, by the wall clock.
    static var now: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000
    }

    /// - Parameter microseconds: since 2000.
    static func recorded(since2000 microseconds: Int64) -> String {
        let (sum, overflow) = microseconds.addingReportingOverflow(epoch)
        return recorded(overflow ? (microseconds < 0 ? .min : .max) : sum)
    }

    /// - Parameter microseconds: since 1970; brought into the years 1 to 9999.
    static func recorded(_ microseconds: Int64) -> String {
        let time = CivilTime(microseconds)
        return
            "\(date(time))T\(pad(time.hour, 2)):\(pad(time.minute, 2)):\(pad(time.second, 2)).\(pad(time.micros, 6))Z"
    }

    static func date(_ time: CivilTime) -> String {
        pad(time.year, 4) + "-" + pad(time.month, 2) + "-" + pad(time.day, 2)
    }

    /// The first moment that a text names, `2026-11-27 15:58:05.1+01:00`, `2026-11`, `yesterday` and what else a search takes
    /// (`SearchTime`). What has the form of a time's beginning, and is none, compares as it is. nil: it is something else.
    static func recorded(_ text: String) -> String? {
        if isBeginning(text.utf8) {
            // As it stands in records, most of the time.
            if text.utf8.count == form.count { return text }
            return microseconds(text).map { recorded($0) } ?? text
        }
        return microseconds(text).map { recorded($0) }
    }

    /// Microseconds since 1970; nil where the text names no time.
    static func microseconds(_ text: String) -> Int64? {
        let bare = text.trimmingSpaces
        return bare == "now" ? now : SearchTime.span(bare, now: now)?.lowerBound
    }

    private static let form = Array("0000-00-00T00:00:00.000000Z".utf8)

    /// Digits and signs stand where a record's time has them.
    private static func isBeginning(_ text: some Collection<UInt8>) -> Bool {
        text.count <= form.count && text.count >= 4
            && zip(text, form).allSatisfy { $1 == 0x30 ? (0x30...0x39).contains($0) : $0 == $1 }
    }

    /// Microseconds since 2000 of a time as records have it; nil: it is none.
    static func since2000(_ recorded: [UInt8]) -> Int64? {
        guard recorded.count == form.count, isBeginning(recorded),
            let time = microseconds(String(decoding: recorded, as: UTF8.self))
        else { return nil }
        return time - epoch
    }

    /// Appends a time as records have it as PostgreSQL's DateStyle ISO has it, in UTC: `2026-11-27 15:58:05.1+00`.
    ///
    /// - Returns: false where it is no time, and nothing is appended.
    static func appendShown(_ recorded: [UInt8], to bytes: inout [UInt8]) -> Bool {
        guard recorded.count == form.count, isBeginning(recorded) else { return false }
        bytes.append(contentsOf: recorded[..<10])
        bytes.append(0x20)
        // A fraction has no zeros at its end.
        var end = form.count - 1
        while recorded[end - 1] == 0x30, end > 20 { end -= 1 }
        bytes.append(contentsOf: recorded[11..<(end == 20 ? 19 : end)])
        bytes.append(contentsOf: Array("+00".utf8))
        return true
    }

    private static func pad(_ number: Int64, _ width: Int) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(0, width - text.count)) + text
    }
}

extension String {
    fileprivate var trimmingSpaces: String {
        String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }
}

/// A moment by the Gregorian calendar, in UTC.
struct CivilTime {
    private(set) var year: Int64
    private(set) var month: Int64
    private(set) var day: Int64
    private(set) var hour: Int64
    private(set) var minute: Int64
    private(set) var second: Int64
    private(set) var micros: Int64
    /// Since 1970-01-01.
    let days: Int64

    static let dayLength: Int64 = 86_400_000_000

    /// - Parameter microseconds: since 1970; brought into the years 1 to 9999.
    init(_ microseconds: Int64) {
        let bounded = min(max(microseconds, -62_135_596_800_000_000), 253_402_300_799_999_999)
        let ofDay: Int64
        (days, ofDay) = bounded.flooredDivision(by: CivilTime.dayLength)
        (year, month, day) = RecordClock.date(days: days)
        let seconds: Int64
        (seconds, micros) = ofDay.flooredDivision(by: 1_000_000)
        (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60)
    }

    var microseconds: Int64 {
        RecordClock.days(year: year, month: month, day: day) * CivilTime.dayLength
            + ((hour * 60 + minute) * 60 + second)
            * 1_000_000
            + micros
    }

    /// 1 is Monday, 7 Sunday (ISO 8601).
    var weekday: Int64 { (days + 3).flooredDivision(by: 7).1 + 1 }

    var dayOfYear: Int64 { days - RecordClock.days(year: year, month: 1, day: 1) + 1 }

    /// The same day some months later, or the last one of a shorter month; nil: beyond the years 1 to 9999.
    func adding(months: Int64) -> CivilTime? {
        let (sum, overflow) = (year * 12 + month - 1).addingReportingOverflow(months)
        guard !overflow, (12..<120_000).contains(sum) else { return nil }
        var other = self
        (other.year, other.month) = (sum / 12, sum % 12 + 1)
        let next =
            other.month == 12
            ? RecordClock.days(year: other.year + 1, month: 1, day: 1)
            : RecordClock.days(year: other.year, month: other.month + 1, day: 1)
        other.day = min(day, next - RecordClock.days(year: other.year, month: other.month, day: 1))
        return CivilTime(other.microseconds)
    }

    /// The beginning of a unit of time; nil: there is no such unit.
    func beginning(of unit: String) -> CivilTime? {
        var other = self
        switch unit {
        case "microsecond", "microseconds": return self
        case "millisecond", "milliseconds": other.micros -= micros % 1000
        case "second": other.micros = 0
        case "minute": (other.second, other.micros) = (0, 0)
        case "hour": (other.minute, other.second, other.micros) = (0, 0, 0)
        case "day": return CivilTime(days * CivilTime.dayLength)
        case "week": return CivilTime((days - weekday + 1) * CivilTime.dayLength)
        case "month":
            return CivilTime(RecordClock.days(year: year, month: month, day: 1) * CivilTime.dayLength)
        case "quarter":
            return CivilTime(
                RecordClock.days(year: year, month: month - (month - 1) % 3, day: 1) * CivilTime.dayLength)
        case "year": return CivilTime(RecordClock.days(year: year, month: 1, day: 1) * CivilTime.dayLength)
        default: return nil
        }
        return CivilTime(other.microseconds)
    }

    /// A part of it, by PostgreSQL's name; nil: there is no such part.
    func part(_ name: String) -> Double? {
        switch name {
        case "epoch": Double(microseconds) / 1e6
        case "microseconds": Double(second * 1_000_000 + micros)
        case "milliseconds": Double(second * 1_000_000 + micros) / 1e3
        case "second", "seconds": Double(second * 1_000_000 + micros) / 1e6
        case "minute", "minutes": Double(minute)
        case "hour", "hours": Double(hour)
        case "day", "days": Double(day)
        case "dow": Double(weekday % 7)
        case "isodow": Double(weekday)
        case "doy": Double(dayOfYear)
        case "month", "months": Double(month)
        case "quarter": Double((month - 1) / 3 + 1)
        case "year", "years": Double(year)
        default: nil
        }
    }
}

extension Int64 {
    fileprivate func flooredDivision(by divisor: Int64) -> (Int64, Int64) {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }
}
