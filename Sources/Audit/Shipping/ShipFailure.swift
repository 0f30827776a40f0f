import Audit
import GatewayServers

/// Why records did not get to a destination. All but the first are for somebody to mend.
package enum ShipFailure: Error, Sendable, Equatable, CustomStringConvertible {
    case server(ServerFault)
    /// What its tables lack for shipping.
    case lacking([String])
    /// The log's own files cannot be read, or are damaged.
    case log(AuditError)
    /// It took another number of rows than it was sent: something there drops or adds some.
    case rows(sent: UInt64, counted: UInt64)
    /// What it says of its newest row is no number and hash.
    case newest

    /// One line without secrets.
    package var description: String {
        switch self {
        case .server(let fault): fault.description
        case .lacking(let what): what.joined(separator: "; ")
        case .log(let error): "the log: \(error)"
        case .rows(let sent, let counted): "it counted \(counted) rows of \(sent) that were sent"
        case .newest: "its newest row has no number or no hash"
        }
    }

    /// A short, fixed word for metrics.
    package var label: String {
        switch self {
        case .server(let fault): fault.label
        case .lacking: "tables"
        case .log: "log"
        case .rows: "rows"
        case .newest: "newest"
        }
    }
}
