/// Times and dates, as records have them, so that they compare with theirs. Those that begin with `pg_` are what the
/// translation makes of PostgreSQL's casts and arithmetic.
enum TimeFunctions {
    static var all: [EngineFunction] {
        [
            EngineFunction("now", 0, isConstant: false) { _ throws(ConsoleError) in
                .text(TimestampText.recorded(TimestampText.now))
            },
            EngineFunction("now", 1, isConstant: false) { arguments throws(ConsoleError) in
                guard let text = arguments.first?.string else { return .null }
                return .text(TimestampText.recorded(try TimeInterval(text).added(to: TimestampText.now)))
            },
            EngineFunction("ago", 1, isConstant: false) { arguments throws(ConsoleError) in
                guard let text = arguments.first?.string else { return .null }
                let moment = try TimeInterval(text).added(to: TimestampText.now, sign: -1)
                return .text(TimestampText.recorded(moment))
            },
            EngineFunction("pg_time", 1) { arguments throws(ConsoleError) in
                guard case .text(let text)? = arguments.first else { return arguments.first ?? .null }
                guard let time = TimestampText.recorded(text) else { throw .noTime(Array(text.utf8)) }
                return .text(time)
            },
            EngineFunction("pg_date", 1) { arguments throws(ConsoleError) in
                guard case .text(let text)? = arguments.first else { return arguments.first ?? .null }
                return .text(String(try recorded(text).prefix(dateLength)))
            },
            EngineFunction("pg_time_shift", 2) { arguments throws(ConsoleError) in
                guard let (time, shift) = try pair(arguments) else { return .null }
                return .text(TimestampText.recorded(try TimeInterval(shift).added(to: time)))
            },
            EngineFunction("pg_date_shift", 2) { arguments throws(ConsoleError) in
                guard let (time, shift) = try pair(arguments) else { return .null }
                guard let days = Int64(shift), days.magnitude < dayLimit else {
                    throw ConsoleError("22008", "date out of range")
                }
                return .text(TimestampText.date(CivilTime(time + days * CivilTime.dayLength)))
            },
        ] + differences + parts
    }

    /// What is between two times is a number: SQLite has no type for intervals, and numbers can be compared and summed up.
    private static var differences: [EngineFunction] {
        [
            EngineFunction("pg_seconds_between", 2) { arguments throws(ConsoleError) in
                guard let (time, other) = try pair(arguments) else { return .null }
                guard let before = TimestampText.microseconds(other) else { throw .noTime(Array(other.utf8)) }
                return .real(Double(time - before) / 1e6)
            },
            EngineFunction("pg_days_between", 2) { arguments throws(ConsoleError) in
                guard let (time, other) = try pair(arguments) else { return .null }
                guard other.utf8.count == dateLength, let before = TimestampText.microseconds(other) else {
                    throw ConsoleError(
                        "22007", "invalid input syntax for type date: \"\(other)\"",
                        hint: "Make a date of the time: time::date.")
                }
                return .integer((time - before) / CivilTime.dayLength)
            },
        ]
    }

    private static var parts: [EngineFunction] {
        [
            EngineFunction("date_trunc", 2) { arguments throws(ConsoleError) in
                guard let (time, unit) = try pair(arguments.reversed()) else { return .null }
                guard let start = CivilTime(time).beginning(of: unit.lowercased()) else {
                    throw unknown(unit)
                }
                return .text(TimestampText.recorded(start.microseconds))
            },
            EngineFunction("date_part", 2) { arguments throws(ConsoleError) in
                // Of a difference, which is in seconds.
                if arguments.first?.string == "epoch", case .real(let seconds)? = arguments.last {
                    return .real(seconds)
                }
                guard let (time, unit) = try pair(arguments.reversed()) else { return .null }
                guard let part = CivilTime(time).part(unit.lowercased()) else { throw unknown(unit) }
                return .real(part)
            },
        ]
    }

    private static let dateLength = 10
    private static let dayLimit: UInt64 = 4_000_000

    private static func recorded(_ text: String) throws(ConsoleError) -> String {
        guard let time = TimestampText.recorded(text) else { throw .noTime(Array(text.utf8)) }
        return time
    }

    /// A moment, in microseconds since 1970, and what is to be done with it; nil: one of them is NULL.
    private static func pair(_ arguments: [ConsoleValue]) throws(ConsoleError) -> (Int64, String)? {
        guard arguments.count == 2, let text = arguments[0].string, let other = arguments[1].string else {
            return nil
        }
        guard let time = TimestampText.microseconds(text) else { throw .noTime(Array(text.utf8)) }
        return (time, other)
    }

    private static func unknown(_ unit: String) -> ConsoleError {
        ConsoleError("22023", "unit \"\(unit)\" not recognized for type timestamp with time zone")
    }
}
