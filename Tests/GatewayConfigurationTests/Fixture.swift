import Foundation
import GatewayConfiguration
import GatewayPolicy

/// A folder with the files that the configurations of these tests refer to. Their contents are never looked
/// at.
final class Fixture {
    let folder: String

    init() throws {
        let url = FileManager.default.temporaryDirectory
            .appendingPathComponent("domicile-configuration-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        folder = url.standardizedFileURL.path
        for name in ["gateway.crt", "gateway.key", "upstream-ca.pem", "role.crt", "role.key", "jwks.json"] {
            try Data("-".utf8).write(to: url.appendingPathComponent(name))
        }
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    static let environment = ["ANALYST_PASSWORD": "pass-a", "HEALTH_PASSWORD": "pass-h", "PORT": "5501"]

    /// A configuration without mistakes or warnings.
    static let clean = """
        region: eu-west-1
        gateway: gw-1
        listen:
          - address: 127.0.0.1:6432
            tls: { certificate: gateway.crt, key: gateway.key }
        admin: { address: 127.0.0.1:6480 }
        issuers:
          - issuer: https://id.example.com
            audience: [domicile]
        regions:
          eu-west-1: { jurisdiction: EU }
          eu-central-1: { jurisdiction: EU, audit: logs/central, networks: [10.2.0.0/16, "fd00::/8"] }
        databases:
          orders:
            replicas:
              - { name: orders-a, region: eu-west-1, kind: primary, host: 127.0.0.1, port: 5501 }
              - name: orders-b
                region: eu-central-1
                kind: standby
                host: 10.2.3.4
                attest: { cluster_name: orders-b }
            upstream:
              sslrootcert: upstream-ca.pem
              roles:
                analyst: { certificate: role.crt, key: role.key }
                writer: { certificate: role.crt, key: role.key }
        health: { password: "${HEALTH_PASSWORD}" }
        rules:
          - name: analyst
            who: { subject: exec-1, groups: [eu-*] }
            databases: [orders]
            regions: [EU]
            roles: [analyst]
          - name: writer
            who: { sub: exec-2 }
            databases: [orders]
            regions: [eu-west-1, eu-central-1]
            roles: [writer]
            access: read_write

        """

    func read(
        _ text: String, environment: [String: String] = Fixture.environment, materials: MaterialCheck? = nil
    ) -> ConfigurationReading {
        ConfigurationFile.read(
            Array(text.utf8), file: folder + "/gateway.yaml", environment: environment, hostName: "host-1",
            materials: materials)
    }

    /// Findings as `line:column severity message`.
    func findings(
        _ text: String, environment: [String: String] = Fixture.environment, materials: MaterialCheck? = nil
    ) -> [String] {
        read(text, environment: environment, materials: materials).findings.map {
            "\($0.line):\($0.column) \($0.severity.rawValue) \($0.message)"
        }
    }

    /// The clean configuration with some of its text replaced.
    static func changed(_ changes: [(String, String)]) -> String {
        changes.reduce(clean) { text, change in
            guard let range = text.range(of: change.0) else {
                return "the text to replace is not there: \(change.0)"
            }
            return text.replacingCharacters(in: range, with: change.1)
        }
    }
}
