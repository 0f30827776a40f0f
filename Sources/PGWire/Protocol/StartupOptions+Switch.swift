extension StartupOptions {
    /// The switches that a server process takes from `options`, and what each sets (PostgreSQL 15's
    /// `process_postgres_switches`).
    enum Switch: UInt8, CaseIterable {
        case sharedBuffers = 0x42  // B
        case binaryUpgrade = 0x62  // b
        case showSetting = 0x43  // C
        case setting = 0x63  // c
        case longSetting = 0x2d  // -
        case dataDirectory = 0x44  // D
        case debugLevel = 0x64  // d
        case echo = 0x45  // E
        case europeanDates = 0x65  // e
        case fsyncOff = 0x46  // F
        case planOff = 0x66  // f
        case host = 0x68  // h
        case anyHost = 0x69  // i
        case semicolonNewline = 0x6a  // j
        case socketDirectory = 0x6b  // k
        case ssl = 0x6c  // l
        case maximumConnections = 0x4e  // N
        case noReinitialization = 0x6e  // n
        case systemTables = 0x4f  // O
        case systemIndexes = 0x50  // P
        case port = 0x70  // p
        case outputFile = 0x72  // r
        case workMemory = 0x53  // S
        case statistics = 0x73  // s
        case stopOnCrash = 0x54  // T
        case timings = 0x74  // t
        case protocolVersion = 0x76  // v
        case authenticationDelay = 0x57  // W

        enum Refused: Error { case missingValue, unknownArgument }

        var takesArgument: Bool {
            switch self {
            case .sharedBuffers, .showSetting, .setting, .longSetting, .dataDirectory, .debugLevel, .planOff,
                .host,
                .socketDirectory, .maximumConnections, .port, .outputFile, .workMemory, .timings,
                .protocolVersion,
                .authenticationDelay:
                true
            case .binaryUpgrade, .echo, .europeanDates, .fsyncOff, .anyHost, .semicolonNewline, .ssl,
                .noReinitialization, .systemTables, .systemIndexes, .statistics, .stopOnCrash:
                false
            }
        }

        func settings(_ argument: [UInt8]) throws(Refused) -> [Setting] {
            func set(_ name: String) -> [Setting] { [Setting(name: Array(name.utf8), value: argument)] }
            switch self {
            case .setting, .longSetting: return [try Self.assignment(argument)]
            case .sharedBuffers: return set("shared_buffers")
            case .debugLevel: return Self.debugSettings(argument)
            case .europeanDates: return [Setting("datestyle", "euro")]
            case .fsyncOff: return [Setting("fsync", "false")]
            case .planOff: return [Setting(try Self.plan(argument), "false")]
            case .host: return set("listen_addresses")
            case .anyHost: return [Setting("listen_addresses", "*")]
            case .socketDirectory: return set("unix_socket_directories")
            case .ssl: return [Setting("ssl", "true")]
            case .maximumConnections: return set("max_connections")
            case .systemTables: return [Setting("allow_system_table_mods", "true")]
            case .systemIndexes: return [Setting("ignore_system_indexes", "true")]
            case .port: return set("port")
            case .workMemory: return set("work_mem")
            case .statistics: return [Setting("log_statement_stats", "true")]
            case .timings: return [Setting(try Self.timing(argument), "true")]
            case .authenticationDelay: return set("post_auth_delay")
            // Taken from the postmaster alone, or from nobody: a session may write them, and nothing happens.
            case .binaryUpgrade, .showSetting, .dataDirectory, .echo, .semicolonNewline, .noReinitialization,
                .outputFile, .stopOnCrash, .protocolVersion:
                return []
            }
        }

        /// `ParseLongOption`: up to the first `=`, with `_` for `-` in the name.
        private static func assignment(_ argument: [UInt8]) throws(Refused) -> Setting {
            guard let equals = argument.firstIndex(of: 0x3d) else { throw .missingValue }
            let name = argument[..<equals].map { $0 == 0x2d ? 0x5f : $0 }
            return Setting(name: name, value: Array(argument[(equals + 1)...]))
        }

        private static func plan(_ argument: [UInt8]) throws(Refused) -> String {
            switch argument.first {
            case UInt8(ascii: "s"): return "enable_seqscan"
            case UInt8(ascii: "i"): return "enable_indexscan"
            case UInt8(ascii: "o"): return "enable_indexonlyscan"
            case UInt8(ascii: "b"): return "enable_bitmapscan"
            case UInt8(ascii: "t"): return "enable_tidscan"
            case UInt8(ascii: "n"): return "enable_nestloop"
            case UInt8(ascii: "m"): return "enable_mergejoin"
            case UInt8(ascii: "h"): return "enable_hashjoin"
            default: throw .unknownArgument
            }
        }

        private static func timing(_ argument: [UInt8]) throws(Refused) -> String {
            if argument.starts(with: "pa".utf8) { return "log_parser_stats" }
            if argument.starts(with: "pl".utf8) { return "log_planner_stats" }
            if argument.starts(with: "e".utf8) { return "log_executor_stats" }
            throw .unknownArgument
        }

        /// `set_debug_options` of `atoi`'s number.
        private static func debugSettings(_ argument: [UInt8]) -> [Setting] {
            let level = number(argument)
            var settings = [Setting("log_min_messages", level > 0 ? "debug\(level)" : "notice")]
            if level >= 2 { settings.append(Setting("log_statement", "all")) }
            if level >= 3 { settings.append(Setting("debug_print_parse", "true")) }
            if level >= 4 { settings.append(Setting("debug_print_plan", "true")) }
            if level >= 5 { settings.append(Setting("debug_print_rewritten", "true")) }
            return settings
        }

        /// `atoi`: leading whitespace, a sign, digits; anything else is 0. Too large a number saturates as a
        /// long does, and is then cut to an int.
        private static func number(_ argument: [UInt8]) -> Int32 {
            var digits = argument.drop(while: ASCII.isSpace)
            let isNegative = digits.first == UInt8(ascii: "-")
            if isNegative || digits.first == UInt8(ascii: "+") { digits = digits.dropFirst() }
            var value: Int64 = 0
            for digit in digits.prefix(while: { (0x30...0x39).contains($0) }) {
                let (tenfold, overflow) = value.multipliedReportingOverflow(by: 10)
                let (sum, overflowAgain) = tenfold.addingReportingOverflow(Int64(digit &- 0x30))
                if overflow || overflowAgain { return isNegative ? 0 : -1 }
                value = sum
            }
            return Int32(truncatingIfNeeded: isNegative ? 0 &- value : value)
        }
    }
}
