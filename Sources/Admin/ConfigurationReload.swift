import Gateway
import GatewayConfiguration

/// Reads the configuration again and has the gateway take it over, whole or not at all: what SIGHUP does.
package protocol ConfigurationReload: Sendable {
    func reload(for asker: OperatorIdentity) async throws(OperationFailure) -> ReloadReport
}

/// What a reload came to.
package struct ReloadReport: Codable, Sendable {
    package struct Finding: Codable, Sendable {
        package var severity: String
        package var file: String
        package var line: Int
        package var column: Int
        package var message: String

        package var text: String { "\(file):\(line):\(column): \(severity): \(message)" }
    }

    package var reloaded: Bool
    /// Digests of the configuration that holds now, and of the one before.
    package var policy: String
    package var previous: String
    /// What changed, by name.
    package var changes: [String]
    /// Keys that changed and hold after a restart only.
    package var restart: [String]
    /// Mistakes and warnings of the file, in its order.
    package var findings: [Finding]
    /// Why it was not taken; absent where it was.
    package var error: String?

    package init(
        policy: String, previous: String, changes: [String], restart: [String],
        findings: [ConfigurationMistake]
    ) {
        reloaded = true
        self.policy = policy
        self.previous = previous
        self.changes = changes
        self.restart = restart
        self.findings = findings.map(Finding.init)
    }

    /// The old one goes on.
    package init(refused error: String, policy: String, findings: [ConfigurationMistake]) {
        reloaded = false
        self.policy = policy
        previous = policy
        changes = []
        restart = []
        self.findings = findings.map(Finding.init)
        self.error = error
    }
}

extension ReloadReport.Finding {
    init(_ finding: ConfigurationMistake) {
        self.init(
            severity: finding.severity.rawValue, file: finding.file, line: finding.line,
            column: finding.column, message: finding.message)
    }
}
