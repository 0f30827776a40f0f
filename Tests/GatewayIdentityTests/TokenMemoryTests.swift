import Foundation
import GatewayConfiguration
import GatewayIdentity
import Testing

/// Tokens that are remembered: what that saves, and what it never changes.
@Suite struct TokenMemoryTests {
    private static let issuer = "https://id.example.com"
    private var main: Issuer {
        get throws { try TokenFixtures.all.issuer("main") }
    }
    private var now: Int64 { TokenFixtures.all.now }
    private func token(_ name: String) throws -> [UInt8] { try TokenFixtures.all.token(name) }

    /// Of the issuer `main`, with its keys.
    private func service(remembered: Int = 4096) async throws -> (IdentityService, KeyWorld) {
        let world = try KeyWorld("main")
        let service = world.service([try main], remembered: remembered)
        #expect(await service.fetchedKeys(of: Self.issuer) == .updated)
        return (service, world)
    }

    private func expect(
        _ service: IdentityService, hits: Int, misses: Int, count: Int,
        at place: SourceLocation = #_sourceLocation
    ) {
        #expect(
            service.memory == TokenMemoryStatus(count: count, hits: hits, misses: misses),
            sourceLocation: place)
    }

    @Test("A token that was verified is answered from memory, with all that its verification said")
    func remembered() async throws {
        let (service, _) = try await service()
        let (plain, _) = try await self.service(remembered: 0)
        for (number, name) in ["good-rs256", "good-es256", "planner, task, jti"].enumerated() {
            let token = try token(name)
            let first = service.verify(token, now: now)
            #expect(first.token != nil)
            expect(service, hits: number, misses: number + 1, count: number + 1)
            #expect(service.verify(token, now: now) == first)
            expect(service, hits: number + 1, misses: number + 1, count: number + 1)
            #expect(plain.verify(token, now: now) == first)
            #expect(plain.verify(token, now: now) == first)
        }
        expect(plain, hits: 0, misses: 6, count: 0)
    }

    @Test("F-ID-14: what is remembered of a token ends with exp plus leeway, to the second")
    func expiry() async throws {
        let (service, _) = try await service()
        let token = try token("good-es256")  // exp is 1,900,003,600, leeway 30 s.
        #expect(service.verify(token, now: now).token != nil)
        #expect(service.verify(token, now: 1_900_003_629).token != nil)
        expect(service, hits: 1, misses: 1, count: 1)
        #expect(service.verify(token, now: 1_900_003_630) == .refused(.expired))
        #expect(service.verify(token, now: .max) == .refused(.expired))
        expect(service, hits: 1, misses: 3, count: 1)
    }

    @Test("A token is not remembered for times before it was verified: nbf and iat are looked at again")
    func clockSetBack() async throws {
        let (service, _) = try await service()
        let token = try token("iat +30")
        #expect(service.verify(token, now: now).token != nil)
        #expect(service.verify(token, now: now - 1) == .refused(.issuedInFuture))
        #expect(service.verify(token, now: .min) == .refused(.issuedInFuture))
        expect(service, hits: 0, misses: 3, count: 1)
        // Verified on the earlier clock, it counts from there.
        let other = try self.token("good-es256")
        #expect(service.verify(other, now: now).token != nil)
        #expect(service.verify(other, now: now - 5).token != nil)
        #expect(service.verify(other, now: now - 4).token != nil)
        expect(service, hits: 1, misses: 5, count: 2)
    }

    @Test("F-ID-07: a key that the next set lacks ends what it signed, remembered or not")
    func removedKey() async throws {
        let (service, world) = try await service()
        let (rsa, ec) = (try token("good-rs256"), try token("good-es256"))
        for token in [rsa, ec, rsa, ec] { #expect(service.verify(token, now: now).token != nil) }
        expect(service, hits: 2, misses: 2, count: 2)
        // The same set again is no reason to verify anew.
        world.advance(.seconds(30))
        #expect(await service.fetchedKeys(of: Self.issuer) == .updated)
        #expect(service.verify(ec, now: now).token != nil)
        expect(service, hits: 3, misses: 2, count: 2)

        try world.answer("one-key")  // The RSA key alone.
        world.advance(.seconds(30))
        #expect(await service.fetchedKeys(of: Self.issuer) == .updated)
        #expect(service.verify(ec, now: now) == .needsKeys(issuer: Self.issuer))
        #expect(service.verify(ec, now: now, afterFetch: true) == .refused(.unknownKey))
        #expect(service.verify(rsa, now: now).token != nil)
        #expect(service.verify(rsa, now: now).token != nil)
        expect(service, hits: 4, misses: 5, count: 2)
    }

    @Test("A failed fetch changes nothing; keys that have aged out verify nothing, remembered or not")
    func agedOut() async throws {
        let (service, world) = try await service()
        let token = try token("good-es256")
        #expect(service.verify(token, now: now).token != nil)
        world.answer(.failure(.deadline))
        world.advance(.seconds(86400))
        _ = await service.fetchedKeys(of: Self.issuer)
        #expect(service.verify(token, now: now).token != nil)
        expect(service, hits: 1, misses: 1, count: 1)
        world.advance(.milliseconds(1))
        #expect(service.verify(token, now: now) == .needsKeys(issuer: Self.issuer))
        #expect(service.verify(token, now: now, afterFetch: true) == .refused(.keysUnavailable))
    }

    @Test("A configuration that is taken over ends all that is remembered, whatever it changes")
    func reload() async throws {
        let (service, world) = try await service()
        let token = try token("good-es256")
        var issuer = try main
        for _ in 0..<2 { #expect(service.verify(token, now: now).token != nil) }
        service.replaceIssuers([issuer])
        expect(service, hits: 1, misses: 1, count: 0)
        #expect(service.verify(token, now: now).token != nil)
        expect(service, hits: 1, misses: 2, count: 1)
        issuer.audience = ["else"]
        service.replaceIssuers([issuer])
        #expect(service.verify(token, now: now) == .refused(.audience))
        issuer.audience = ["domicile"]
        issuer.algorithms = [.rs256]
        service.replaceIssuers([issuer])
        #expect(service.verify(token, now: now) == .refused(.algorithm))
        service.replaceIssuers([])
        #expect(service.verify(token, now: now) == .refused(.unknownIssuer))
        #expect(world.fetches == 1)
    }

    @Test("A reload takes over leeway, the size of a token and how many are remembered")
    func settings() async throws {
        let (service, _) = try await service()
        let token = try token("good-es256")
        for _ in 0..<2 { #expect(service.verify(token, now: 1_900_003_620).token != nil) }
        service.replaceIssuers(
            [try main],
            settings: TokenSettings(leeway: .seconds(20), tokenLimit: token.count, remembered: 0))
        #expect(service.verify(token, now: 1_900_003_620) == .refused(.expired))
        for _ in 0..<2 { #expect(service.verify(token, now: 1_900_003_619).token != nil) }
        expect(service, hits: 1, misses: 4, count: 0)
        service.replaceIssuers(
            [try main],
            settings: TokenSettings(leeway: .seconds(20), tokenLimit: token.count - 1, remembered: 1))
        #expect(service.verify(token, now: now).refusal != nil)
    }

    @Test("Nothing that was refused is remembered, and a byte that differs is another token")
    func refused() async throws {
        let (service, _) = try await service()
        for name in ["exp-past", "aud-prefix", "alg-none"] {
            for _ in 0..<2 { #expect(service.verify(try token(name), now: now).refusal != nil) }
        }
        expect(service, hits: 0, misses: 6, count: 0)
        var token = try token("good-es256")
        #expect(service.verify(token, now: now).token != nil)
        token[token.count - 2] = token[token.count - 2] == 65 ? 66 : 65
        #expect(service.verify(token, now: now) == .refused(.signature))
        expect(service, hits: 0, misses: 8, count: 1)
    }

    @Test("So many tokens as the limit says are remembered and not one more: the first that came in goes")
    func limit() async throws {
        let (service, _) = try await service(remembered: 2)
        let (one, two, three) = (
            try token("good-es256"), try token("good-rs256"), try token("good-eddsa")
        )
        for token in [one, two, one, two] { #expect(service.verify(token, now: now).token != nil) }
        expect(service, hits: 2, misses: 2, count: 2)
        #expect(service.verify(three, now: now).token != nil)
        expect(service, hits: 2, misses: 3, count: 2)
        for token in [two, three] { #expect(service.verify(token, now: now).token != nil) }
        expect(service, hits: 4, misses: 3, count: 2)
        #expect(service.verify(one, now: now).token != nil)
        expect(service, hits: 4, misses: 4, count: 2)
    }

    @Test("Of long tokens fewer are remembered: 4 KiB for each that may be, and not a byte more")
    func bytes() async throws {
        let provider = SigningProvider(Self.issuer)
        let service = IdentityService(
            issuers: [try provider.entry(audience: "domicile", claims: ["subject": ["sub"]])],
            leeway: .seconds(30), tokenLimit: 16384, remembered: 2, logger: silent,
            fetch: { _ in .success(provider.jwks) }, uptime: { .zero })
        #expect(await service.fetchedKeys(of: Self.issuer) == .updated)
        /// A token of about so many bytes.
        func token(_ bytes: Int, _ subject: String) throws -> [UInt8] {
            let fixed = try provider.token(claims(subject, padding: 0)).count
            return try provider.token(claims(subject, padding: (bytes - fixed) * 3 / 4))
        }
        func claims(_ subject: String, padding: Int) -> String {
            let text = String(repeating: "x", count: padding)
            return """
                {"iss":"\(Self.issuer)","aud":"domicile","sub":"\(subject)","x":"\(text)","exp":\(now + 60)}
                """
        }
        let (short, long) = (try token(2000, "short"), try token(6000, "long"))
        #expect(service.verify(short, now: now).token != nil)
        #expect(service.verify(long, now: now).token != nil)
        expect(service, hits: 0, misses: 2, count: 2)
        // 8,192 bytes are all there is: the two others go.
        let longer = try token(8190, "longer")
        #expect((8180...8192).contains(longer.count))
        #expect(service.verify(longer, now: now).token != nil)
        #expect(service.verify(longer, now: now).token != nil)
        expect(service, hits: 1, misses: 3, count: 1)
        // One that has no room at all takes nobody's place.
        let longest = try token(8200, "longest")
        #expect(longest.count > 8192)
        for token in [longest, longest, longer] { #expect(service.verify(token, now: now).token != nil) }
        expect(service, hits: 2, misses: 5, count: 1)
    }

    @Test(
        "A thousand tokens in turn leave as many remembered as may be, and each is still told from the others"
    )
    func turnover() async throws {
        let provider = SigningProvider(Self.issuer)
        let service = IdentityService(
            issuers: [try provider.entry(audience: "domicile", claims: ["subject": ["sub"]])],
            leeway: .seconds(30), tokenLimit: 16384, remembered: 100, logger: silent,
            fetch: { _ in .success(provider.jwks) }, uptime: { .zero })
        #expect(await service.fetchedKeys(of: Self.issuer) == .updated)
        for number in 0..<1000 {
            let token = try provider.token(
                #"{"iss":"\#(Self.issuer)","aud":"domicile","sub":"exec-\#(number)","exp":\#(now + 60)}"#)
            for _ in 0..<2 {
                #expect(service.verify(token, now: now).token?.principal.subject == "exec-\(number)")
            }
        }
        expect(service, hits: 1000, misses: 1000, count: 100)
    }
}
