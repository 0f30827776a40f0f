/// A length of time as PostgreSQL's interval constants say it: months, whose length varies, and microseconds.
struct TimeInterval: Equatable {
    let months: Int64
    let microseconds: Int64

    private static let outOfRange = ConsoleError("22008", "interval out of range")

    private static let lengths: [(String, Int64)] = [
        ("microsecond", 1), ("us", 1), ("millisecond", 1000), ("ms", 1000), ("second", 1_000_000),
        ("sec", 1_000_000), ("s", 1_000_000), ("minute", 60_000_000), ("min", 60_000_000), ("m", 60_000_000),
        ("hour", 3_600_000_000), ("h", 3_600_000_000), ("day", 86_400_000_000), ("d", 86_400_000_000),
        ("week", 604_800_000_000), ("w", 604_800_000_000),
    ]
    private static let monthsOf: [(String, Int64)] = [
        ("month", 1), ("mon", 1), ("quarter", 3), ("year", 12), ("y", 12),
    ]

    /// `1 day`, `2 hours 30 minutes`, `-90s`, `1 day 02:30:00`: numbers and units, and hours with minutes. A sign at the
    /// beginning is that of all.
    ///
    /// - Throws: 22007, 22008.
    init(_ text: String) throws(ConsoleError) {
        var rest = Substring(text.lowercased())
        func skip() { rest = rest.drop { $0 == " " } }
        skip()
        var isNegative = false
        // Of what is taken away, too: `now() - interval '-1 day'`.
        while let first = rest.first, first == "-" || first == "+" {
            if first == "-" { isNegative.toggle() }
            rest = rest.dropFirst()
            skip()
        }
        var (months, microseconds): (Int64, Int64) = (0, 0)
        guard !rest.isEmpty else { throw TimeInterval.invalid(text) }
        while true {
            skip()
            guard !rest.isEmpty else { break }
            let word = rest.prefix { $0 != " " }
            if word.contains(":") {
                rest = rest.dropFirst(word.count)
                guard let length = TimeInterval.clock(word) else { throw TimeInterval.invalid(text) }
                microseconds = try TimeInterval.sum(microseconds, length, 1)
                continue
            }
            let digits = rest.prefix { $0.isASCII && $0.isNumber }
            rest = rest.dropFirst(digits.count)
            skip()
            let unit = rest.prefix { $0.isLetter }
            rest = rest.dropFirst(unit.count)
            guard let number = Int64(digits) else { throw TimeInterval.invalid(text) }
            if let known = TimeInterval.find(unit, in: TimeInterval.lengths) {
                microseconds = try TimeInterval.sum(microseconds, number, known)
            } else if let known = TimeInterval.find(unit, in: TimeInterval.monthsOf) {
                months = try TimeInterval.sum(months, number, known)
            } else {
                throw TimeInterval.invalid(text)
            }
        }
        self.months = isNegative ? -months : months
        self.microseconds = isNegative ? -microseconds : microseconds
    }

    private static func find(_ unit: Substring, in units: [(String, Int64)]) -> Int64? {
        units.first { $0.0 == unit || $0.0 + "s" == unit }?.1
    }

    private static func sum(_ sum: Int64, _ number: Int64, _ unit: Int64) throws(ConsoleError) -> Int64 {
        let (product, over) = number.multipliedReportingOverflow(by: unit)
        let (next, carry) = sum.addingReportingOverflow(product)
        // Its negative must be one, too.
        guard !over, !carry, next >= 0 else { throw outOfRange }
        return next
    }

    /// `02:30`, `02:30:15`.
    private static func clock(_ word: Substring) -> Int64? {
        let parts = word.split(separator: ":", omittingEmptySubsequences: false)
        guard (2...3).contains(parts.count) else { return nil }
        var seconds: Int64 = 0
        for part in parts {
            guard part.count <= 4, part.allSatisfy({ $0.isASCII && $0.isNumber }), let number = Int64(part)
            else {
                return nil
            }
            seconds = seconds * 60 + number
        }
        return (parts.count == 2 ? seconds * 60 : seconds) * 1_000_000
    }

    private static func invalid(_ text: String) -> ConsoleError {
        ConsoleError(
            "22007", "invalid input syntax for type interval: \"\(text)\"",
            hint: "Give numbers and units such as 1 day, 2 hours or 90s.")
    }

    /// A month has thirty days, as where PostgreSQL compares intervals.
    var seconds: Double { Double(months) * 30 * 86_400 + Double(microseconds) / 1e6 }

    /// - Parameters:
    ///   - moment: microseconds since 1970.
    ///   - sign: 1, or -1 to take the interval away.
    func added(to moment: Int64, sign: Int64 = 1) throws(ConsoleError) -> Int64 {
        guard let civil = months == 0 ? CivilTime(moment) : CivilTime(moment).adding(months: sign * months)
        else {
            throw TimeInterval.outOfRange
        }
        let (sum, overflow) = civil.microseconds.addingReportingOverflow(sign * microseconds)
        guard !overflow else { throw TimeInterval.outOfRange }
        return sum
    }
}
