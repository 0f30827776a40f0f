import Foundation
import GatewayConfiguration
import GatewayIdentity
import Synchronization
import Testing

@Suite struct IntrospectionStateMachineTests {
    private typealias Machine = IntrospectionStateMachine

    @Test("Active is remembered for its time and not a moment longer")
    func remembered() {
        var machine = Machine()
        #expect(machine.tokenReceived([1], now: .zero) == .ask)
        machine.answered([1], rememberFor: .seconds(30), now: .seconds(1))
        #expect(machine.tokenReceived([1], now: .milliseconds(30_999)) == .active)
        #expect(machine.tokenReceived([2], now: .seconds(2)) == .ask)
        #expect(machine.tokenReceived([1], now: .seconds(31)) == .ask)
    }

    @Test("Inactive, failures and a time of nought are never remembered")
    func notRemembered() {
        var machine = Machine()
        for lifetime in [nil, Duration.zero, .seconds(-5)] {
            #expect(machine.tokenReceived([1], now: .zero) == .ask)
            machine.answered([1], rememberFor: lifetime, now: .zero)
        }
        #expect(machine.tokenReceived([1], now: .zero) == .ask)
    }

    @Test("One question for many who wait; beyond the limit of questions the answer is busy")
    func limits() {
        var machine = Machine()
        for number in 0..<256 {
            #expect(machine.tokenReceived([UInt8(number)], now: .zero) == .ask)
            #expect(machine.tokenReceived([UInt8(number)], now: .zero) == .wait)
        }
        #expect(machine.tokenReceived([1, 1], now: .zero) == .busy)
        machine.answered([7], rememberFor: nil, now: .zero)
        #expect(machine.tokenReceived([1, 1], now: .zero) == .ask)
    }

    @Test("No more tokens than the limit are remembered; room is made of those whose time is over")
    func rememberedLimit() {
        var machine = Machine()
        func key(_ number: Int) -> [UInt8] {
            [UInt8(number & 255), UInt8(number >> 8 & 255), UInt8(number >> 16)]
        }
        for number in 0..<10_001 {
            _ = machine.tokenReceived(key(number), now: .zero)
            machine.answered(key(number), rememberFor: .seconds(10), now: .zero)
        }
        #expect(machine.tokenReceived(key(9_999), now: .zero) == .active)
        #expect(machine.tokenReceived(key(10_000), now: .zero) == .ask)
        machine.answered(key(10_000), rememberFor: .seconds(10), now: .seconds(11))
        #expect(machine.tokenReceived(key(10_000), now: .seconds(12)) == .active)
    }
}

@Suite struct IntrospectionServiceTests {
    /// An issuer in memory and a clock by hand.
    private final class World: Sendable {
        struct State {
            var answer: Result<IntrospectionAnswer, IntrospectionFailure> = .success(.init(active: true))
            var asked = 0
            var now = Duration.zero
        }
        let state = Mutex(State())

        var asked: Int { state.withLock { $0.asked } }
        func answer(_ answer: Result<IntrospectionAnswer, IntrospectionFailure>) {
            state.withLock { $0.answer = answer }
        }
        func advance(_ by: Duration) { state.withLock { $0.now += by } }

        func service(_ issuers: [Issuer]) -> IntrospectionService {
            IntrospectionService(
                issuers: issuers, logger: silent,
                ask: { [self] _, _, _ in
                    state.withLock { state in
                        state.asked += 1
                        return state.answer
                    }
                }, uptime: { [self] in state.withLock { $0.now } })
        }
    }

    private let bytes: [UInt8]
    private let token: VerifiedToken

    init() async throws {
        bytes = try TokenFixtures.all.token("good-es256")
        let keys = try #require(try TokenFixtures.all.keySet(of: "main"))
        let service = IdentityService(
            issuers: [try TokenFixtures.all.issuer("main")], leeway: .seconds(30), tokenLimit: 16384,
            logger: silent,
            fetch: { _ in .success(keys) }, uptime: { .zero })
        let verification = await service.login(bytes, now: TokenFixtures.all.now)
        token = try #require(verification.token)
    }

    private func issuer(cache: Duration = .seconds(30), onError: Introspection.Failure = .refuse) throws
        -> Issuer
    {
        var issuer = try TokenFixtures.all.issuer("main")
        issuer.introspection = Introspection(
            endpoint: "https://id.example.com/introspect", clientID: "gateway", clientSecret: Secret("s"),
            cache: cache, onError: onError)
        return issuer
    }

