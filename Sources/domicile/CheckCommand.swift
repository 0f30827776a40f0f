import ArgumentParser
import Foundation
import Gateway
import GatewayConfiguration

/// `domicile check`: every mistake of a configuration in one run.
struct CheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Validate a configuration: every mistake in one run.",
        discussion: """
            Each finding is printed as FILE:LINE:COLUMN: mistake|warning: what was found and what was expected. The \
            exit status is 78 where there is a mistake, 0 otherwise; warnings do not change it. With --connect it is 1 where \
            a replica is not reached or not what it should be, a role is not let in, the health role lacks a right, or a \
            destination of audit.ship is not reached or lacks a table or a right; what roles may do beyond their rules is \
            listed with the statement that ends it.
            """)

    @Option(name: .long, help: ArgumentHelp("The configuration file.", valueName: "file"))
    var config: String?

    @Flag(
        name: .long,
        help:
            "Also try every replica, role and destination from this machine, and look at what the roles may do there."
    )
    var connect = false

    @Flag(name: .long, help: "Print JSON.")
    var json = false

    @Flag(name: .long, help: "Print every key of the configuration as Markdown tables, and check nothing.")
    var printReference = false

    func validate() throws {
        guard config != nil || printReference else {
            throw ValidationError("Missing expected argument '--config <file>'")
        }
    }

    func run() async throws {
        if printReference {
            print(ConfigurationReference.markdown, terminator: "")
            return
        }
        guard let config else { return }
        let reading = ConfigurationFile.load(path: config, materials: .openSSL)
        var report = CheckReport(reading, file: config)
        if !json {
            for finding in reading.findings { print(finding) }
            print(report.summary)
        }
        if connect, let configuration = reading.configuration {
            let found = ConnectReport(
                await ConnectCheck.examine(configuration),
                destinations: await ConnectCheck.examineDestinations(configuration))
            report.connect = found
            if !json { print(found.text) }
        }
        if json { print(try report.json) }
        guard reading.configuration != nil else { throw ExitCode(CheckCommand.wrongConfiguration) }
        if report.connect?.ok == false { throw ExitCode.failure }
    }

    /// EX_CONFIG of sysexits.h.
    static let wrongConfiguration: Int32 = 78
}

/// What `check` prints besides the findings.
struct CheckReport: Encodable {
    struct Finding: Encodable {
        var severity: String
        var file: String
        var line: Int
        var column: Int
        var message: String
    }
    var file: String
    var ok: Bool
    var mistakes: Int
    var warnings: Int
    var digest: String?
    var findings: [Finding]
    /// With `--connect`, where there is no mistake.
    var connect: ConnectReport?
    private var contents: String?

    enum CodingKeys: String, CodingKey { case file, ok, mistakes, warnings, digest, findings, connect }

    init(_ reading: ConfigurationReading, file: String) {
        self.file = file
        ok = reading.configuration != nil
        mistakes = reading.findings.filter { $0.severity == .mistake }.count
        warnings = reading.findings.count - mistakes
        digest = reading.configuration?.digest
        findings = reading.findings.map { finding in
            Finding(
                severity: finding.severity.rawValue, file: finding.file, line: finding.line,
                column: finding.column, message: finding.message)
        }
        contents = reading.configuration.map { configuration in
            let replicas = configuration.databases.reduce(0) { $0 + $1.replicas.count }
            return [
                CheckReport.count(configuration.listeners.count, "listener"),
                CheckReport.count(configuration.issuers.count, "issuer"),
                CheckReport.count(configuration.regions.count, "region"),
                CheckReport.count(configuration.databases.count, "database"),
                CheckReport.count(replicas, "replica"), CheckReport.count(configuration.rules.count, "rule"),
            ].joined(separator: ", ")
        }
    }

    var summary: String {
        let counts = "\(CheckReport.count(mistakes, "mistake")), \(CheckReport.count(warnings, "warning"))"
        guard let contents else { return "\(file): \(counts)" }
        return warnings == 0 ? "\(file): ok: \(contents)" : "\(file): ok: \(contents); \(counts)"
    }

    var json: String {
        get throws { try JSONText.of(self) }
    }

    static func count(_ number: Int, _ noun: String) -> String {
        "\(number) \(noun)\(number == 1 ? "" : "s")"
    }
}

/// JSON as the commands print it: keys in alphabetical order, so that two runs compare.
enum JSONText {
    static func of(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }
}
