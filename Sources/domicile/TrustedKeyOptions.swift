import ArgumentParser
import Audit
import AuditTree
import Foundation

/// The keys that the one who checks trusts, from the command line.
struct TrustedKeyOptions: ParsableArguments {
    @Option(
        name: .long,
        help: ArgumentHelp(
            "A key that is trusted: `name+id+base64` as `domicile audit key` prints it, or a file with one a line.",
            discussion:
                "Given several times for logs of several regions, or for a log whose key was exchanged."))
    var key: [String] = []

    @Option(
        name: .long,
        help: ArgumentHelp(
            "A configuration, whose `audit.key` says which keys are trusted.", valueName: "file"))
    var config: String?

    /// Whether nothing is trusted.
    var isEmpty: Bool { key.isEmpty && config == nil }

    /// Lines that a file of keys may have.
    private static let limit = 10_000

    /// - Throws: `ValidationError` where one is no key.
    func keys() throws -> [VerifierKey] {
        try (config.map(TrustedKeyOptions.keys(of:)) ?? []) + given()
    }

    /// The regions of the configuration; none where none is named.
    func regions() throws -> [String] {
        try config.map { try AuditKeys.configuration($0).regions.map(\.name) } ?? []
    }

    /// Those of `--key` alone.
    /// - Throws: `ValidationError` where one is no key.
    func given() throws -> [VerifierKey] {
        var keys: [VerifierKey] = []
        for given in key {
            if let key = VerifierKey(given) {
                keys.append(key)
                continue
            }
            guard let data = FileManager.default.contents(atPath: given) else {
                throw ValidationError("--key: \(given) is neither a key nor a file that can be read.")
            }
            let lines = String(decoding: data, as: UTF8.self).split(whereSeparator: \.isNewline)
                .map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty && !$0.hasPrefix("#") }
            guard !lines.isEmpty, lines.count <= TrustedKeyOptions.limit else {
                throw ValidationError("--key: \(given) holds no key.")
            }
            for line in lines {
                guard let key = VerifierKey(line) else {
                    throw ValidationError("--key: \(given): \(line.prefix(80)) is no key.")
                }
                keys.append(key)
            }
        }
        return keys
    }

    /// Those of a configuration: of each region's log, the newest key last.
    private static func keys(of config: String) throws -> [VerifierKey] {
        let configuration = try AuditKeys.configuration(config)
        guard let path = configuration.audit.key else {
            AuditOutput.note("\(config) names no key: set audit.key")
            throw ExitCode(CheckCommand.wrongConfiguration)
        }
        return try AuditOutput.failing {
            try AuditKeys.verifiers(of: configuration, try AuditKeyFile.load(path)).compactMap {
                VerifierKey($0)
            }
        }
    }
}
