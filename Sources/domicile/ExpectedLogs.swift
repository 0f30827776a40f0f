import Audit
import AuditTree

/// The logs that must be there where a whole audit root is verified: one for each key that was given, one for each region of the
/// configuration.
///
/// A log that is named by its own folder is looked at alone.
struct ExpectedLogs {
    let root: String
    /// Origins of keys.
    let origins: [String]
    /// Names of a configuration's regions.
    let regions: [String]

    /// - Returns: nil where each folder is a log itself.
    init?(in folders: [String], trust: TrustedKeyOptions) throws {
        guard let root = try folders.first(where: { try !LogFollower.isLog($0) }) else { return nil }
        self.root = root
        var origins: [String] = []
        for key in try trust.given() where !origins.contains(key.name) { origins.append(key.name) }
        self.origins = origins
        regions = try trust.regions()
    }

    /// Those that none of the logs is.
    func missing(from reports: [VerificationReport]) -> [VerificationReport] {
        let keys = origins.filter { origin in !reports.contains { $0.origin == origin } }
            .map { VerificationReport(missing: root, origin: $0) }
        // A sealed log is followed by another one.
        let areas = regions.filter { region in !reports.contains { $0.region == region && !$0.isSealed } }
            .map { VerificationReport(missing: root, region: $0) }
        return keys + areas
    }
}
