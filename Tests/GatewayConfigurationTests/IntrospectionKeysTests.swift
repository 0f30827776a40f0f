import GatewayConfiguration
import Testing

@Suite("Introspection and the admin socket in a configuration")
struct IntrospectionKeysTests {
    let fixture: Fixture
    init() throws { fixture = try Fixture() }

    private static let audience = "    audience: [domicile]\n"

    private func text(_ introspection: String) -> String {
        Fixture.changed([(Self.audience, Self.audience + "    introspection: { \(introspection) }\n")])
    }

    @Test(
        "Introspection is read with its defaults: 30 s of cache, refusing on errors; without the key there is none"
    )
    func read() throws {
        let environment = Fixture.environment.merging(["SECRET": "s3"]) { old, _ in old }
        let reading = fixture.read(
            text("endpoint: https://id.example.com/introspect, client_id: gw, client_secret: \"${SECRET}\""),
            environment: environment)
        let found = try #require(reading.configuration?.issuers.first?.introspection)
        #expect(found.endpoint == "https://id.example.com/introspect")
        #expect(
            found.clientID == "gw" && found.clientSecret.reveal() == "s3" && "\(found)".contains("<redacted>")
        )
        #expect(found.cache == .seconds(30) && found.onError == .refuse)
        let given = fixture.read(
            text("endpoint: http://127.0.0.1:1/i, client_id: gw, client_secret: s, cache: 0, on_error: allow")
        )
        let other = try #require(given.configuration?.issuers.first?.introspection)
        #expect(other.cache == .zero && other.onError == .allow)
        #expect(fixture.read(Fixture.clean).configuration?.issuers.first?.introspection == nil)
    }

    @Test(
        "Mistakes of introspection, each with its place",
        arguments: [
            ("client_id: gw, client_secret: s", "10:20 mistake missing key `endpoint`"),
            ("endpoint: https://i, client_secret: s", "10:20 mistake missing key `client_id`"),
            ("endpoint: https://i, client_id: gw", "10:20 mistake missing key `client_secret`"),
            (
                "endpoint: http://10.0.0.1/i, client_id: gw, client_secret: s",
                "10:32 mistake `endpoint`: found \"http://10.0.0.1/i\"; expected an https URL; http is for loopback"
            ),
            (
                "endpoint: https://u:p@i/, client_id: gw, client_secret: s",
                "10:32 mistake `endpoint`"
            ),
            (
                "endpoint: https://i, client_id: gw, client_secret: s, on_error: ignore",
                "10:86 mistake `on_error`: found \"ignore\"; expected"
            ),
            ("endpoint: https://i, client_id: gw, client_secret: s, cache: 25h", "10:83 mistake `cache`"),
        ])
    func mistakes(introspection: String, finding: String) {
        let found = fixture.findings(text(introspection))
        #expect(found.count == 1 && found.first?.hasPrefix(finding) == true, "\(found)")
    }

    @Test("The admin socket's path has at most 104 bytes, wherever it comes from")
    func socketLength() {
        func findings(_ length: Int) -> [String] {
            let path = "/" + String(repeating: "s", count: length - 1)
            return fixture.findings(
                Fixture.changed([("address: 127.0.0.1:6480", "address: 127.0.0.1:6480, socket: \(path)")]))
        }
        #expect(findings(104) == [])
        #expect(findings(105).count == 1)
        #expect(findings(105).first?.hasPrefix("6:43 mistake `socket`: the path") == true, "\(findings(105))")
        let state = "state: /" + String(repeating: "s", count: 100) + "\n"
        #expect(fixture.findings(Fixture.clean + state).map { $0.prefix(22) } == ["6:8 mistake `socket`: "])
    }
}
