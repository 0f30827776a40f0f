import Crypto
import Foundation
import GatewayPolicy

/// Reads configuration files (docs/configuration.md).
package enum ConfigurationFile {
    /// Reads and checks a file and what it refers to.
    ///
    /// - Parameters:
    ///   - path: the file; relative paths in it are relative to its folder.
    ///   - environment: what `${NAME}` is replaced from.
    ///   - materials: how certificates and keys are tried; nil: only whether they can be read.
    ///   - purpose: whether secrets and files must be there.
    /// - Returns: the configuration, or every mistake of the file. A file that cannot be read is a mistake too.
    package static func load(
        path: String, environment: [String: String] = ProcessInfo.processInfo.environment,
        materials: MaterialCheck? = nil, purpose: ReadingPurpose = .serving
    ) -> ConfigurationReading {
        guard let bytes = bytes(of: path) else { return unreadable(path) }
        return read(bytes, file: path, environment: environment, materials: materials, purpose: purpose)
    }

    /// The bytes of a file, one more than is allowed where it has more; nil where it cannot be read.
    static func bytes(of path: String) -> [UInt8]? {
        guard let handle = FileHandle(forReadingAtPath: path) else { return nil }
        defer { try? handle.close() }
        return try? [UInt8](handle.read(upToCount: ConfigurationLimits.fileBytes + 1) ?? Data())
    }

    /// Reads and checks the bytes of a file, as `load` does.
    ///
    /// - Parameters:
    ///   - file: the path that findings name; relative paths are relative to its folder.
    ///   - hostName: the default of `gateway`.
    package static func read(
        _ bytes: [UInt8], file: String, environment: [String: String],
        hostName: String = ProcessInfo.processInfo.hostName, materials: MaterialCheck? = nil,
        purpose: ReadingPurpose = .serving
    ) -> ConfigurationReading {
        let findings = Findings(file: file)
        let absolute = URL(fileURLWithPath: file).standardizedFileURL
        let context = ReadingContext(
            findings: findings, environment: environment, folder: absolute.deletingLastPathComponent().path,
            materials: materials, purpose: purpose)
        guard let document = YAMLDocument.read(bytes, findings: findings) else {
            return .mistaken(findings.sorted)
        }
        let digest = SHA256.hash(data: bytes).map { byte in
            (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }.joined()
        var builder = ConfigurationBuilder(document, context: context)
        let configuration = builder.build(file: absolute.path, digest: digest, hostName: hostName)
        if findings.hasMistake { return .mistaken(findings.sorted) }
        return .valid(configuration, warnings: findings.sorted)
    }

    private static func unreadable(_ path: String) -> ConfigurationReading {
        let findings = Findings(file: path)
        findings.mistake(.start, "the file cannot be read; expected a configuration")
        return .mistaken(findings.all)
    }
}

extension Policy {
    /// The policy of a configuration.
    ///
    /// - Parameter gatewayRegion: another than the configuration's: as a gateway there would decide.
    package init(_ configuration: Configuration, gatewayRegion: String? = nil) {
        self.init(
            rules: configuration.rules,
            regions: configuration.regions.map { PolicyRegion(name: $0.name, jurisdiction: $0.jurisdiction) },
            databases: configuration.databases.map {
                PolicyDatabase(name: $0.name, replicaRegions: $0.replicas.map(\.region))
            },
            gatewayRegion: gatewayRegion ?? configuration.region)
    }
}
