import GatewayCatalog
import GatewayRouting
import GatewayServers

/// Why there is no catalogue snapshot of a replica, or no newer one.
package enum CatalogFailure: Error, Sendable, Hashable, CustomStringConvertible {
    /// Nothing was read yet: the replica was not healthy and attested so far.
    case notReadYet
    case replica(ProbeFailure)
    /// The connection's server is not the replica.
    case difference(AttestationFailure)
    /// More rows or bytes than are read.
    case tooLarge
    case unexpectedAnswer(String)
    /// The reader was told to stop.
    case stopped

    package var description: String {
        switch self {
        case .notReadYet: "not read yet"
        case .replica(let failure): "\(failure)"
        case .difference(let difference): "\(difference)"
        case .tooLarge: "more rows or bytes than are read"
        case .unexpectedAnswer(let what): "unexpected answer: \(what)"
        case .stopped: "stopped"
        }
    }
}

/// What is known of a replica's catalogue.
package struct CatalogState: Sendable {
    /// nil: none could be read, or the last one was not confirmed for too long.
    package internal(set) var published: PublishedCatalog?
    /// The number of the newest snapshot, that was given up or not; 0: there was none.
    package internal(set) var number = 0
    /// Monotonic time in nanoseconds at which the catalogue was last seen to be as the snapshot has it.
    package internal(set) var confirmedAt: Int64?
    /// Monotonic time in nanoseconds after which the snapshot does not hold any more; nil: it holds for ever.
    var validUntil: Int64?
    /// Why the newest reading failed; nil after one that did not.
    package internal(set) var failure: CatalogFailure? = .notReadYet

    package init() {}

    package var snapshot: CatalogSnapshot? { published?.snapshot }

    /// Time since the snapshot was confirmed; nil: there is none.
    package var age: Duration? {
        guard published != nil, let confirmedAt else { return nil }
        return .nanoseconds(max(0, ServerClock.now() &- confirmedAt))
    }
}
