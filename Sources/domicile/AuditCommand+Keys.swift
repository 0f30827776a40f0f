import ArgumentParser
import Audit
import AuditTree
import Foundation
import Gateway
import GatewayConfiguration

/// `domicile audit init`: the key that signs checkpoints, and the regions' folders.
struct AuditInitCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init",
        abstract: "Make the key that signs checkpoints, and the folders of the regions' logs.",
        discussion: """
            Makes the file that audit.key names, with mode 0600, and prints the verifier key of each region: who checks \
            a log needs it, from elsewhere than the log's folder. A key that is there is not written over; with a key and \
            every folder there, nothing is done. Logs that were not signed until now will be, from their first record on.
            """)

    @Option(name: .long, help: ArgumentHelp("The configuration file.", valueName: "file"))
    var config: String

    func run() throws {
        let configuration = try AuditKeys.configuration(config)
        guard let path = configuration.audit.key else {
            AuditOutput.note("\(config) names no key: set audit.key, such as `audit: { key: audit.key }`")
            throw ExitCode(CheckCommand.wrongConfiguration)
        }
        try AuditOutput.failing {
            if FileManager.default.fileExists(atPath: path) {
                AuditOutput.note("\(path) is there, and is kept")
            } else {
                try AuditKeyFile.create(path)
                AuditOutput.note("\(path): made, mode 0600. Keep a copy where the logs are not")
            }
            let keys = try AuditKeyFile.load(path)
            for region in configuration.regions {
                var settings = AuditLogSettings(of: region, configuration: configuration)
                settings.tree = TreeSettings(of: region, configuration: configuration, keys: keys)
                try AuditLog.prepare(settings)
            }
            for line in try AuditKeys.verifiers(of: configuration, keys) { AuditOutput.write(line) }
        }
    }
}

/// `domicile audit key`: verifier keys, and another key.
struct AuditKeyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "key",
        abstract: "Print the verifier keys of the logs, or make a new signing key.",
        discussion: """
            A verifier key is a line NAME+ID+BASE64 (C2SP signed-note), one for each key that signed or will sign. With \
            --rotate a new key is put first in the file of keys: from its next start on the gateway signs with it, and each \
            log says so in a record that the old key signs. The old one stays in the file.
            """)

    @Option(name: .long, help: ArgumentHelp("The configuration file.", valueName: "file"))
    var config: String?

    @Option(
        name: .long, help: ArgumentHelp("A file of keys, in place of a configuration.", valueName: "file"))
    var key: String?

    @Option(
        name: .long, help: ArgumentHelp("With --key: a log's origin, such as example.com/audit/eu-west-1."))
    var origin: String?

    @Flag(name: .long, help: "Make a new key and put it first.")
    var rotate = false

    func validate() throws {
        guard (config == nil) != (key == nil) else { throw ValidationError("Name --config or --key.") }
        guard key == nil || origin != nil || rotate else { throw ValidationError("--key needs --origin.") }
    }

    func run() throws {
        if let key {
            return try AuditOutput.failing {
                if rotate { try AuditKeyFile.rotate(key) }
                guard let origin else { return }
                for line in try AuditKeys.verifiers(of: origin, try AuditKeyFile.load(key)) {
                    AuditOutput.write(line)
                }
            }
        }
        let configuration = try AuditKeys.configuration(config ?? "")
        guard let path = configuration.audit.key else {
            AuditOutput.note("\(configuration.file) names no key: set audit.key")
            throw ExitCode(CheckCommand.wrongConfiguration)
        }
        try AuditOutput.failing {
            if rotate {
                try AuditKeyFile.rotate(path)
                AuditOutput.note(
                    "\(path) has a new key: restart the gateway, and give its verifier keys to who checks the logs"
                )
            }
            for line in try AuditKeys.verifiers(of: configuration, try AuditKeyFile.load(path)) {
                AuditOutput.write(line)
            }
        }
    }
}

/// What both commands need.
enum AuditKeys {
    /// Reads a configuration of which the key need not be there yet.
    static func configuration(_ path: String) throws -> Configuration {
        let reading = ConfigurationFile.load(path: path)
        guard let configuration = reading.configuration else {
            for finding in reading.findings { StandardError.print("\(finding)") }
            throw ExitCode(CheckCommand.wrongConfiguration)
        }
        return configuration
    }

    /// A line for each region and key, the newest key first.
    static func verifiers(of configuration: Configuration, _ keys: [SigningKey]) throws -> [String] {
        try configuration.regions.flatMap { region in
            let tree = TreeSettings(of: region, configuration: configuration, keys: keys)
            // A log that goes on from a sealed one, or from another host's name, has its own.
            let identity = try LogIdentity.read(folder: region.audit)
            return try verifiers(of: identity?.origin ?? tree.origin(of: region.name), keys)
        }
    }

    static func verifiers(of origin: String, _ keys: [SigningKey]) throws -> [String] {
        try keys.map { key in
            guard let verifier = key.verifier(of: origin) else {
                AuditOutput.note("\(origin) is no origin: no spaces, no control characters, no `+`")
                throw ExitCode(CheckCommand.wrongConfiguration)
            }
            return "\(verifier)"
        }
    }
}
