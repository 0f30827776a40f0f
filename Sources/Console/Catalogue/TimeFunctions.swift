import Glibc

/// What time it is, as records have it, so that it compares with theirs.
enum TimeFunctions {
    static var all: [EngineFunction] {
        [
            EngineFunction("now", 0, isConstant: false) { _ throws(ConsoleError) in
                .text(TimestampText.recorded(wall()))
            },
            EngineFunction("now", 1, isConstant: false) { arguments throws(ConsoleError) in
                guard let text = arguments.first?.string else { return .null }
                let (sum, overflow) = wall().addingReportingOverflow(try microseconds(text))
                guard !overflow else { throw outOfRange }
                return .text(TimestampText.recorded(sum))
            },
            EngineFunction("ago", 1, isConstant: false) { arguments throws(ConsoleError) in
                guard let text = arguments.first?.string else { return .null }
                let (sum, overflow) = wall().subtractingReportingOverflow(try microseconds(text))
                guard !overflow else { throw outOfRange }
                return .text(TimestampText.recorded(sum))
            },
        ]
    }

    private static let outOfRange = ConsoleError("22008", "interval out of range")

    private static func wall() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000
    }

    private static let units: [(String, Int64)] = [
        ("microsecond", 1), ("us", 1), ("millisecond", 1000), ("ms", 1000), ("second", 1_000_000),
        ("sec", 1_000_000), ("s", 1_000_000), ("minute", 60_000_000), ("min", 60_000_000), ("m", 60_000_000),
        ("hour", 3_600_000_000), ("h", 3_600_000_000), ("day", 86_400_000_000), ("d", 86_400_000_000),
        ("week", 604_800_000_000), ("w", 604_800_000_000),
    ]

    /// `1 day`, `2 hours 30 minutes`, `-90s`: numbers and units.
    static func microseconds(_ text: String) throws(ConsoleError) -> Int64 {
        var rest = Substring(text.lowercased())
        var sign: Int64 = 1
        func skip() { rest = rest.drop { $0 == " " } }
        skip()
        if let first = rest.first, first == "-" || first == "+" {
            sign = first == "-" ? -1 : 1
            rest = rest.dropFirst()
        }
        var sum: Int64 = 0
        var isEmpty = true
        while true {
            skip()
            guard !rest.isEmpty else { break }
            let digits = rest.prefix { $0.isNumber }
            rest = rest.dropFirst(digits.count)
            skip()
            let word = rest.prefix { $0.isLetter }
            rest = rest.dropFirst(word.count)
            guard let number = Int64(digits),
                let unit = units.first(where: { $0.0 == word || $0.0 + "s" == word })
            else {
                throw ConsoleError(
                    "22007", "invalid input syntax for type interval: \"\(text)\"",
                    hint: "Give numbers and units such as 1 day, 2 hours or 90s.")
            }
            let (product, over) = number.multipliedReportingOverflow(by: unit.1)
            let (next, carry) = sum.addingReportingOverflow(product)
            guard !over, !carry else { throw outOfRange }
            sum = next
            isEmpty = false
        }
        guard !isEmpty else {
            throw ConsoleError("22007", "invalid input syntax for type interval: \"\(text)\"")
        }
        return sign * sum
    }
}
