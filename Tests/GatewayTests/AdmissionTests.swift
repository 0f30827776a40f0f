import Gateway
import GatewayPolicy
import GatewayRouting
import Testing

@Suite struct AdmissionTests {
    private static let second: UInt64 = 1_000_000_000
    private let admission = Admission()

    private func principal(_ subject: String, issuer: String = "https://id.example.com") -> Principal {
        Principal(
            issuer: issuer, subject: subject, planner: nil, task: nil, tokenID: nil, claims: [:], mapped: [:])
    }

    @Test("So many connections as the limit says are let in and not one more, until one is released")
    func connections() {
        #expect(admission.admitConnection(limit: 2))
        #expect(admission.admitConnection(limit: 2))
        #expect(!admission.admitConnection(limit: 2))
        #expect(admission.connections == 2)
        admission.releaseConnection()
        #expect(admission.admitConnection(limit: 2))
        #expect(!admission.admitConnection(limit: 2))
        #expect(admission.connections == 2)
    }

    @Test("A limit that a reload lowered lets nobody in until it is met")
    func loweredLimit() {
        for _ in 0..<3 { #expect(admission.admitConnection(limit: 3)) }
        #expect(!admission.admitConnection(limit: 1))
        admission.releaseConnection()
        admission.releaseConnection()
        #expect(!admission.admitConnection(limit: 1))
        admission.releaseConnection()
        #expect(admission.admitConnection(limit: 1))
    }

    @Test("A principal has its own limit; another subject, and the same subject of another issuer, theirs")
    func subjects() {
        let (ann, bob) = (principal("ann"), principal("bob"))
        let otherAnn = principal("ann", issuer: "https://other.example.com")
        #expect(refusal(of: ann) == nil)
        #expect(refusal(of: ann)?.detail == "A principal may have 1 sessions (limits.sessions_per_subject).")
        #expect(refusal(of: bob) == nil)
        #expect(refusal(of: otherAnn) == nil)
        admission.releaseSession(ann)
        #expect(refusal(of: ann) == nil)
        #expect(refusal(of: bob) != nil)
        #expect(admission.sessions == 3)
    }

    /// What a session of this principal is told where each may have one.
    private func refusal(of principal: Principal, limit: Int = 100) -> Refusal? {
        do throws(Refusal) {
            try admission.admitSession(principal, limit: limit, perSubject: 1)
            return nil
        } catch {
            return error
        }
    }

    @Test(
        "F-WIRE-34: connections that do not log in use up none of the sessions, and have a limit of their own"
    )
    func unauthenticated() {
        let limit = Admission.connectionLimit(sessions: 2)
        #expect(limit == 8_002)
        #expect(Admission.connectionLimit(sessions: 10_000) == 20_000)
        #expect(Admission.connectionLimit(sessions: .max) == .max)
        for _ in 0..<5_000 { #expect(admission.admitConnection(limit: limit)) }
        #expect(refusal(of: principal("ann"), limit: 2) == nil)
        #expect(refusal(of: principal("bob"), limit: 2) == nil)
        #expect(
            refusal(of: principal("cid"), limit: 2)?.detail
                == "The gateway takes 2 sessions (limits.sessions).")
        admission.releaseSession(principal("ann"))
        #expect(refusal(of: principal("cid"), limit: 2) == nil)
    }

    @Test("Issuer and subject are not run together: a name cut elsewhere is another principal")
    func subjectsApart() {
        #expect(refusal(of: principal("bc", issuer: "a")) == nil)
        #expect(refusal(of: principal("c", issuer: "ab")) == nil)
    }

    @Test("Logins of an address: one second's worth at once, then as many as time has earned")
    func logins() {
        let address: [UInt8] = [10, 0, 0, 1]
        let start: UInt64 = 5 * AdmissionTests.second
        func login(_ now: UInt64) -> Bool { admission.admitLogin(address: address, perSecond: 4, now: now) }
        #expect((0..<5).map { _ in login(start) } == [true, true, true, true, false])
        #expect(!login(start + 249_000_000))
        #expect(login(start + 251_000_000))
        #expect(!login(start + 251_000_000))
        #expect(
            (0..<5).map { _ in login(start + 60 * AdmissionTests.second) } == [true, true, true, true, false])
    }

