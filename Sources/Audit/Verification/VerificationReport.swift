import AuditTree

/// What a verification found.
package struct VerificationReport: Sendable, Equatable {
    /// Something that is not as it must be.
    package struct Finding: Sendable, Equatable {
        /// The record that it is about, or from which on.
        package let seq: UInt64?
        /// The file in which it is.
        package let path: String
        package let reason: String
    }

    /// Findings that are kept; beyond them they are only counted.
    package static let findingLimit = 1000

    /// The log's own words: its region and origin.
    package var region: String?
    package var origin: String?
    /// It was closed for ever.
    package var isSealed = false
    /// The first record that is there, and one past the last one.
    package var first: UInt64 = 0
    package var end: UInt64 = 0
    /// Checkpoints, and records that the last of them covers.
    package var checkpoints: UInt64 = 0
    package var covered: UInt64 = 0
    /// The keys that signed checkpoints, in the order in which they did.
    package var signers: [VerifierKey] = []
    /// Whether a key from outside vouches for the log: without one it is only consistent with itself.
    package var hasKey = false
    /// Older checkpoints from outside that the log was found to go on from.
    package var confirmed: Int = 0
    /// Statements that have no outcome.
    package var withoutOutcome = 0
    /// Records that were removed by retention: a `log.pruned` record says so.
    package var pruned: UInt64 = 0
    /// The number of that record.
    package var pruning: UInt64?
    package private(set) var findings: [Finding] = []
    package private(set) var findingCount = 0

    package init() {}

    /// A log that is not where it was looked for.
    /// - Parameters:
    ///   - root: where that was.
    ///   - origin: of its key.
    package init(missing root: String, origin: String) {
        self.origin = origin
        add(nil, root, "there is no log \(origin), and its key was given")
    }

    /// As for an origin, where a configuration names the log's region.
    package init(missing root: String, region: String) {
        self.region = region
        add(nil, root, "there is no log of the region \(region), and the configuration names it")
    }

    /// Nothing is wrong, and a key says so.
    package var isVerified: Bool { hasKey && findingCount == 0 }

    mutating func add(_ seq: UInt64?, _ path: String, _ reason: String) {
        findingCount += 1
        guard findings.count < VerificationReport.findingLimit else { return }
        findings.append(Finding(seq: seq, path: path, reason: reason))
    }
}
