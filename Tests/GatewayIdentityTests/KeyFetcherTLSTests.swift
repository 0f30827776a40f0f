import Foundation
import GatewayConfiguration
import GatewayIdentity
import Glibc
import Testing

/// Against OpenSSL's own server, with a certificate made on the spot.
@Suite(.serialized) struct KeyFetcherTLSTests {
    private static func openssl(_ arguments: [String], in folder: URL) throws -> Process {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["openssl"] + arguments
        process.currentDirectoryURL = folder
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        return process
    }

    private static func certificate(_ name: String, for subject: String, in folder: URL) throws {
        let process = try openssl(
            [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days",
                "2",
                "-subj", "/CN=\(name)", "-addext", "subjectAltName=\(subject)", "-keyout", "\(name).key",
                "-out",
                "\(name).pem",
            ], in: folder)
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
    }

    @Test(
        "A provider's certificate is checked: the configured CA, another, none, a wrong name"
    )
    func customCA() async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        let wellKnown = folder.appendingPathComponent(".well-known")
        try FileManager.default.createDirectory(at: wellKnown, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try Self.certificate("good", for: "IP:127.0.0.1", in: folder)
        try Self.certificate("other", for: "IP:127.0.0.1", in: folder)
        try Self.certificate("misnamed", for: "DNS:id.example.com", in: folder)

        for (name, ca, good) in [
            ("good", "good", true), ("good", "other", false), ("good", nil, false),
            ("misnamed", "misnamed", false),
        ] {
            // A port that was free a moment ago.
            let probe = try ProviderServer { _ in .silent }
            let port = probe.port
            probe.stop()
            let server = try Self.openssl(
                [
                    "s_server", "-accept", "127.0.0.1:\(port)", "-cert", "\(name).pem", "-key", "\(name).key",
                    "-HTTP", "-quiet",
                ],
                in: folder)
            defer {
                // A child of a dispatch thread inherits its signal mask, and with it a blocked SIGTERM.
                kill(server.processIdentifier, SIGKILL)
                server.waitUntilExit()
            }
            let issuer = "https://127.0.0.1:\(port)"
            try reply(#"{"issuer":"\#(issuer)","jwks_uri":"\#(issuer)/jwks"}"#)
                .write(to: wellKnown.appendingPathComponent("openid-configuration"))
            try reply(#"{"keys":[]}"#).write(to: folder.appendingPathComponent("jwks"))
            let entry = try Issuer.configured(
                issuer, keys: .discovery,
                ca: ca.map { folder.appendingPathComponent($0 + ".pem").path })
            let result = try await fetchOnceListening(entry)
            if good {
                #expect(result == .success(Array(#"{"keys":[]}"#.utf8)))
            } else {
                guard case .failure(.unreachable(.discovery, let why)) = result else {
                    Issue.record("unexpected \(result)")
                    continue
                }
                #expect(!why.localizedCaseInsensitiveContains("refused"))
            }
        }
    }

    private func reply(_ body: String) -> Data {
        Data("HTTP/1.0 200 OK\r\nContent-Length: \(body.utf8.count)\r\nConnection: close\r\n\r\n\(body)".utf8)
    }

    /// Tries until the server listens: connections refused before that say nothing.
    private func fetchOnceListening(_ issuer: Issuer) async throws -> Result<[UInt8], KeyFetchFailure> {
        let started = ContinuousClock.now
        while true {
            let result = await KeyFetcher().document(of: issuer)
            guard case .failure(.unreachable(_, let why)) = result,
                why.localizedCaseInsensitiveContains("refused"),
                started.duration(to: .now) < .seconds(10)
            else { return result }
            try await Task.sleep(for: .milliseconds(20))
        }
    }
}
