import ArgumentParser
import Audit
import Foundation
import GatewayConfiguration

/// Where the key of digests is.
struct CaptureKeyFile: ParsableArguments {
    @Option(name: .long, help: ArgumentHelp("The configuration that names the key.", valueName: "file"))
    var config: String?

    @Option(name: .long, help: ArgumentHelp("The key's file (audit.capture_key).", valueName: "file"))
    var key: String?

    func validate() throws {
        guard (config == nil) != (key == nil) else { throw ValidationError("Give --config or --key.") }
    }

    /// The configuration, where one was given: of it only what the log is matters.
    func configuration() throws -> Configuration? {
        guard let config else { return nil }
        let reading = ConfigurationFile.load(path: config, purpose: .policy)
        guard let configuration = reading.configuration else {
            for finding in reading.findings where finding.severity == .mistake {
                StandardError.print("\(finding)")
            }
            throw ExitCode(CheckCommand.wrongConfiguration)
        }
        return configuration
    }

    func path(_ configuration: Configuration?) -> String { key ?? configuration?.audit.captureKey ?? "" }
}

/// `domicile audit digest VALUE [FOLDER…]`: whether a value was used, and where.
struct AuditDigestCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "digest",
        abstract: "Find whether a value was used in a session, by its digests.",
        discussion: """
            Looks for the digests that records have of the value (capture: hash) under every key that is known, the current one \
            and those before it: of its text, and of the binary forms of int2, int4, int8, float4, float8, bool, bytea, uuid, \
            date, timestamp and timestamptz where it is a value of those. Also for the SHA-256 of values that were kept and \
            did not fit their records, and of a COPY's data. Without a folder the logs of the configuration are searched. \
            The exit status is 1 where the value is not found.
            """)

    @Argument(
        help:
            "The value; `-` reads it from standard input, up to a newline at its end. Arguments show in the list of processes."
    )
    var value: String

    @Argument(help: "Logs, or folders that hold logs.")
    var folders: [String] = []

    @OptionGroup var file: CaptureKeyFile

    @Flag(help: "Print the value's digests, and search nothing.")
    var digestsOnly = false

    @Flag(help: "Print JSON, one object a line.")
    var json = false

    /// Bytes that are read of standard input.
    private static let limit = 64 << 20

    func validate() throws {
        guard digestsOnly || file.config != nil || !folders.isEmpty else {
            throw ValidationError("Name at least one folder, or give --config or --digests-only.")
        }
    }

    func run() throws {
        let configuration = try file.configuration()
        try AuditOutput.failing {
            let keys = try CaptureKey.known(path: file.path(configuration))
            let search = DigestSearch(of: try bytes(), keys: keys)
            guard !digestsOnly else {
                for digest in search.digests { print(digest) }
                return
            }
            var count = 0
            let logs = try logs(configuration)
            for log in logs {
                let region = try AuditReader(folder: log).region ?? log
                try search.records(in: log) { line, record, findings in
                    count += 1
                    print(FoundDigest(region: region, line: line, record: record, findings: findings))
                }
            }
            guard count > 0 else {
                AuditOutput.note("the value is in no digest under \(AuditDigestCommand.text(keys))")
                for log in logs { try AuditOutput.noteRemoved(from: log) }
                throw ExitCode(1)
            }
        }
    }

    private func bytes() throws -> [UInt8] {
        guard value == "-" else { return Array(value.utf8) }
        var bytes: [UInt8] = []
        while bytes.count <= AuditDigestCommand.limit {
            let piece = try FileHandle.standardInput.read(
                upToCount: AuditDigestCommand.limit + 1 - bytes.count)
            guard let piece, !piece.isEmpty else { break }
            bytes += piece
        }
        guard bytes.count <= AuditDigestCommand.limit else {
            AuditOutput.note("standard input has more than \(AuditDigestCommand.limit) bytes")
            throw ExitCode(1)
        }
        // An editor or `echo` ends the text with a newline, which is no part of the value.
        if bytes.last == 0x0a { bytes.removeLast() }
        return bytes
    }

    private func logs(_ configuration: Configuration?) throws -> [String] {
        guard folders.isEmpty else { return try LogFollower.logs(under: folders) }
        let regions = configuration?.regions.map(\.audit) ?? []
        // A region whose log was never begun has none to search.
        return try LogFollower.logs(in: regions.filter { FileManager.default.fileExists(atPath: $0) })
    }

    private func print(_ digest: DigestSearch.Digest) {
        guard json else {
            return AuditOutput.write("\(digest.text)  \(digest.form)")
        }
        AuditOutput.write(
            AuditDigestCommand.line(["digest": digest.text, "form": digest.form, "key": digest.key]))
    }

    private func print(_ found: FoundDigest) { AuditOutput.write(json ? found.json : found.text) }

    static func line(_ value: some Encodable) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return (try? encoder.encode(value)).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
    }

    private static func text(_ keys: [CaptureKey]) -> String {
        "the \(keys.count == 1 ? "key" : "keys") \(keys.map(\.id).joined(separator: ", "))"
    }
}

/// A record that has a digest of the value.
private struct FoundDigest: Encodable {
    struct Place: Encodable {
        var place: String
        var form: String
        var key: String
    }

    var region: String
    var seq: UInt64
    var time: String
    var type: String
    var session: String
    var found: [Place]

    init(region: String, line: RecordLine, record: JSONValue, findings: [DigestSearch.Finding]) {
        self.region = region
        seq = line.seq ?? line.expected
        time = record["time"]?.string ?? ""
        type = record["type"]?.string ?? ""
        session = record["session"]?.string ?? ""
        found = findings.map { Place(place: $0.place, form: $0.digest.form, key: $0.digest.key) }
    }

    var json: String { AuditDigestCommand.line(self) }

    var text: String {
        let places = found.map { "\($0.place) (\($0.form), \($0.key))" }.joined(separator: ", ")
        return [region, "\(seq)", time, type, session].map(VisibleText.of).joined(separator: "  ") + "  "
            + places
    }
}

/// `domicile audit digest-key`: the key of digests.
struct AuditDigestKeyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "digest-key", abstract: "List or rotate the key of digests (capture: hash).",
        subcommands: [AuditDigestKeyListCommand.self, AuditDigestKeyRotateCommand.self])
}

struct AuditDigestKeyListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Print the ids of the keys that are known, the current one first.")

    @OptionGroup var file: CaptureKeyFile

    func run() throws {
        let path = file.path(try file.configuration())
        try AuditOutput.failing {
            for key in try CaptureKey.known(path: path) { AuditOutput.write(key.id) }
        }
    }
}

struct AuditDigestKeyRotateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rotate",
        abstract: "Put a new key in the place of the current one.",
        discussion: """
            The old one stays beside it, in a file with its id behind a dot: what was digested under it is found as long as \
            that file is there. A running gateway takes the new one at its next reload.
            """)

    @OptionGroup var file: CaptureKeyFile

    func run() throws {
        let path = file.path(try file.configuration())
        try AuditOutput.failing {
            let (old, new) = try CaptureKey.rotate(path: path)
            AuditOutput.write("\(new.id) is the key of digests now; \(old.id) is kept in \(path).\(old.id)")
        }
    }
}
