/// What an audit record is about: the key `type`.
package enum RecordType: Sendable, Hashable, CaseIterable {
    case sessionStart
    case sessionRefused
    case sessionEnd
    case query
    case parse
    case bind
    case execute
    case functionCall
    case copy
    case cancel
    case outcome
    case admin
    case text
    case logRecovered
    case logRotatedKey
    case logPruned
    case logSealed

    /// The name as it stands in a record.
    package var name: String { staticName.description }

    var staticName: StaticString {
        switch self {
        case .sessionStart: "session.start"
        case .sessionRefused: "session.refused"
        case .sessionEnd: "session.end"
        case .query: "query"
        case .parse: "parse"
        case .bind: "bind"
        case .execute: "execute"
        case .functionCall: "function_call"
        case .copy: "copy"
        case .cancel: "cancel"
        case .outcome: "outcome"
        case .admin: "admin"
        case .text: "text"
        case .logRecovered: "log.recovered"
        case .logRotatedKey: "log.rotated_key"
        case .logPruned: "log.pruned"
        case .logSealed: "log.sealed"
        }
    }
}
