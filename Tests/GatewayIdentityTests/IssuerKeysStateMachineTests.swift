import GatewayIdentity
import Testing

@Suite struct IssuerKeysStateMachineTests {
    private func keys() throws -> KeySet {
        // RFC 8037 appendix A.2.
        let json =
            #"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#
        return try KeySet(json: Array(json.utf8))
    }

    /// The machine behind a reference: `#expect` does not take mutating calls.
    @dynamicMemberLookup private final class Machine {
        private var value: IssuerKeysStateMachine

        init(refresh: Duration = .seconds(3600), maxAge: Duration = .seconds(86400)) {
            value = IssuerKeysStateMachine(refresh: refresh, maxAge: maxAge, now: .zero)
        }

        subscript<Value>(dynamicMember path: KeyPath<IssuerKeysStateMachine, Value>) -> Value {
            value[keyPath: path]
        }
        func keysDemanded(now: Duration) -> IssuerKeysStateMachine.Action { value.keysDemanded(now: now) }
        func refreshDue(now: Duration) -> Bool { value.refreshDue(now: now) }
        func sourceChanged(now: Duration) { value.sourceChanged(now: now) }
        func keysFetched(_ keys: KeySet, now: Duration, jitter: Double) {
            value.keysFetched(keys, now: now, jitter: jitter)
        }
        func fetchFailed(now: Duration) { value.fetchFailed(now: now) }
        func usableKeys(now: Duration) -> KeySet? { value.usableKeys(now: now) }
        func age(now: Duration) -> Duration? { value.age(now: now) }
    }

    private func machine() -> Machine { Machine() }

    @Test("F-ID-06: while a fetch is in flight nobody begins another, by demand or by schedule")
    func oneInFlight() {
        let machine = machine()
        #expect(machine.keysDemanded(now: .zero) == .fetch)
        #expect(machine.keysDemanded(now: .seconds(1)) == .wait)
        #expect(machine.keysDemanded(now: .seconds(999)) == .wait)
        #expect(!machine.refreshDue(now: .seconds(999)))
        #expect(machine.fetches == 1)
    }

