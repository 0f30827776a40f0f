import Foundation
import GatewayConfiguration
import GatewayIdentity
import GatewayPolicy
import Synchronization
import Testing

/// Attacks on the verifier that need a key of the test's own, or a second issuer.
@Suite struct TokenAttackTests {
    private static let now: Int64 = 1_900_000_000

    /// A service that has fetched the keys of all its issuers, and how often it fetches.
    private func service(
        _ issuers: [(Issuer, [UInt8])], leeway: Duration = .seconds(30), fetches: FetchCount = FetchCount()
    ) async -> IdentityService {
        let documents = Dictionary(uniqueKeysWithValues: issuers.map { ($0.0.issuer, $0.1) })
        let service = IdentityService(
            issuers: issuers.map(\.0), leeway: leeway, tokenLimit: 16384, logger: silent,
            fetch: { issuer in
                fetches.add()
                return documents[issuer.issuer].map { .success($0) } ?? .failure(.deadline)
            },
            uptime: { .zero })
        for (issuer, _) in issuers { _ = await service.fetchedKeys(of: issuer.issuer) }
        return service
    }

    private final class FetchCount: Sendable {
        private let count = Mutex(0)
        var value: Int { count.withLock { $0 } }
        func add() { count.withLock { $0 += 1 } }
    }

    // MARK: Several issuers

    private let one = SigningProvider("https://one.example.com")
    private let two = SigningProvider("https://two.example.com/tenant")

    private func both() async throws -> IdentityService {
        await service([
            (
                try one.entry(audience: "domicile-one", claims: ["subject": ["sub"], "groups": ["groups"]]),
                one.jwks
            ),
            (
                try two.entry(
                    audience: "domicile-two",
                    claims: ["subject": ["realm", "user"], "groups": ["realm_access", "roles"]]), two.jwks
            ),
        ])
    }

    private func claims(_ issuer: SigningProvider, _ audience: String) -> String {
        """
        {"iss":"\(issuer.name)","aud":"\(audience)","sub":"exec-1","groups":["eu-analysts"],\
        "realm":{"user":"exec-2"},"realm_access":{"roles":["dba"]},"iat":\(Self.now),"exp":\(Self.now + 60)}
        """
    }

    @Test("Issuers side by side: each has its own keys, audience and mapping of claims, by nested paths too")
    func sideBySide() async throws {
        let service = try await both()
        let first = try #require(
            service.verify(try one.token(claims(one, "domicile-one")), now: Self.now).token)
        #expect(first.principal.subject == "exec-1")
        #expect(first.principal.value(named: "groups") == .array([.string("eu-analysts")]))
        let second = try #require(
            service.verify(try two.token(claims(two, "domicile-two")), now: Self.now).token)
        #expect(second.principal.issuer == two.name)
        #expect(second.principal.subject == "exec-2")
        #expect(second.principal.value(named: "groups") == .array([.string("dba")]))
    }

    @Test("Rule 10: no issuer signs for another, under the same name of a key, nor for another's audience")
    func noIssuerForAnother() async throws {
        let service = try await both()
        // Both publish a key of one name: that of the token's own issuer is asked.
        let forged = try one.token(claims(two, "domicile-two"))
        #expect(service.verify(forged, now: Self.now) == .refused(.signature))
        let back = try two.token(claims(one, "domicile-one"))
        #expect(service.verify(back, now: Self.now) == .refused(.signature))
        let other = try one.token(claims(one, "domicile-two"))
        #expect(service.verify(other, now: Self.now) == .refused(.audience))
    }

    // MARK: Times

    @Test(
        "F-ID-10: the leeway is that of the configuration, for exp, nbf and iat, to the second",
        arguments: [Int64(0), 1, 30, 300])
    func leeway(seconds: Int64) async throws {
        let entry = try one.entry(audience: "domicile", claims: ["subject": ["sub"]])
        let service = await service([(entry, one.jwks)], leeway: .seconds(seconds))
        func verdict(_ times: String) throws -> TokenRefusal? {
            let token = try one.token(#"{"iss":"\#(one.name)","aud":"domicile","sub":"x",\#(times)}"#)
            return service.verify(token, now: Self.now).refusal
        }
        let later = Self.now + 3600
        #expect(try verdict(#""exp":\#(Self.now - seconds + 1)"#) == nil)
        #expect(try verdict(#""exp":\#(Self.now - seconds)"#) == .expired)
        #expect(try verdict(#""exp":\#(later),"nbf":\#(Self.now + seconds)"#) == nil)
        #expect(try verdict(#""exp":\#(later),"nbf":\#(Self.now + seconds + 1)"#) == .notYetValid)
        #expect(try verdict(#""exp":\#(later),"iat":\#(Self.now + seconds)"#) == nil)
        #expect(try verdict(#""exp":\#(later),"iat":\#(Self.now + seconds + 1)"#) == .issuedInFuture)
    }

    // MARK: Signatures and keys

    /// The orders of the base points (SEC 2 sections 2.4.2, 2.5.1 and 2.6.1), as wide as half a signature.
    static let orders: [(token: String, order: String)] = [
        ("good-es256", "FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551"),
        (
            "good-es384",
            "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973"
        ),
        (
            "good-es512",
            "01FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF"
                + "FA51868783BF2F966B7FCC0148F709A5D03BB5C9B8899C47AEBB6FB71E91386409"
        ),
    ]

    @Test(
        "F-ID-03: r or s that is zero, the order or beyond it is refused, on all three curves",
        arguments: orders.indices)
    func ecdsaValues(index: Int) async throws {
        let (name, order) = Self.orders[index]
        let fixtures = TokenFixtures.all
        let service = await service([
            (try fixtures.issuer("main"), try #require(try fixtures.keySet(of: "main")))
        ])
        let good = String(decoding: try fixtures.token(name), as: UTF8.self)
        let parts = good.split(separator: ".")
        #expect(service.verify(Array(good.utf8), now: fixtures.now).token != nil)
        let size = order.utf8.count / 2
        let zero = Data(repeating: 0, count: size)
        var least = zero
        least[size - 1] = 1
        var whole = Data()
        for start in stride(from: 0, to: order.count, by: 2) {
            whole.append(try #require(UInt8(order.dropFirst(start).prefix(2), radix: 16)))
        }
        var beyond = whole
        beyond[size - 1] += 1
        let most = Data(repeating: 0xff, count: size)
        for (r, s) in [
            (zero, zero), (zero, least), (least, zero), (whole, whole), (whole, least), (least, whole),
            (beyond, beyond), (most, most), (least, least),
        ] {
            let token = "\(parts[0]).\(parts[1]).\(SigningProvider.base64url(r + s))"
            #expect(service.verify(Array(token.utf8), now: fixtures.now) == .refused(.signature))
        }
    }

    @Test("F-ID-04: a header that brings a key, or says where one lies, causes no fetch")
    func headersFetchNothing() async throws {
        let fixtures = TokenFixtures.all
        let fetches = FetchCount()
        let service = await service(
            [(try fixtures.issuer("main"), try #require(try fixtures.keySet(of: "main")))], fetches: fetches)
        let names = [
            "embedded-jwk", "stranger with jku", "good with jku", "stranger with x5u", "good with x5u",
            "stranger with x5c", "good with x5c", "stranger with jwk", "good with jwk",
        ]
        for name in names {
            let isGood = name.hasPrefix("good")
            let verdict = await service.login(try fixtures.token(name), now: fixtures.now)
            #expect((verdict.token != nil) == isGood, "\(name)")
        }
        #expect(fetches.value == 1)
    }
}
