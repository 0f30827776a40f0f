import ArgumentParser
import Audit
import Foundation
import Gateway
import GatewayConfiguration
import GatewayPolicy

/// `domicile policy test FILE…`: a policy's own unit tests.
struct PolicyTestCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "test",
        abstract: "Run a policy's unit tests: given claims and a request, expect a decision.",
        discussion: """
            Each file names its configuration relative to itself, or --config names one for all. Of the configuration \
            the policy alone counts: secrets and the files that it names need not be there. A line is printed for each \
            case that failed and for each rule that no case matched. The exit status is 0 where all cases passed, 1 \
            where one failed (or, with --require-coverage, a rule has no case), 78 where a file is wrong.
            """)

    @Argument(help: "Files with cases (docs/policy.md).")
    var files: [String]

    @Option(name: .long, help: ArgumentHelp("The configuration, for all files.", valueName: "file"))
    var config: String?

    @Option(name: .long, help: ArgumentHelp("Write the results as JUnit's XML.", valueName: "file"))
    var junit: String?

    @Flag(name: .long, help: "A rule that no case matches is a failure.")
    var requireCoverage = false

    @Flag(name: .long, help: "Print JSON.")
    var json = false

    func run() throws {
        let runs = try self.runs()
        var byConfiguration: [(configuration: Configuration, runs: [PolicyTestRun])] = []
        for run in runs {
            if let at = byConfiguration.firstIndex(where: { $0.configuration.file == run.configuration.file })
            {
                byConfiguration[at].runs.append(run)
            } else {
                byConfiguration.append((run.configuration, [run]))
            }
        }
        let uncovered = byConfiguration.map { PolicyTestRun.uncovered($0.runs) }
        let coverage = zip(byConfiguration, uncovered).map { PolicyCoverage($0.configuration, uncovered: $1) }
        if let junit { try write(runs, coverage, to: junit) }
        let report = PolicyTestReport(runs, coverage, coverageIsRequired: requireCoverage)
        print(json ? try JSONText.of(report) : report.text)
        if !report.ok { throw ExitCode.failure }
    }

    /// Reads every file before one is run: what is wrong with any of them is said in one go.
    private func runs() throws -> [PolicyTestRun] {
        var findings: [ConfigurationMistake] = []
        var configurations: [String: Configuration] = [:]
        var runs: [PolicyTestRun] = []
        for file in files {
            let tests: PolicyTestFile
            switch PolicyTestFile.load(path: file) {
            case .mistaken(let mistakes):
                findings += mistakes
                continue
            case .valid(let read): tests = read
            }
            guard let path = config ?? tests.configuration else {
                findings.append(
                    ConfigurationMistake(
                        severity: .mistake, file: file, line: 1, column: 1,
                        message: "missing key `configuration`; expected it, or --config"))
                continue
            }
            if configurations[path] == nil {
                let reading = ConfigurationFile.load(path: path, purpose: .policy)
                configurations[path] = reading.configuration
                if reading.configuration == nil { findings += reading.findings }
            }
            guard let configuration = configurations[path] else { continue }
            runs.append(PolicyTestRun(tests, configuration: configuration))
        }
        var seen: Set<ConfigurationMistake> = []
        findings = findings.filter { $0.severity == .mistake && seen.insert($0).inserted }
        guard findings.isEmpty else {
            for finding in findings { StandardError.print("\(finding)") }
            throw ExitCode(CheckCommand.wrongConfiguration)
        }
        return runs
    }

    private func write(_ runs: [PolicyTestRun], _ coverage: [PolicyCoverage], to path: String) throws {
        var report = JUnitReport()
        for run in runs { report.add(run) }
        if requireCoverage {
            for part in coverage {
                report.addCoverage(of: part.configuration, uncovered: part.uncovered.map(\.description))
            }
        }
        do {
            try Data(report.xml.utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
        } catch {
            StandardError.print("domicile: \(path): \(error.localizedDescription)")
            throw ExitCode.failure
        }
    }
}

/// Which rules of a configuration no case matched.
struct PolicyCoverage: Encodable {
    struct UncoveredRule: Encodable, CustomStringConvertible {
        var name: String
        var file: String
        var line: Int
        var column: Int
        var description: String { "\(file):\(line):\(column): rule \(name)" }
    }
    var configuration: String
    var digest: String
    var rules: Int
    var uncovered: [UncoveredRule]

    init(_ configuration: Configuration, uncovered: [Rule]) {
        self.configuration = configuration.file
        digest = configuration.digest
        rules = configuration.rules.count { $0.mode == .enforce }
        self.uncovered = uncovered.map { rule in
            UncoveredRule(
                name: rule.name, file: configuration.file, line: rule.line ?? 1, column: rule.column ?? 1)
        }
    }
}

/// What `policy test` prints.
struct PolicyTestReport: Encodable {
    struct File: Encodable {
        var file: String
        var cases: [Case]
    }
    struct Case: Encodable {
        var name: String
        var line: Int
        var column: Int
        var passed: Bool
        /// The rule that decided.
        var rule: String?
        var differences: [Difference]
    }
    struct Difference: Encodable {
        var key: String
        var expected: String
        var got: String
    }
    var ok: Bool
    var cases: Int
    var failed: Int
    var files: [File]
    var coverage: [PolicyCoverage]

    init(_ runs: [PolicyTestRun], _ coverage: [PolicyCoverage], coverageIsRequired: Bool) {
        self.coverage = coverage
        files = runs.map { run in
            File(
                file: run.file,
                cases: run.outcomes.map { outcome in
                    Case(
                        name: outcome.test.name, line: outcome.test.line, column: outcome.test.column,
                        passed: outcome.passed, rule: outcome.answer.rule,
                        differences: outcome.differences.map {
                            Difference(key: $0.key, expected: $0.expected, got: $0.got)
                        })
                })
        }
        cases = runs.reduce(0) { $0 + $1.outcomes.count }
        failed = runs.reduce(0) { $0 + $1.failed }
        let isCovered = coverage.allSatisfy(\.uncovered.isEmpty)
        ok = failed == 0 && (isCovered || !coverageIsRequired)
    }

    var text: String {
        var lines: [String] = []
        for file in files {
            for test in file.cases where !test.passed {
                let what = test.differences.map { "\($0.key): expected \($0.expected), got \($0.got)" }
                lines.append(
                    "\(file.file):\(test.line):\(test.column): failed: \(test.name): "
                        + what.joined(separator: "; "))
            }
        }
        lines += coverage.flatMap(\.uncovered).map { "\($0.description): matched by no case" }
        let rules = coverage.reduce(0) { $0 + $1.rules }
        let covered = rules - coverage.reduce(0) { $0 + $1.uncovered.count }
        lines.append("\(cases) cases, \(failed) failed; \(covered) of \(rules) rules matched")
        return lines.map(VisibleText.of).joined(separator: "\n")
    }
}