    @Test("Over an hour an address that never stops gets its rate, and no more than its first burst on top")
    func loginsSustained() {
        var admitted = 0
        for tick in 0..<36_000 as Range<UInt64> {
            let now = tick * 100_000_000
            for _ in 0..<3 where admission.admitLogin(address: [1], perSecond: 5, now: now) { admitted += 1 }
        }
        #expect((17_995...18_005).contains(admitted))
    }

    @Test("Addresses count apart, and a Unix socket, which has none, does not count")
    func addressesApart() {
        #expect(admission.admitLogin(address: [1], perSecond: 1, now: 0))
        #expect(!admission.admitLogin(address: [1], perSecond: 1, now: 0))
        #expect(admission.admitLogin(address: [2], perSecond: 1, now: 0))
        for _ in 0..<100 { #expect(admission.admitLogin(address: [], perSecond: 1, now: 0)) }
    }

    @Test("A worker whose clock is a turn behind neither traps nor earns anything")
    func clockBehind() {
        let (now, before) = (20 * AdmissionTests.second, 19 * AdmissionTests.second)
        #expect(admission.admitLogin(address: [1], perSecond: 1, now: now))
        #expect(!admission.admitLogin(address: [1], perSecond: 1, now: before))
        #expect(!admission.admitLogin(address: [1], perSecond: 1, now: now))
    }

    @Test(
        "F-WIRE-16: ten wrong cancel keys a second of an address are recorded, then that there were more, once"
    )
    func cancelGuesses() {
        let now = AdmissionTests.second
        func guess(_ later: UInt64 = 0) -> Admission.CancelGuess {
            admission.admitCancelGuess(address: [9], now: now + later)
        }
        let seen = (0..<13).map { _ in guess() }
        #expect(seen == Array(repeating: .recorded, count: 10) + [.limited, .ignored, .ignored])
        #expect(admission.admitLogin(address: [9], perSecond: 1, now: now))
        #expect(admission.admitCancelGuess(address: [], now: now) == .recorded)
        // A second later there is a second's worth again, and then it is said again.
        let next = (0..<12).map { _ in guess(AdmissionTests.second) }
        #expect(next == Array(repeating: .recorded, count: 10) + [.limited, .ignored])
    }

    @Test("A principal's logins are counted from wherever, and leave other principals and issuers alone")
    func loginsOfSubjects() {
        let (ann, bob) = (principal("ann"), principal("bob"))
        let otherAnn = principal("ann", issuer: "https://other.example.com")
        func login(_ principal: Principal, _ now: UInt64 = 0) -> Bool {
            admission.admitLogin(of: principal, perSecond: 2, now: now)
        }
        #expect((0..<3).map { _ in login(ann) } == [true, true, false])
        #expect(login(bob) && login(otherAnn))
        #expect(login(ann, 500_000_000))
        #expect(!login(ann, 500_000_000))
    }

    @Test(
        "An address has its own limit of sessions, whoever they are of; a Unix socket, which has none, does not"
    )
    func sessionsOfAddress() {
        func refusal(_ subject: String, _ address: [UInt8]) -> Refusal? {
            do throws(Refusal) {
                try admission.admitSession(
                    principal(subject), address: address, limit: 100, perSubject: 2, perAddress: 2)
                return nil
            } catch {
                return error
            }
        }
        #expect(refusal("ann", [1]) == nil)
        #expect(refusal("bob", [1]) == nil)
        let third = refusal("cid", [1])
        #expect(third?.sqlstate == "53300")
        #expect(third?.detail == "An address may have 2 sessions (limits.sessions_per_address).")
        // What was refused took no place: neither of all, nor of its subject.
        #expect(admission.sessions == 2)
        #expect(refusal("cid", [2]) == nil)
        #expect(refusal("cid", []) == nil)
        #expect(refusal("dan", []) == nil)
        #expect(refusal("eve", []) == nil)
        admission.releaseSession(principal("ann"), address: [1])
        #expect(refusal("fay", [1]) == nil)
        #expect(refusal("gus", [1]) != nil)
        admission.releaseSession(principal("eve"))
        #expect(admission.sessions == 5)
    }

    private func address(_ number: UInt32) -> [UInt8] { withUnsafeBytes(of: number) { Array($0) } }

    @Test(
        "F-WIRE-34: however many addresses come at once, ten thousand are remembered; the others are let in, and those over their rate stay so"
    )
    func addressesBounded() {
        let now = 100 * AdmissionTests.second
        for number in 0..<10_000 as Range<UInt32> {
            #expect(admission.admitLogin(address: address(number), perSecond: 1, now: now))
        }
        #expect(admission.rates.logins == 10_000)
        for number in 10_000..<30_000 as Range<UInt32> {
            let isIn = admission.admitLogin(
                address: address(number), perSecond: 1, now: now + UInt64(number) * 10_000)
            #expect(isIn)
        }
        #expect(admission.rates.logins == 10_000)
        #expect(!admission.admitLogin(address: address(5), perSecond: 1, now: now + 900_000_000))
        // Once they are within their rate again they are forgotten.
        #expect(
            admission.admitLogin(address: address(40_000), perSecond: 1, now: now + 3 * AdmissionTests.second)
        )
        #expect(admission.rates.logins == 1)
    }

