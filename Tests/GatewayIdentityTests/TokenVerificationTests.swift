import Foundation
import GatewayConfiguration
import GatewayIdentity
import GatewayPolicy
import Logging
import Synchronization
import Testing

@Suite struct TokenVerificationTests {
    @Test(
        "F-ID-01 F-ID-02 F-ID-03 F-ID-04 F-ID-05 F-ID-08 F-ID-10 F-ID-17 F-ID-18 F-ID-20: each token's verdict",
        arguments: TokenFixtures.all.cases)
    func verdict(_ fixture: TokenFixtures.Case) async throws {
        let service = try await TokenFixtures.service(fixture.issuers)
        let result = await service.login(Array(fixture.token.utf8), now: TokenFixtures.all.now)
        if fixture.expect == "accept" {
            let token = try #require(result.token, "refused: \(result.refusal?.detail ?? "")")
            let subject = try #require(fixture.subject)
            #expect(Array(token.principal.subject.utf8) == Array(subject.utf8))
            #expect(token.expires == fixture.expires)
            #expect(token.principal.planner == fixture.planner)
            #expect(token.principal.task == fixture.task)
            #expect(token.principal.tokenID == fixture.tokenID)
        } else {
            let refusal = try #require(result.refusal)
            #expect(refusal.check == fixture.expect)
            #expect(refusal.suggestsTruncation == (fixture.truncation ?? false))
            #expect(refusal.isProviderUnavailable == (fixture.expect == "keys"))
        }
    }

    @Test(
        "The fixtures hold every case of the corpus and hundreds of hostile tokens: none passes unseen"
    )
    func fixturesAreWhole() {
        let cases = TokenFixtures.all.cases
        #expect(cases.count > 200)
        #expect(cases.filter { $0.covers.contains("corpus") }.count == 28)
        #expect(cases.filter { $0.expect == "accept" }.count > 40)
    }

    @Test("F-ID-11: no refusal's text holds anything of the token it refuses")
    func textsHoldNothing() async throws {
        for fixture in TokenFixtures.all.cases where fixture.expect != "accept" {
            let service = try await TokenFixtures.service(fixture.issuers)
            let verification = await service.login(Array(fixture.token.utf8), now: TokenFixtures.all.now)
            let refusal = try #require(verification.refusal)
            let text = refusal.detail + refusal.hint + "\(refusal)"
            for part in fixture.token.split(separator: ".") where part.utf8.count > 8 {
                #expect(!text.contains(part))
            }
            for secret in ["exec-1", "eu-analysts", "id.example.com", "admin"] {
                #expect(!text.contains(secret))
            }
            #expect(refusal.detail.hasSuffix("."))
            #expect(text.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value < 0x7f })
        }
    }

    @Test("The principal of a verified token holds all its claims under the issuer's mapping")
    func principal() async throws {
        let service = try await TokenFixtures.service(["main"])
        let fixtures = TokenFixtures.all
        let token = try #require(
            await service.login(try fixtures.token("good-rs256"), now: fixtures.now).token)
        #expect(token.issuer == "https://id.example.com")
        #expect(token.principal.value(named: "groups") == .array([.string("eu-analysts")]))
        #expect(token.principal.claims["iat"] == .integer(1_900_000_000))
    }

    @Test("F-ID-14: the same token is good up to its expiry plus leeway and refused from then on")
    func expiryPasses() async throws {
        let service = try await TokenFixtures.service(["main"])
        let fixtures = TokenFixtures.all
        let token = try fixtures.token("good-rs256")
        #expect(service.verify(token, now: 1_900_003_629).token != nil)
        #expect(service.verify(token, now: 1_900_003_630).refusal == .expired)
        #expect(service.verify(token, now: .max).refusal == .expired)
        #expect(service.verify(token, now: .min).refusal == .issuedInFuture)
    }

    @Test("A token of exactly the limit is read, one byte more is refused")
    func limit() async throws {
        let fixtures = TokenFixtures.all
        let token = try fixtures.token("good-rs256")
        let keys = try #require(try fixtures.keySet(of: "main"))
        for (limit, good) in [(token.count, true), (token.count - 1, false)] {
            let service = IdentityService(
                issuers: [try fixtures.issuer("main")], leeway: .seconds(30), tokenLimit: limit,
                logger: silent,
                fetch: { _ in .success(keys) }, uptime: { .zero })
            let result = await service.login(token, now: fixtures.now)
            #expect((result.token != nil) == good)
            if !good { #expect(result.refusal == .tooLong(limit: limit)) }
        }
    }

    @Test("Any single changed byte of a token makes it another: none is accepted, none traps")
    func everyByteCounts() async throws {
        let service = try await TokenFixtures.service(["main"])
        let fixtures = TokenFixtures.all
        let token = try fixtures.token("good-es256")
        for index in token.indices {
            for change in [UInt8(1), 0x20, 0x80, token[index]] {
                var other = token
                other[index] ^= change
                let result = service.verify(other, now: fixtures.now)
                #expect(result.token == nil, "byte \(index) xor \(change)")
            }
            #expect(service.verify(Array(token[..<index]), now: fixtures.now).token == nil)
        }
    }
}
