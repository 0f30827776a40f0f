import Console
import GatewayConfiguration
import GatewayIdentity
import GatewayPolicy
import GatewayRouting

/// The tables' columns, which have the names of the records' keys and of the admin calls', and their rows.
extension GatewayConsole {
    static let sessionColumns: [TableColumn] = [
        TableColumn("session"), TableColumn("state"), TableColumn("region"), TableColumn("replica"),
        TableColumn("database"), TableColumn("role"), TableColumn("issuer"), TableColumn("subject"),
        TableColumn("planner"), TableColumn("task"), TableColumn("token_id"), TableColumn("client"),
        TableColumn("application"), TableColumn("rule"), TableColumn("expires", .integer),
        TableColumn("duration_us", .integer), TableColumn("statements", .integer),
        TableColumn("bytes_in", .integer), TableColumn("bytes_out", .integer),
    ]

    static func row(_ session: SessionSummary) -> [ConsoleValue] {
        [
            .text(session.session), .text(session.state.rawValue), ConsoleValue(session.region),
            ConsoleValue(session.replica), ConsoleValue(session.database), ConsoleValue(session.role),
            .text(session.issuer), .text(session.subject), ConsoleValue(session.planner),
            ConsoleValue(session.task), ConsoleValue(session.tokenID), .text(session.client),
            ConsoleValue(session.application), ConsoleValue(session.rule), .integer(session.expires),
            .integer(Int64(clamping: session.durationMicroseconds)), ConsoleValue(session.statements),
            .integer(Int64(clamping: session.bytesIn)), .integer(Int64(clamping: session.bytesOut)),
        ]
    }

    static let replicaColumns: [TableColumn] = [
        TableColumn("replica"), TableColumn("database"), TableColumn("region"), TableColumn("kind"),
        TableColumn("recovery"), TableColumn("health"), TableColumn("failure"),
        TableColumn("failure_reason"), TableColumn("failures_in_a_row", .integer),
        TableColumn("attested", .boolean), TableColumn("difference"), TableColumn("difference_reason"),
        TableColumn("quarantine"), TableColumn("quarantine_reason"), TableColumn("maintenance", .boolean),
        TableColumn("lag_seconds", .real), TableColumn("lag_bytes", .integer),
        TableColumn("round_trip_us", .integer), TableColumn("timeline", .integer),
        TableColumn("read_only", .boolean), TableColumn("connections_left", .integer),
        TableColumn("sessions", .integer), TableColumn("probe_age_seconds", .real), TableColumn("address"),
        TableColumn("system_identifier"), TableColumn("server_version", .integer),
    ]

    static func row(_ replica: ReplicaSummary) -> [ConsoleValue] {
        let status = replica.status
        return [
            .text(replica.id.replica), .text(replica.id.database), .text(replica.region),
            .text(replica.kind.rawValue), ConsoleValue(status.recovery?.rawValue),
            .text(status.health.rawValue), ConsoleValue(status.failure?.label),
            ConsoleValue(status.failure?.description), ConsoleValue(status.failuresInARow),
            ConsoleValue(status.attested), ConsoleValue(status.difference?.label),
            ConsoleValue(status.difference?.description), ConsoleValue(status.quarantined?.label),
            ConsoleValue(status.quarantined?.description), ConsoleValue(replica.maintenance),
            seconds(status.lag), integer(status.lagBytes.map { Int64(clamping: $0) }),
            integer(status.roundTrip.map { $0.wholeNanoseconds / 1000 }),
            integer(status.timeline.map { Int64($0) }), ConsoleValue(status.readOnly),
            ConsoleValue(status.connectionsLeft), ConsoleValue(replica.sessions),
            seconds(replica.sinceProbe), ConsoleValue(status.address?.text),
            ConsoleValue(status.systemIdentifier), ConsoleValue(status.serverVersion),
        ]
    }

    private static func integer(_ number: Int64?) -> ConsoleValue { number.map { .integer($0) } ?? .null }