    @Test("However many principals log in at once, ten thousand are remembered and the others let in")
    func subjectsBounded() {
        for number in 0..<12_000 {
            #expect(admission.admitLogin(of: principal("exec-\(number)"), perSecond: 1, now: 0))
        }
        #expect(admission.rates.subjects == 10_000)
        #expect(!admission.admitLogin(of: principal("exec-0"), perSecond: 1, now: 0))
    }

    @Test("F-WIRE-16: wrong cancel keys of more addresses than are remembered are recorded as of one")
    func cancelsBounded() {
        let now = AdmissionTests.second
        for number in 0..<10_000 as Range<UInt32> {
            #expect(admission.admitCancelGuess(address: address(number), now: now) == .recorded)
        }
        let more = (10_000..<10_015 as Range<UInt32>).map {
            admission.admitCancelGuess(address: address($0), now: now)
        }
        #expect(
            more == Array(repeating: .recorded, count: 10) + [
                .limited, .ignored, .ignored, .ignored, .ignored,
            ])
        #expect(admission.rates.cancels == 10_000)
        #expect(admission.admitCancelGuess(address: address(3), now: now) == .recorded)
    }

    @Test("More addresses than are remembered are let in, and one that has used its rate up stays so")
    func manyAddresses() {
        let now = 100 * AdmissionTests.second
        for number in 0..<9_999 as Range<UInt32> {
            let address = withUnsafeBytes(of: number) { Array($0) }
            #expect(admission.admitLogin(address: address, perSecond: 1, now: now))
        }
        #expect(admission.admitLogin(address: [7], perSecond: 1, now: now + 3 * AdmissionTests.second))
        for number in 0..<5 as Range<UInt8> {
            let later = now + 3 * AdmissionTests.second
            #expect(admission.admitLogin(address: [8, number], perSecond: 1, now: later))
        }
        #expect(!admission.admitLogin(address: [7], perSecond: 1, now: now + 3 * AdmissionTests.second))
    }

    @Test("Sessions are counted by replica, up and down")
    func replicas() {
        let (first, second) = (ReplicaID(database: "o", replica: "a"), ReplicaID(database: "o", replica: "b"))
        admission.enter(replica: first)
        admission.enter(replica: first)
        admission.enter(replica: second)
        admission.leave(replica: first)
        admission.leave(replica: second)
        #expect(admission.sessionsByReplica[first] == 1)
        #expect(admission.sessionsByReplica[second] ?? 0 == 0)
    }
}
