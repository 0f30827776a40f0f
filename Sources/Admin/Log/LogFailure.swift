import Audit

/// Why there is no answer about the logs.
package enum LogFailure: Error, Sendable, Hashable {
    /// What was asked for cannot be, as it was asked.
    case wrong(String)
    case unknown(String)
    /// The audit log takes no record of the reading, and so nothing is shown.
    case notRecorded
    /// As many as may be are reading.
    case busy
    /// It took longer than a reading may.
    case tooLong
    case unreadable(String)

    /// The HTTP status code (RFC 9110 section 15).
    package var status: Int {
        switch self {
        case .wrong: 400
        case .unknown: 404
        case .notRecorded, .busy, .tooLong: 503
        case .unreadable: 500
        }
    }

    package var reason: String {
        switch self {
        case .wrong(let reason), .unknown(let reason), .unreadable(let reason): reason
        case .notRecorded: "the audit log takes no record of this"
        case .busy: "as many as may be are reading the logs; ask again"
        case .tooLong:
            "reading the log took too long; ask for less (a shorter time, one region), or again: its index may be being made"
        }
    }

    init(_ error: any Error) {
        switch error {
        case let failure as LogFailure: self = failure
        case AuditError.unproved(_, let reason): self = .unknown(reason)
        default: self = .unreadable("\(error)")
        }
    }
}