    private static func seconds(_ duration: Duration?) -> ConsoleValue {
        duration.map { .real(Double($0.wholeNanoseconds / 1_000_000) / 1000) } ?? .null
    }

    static let issuerColumns: [TableColumn] = [
        TableColumn("issuer"), TableColumn("audience"), TableColumn("algorithms"),
        TableColumn("keys_from"), TableColumn("introspection"), TableColumn("usable", .boolean),
        TableColumn("keys", .integer), TableColumn("skipped", .integer),
        TableColumn("age_seconds", .integer), TableColumn("last_error"), TableColumn("fetches", .integer),
        TableColumn("failures", .integer),
    ]

    static func row(_ issuer: Issuer, _ keys: IssuerKeysStatus?) -> [ConsoleValue] {
        let from =
            switch issuer.keys {
            case .discovery: "discovery"
            case .url(let url): url
            case .file(let file): file
            }
        return [
            .text(issuer.issuer), list(issuer.audience), list(issuer.algorithms.map { "\($0.rawValue)" }),
            .text(from), ConsoleValue(issuer.introspection?.endpoint), ConsoleValue(keys?.usable),
            ConsoleValue(keys?.count), ConsoleValue(keys?.skipped), integer(keys?.ageSeconds),
            ConsoleValue(keys?.lastError), ConsoleValue(keys?.fetches), ConsoleValue(keys?.failures),
        ]
    }

    static let ruleColumns: [TableColumn] = [
        TableColumn("position", .integer), TableColumn("rule"), TableColumn("line", .integer),
        TableColumn("mode"), TableColumn("who"), TableColumn("databases"), TableColumn("regions"),
        TableColumn("roles"), TableColumn("access"), TableColumn("forbid"), TableColumn("transit"),
        TableColumn("replicates", .boolean), TableColumn("replication", .boolean),
        TableColumn("temporary"), TableColumn("capture"),
    ]

    static func row(_ position: Int, _ rule: Rule) -> [ConsoleValue] {
        let capture = [
            ("parameters", rule.capture.parameters?.rawValue), ("literals", rule.capture.literals?.rawValue),
            ("copy", rule.capture.copy?.rawValue),
        ].compactMap { name, word in word.map { "\(name): \($0)" } }
        return [
            ConsoleValue(position + 1), .text(rule.name), ConsoleValue(rule.line),
            .text(rule.mode.rawValue), .text(text(rule.who)), list(rule.databases.map(\.text)),
            list(rule.regions), list(rule.roles), .text(rule.access.rawValue),
            list(rule.forbid.map(\.rawValue).sorted()), list(rule.transit), ConsoleValue(rule.replicates),
            ConsoleValue(rule.replication), .text(rule.forbidsTemporary ? "forbid" : "allow"),
            list(capture),
        ]
    }

    /// A condition as a configuration would have it, on one line.
    private static func text(_ condition: Condition) -> String {
        switch condition {
        case .claim(let name, let patterns): "\(name): [\(patterns.map(\.text).joined(separator: ", "))]"
        case .all(let conditions): "{ \(conditions.map(text).joined(separator: ", ")) }"
        case .any(let conditions): "any: [\(conditions.map(text).joined(separator: ", "))]"
        }
    }

    static let logColumns: [TableColumn] = [
        TableColumn("region"), TableColumn("folder"), TableColumn("first", .integer),
        TableColumn("end", .integer), TableColumn("durable", .integer), TableColumn("failure"),
        TableColumn("durability"),
    ]

    /// A list as JSON, which json_each takes apart.
    private static func list(_ values: [String]) -> ConsoleValue {
        let quoted = values.map { value -> String in
            var text = "\""
            for scalar in value.unicodeScalars {
                switch scalar {
                case "\"": text += "\\\""
                case "\\": text += "\\\\"
                case let control where control.value < 0x20: text += "\u{FFFD}"
                default: text.unicodeScalars.append(scalar)
                }
            }
            return text + "\""
        }
        return .text("[" + quoted.joined(separator: ",") + "]")
    }
}
