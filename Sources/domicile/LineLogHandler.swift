import Foundation
import GatewayConfiguration
import Logging

/// Writes each event of the operational log as one line to standard error: RFC 3339 time in UTC, level, message,
/// key=value. What executors do is in the audit log, not here.
struct LineLogHandler: LogHandler {
    /// The log's own, unless a logger was given another.
    var logLevel: Logger.Level {
        get { ownLevel ?? log.level }
        set { ownLevel = newValue }
    }
    var metadata: Logger.Metadata = [:]
    var metadataProvider: Logger.MetadataProvider?
    private var ownLevel: Logger.Level?
    private let log: OperationalLog

    init(_ log: OperationalLog) { self.log = log }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        var all = metadata
        if let provided = metadataProvider?.get() { all.merge(provided) { _, new in new } }
        if let own = event.metadata { all.merge(own) { _, new in new } }
        if let error = event.error { all["error"] = "\(error)" }
        let pairs = all.map { (key: $0.key, value: "\($0.value)") }.sorted { $0.key < $1.key }
        StandardError.print(
            LineLogHandler.line(
                log.format, time: Date(), level: event.level, message: "\(event.message)", pairs: pairs))
    }

    static func line(
        _ format: OperationalLogSettings.Format, time: Date, level: Logger.Level, message: String,
        pairs: [(key: String, value: String)]
    ) -> String {
        let stamp = time.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
        switch format {
        case .text:
            let fields = pairs.map { " \($0.key)=\(quoted($0.value))" }.joined()
            return "\(stamp) \(level.rawValue) \(printable(message))\(fields)"
        case .json:
            var fields = [
                "\"time\":\(json(stamp))", "\"level\":\(json(level.rawValue))",
                "\"message\":\(json(message))",
            ]
            fields += pairs.map { "\(json($0.key)):\(json($0.value))" }
            return "{\(fields.joined(separator: ","))}"
        }
    }

    /// A value as it is where it is one plain word, else in quotes.
    private static func quoted(_ value: String) -> String {
        let isPlain =
            !value.isEmpty && value.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f && $0 != 0x22 && $0 != 0x3d }
        return isPlain ? value : json(value)
    }

    /// Text without characters that could move a terminal's cursor or begin another line.
    private static func printable(_ text: String) -> String {
        var safe = ""
        for scalar in text.unicodeScalars {
            safe.unicodeScalars.append(isUnsafe(scalar) ? "\u{FFFD}" : scalar)
        }
        return safe
    }

    private static func json(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\n": quoted += "\\n"
            default:
                if scalar.value < 0x20 {
                    let digits = String(scalar.value, radix: 16)
                    quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
                } else {
                    quoted.unicodeScalars.append(isUnsafe(scalar) ? "\u{FFFD}" : scalar)
                }
            }
        }
        return quoted + "\""
    }

    private static func isUnsafe(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator: true
        default: false
        }
    }
}
