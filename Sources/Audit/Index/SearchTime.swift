import Audit

/// A time as people give it to a search: RFC 3339 or its beginning (`2026-03-01T09`, UTC unless it says otherwise), how
/// long ago (`90m`, `1h30m`, `2d`), or `today` and `yesterday`, days of UTC.
package enum SearchTime {
    private static let second: Int64 = 1_000_000

    /// The span that a text names, in microseconds since 1970, both ends included; nil where it is no time. `2026-03` is
    /// all of March; what is ago is a moment.
    package static func span(_ text: String, now: Int64) -> ClosedRange<Int64>? {
        let bytes = Array(text.utf8)
        let length = 86_400 * second
        let today = now - ((now % length) + length) % length
        if text == "today" { return today...(today + length - 1) }
        if text == "yesterday" { return (today - length)...(today - 1) }
        if let ago = ago(bytes) { return (now - ago)...(now - ago) }
        return absolute(bytes)
    }

    /// Microseconds of `1h30m`; nil for anything else.
    private static func ago(_ bytes: [UInt8]) -> Int64? {
        let units: [UInt8: Int64] = [0x73: 1, 0x6d: 60, 0x68: 3600, 0x64: 86_400, 0x77: 604_800]
        var sum: Int64 = 0
        var digits = 0
        var value: Int64 = 0
        guard let last = bytes.last, units[last] != nil, bytes.count <= 32 else { return nil }
        for byte in bytes {
            if byte >= 0x30, byte <= 0x39 {
                digits += 1
                // A thousand years of seconds.
                guard digits <= 11 else { return nil }
                value = value * 10 + Int64(byte - 0x30)
            } else {
                guard digits > 0, let unit = units[byte] else { return nil }
                let (part, overflow) = value.multipliedReportingOverflow(by: unit * second)
                let (next, carry) = sum.addingReportingOverflow(part)
                guard !overflow, !carry, next <= RecordClock.last else { return nil }
                (sum, digits, value) = (next, 0, 0)
            }
        }
        return sum
    }

    private static func absolute(_ bytes: [UInt8]) -> ClosedRange<Int64>? {
        var reader = Digits(bytes)
        guard let year = reader.number(4) else { return nil }
        var day = RecordClock.days(year: year, month: 1, day: 1)
        var next = RecordClock.days(year: year + 1, month: 1, day: 1)
        var clock: (from: Int64, length: Int64)?
        if reader.take("-") {
            guard let month = reader.number(2), (1...12).contains(month) else { return nil }
            day = RecordClock.days(year: year, month: month, day: 1)
            next =
                month == 12 ? next : RecordClock.days(year: year, month: month + 1, day: 1)
            if reader.take("-") {
                guard let date = reader.number(2), date >= 1, date <= next - day else { return nil }
                day += date - 1
                next = day + 1
                if reader.take("T") || reader.take("t") || reader.take(" ") {
                    guard let found = time(&reader) else { return nil }
                    clock = found
                }
            }
        }
        guard let shift = clock == nil && !reader.isAtEnd ? nil : offset(&reader), reader.isAtEnd else {
            return nil
        }
        let start = day * 86_400 * second
        guard let clock else { return start...(next * 86_400 * second - 1) }
        let from = start + clock.from - shift
        return from...(from + clock.length - 1)
    }

    /// `09`, `09:14`, `09:14:22`, `09:14:22.849`: where it begins in the day, and how long what it names is.
    private static func time(_ reader: inout Digits) -> (from: Int64, length: Int64)? {
        guard let hour = reader.number(2), hour < 24 else { return nil }
        var from = hour * 3600 * second
        guard reader.take(":") else { return (from, 3600 * second) }
        guard let minute = reader.number(2), minute < 60 else { return nil }
        from += minute * 60 * second
        guard reader.take(":") else { return (from, 60 * second) }
        guard let seconds = reader.number(2), seconds < 60 else { return nil }
        from += seconds * second
        guard reader.take(".") else { return (from, second) }
        var length = second
        var count = 0
        while let digit = reader.number(1) {
            count += 1
            guard count <= 9 else { return nil }
            // Records have microseconds; what is finer is cut.
            if count <= 6 {
                length /= 10
                from += digit * length
            }
        }
        return count > 0 ? (from, length) : nil
    }

    /// Microseconds by which the time's zone is ahead of UTC.
    private static func offset(_ reader: inout Digits) -> Int64? {
        if reader.isAtEnd || reader.take("Z") || reader.take("z") { return 0 }
        let sign: Int64 = reader.take("+") ? 1 : -1
        guard sign == 1 || reader.take("-"), let hours = reader.number(2), hours < 24 else { return nil }
        // `+01`, as PostgreSQL writes it, `+0100` and `+01:00`.
        if reader.isAtEnd { return sign * hours * 3600 * second }
        _ = reader.take(":")
        guard let minutes = reader.number(2), minutes < 60 else { return nil }
        return sign * (hours * 3600 + minutes * 60) * second
    }

    private struct Digits {
        private let bytes: [UInt8]
        private var at = 0

        init(_ bytes: [UInt8]) { self.bytes = bytes }

        var isAtEnd: Bool { at == bytes.count }

        /// Exactly so many digits.
        mutating func number(_ count: Int) -> Int64? {
            guard bytes.count - at >= count else { return nil }
            var value: Int64 = 0
            for byte in bytes[at..<(at + count)] {
                guard byte >= 0x30, byte <= 0x39 else { return nil }
                value = value * 10 + Int64(byte - 0x30)
            }
            at += count
            return value
        }

        mutating func take(_ character: Unicode.Scalar) -> Bool {
            guard at < bytes.count, UInt32(bytes[at]) == character.value else { return false }
            at += 1
            return true
        }
    }
}
