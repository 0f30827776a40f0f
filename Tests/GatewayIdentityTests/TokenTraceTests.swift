import Foundation
import GatewayConfiguration
import GatewayIdentity
import Testing

@Suite struct TokenTraceTests {
    private func verdicts(_ trace: TokenTrace) -> [TokenTrace.Check: TokenTrace.Verdict] {
        Dictionary(uniqueKeysWithValues: trace.steps.map { ($0.check, $0.verdict) })
    }

    @Test(
        "The first check that fails is what a login is told, for each of the fixtures' tokens; an accepted one passes all",
        arguments: TokenFixtures.all.cases)
    func sameAsLogin(_ fixture: TokenFixtures.Case) async throws {
        let service = try await TokenFixtures.service(fixture.issuers)
        let now = TokenFixtures.all.now
        let token = Array(fixture.token.utf8)
        let trace = service.trace(token, now: now)
        let login = await service.login(token, now: now)
        #expect(trace.refusal == login.refusal)
        #expect(trace.steps.map(\.check) == TokenTrace.Check.allCases)
        if let verified = login.token {
            #expect(trace.steps.allSatisfy { $0.verdict == .passed })
            #expect(trace.expires == verified.expires && trace.confirmation == verified.confirmation)
            #expect(trace.claimed?.subject == verified.principal.subject)
            #expect(trace.claimed?.tokenID == verified.principal.tokenID)
            #expect(trace.claimed?.issued == verified.issued)
        }
    }

    @Test(
        "Checks behind the first that fails are made, too: an expired token for somebody else, wrongly signed"
    )
    func allChecks() async throws {
        let provider = SigningProvider("https://signing.example.com")
        let forger = SigningProvider("https://signing.example.com")
        let entry = try provider.entry(audience: "domicile", claims: ["subject": ["sub"]])
        let keys = provider.jwks
        let service = IdentityService(
            issuers: [entry], leeway: .seconds(30), tokenLimit: 16384, logger: silent,
            fetch: { _ in .success(keys) }, uptime: { .zero })
        _ = await service.fetchedKeys(of: entry.issuer)
        let token = try forger.token(
            #"{"iss":"https://signing.example.com","sub":"x","aud":"else","exp":1000,"jti":7}"#)
        let trace = service.trace(token, now: 2_000)
        let verdicts = verdicts(trace)
        #expect(verdicts[.audience] == .refused(.audience))
        #expect(verdicts[.expiry] == .refused(.expired))
        #expect(verdicts[.tokenID] == .refused(.claim(.jti, .notString)))
        #expect(verdicts[.key] == .passed)
        #expect(verdicts[.signature] == .refused(.signature))
        #expect(verdicts.count { $0.value == .passed } == 14)
        #expect(trace.refusal == .audience)
        #expect(trace.expires == 1_000)
        #expect(service.issuer(namedBy: token) == entry.issuer)
    }

    @Test("What depends on a check that failed is skipped and not guessed")
    func skipped() async throws {
        let service = try await TokenFixtures.service(["main"])
        let junk = verdicts(service.trace(Array("no token".utf8), now: TokenFixtures.all.now))
        #expect(junk[.form] != .passed)
        #expect(junk.count { $0.value == .skipped } == TokenTrace.Check.allCases.count - 1)
        let foreign = verdicts(
            service.trace(try TokenFixtures.all.token("iss-trailing-slash"), now: TokenFixtures.all.now))
        #expect(foreign[.form] == .passed && foreign[.issuer] == .refused(.unknownIssuer))
        #expect(foreign.count { $0.value == .skipped } == TokenTrace.Check.allCases.count - 2)
        let none = verdicts(
            service.trace(try TokenFixtures.all.token("alg-none"), now: TokenFixtures.all.now))
        #expect(none[.algorithm] == .refused(.algorithm))
        for check in [TokenTrace.Check.length, .key, .signature] { #expect(none[check] == .skipped) }
        #expect(none[.audience] == .passed)
    }

    @Test("Whether a key is published is not said where the last fetch had no answer")
    func uncertain() async throws {
        let issuer = try TokenFixtures.all.issuer("main")
        let service = IdentityService(
            issuers: [issuer], leeway: .seconds(30), tokenLimit: 16384, logger: silent,
            fetch: { _ in .failure(.deadline) }, uptime: { .zero })
        _ = await service.fetchedKeys(of: issuer.issuer)
        let trace = service.trace(try TokenFixtures.all.token("good-es256"), now: TokenFixtures.all.now)
        #expect(verdicts(trace)[.key] == .refused(.keysUnavailable))
        #expect(trace.refusal == .keysUnavailable)
    }

    @Test("A token's header and claims can be read whatever is wrong with the rest, and never its signature")
    func contents() {
        let whole = TokenContents(Array("eyJhIjoxfQ.eyJiIjoyfQ.AAAA".utf8), limit: 100)
        #expect(whole.header == ["a": .integer(1)] && whole.claims == ["b": .integer(2)])
        #expect(whole.mistake == nil)
        let cut = TokenContents(Array("eyJhIjoxfQ.eyJi".utf8), limit: 100)
        #expect(cut.header == ["a": .integer(1)] && cut.claims == nil)
        #expect(cut.mistake == .truncated(bytes: 15, .parts(found: 2)))
        // Five parts: the second is an encrypted key.
        let encrypted = TokenContents(Array("eyJhIjoxfQ.eyJiIjoyfQ.AAAA.AAAA.AAAA".utf8), limit: 100)
        #expect(encrypted.header != nil && encrypted.claims == nil)
        #expect(encrypted.mistake == .malformed(.encrypted))
        let long = TokenContents(Array("eyJhIjoxfQ.eyJiIjoyfQ.AAAA".utf8), limit: 25)
        #expect(long.mistake == .tooLong(limit: 25))
        #expect(TokenContents([], limit: 25).mistake == .missing)
    }

    @Test(
        "F-ID-20: a token is warned about from one byte beyond each limit on, and the HINT of a cut one names them all"
    )
    func lengths() {
        #expect(TokenLength.limits.map(\.bytes) == [990, 996, 1023, 2047, 4095])
        for (index, limit) in [990, 996, 1023, 2047, 4095].enumerated() {
            #expect(TokenLength.hurting(limit).count == index)
            #expect(TokenLength.hurting(limit + 1).count == index + 1)
        }
        let hint = TokenRefusal.truncated(bytes: 990, .signature).hint
        for limit in TokenLength.limits { #expect(hint.contains("\(limit.bytes)")) }
    }
}
