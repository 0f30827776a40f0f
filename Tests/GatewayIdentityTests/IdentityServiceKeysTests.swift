import Foundation
import GatewayConfiguration
import GatewayIdentity
import Logging
import Synchronization
import Testing

@Suite struct IdentityServiceKeysTests {
    private static let issuer = "https://id.example.com"

    private var main: Issuer {
        get throws { try TokenFixtures.all.issuer("main") }
    }
    private var now: Int64 { TokenFixtures.all.now }

    /// A token with good claims whose header names a key nobody has.
    private func token(keyID: String) -> [UInt8] {
        func part(_ text: String) -> String {
            Data(text.utf8).base64EncodedString().replacingOccurrences(of: "+", with: "-")
                .replacingOccurrences(of: "/", with: "_").replacingOccurrences(of: "=", with: "")
        }
        let header = part(#"{"alg":"ES256","kid":"\#(keyID)"}"#)
        let payload = part(#"{"iss":"\#(Self.issuer)","sub":"x","aud":"domicile","exp":\#(now + 60)}"#)
        return Array("\(header).\(payload).\(String(repeating: "A", count: 86))".utf8)
    }

    @Test(
        "F-ID-06: 10,000 tokens with random kids cause at most two fetches, and good ones are verified"
    )
    func randomKeyIDs() async throws {
        let world = try KeyWorld("main")
        let service = world.service([try main])
        service.start()
        #expect(await service.fetchedKeys(of: Self.issuer) == .updated)
        let good = try TokenFixtures.all.token("good-es256")
        for number in 0..<10_000 {
            let result = await service.login(
                token(keyID: "\(number)-\(UInt64.random(in: 0...(.max)))"), now: now)
            #expect(result == .refused(.unknownKey))
            if number.isMultiple(of: 100) { #expect(service.verify(good, now: now).token != nil) }
        }
        #expect(world.fetches <= 2)
    }

    @Test("F-ID-06: a provider that is down is not asked more often for it, and the refusal says so")
    func randomKeyIDsWithoutProvider() async throws {
        let world = try KeyWorld("main")
        world.answer(.failure(.deadline))
        let service = world.service([try main])
        for number in 0..<1000 {
            let result = await service.login(token(keyID: "\(number)"), now: now)
            #expect(result == .refused(.keysUnavailable))
        }
        #expect(world.fetches == 1)
        let status = try #require(service.snapshot().first)
        #expect(!status.usable && status.count == 0 && status.ageSeconds == nil && status.failures == 1)
        #expect(status.lastError == KeyFetchFailure.deadline.description)
    }

    @Test("F-ID-06: tokens with bad claims cause no fetch at all")
    func badClaimsFetchNothing() async throws {
        let world = try KeyWorld("main")
        let service = world.service([try main])
        for name in ["exp-past", "aud-prefix", "iss-trailing-slash", "alg-none", "crit-unknown"] {
            #expect(await service.login(try TokenFixtures.all.token(name), now: now).refusal != nil)
        }
        #expect(world.fetches == 0)
    }

    @Test("One fetch serves all who wait for it; one more caller in the cool-down is answered at once")
    func coalescing() async throws {
        let world = try KeyWorld("main")
        let service = world.service([try main])
        world.hold()
        let outcomes = Mutex<[KeysOutcome]>([])
        await withCheckedContinuation { (all: CheckedContinuation<Void, Never>) in
            for _ in 0..<100 {
                service.fetchKeys(issuer: Self.issuer) { outcome in
                    let count = outcomes.withLock { outcomes in
                        outcomes.append(outcome)
                        return outcomes.count
                    }
                    if count == 100 { all.resume() }
                }
            }
            #expect(outcomes.withLock { $0.isEmpty })
            world.release()
        }
        #expect(outcomes.withLock { $0 } == Array(repeating: .updated, count: 100))
        #expect(world.fetches == 1)
        let prompt = Mutex<KeysOutcome?>(nil)
        service.fetchKeys(issuer: Self.issuer) { outcome in prompt.withLock { $0 = outcome } }
        #expect(prompt.withLock { $0 } == .coolingDown(retryAfter: .seconds(30)))
        service.fetchKeys(issuer: "https://nobody.example.com") { outcome in prompt.withLock { $0 = outcome }
        }
        #expect(prompt.withLock { $0 } == .failed(.issuerRemoved))
    }

    @Test(
        "F-ID-07: a rotated key is found by the first token that names it, a withdrawn one refused from then on"
    )
    func rotation() async throws {
        let fixtures = TokenFixtures.all
        let world = try KeyWorld("one-key")
        let service = world.service([try main])
        let old = try fixtures.token("good-rs256")
        let new = try fixtures.token("good-es256")
        #expect(await service.login(old, now: now).token != nil)
        #expect(await service.login(new, now: now) == .refused(.unknownKey))
        try world.answer("main")
        world.advance(.seconds(30))
        #expect(await service.login(new, now: now).token != nil)
        #expect(service.verify(old, now: now).token != nil)
        // A set of one EC key: what the RSA key signed is no longer good.
        let es = try #require(fixtures.issuers["one-key-of-each"]?.jwks)
        guard case .object(let members) = es, case .array(let keys) = members["keys"] else { return }
        world.answer(.success(try Array(JSONEncoder().encode(JSON.object(["keys": .array([keys[1]])])))))
        world.advance(.seconds(30))
        #expect(await service.fetchedKeys(of: Self.issuer) == .updated)
        #expect(service.verify(old, now: now, afterFetch: true) == .refused(.unknownKey))
        #expect(service.verify(new, now: now).token != nil)
        #expect(world.fetches == 3)
    }

    @Test(
        "A key without a name that replaced another is found as well: the failed signature is reason to look")
    func namelessRotation() async throws {
        let fixtures = TokenFixtures.all
        let world = try KeyWorld("other")
        let service = world.service([try fixtures.issuer("one-key")])
        let token = try fixtures.token("good-without-kid-one-key")
        #expect(await service.login(token, now: now) == .refused(.signature))
        try world.answer("one-key")
        world.advance(.seconds(30))
        #expect(await service.login(token, now: now).token != nil)
    }

    @Test("F-ID-06: a set that is not whole, or has no usable key, leaves the known keys as they are")
    func brokenSets() async throws {
        let world = try KeyWorld("main")
        let service = world.service([try main])
        let good = try TokenFixtures.all.token("good-rs256")
        #expect(await service.login(good, now: now).token != nil)
        for broken in [
            "", "{", #"{"keys":{}}"#, "[]", #"{"keys":[]}"#, #"{"keys":[{"kty":"oct","k":"AAAA"},7]}"#,
        ] {
            world.answer(.success(Array(broken.utf8)))
            world.advance(.seconds(30))
            guard case .failed(.keySet) = await service.fetchedKeys(of: Self.issuer) else {
                Issue.record("\(broken) was taken")
                continue
            }
            #expect(service.verify(good, now: now).token != nil)
        }
        let status = try #require(service.snapshot().first)
        #expect(status.usable && status.count == 10 && status.skipped == 8 && status.failures == 6)
        #expect(status.lastError == "the key set holds no usable key")
    }

    @Test(
        "F-ID-16: with the issuer down known keys serve for their time, then the answer is 08006"
    )
    func issuerDown() async throws {
        let world = try KeyWorld("main")
        let service = world.service([try main])
        let good = try TokenFixtures.all.token("good-rs256")
        #expect(await service.login(good, now: now).token != nil)
        world.answer(.failure(.deadline))
        world.advance(.seconds(3600))
        _ = await service.fetchedKeys(of: Self.issuer)
        #expect(service.verify(good, now: now).token != nil)
        // Whether an unknown key is published is not known now; it is again when the provider answers.
        #expect(await service.login(token(keyID: "new"), now: now) == .refused(.keysUnavailable))
        world.advance(.seconds(86400))
        #expect(service.verify(good, now: now) == .needsKeys(issuer: Self.issuer))
        #expect(await service.login(good, now: now) == .refused(.keysUnavailable))
        try world.answer("main")
        world.advance(.seconds(30))
        #expect(await service.login(good, now: now).token != nil)
        #expect(await service.login(token(keyID: "new"), now: now) == .refused(.unknownKey))
    }

    @Test(
        "A reload keeps the keys of issuers that stay, drops the others', and tells those who waited for them"
    )
    func reload() async throws {
        let fixtures = TokenFixtures.all
        let world = try KeyWorld("main")
        var issuer = try main
        let service = world.service([issuer])
        let good = try fixtures.token("good-rs256")
        #expect(await service.login(good, now: now).token != nil)
        issuer.audience = ["else"]
        service.replaceIssuers([issuer])
        #expect(service.verify(good, now: now) == .refused(.audience))
        issuer.audience = ["domicile"]
        service.replaceIssuers([issuer])
        #expect(service.verify(good, now: now).token != nil)
        #expect(world.fetches == 1)

        world.advance(.seconds(30))
        world.hold()
        let outcome = await withCheckedContinuation { continuation in
            service.fetchKeys(issuer: Self.issuer) { continuation.resume(returning: $0) }
            service.replaceIssuers([])
        }
        world.release()
        #expect(outcome == .failed(.issuerRemoved))
        #expect(service.verify(good, now: now) == .refused(.unknownIssuer))
        #expect(service.snapshot().isEmpty)
    }

    @Test(
        "An issuer whose keys now come from elsewhere starts without any"
    )
    func reloadFromElsewhere() async throws {
        let world = try KeyWorld("main")
        var issuer = try main
        let service = world.service([issuer])
        let good = try TokenFixtures.all.token("good-rs256")
        #expect(await service.login(good, now: now).token != nil)
        world.hold()
        issuer.keys = .url("https://id.example.com/other-keys")
        service.replaceIssuers([issuer])
        #expect(service.verify(good, now: now) == .needsKeys(issuer: Self.issuer))
        world.release()
    }

    @Test("run fetches every issuer's keys by itself and ends when it is cancelled")
    func run() async throws {
        let world = try KeyWorld("main")
        let service = world.service([try main])
        let running = Task { await service.run() }
        // Joins the fetch that run began, or begins the one that run then finds done.
        while service.snapshot().first?.usable != true { await Task.yield() }
        running.cancel()
        await running.value
        #expect(world.fetches == 1)
    }

    @Test("A key file that changes is read again, without a token asking for it")
    func keyFile() async throws {
        let fixtures = TokenFixtures.all
        let file = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        defer { try? FileManager.default.removeItem(at: file) }
        try Data(try #require(try fixtures.keySet(of: "one-key"))).write(to: file)
        var issuer = try main
        issuer.keys = .file(file.path)
        let service = IdentityService(
            issuers: [issuer], leeway: .seconds(30), tokenLimit: 16384, logger: silent)
        let good = try fixtures.token("good-es256")
        #expect(await service.login(good, now: now) == .refused(.unknownKey))
        try Data(try #require(try fixtures.keySet(of: "main"))).write(to: file)
        service.start()
        while service.snapshot().first?.count != 10 { await Task.yield() }
        #expect(service.verify(good, now: now).token != nil)
    }

    @Test(
        "Over HTTP: discovery and keys of a provider, then 1,000 unknown kids, cost one key set more at most")
    func overHTTP() async throws {
        let address = Address()
        let document = String(
            decoding: try #require(try TokenFixtures.all.keySet(of: "main")), as: UTF8.self)
        let server = try ProviderServer { path in
            path == "/jwks"
                ? .body(document)
                : .body(#"{"issuer":"\#(address.value)","jwks_uri":"\#(address.value)/jwks"}"#)
        }
        address.value = server.address
        defer { server.stop() }
        let service = IdentityService(
            issuers: [try Issuer.configured(server.address, keys: .discovery)], leeway: .seconds(30),
            tokenLimit: 16384,
            logger: silent)
        service.start()
        for _ in 0..<1000 { _ = await service.fetchedKeys(of: server.address) }
        #expect(service.snapshot().first?.usable == true)
        #expect(server.requests.filter { $0 == "/jwks" }.count <= 2)
    }
}
