import Foundation
import GatewayConfiguration
import GatewayIdentity
import Synchronization
import Testing

@Suite struct KeyFetcherTests {
    private let wellKnown = "/.well-known/openid-configuration"

    /// A provider whose discovery document and key set are as given; `ISSUER` stands for its own address.
    private func provider(
        discovery: String = #"{"issuer":"ISSUER","jwks_uri":"ISSUER/jwks"}"#, keys: ProviderServer.Reply
    ) throws -> ProviderServer {
        // The port is known only once the socket is: the answer asks the request's own server for it.
        let address = Address()
        let server = try ProviderServer { path in
            path == "/jwks" ? keys : .body(discovery.replacingOccurrences(of: "ISSUER", with: address.value))
        }
        address.value = server.address
        return server
    }

    private func failure(of result: Result<[UInt8], KeyFetchFailure>) -> KeyFetchFailure? {
        if case .failure(let failure) = result { failure } else { nil }
    }

    @Test("Discovery leads to the key set, each asked for once, by the path of OpenID Connect Discovery 4.1")
    func discovery() async throws {
        let server = try provider(keys: .body(#"{"keys":[]}"#))
        defer { server.stop() }
        let result = try await KeyFetcher().document(of: .configured(server.address, keys: .discovery))
        #expect(result == .success(Array(#"{"keys":[]}"#.utf8)))
        #expect(server.requests == [wellKnown, "/jwks"])
    }

    @Test("A closing slash of the issuer is dropped from the path and counts in the comparison")
    func closingSlash() async throws {
        let server = try provider(keys: .body("{}"))
        defer { server.stop() }
        let issuer = try Issuer.configured(server.address + "/", keys: .discovery)
        #expect(failure(of: await KeyFetcher().document(of: issuer)) == .issuerMismatch)
        #expect(server.requests == [wellKnown])
        let slashed = try provider(
            discovery: #"{"issuer":"ISSUER/","jwks_uri":"ISSUER/jwks"}"#, keys: .body("{}"))
        defer { slashed.stop() }
        let other = try await KeyFetcher().document(of: .configured(slashed.address + "/", keys: .discovery))
        #expect(other == .success(Array("{}".utf8)))
    }

    @Test(
        "F-ID-09: a discovery document of another issuer, or of none, leads no further",
        arguments: [
            #"{"issuer":"https://id.example.com","jwks_uri":"ISSUER/jwks"}"#, #"{"jwks_uri":"ISSUER/jwks"}"#,
            #"{"issuer":["ISSUER"],"jwks_uri":"ISSUER/jwks"}"#,
        ])
    func otherIssuer(_ document: String) async throws {
        let server = try provider(discovery: document, keys: .body("{}"))
        defer { server.stop() }
        let result = try await KeyFetcher().document(of: .configured(server.address, keys: .discovery))
        #expect(failure(of: result) == .issuerMismatch)
        #expect(server.requests == [wellKnown])
    }

    @Test("F-ID-09: an issuer named twice in the discovery document is refused")
    func twoIssuers() async throws {
        let server = try provider(
            discovery: #"{"issuer":"https://evil.example","issuer":"ISSUER","jwks_uri":"ISSUER/jwks"}"#,
            keys: .body("{}"))
        defer { server.stop() }
        let result = try await KeyFetcher().document(of: .configured(server.address, keys: .discovery))
        #expect(
            failure(of: result) == .discovery(why: "is refused: its JSON names a member twice"))
    }

    @Test(
        "F-ID-09: no redirect is followed, neither from discovery nor from the key set",
        arguments: [301, 302, 303, 307, 308])
    func redirect(_ status: Int) async throws {
        let target = try ProviderServer { _ in .body("{}") }
        defer { target.stop() }
        let server = try provider(
            keys: .body("", status: status, location: target.address + "/latest/meta-data"))
        defer { server.stop() }
        let fromKeys = try await KeyFetcher().document(of: .configured(server.address, keys: .discovery))
        #expect(failure(of: fromKeys) == .redirected(.keySet))
        let moved = try ProviderServer { _ in .body("", status: status, location: target.address + "/") }
        defer { moved.stop() }
        let fromDiscovery = try await KeyFetcher().document(of: .configured(moved.address, keys: .discovery))
        #expect(failure(of: fromDiscovery) == .redirected(.discovery))
        #expect(target.requests.isEmpty)
    }

    @Test("F-ID-09: a body of 256 KiB is taken, a longer one is not, however its length is told")
    func size() async throws {
        let full = String(repeating: " ", count: KeyLimits.body)
        for (reply, good) in [
            (ProviderServer.Reply.body(full), true), (.body(full + " "), false), (.claiming(1 << 40), false),
            (.endless, false),
        ] {
            let server = try ProviderServer { _ in reply }
            defer { server.stop() }
            let issuer = try Issuer.configured("https://id.example.com", keys: .url(server.address + "/jwks"))
            let result = await KeyFetcher().document(of: issuer)
            #expect(result == (good ? .success(Array(full.utf8)) : .failure(.tooLarge(.keySet))))
        }
    }

    @Test(
        "F-ID-09: a slow body and a silent provider end at the deadline, which holds for the whole of a fetch"
    )
    func deadline() async throws {
        for reply in [ProviderServer.Reply.dripping, .silent] {
            let server = try provider(keys: reply)
            defer { server.stop() }
            let fetcher = KeyFetcher(deadline: .milliseconds(300))
            let started = ContinuousClock.now
            let result = try await fetcher.document(of: .configured(server.address, keys: .discovery))
            #expect(failure(of: result) == .deadline)
            #expect(started.duration(to: .now) < .seconds(3))
        }
    }

    @Test("A status other than 200 is refused", arguments: [204, 401, 404, 500])
    func status(_ status: Int) async throws {
        let server = try ProviderServer { _ in .body("", status: status) }
        defer { server.stop() }
        let result = try await KeyFetcher().document(of: .configured(server.address, keys: .discovery))
        #expect(failure(of: result) == .status(.discovery, UInt(status)))
    }

    @Test("A provider that is not there fails at once, not at the deadline")
    func refusedConnection() async throws {
        let server = try ProviderServer { _ in .silent }
        server.stop()
        let started = ContinuousClock.now
        let result = try await KeyFetcher().document(of: .configured(server.address, keys: .discovery))
        guard case .unreachable(.discovery, _) = failure(of: result) else {
            Issue.record("unexpected \(result)")
            return
        }
        #expect(started.duration(to: .now) < .seconds(2))
    }

    @Test(
        "F-ID-09: a jwks_uri that is neither https nor http to loopback is not asked",
        arguments: [
            "http://169.254.169.254/latest", "http://id.example.com/jwks", "ftp://127.0.0.1/",
            "file:///etc/passwd",
            "/jwks", "", "http://127.0.0.1.example.com/", "http://user:secret@127.0.0.1/", "http://127.1/",
            "http://0x7f.0.0.1/", "unix:///run/x",
        ])
    func keySetAddress(_ address: String) async throws {
        let server = try provider(
            discovery: #"{"issuer":"ISSUER","jwks_uri":"\#(address)"}"#, keys: .body("{}"))
        defer { server.stop() }
        let result = try await KeyFetcher().document(of: .configured(server.address, keys: .discovery))
        guard case .address(.keySet, let why) = failure(of: result) else {
            Issue.record("unexpected \(result)")
            return
        }
        #expect(!why.contains("secret"))
    }

    @Test(
        "https anywhere and http on this machine may be asked for keys",
        arguments: [
            "https://id.example.com/jwks", "https://id.example.com:8443/a/b?c=d", "http://127.0.0.1:4593/x",
            "http://127.8.9.10/", "http://localhost:9400/", "http://[::1]:80/",
        ])
    func goodAddress(_ address: String) throws {
        #expect(try ProviderURL(address).text == address)
    }

    @Test("A key file is read whole; one that is missing, a folder, or too long is refused")
    func file() async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        func fetch(_ name: String) async throws -> Result<[UInt8], KeyFetchFailure> {
            let path = folder.appendingPathComponent(name).path
            return try await KeyFetcher().document(
                of: Issuer.configured("https://id.example.com", keys: .file(path)))
        }
        try Data(#"{"keys":[]}"#.utf8).write(to: folder.appendingPathComponent("good"))
        #expect(try await fetch("good") == .success(Array(#"{"keys":[]}"#.utf8)))
        try FileManager.default.createSymbolicLink(
            at: folder.appendingPathComponent("link"),
            withDestinationURL: folder.appendingPathComponent("good"))
        #expect(try await fetch("link") == .success(Array(#"{"keys":[]}"#.utf8)))
        #expect(try await fetch("missing") == .failure(.file(why: "does not exist or cannot be read")))
        #expect(try await fetch(".") == .failure(.file(why: "is not a regular file")))
        try Data(count: KeyLimits.body + 1).write(to: folder.appendingPathComponent("long"))
        #expect(try await fetch("long") == .failure(.tooLarge(.keySet)))
    }
}

/// An address that is known only after the server that tells it.
final class Address: Sendable {
    private let text = Mutex("")
    var value: String {
        get { text.withLock { $0 } }
        set { text.withLock { $0 = newValue } }
    }
}