    @Test(
        "F-ID-06: the cool-down counts from the try, after a success, a failure, and with an empty set alike")
    func coolDown() throws {
        for succeeded in [true, false] {
            let machine = machine()
            #expect(machine.keysDemanded(now: .seconds(100)) == .fetch)
            if succeeded {
                machine.keysFetched(try keys(), now: .seconds(104), jitter: 0)
            } else {
                machine.fetchFailed(now: .seconds(104))
            }
            #expect(machine.keysDemanded(now: .seconds(104)) == .coolingDown(retryAfter: .seconds(26)))
            #expect(
                machine.keysDemanded(now: .milliseconds(129_999))
                    == .coolingDown(retryAfter: .milliseconds(1)))
            #expect(machine.keysDemanded(now: .seconds(130)) == .fetch)
        }
    }

    @Test(
        "F-ID-06: with keys, asked every second by demand and schedule, it never tries a third time in 30 s"
    )
    func twoTriesAtMost() throws {
        for succeeds in [true, false] {
            let machine = machine()
            #expect(machine.refreshDue(now: .zero))
            machine.keysFetched(try keys(), now: .zero, jitter: 0)
            var tries: [Int] = []
            for second in 100..<700 {
                let now = Duration.seconds(second)
                machine.sourceChanged(now: now)
                let scheduled = machine.refreshDue(now: now)
                let demanded = !scheduled && machine.keysDemanded(now: now) == .fetch
                guard scheduled || demanded else { continue }
                tries.append(second)
                if succeeds {
                    machine.keysFetched(try keys(), now: now, jitter: 0.5)
                } else {
                    machine.fetchFailed(now: now)
                }
            }
            #expect(tries.count > 20)
            for (first, third) in zip(tries, tries.dropFirst(2)) { #expect(third - first >= 30) }
        }
    }

    @Test(
        "F-ID-07: keys are fetched again by schedule, up to a fifth early against gateways asking together"
    )
    func schedule() throws {
        for (jitter, due) in [(0.0, 3600), (1.0, 2880), (7.0, 2880), (-1.0, 3600)] {
            let machine = machine()
            #expect(machine.refreshDue(now: .zero))
            machine.keysFetched(try keys(), now: .zero, jitter: jitter)
            #expect(!machine.refreshDue(now: .seconds(due) - .milliseconds(1)))
            #expect(machine.refreshDue(now: .seconds(due)))
        }
    }

    @Test("F-ID-16: known keys serve on through failures up to their age, and not past it")
    func age() throws {
        let machine = machine()
        #expect(machine.usableKeys(now: .zero)?.count == nil)
        #expect(machine.refreshDue(now: .zero))
        machine.keysFetched(try keys(), now: .seconds(10), jitter: 0)
        #expect(machine.refreshDue(now: .seconds(4000)))
        machine.fetchFailed(now: .seconds(4005))
        #expect(machine.usableKeys(now: .seconds(86410))?.count == 1)
        #expect(machine.usableKeys(now: .seconds(86411))?.count == nil)
        #expect(machine.age(now: .seconds(86411)) == .seconds(86401))
    }

    @Test("F-ID-16: without any keys a failure is tried again after 1 s, 2 s, 4 s and so on, up to 30 s")
    func retries() throws {
        let machine = machine()
        var now = Duration.zero
        for pause in [1, 2, 4, 8, 16, 30, 30] {
            #expect(machine.refreshDue(now: now))
            machine.fetchFailed(now: now)
            #expect(!machine.refreshDue(now: now + .seconds(pause) - .milliseconds(1)))
            now += .seconds(pause)
        }
        #expect(machine.failures == 7)
        // What tokens ask for meanwhile is bounded as ever.
        #expect(machine.keysDemanded(now: now) == .fetch)
        machine.fetchFailed(now: now)
        #expect(machine.keysDemanded(now: now + .seconds(29)) == .coolingDown(retryAfter: .seconds(1)))
    }

    @Test(
        "F-ID-16: keys do not age out while their provider is well, however short keys_max_age beside keys_refresh"
    )
    func refreshBeforeAge() throws {
        let machine = Machine(refresh: .seconds(900), maxAge: .seconds(100))
        #expect(machine.refreshDue(now: .zero))
        machine.keysFetched(try keys(), now: .zero, jitter: 0)
        #expect(!machine.refreshDue(now: .milliseconds(49_999)))
        #expect(machine.refreshDue(now: .seconds(50)))
        machine.keysFetched(try keys(), now: .seconds(51), jitter: 0)
        #expect(machine.usableKeys(now: .seconds(151))?.count == 1)
    }

    @Test(
        "F-ID-16: keys that have aged out are tried for as if there were none: at once, then after 1 s, 2 s, 4 s and so on"
    )
    func retriesAgedOut() throws {
        let machine = Machine(refresh: .seconds(20), maxAge: .seconds(40))
        #expect(machine.refreshDue(now: .zero))
        machine.keysFetched(try keys(), now: .zero, jitter: 0)
        #expect(machine.refreshDue(now: .seconds(20)))
        machine.fetchFailed(now: .seconds(25))
        // Not in 30 s, when they will not have served for 15 s.
        #expect(machine.usableKeys(now: .seconds(40))?.count == 1)
        #expect(!machine.refreshDue(now: .seconds(40)))
        var now = Duration.milliseconds(40_001)
        #expect(machine.usableKeys(now: now)?.count == nil)
        for pause in [1, 2, 4, 8, 16, 30, 30] {
            #expect(machine.refreshDue(now: now))
            machine.fetchFailed(now: now)
            #expect(!machine.refreshDue(now: now + .seconds(pause) - .milliseconds(1)))
            now += .seconds(pause)
        }
        #expect(machine.refreshDue(now: now))
        machine.keysFetched(try keys(), now: now, jitter: 0)
        #expect(machine.usableKeys(now: now)?.count == 1)
    }

    @Test("F-ID-16: with keys that serve on a failure is tried again after 30 s")
    func retriesWithKeys() throws {
        let machine = machine()
        #expect(machine.refreshDue(now: .zero))
        machine.keysFetched(try keys(), now: .zero, jitter: 0)
        #expect(machine.refreshDue(now: .seconds(3600)))
        machine.fetchFailed(now: .seconds(3600))
        #expect(!machine.refreshDue(now: .seconds(3630) - .milliseconds(1)))
        #expect(machine.refreshDue(now: .seconds(3630)))
    }
}