    private func check(_ service: IntrospectionService) async -> IntrospectionOutcome {
        await service.check(bytes, of: token, now: TokenFixtures.all.now)
    }

    @Test("Without introspection in its entry an issuer is never asked")
    func notAsked() async throws {
        let world = World()
        let service = world.service([try TokenFixtures.all.issuer("main")])
        #expect(!service.concerns(token))
        #expect(await check(service) == .active)
        #expect(world.asked == 0)
    }

    @Test("Active is asked for once in the time of the cache, and again after it: then inactive is refused")
    func cached() async throws {
        let world = World()
        let service = world.service([try issuer()])
        #expect(service.concerns(token))
        for _ in 0..<10 { #expect(await check(service) == .active) }
        #expect(world.asked == 1)
        world.answer(.success(.init(active: false)))
        world.advance(.seconds(29))
        #expect(await check(service) == .active)
        world.advance(.seconds(1))
        for _ in 0..<3 { #expect(await check(service) == .inactive) }
        #expect(world.asked == 4)
    }

    @Test(
        "F-ID-14: what is remembered ends with the token, by its own exp or by the issuer's, whichever is first"
    )
    func endsWithToken() async throws {
        let world = World()
        let service = world.service([try issuer(cache: .seconds(86_400))])
        world.answer(.success(.init(active: true, expires: TokenFixtures.all.now + 5)))
        #expect(await check(service) == .active)
        world.advance(.seconds(5))
        world.answer(.success(.init(active: true)))
        #expect(await check(service) == .active)
        #expect(world.asked == 2)
        world.advance(.seconds(token.expires - TokenFixtures.all.now))
        #expect(await check(service) == .active)
        #expect(world.asked == 3)
    }

    @Test(
        "F-ID-16: an issuer that gives no answer is unavailable or let through, as its entry says, and is asked anew",
        arguments: [Introspection.Failure.refuse, .allow])
    func failing(onError: Introspection.Failure) async throws {
        let world = World()
        let service = world.service([try issuer(onError: onError)])
        world.answer(.failure(.deadline))
        let expected: IntrospectionOutcome = onError == .refuse ? .unavailable : .active
        for _ in 0..<3 { #expect(await check(service) == expected) }
        #expect(world.asked == 3)
        world.answer(.success(.init(active: false)))
        #expect(await check(service) == .inactive)
    }

    /// Questions that get no answer before it is opened.
    private final class Gate: Sendable {
        private let held = Mutex<[CheckedContinuation<Void, Never>]?>([])

        func pass() async {
            await withCheckedContinuation { continuation in
                let isOpen = held.withLock { held in
                    held?.append(continuation)
                    return held == nil
                }
                if isOpen { continuation.resume() }
            }
        }

        func open() {
            let waiting = held.withLock { held in
                defer { held = nil }
                return held ?? []
            }
            for continuation in waiting { continuation.resume() }
        }
    }

    @Test(
        "With as many questions under way as may be a login is not let in and a live session waits; with on_error: allow both go on",
        arguments: [Introspection.Failure.refuse, .allow])
    func busy(onError: Introspection.Failure) async throws {
        let gate = Gate()
        let service = IntrospectionService(
            issuers: [try issuer(onError: onError)], logger: silent,
            ask: { _, _, _ in
                await gate.pass()
                return .success(.init(active: true))
            }, uptime: { .zero })
        let now = TokenFixtures.all.now
        for number in 0..<256 { service.check([UInt8(number)], of: token, now: now) { _ in } }
        #expect(
            await service.check(bytes, of: token, now: now) == (onError == .refuse ? .unavailable : .active))
        let answer = await withCheckedContinuation { continuation in
            service.checkAgain(bytes, of: token, now: now) { continuation.resume(returning: $0) }
        }
        #expect(answer == (onError == .refuse ? .busy : .said(.active)))
        gate.open()
    }

    @Test(
        "How long the issuer's last word counts is told: the rest of the cache's time, nought where it has to be asked"
    )
    func remembered() async throws {
        let world = World()
        let service = world.service([try issuer()])
        #expect(service.remembered(bytes) == .zero)
        #expect(await check(service) == .active)
        world.advance(.seconds(12))
        #expect(service.remembered(bytes) == .seconds(18))
        world.advance(.seconds(20))
        #expect(service.remembered(bytes) == .zero)
    }

    @Test("A new configuration forgets what was said under the old one")
    func reload() async throws {
        let world = World()
        let service = world.service([try issuer()])
        #expect(await check(service) == .active)
        service.replaceIssuers([try issuer()])
        #expect(await check(service) == .active)
        #expect(world.asked == 1)
        service.replaceIssuers([try issuer(cache: .seconds(60))])
        #expect(await check(service) == .active)
        #expect(world.asked == 2)
    }
}

@Suite struct IntrospectionClientTests {
    private func ask(
        _ server: ProviderServer, path: String = "/introspect", id: String = "gateway", secret: String = "s",
        deadline: Duration = .seconds(5)
    ) async -> Result<IntrospectionAnswer, IntrospectionFailure> {
        let introspection = Introspection(
            endpoint: server.address + path, clientID: id, clientSecret: Secret(secret), cache: .zero,
            onError: .refuse)
        return await IntrospectionClient(deadline: deadline).ask(
            introspection, ca: nil, token: Array("abc.DEF-_.0".utf8))
    }

    @Test(
        "RFC 7662 section 2.1: the token is in a form of a POST, the gateway's name in Basic, escaped as RFC 6749 says"
    )
    func request() async throws {
        let server = try ProviderServer { _ in .body(#"{"active":true,"exp":2000000000,"sub":"x"}"#) }
        defer { server.stop() }
        let answer = await ask(server, id: "gate way:1", secret: "p%ä")
        #expect(answer == .success(.init(active: true, expires: 2_000_000_000)))
        let message = try #require(server.messages.first)
        #expect(message.hasPrefix("POST /introspect HTTP/1.1\r\n"))
        #expect(message.hasSuffix("\r\n\r\ntoken=abc.DEF-_.0"))
        let lowered = message.lowercased()
        #expect(lowered.contains("\r\ncontent-type: application/x-www-form-urlencoded\r\n"))
        // printf 'gate%%20way%%3A1:p%%25%%C3%%A4' | base64
        #expect(message.contains("Basic Z2F0ZSUyMHdheSUzQTE6cCUyNSVDMyVBNA==\r\n"), "\(message)")
    }

    @Test(
        "Only `active` as a boolean in strict JSON with status 200 is an answer",
        arguments: [
            (#"{"active":false}"#, 200, true), (#"{"active":"true"}"#, 200, false),
            (#"{"active":1}"#, 200, false),
            ("{}", 200, false), ("[]", 200, false), ("", 200, false), ("true", 200, false),
            (#"{"active":false,"active":true}"#, 200, false), (#"{"active":true} x"#, 200, false),
            (#"{"active":true}"#, 401, false), (#"{"active":true}"#, 500, false),
            (#"{"active":true}"#, 204, false),
            (#"{"active":true}"#, 302, false),
        ])
    func answers(body: String, status: Int, isAnswer: Bool) async throws {
        let server = try ProviderServer { _ in
            .body(body, status: status, location: status == 302 ? "/other" : nil)
        }
        defer { server.stop() }
        let answer = await ask(server)
        if isAnswer {
            #expect(answer == .success(.init(active: false)))
        } else {
            #expect((try? answer.get()) == nil)
        }
        // No redirect is followed.
        #expect(server.requests == ["/introspect"])
    }

    @Test("F-ID-09: an endless, a claimed, a dripping and no answer end in bounded time and bytes")
    func bounded() async throws {
        for reply in [ProviderServer.Reply.endless, .claiming(1 << 40), .dripping, .silent] {
            let server = try ProviderServer { _ in reply }
            defer { server.stop() }
            let begun = ContinuousClock.now
            let answer = await ask(server, deadline: .milliseconds(500))
            #expect((try? answer.get()) == nil)
            #expect(ContinuousClock.now - begun < .seconds(4))
        }
    }

    @Test("F-ID-11: nothing of the token or the secret is in what is said of a failure")
    func secrets() async throws {
        let server = try ProviderServer { _ in .body("abc.DEF-_.0 hunter2", status: 500) }
        server.stop()
        for path in ["/introspect", "/introspect?x=1"] {
            guard case .failure(let failure) = await ask(server, path: path, secret: "hunter2") else {
                Issue.record("a server that has stopped gave an answer")
                continue
            }
            #expect(!"\(failure)".contains("DEF") && !"\(failure)".contains("hunter2"))
        }
    }

    @Test("Plain HTTP to another machine is not asked")
    func plainHTTP() async {
        let introspection = Introspection(
            endpoint: "http://192.0.2.1/introspect", clientID: "g", clientSecret: Secret("s"), cache: .zero,
            onError: .refuse)
        let answer = await IntrospectionClient().ask(introspection, ca: nil, token: [0x61])
        guard case .failure(.address) = answer else {
            Issue.record("\(answer)")
            return
        }
    }
}
