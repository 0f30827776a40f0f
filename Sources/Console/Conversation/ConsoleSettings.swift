/// The session's settings, which SHOW gives and SET takes: a driver reads back what it has set, and nothing depends on it.
struct ConsoleSettings {
    private var values: [String: String]
    private let first: [String: String]

    /// Those that a client is told of, at login and when they change, by PostgreSQL's names.
    static let reported = [
        "application_name", "client_encoding", "DateStyle", "default_transaction_read_only", "in_hot_standby",
        "integer_datetimes", "IntervalStyle", "is_superuser", "server_encoding", "server_version",
        "session_authorization", "standard_conforming_strings", "TimeZone",
    ]

    /// Settings that there are and cannot be set.
    private static let fixed: Set<String> = [
        "in_hot_standby", "integer_datetimes", "is_superuser", "server_encoding", "server_version",
        "server_version_num", "session_authorization", "max_identifier_length", "block_size",
    ]

    private static let otherStyles: Set<Substring> = ["GERMAN", "SQL", "POSTGRES"]
    private static let settingLimit = 256

    init(serverVersion: String, subject: String, application: String?) {
        let parts = serverVersion.split(separator: ".").map { Int($0.prefix { $0.isNumber }) ?? 0 }
        let number = (parts.first ?? 15) * 10_000 + (parts.count > 1 ? parts[1] : 0)
        values = [
            "application_name": application ?? "", "client_encoding": "UTF8", "datestyle": "ISO, MDY",
            "default_transaction_read_only": "on", "transaction_read_only": "on", "in_hot_standby": "off",
            "integer_datetimes": "on", "intervalstyle": "postgres", "is_superuser": "off",
            "server_encoding": "UTF8", "server_version": serverVersion, "server_version_num": "\(number)",
            "session_authorization": subject, "standard_conforming_strings": "on", "timezone": "UTC",
            "search_path": "public", "extra_float_digits": "1", "transaction_isolation": "serializable",
            "default_transaction_isolation": "serializable",
            "statement_timeout":
                "\(ConsoleLimits.time.components.seconds)s", "max_identifier_length": "63",
            "bytea_output": "hex",
            "lc_collate": "C", "lc_ctype": "C.UTF-8", "block_size": "8192", "max_index_keys": "32",
        ]
        first = values
    }

    /// The value, as SHOW gives it.
    func show(_ name: String) throws(ConsoleError) -> String {
        guard let value = values[name.lowercased()] else {
            throw ConsoleError("42704", "unrecognized configuration parameter \"\(name)\"")
        }
        return value
    }

    /// - Returns: the name and value that the client has to be told of, where it has.
    mutating func set(_ name: String, _ value: String) throws(ConsoleError) -> (String, String)? {
        let folded = name.lowercased()
        guard !ConsoleSettings.fixed.contains(folded) else {
            throw ConsoleError("55P02", "parameter \"\(name)\" cannot be changed")
        }
        var value = value
        switch folded {
        case "client_encoding":
            let plain = value.uppercased().filter { $0.isLetter || $0.isNumber }
            guard ["UTF8", "UNICODE", "DEFAULT"].contains(plain) else {
                throw ConsoleError(
                    "22023", "invalid value for parameter \"client_encoding\": \"\(value)\"",
                    hint: "The database domicile answers in UTF8.")
            }
            value = "UTF8"
        case "default_transaction_read_only", "transaction_read_only":
            guard ["on", "true", "1", "yes"].contains(value.lowercased()) else { throw .readOnly("a write") }
            value = "on"
        case "datestyle" where value.lowercased() != "default":
            // Drivers read times by what they are told of this.
            let words = value.uppercased().split(whereSeparator: { ", ".contains($0) })
            guard words.contains("ISO") || !words.contains(where: ConsoleSettings.otherStyles.contains) else {
                throw ConsoleError("22023", "DateStyle is ISO in the database domicile")
            }
            value = "ISO, " + (words.first { ["MDY", "DMY", "YMD"].contains($0) } ?? "MDY")
        case "standard_conforming_strings":
            guard ["on", "true", "1", "yes"].contains(value.lowercased()) else {
                throw ConsoleError("22023", "standard_conforming_strings is on in the database domicile")
            }
            value = "on"
        default: break
        }
        if value.lowercased() == "default" { value = first[folded] ?? "" }
        guard values[folded] != nil || values.count < ConsoleSettings.settingLimit else {
            throw ConsoleError("53400", "too many settings")
        }
        values[folded] = value
        return ConsoleSettings.reported.first { $0.lowercased() == folded }.map { ($0, value) }
    }

    mutating func reset(_ name: String) {
        if name == "all" {
            values = first
        } else if let value = first[name.lowercased()] {
            values[name.lowercased()] = value
        }
    }

    var all: [(String, String)] { values.sorted { $0.key < $1.key }.map { ($0.key, $0.value) } }

    /// What a client is told at login.
    var report: [(String, String)] {
        ConsoleSettings.reported.map { ($0, values[$0.lowercased()] ?? "") }
    }
}
