import Gateway
import Testing

@Suite struct LoginFailuresTests {
    private static let second: UInt64 = 1_000_000_000
    private var failures = LoginFailures()

    private mutating func fail(_ address: [UInt8] = [1], _ now: UInt64 = 0) -> Duration {
        failures.failed(address, limit: .seconds(2), now: now)
    }

    @Test("Ten failures are answered at once, each further one waits twice as long, up to the limit")
    mutating func growing() {
        let now = 7 * LoginFailuresTests.second
        let delays = (0..<18).map { _ in fail([1], now) }
        #expect(
            delays == Array(repeating: .zero, count: 10)
                + [100, 200, 400, 800, 1_600, 2_000, 2_000, 2_000].map { .milliseconds($0) })
    }

    @Test("Another address is not slower for it")
    mutating func addressesApart() {
        for _ in 0..<100 { _ = fail([1]) }
        #expect(fail([2]) == .zero)
        #expect(fail([1]) == .seconds(2))
    }

    @Test("A failure is forgotten each second; a million of them within twenty")
    mutating func forgetting() {
        for _ in 0..<1_000_000 { _ = fail() }
        // Fifteen seconds later five are left, and this is the sixth.
        #expect(fail([1], 15 * LoginFailuresTests.second) == .zero)
        for _ in 0..<4 { #expect(fail([1], 15 * LoginFailuresTests.second) == .zero) }
        #expect(fail([1], 15 * LoginFailuresTests.second) == .milliseconds(100))
        #expect(fail([1], 40 * LoginFailuresTests.second) == .zero)
    }

    @Test("A worker whose clock is a turn behind neither traps nor earns anything")
    mutating func clockBehind() {
        for _ in 0..<10 { #expect(fail([1], 20 * LoginFailuresTests.second) == .zero) }
        #expect(fail([1], 19 * LoginFailuresTests.second) == .milliseconds(100))
        #expect(fail([1], 20 * LoginFailuresTests.second) == .milliseconds(200))
        #expect(fail([1], .max) == .zero)
        #expect(fail([1], 0) == .zero)
    }

    @Test("Ten thousand addresses are remembered and not one more, until they are forgotten")
    mutating func bounded() {
        func address(_ number: UInt32) -> [UInt8] { withUnsafeBytes(of: number) { Array($0) } }
        for number in 0..<10_000 as Range<UInt32> { #expect(fail(address(number)) == .zero) }
        for _ in 0..<20 { #expect(fail(address(10_000)) == .zero) }
        #expect(failures.addresses == 10_000)
        // One that is known is counted on.
        for _ in 0..<9 { #expect(fail(address(5)) == .zero) }
        #expect(fail(address(5)) == .milliseconds(100))
        #expect(fail(address(10_000), 2 * LoginFailuresTests.second) == .zero)
        #expect(failures.addresses == 2)
    }

    @Test("Nothing waits where the limit is 0, and nothing on a Unix socket, which has no address")
    func unlimited() {
        let admission = Admission()
        for _ in 0..<30 {
            #expect(admission.tokenFailed(address: [1], limit: .zero, now: 0) == .zero)
            #expect(admission.tokenFailed(address: [], limit: .seconds(2), now: 0) == .zero)
        }
        for _ in 0..<10 {
            #expect(admission.tokenFailed(address: [1], limit: .seconds(2), now: 0) == .zero)
        }
        #expect(admission.tokenFailed(address: [1], limit: .seconds(2), now: 0) == .milliseconds(100))
        // Whoever has a good token is not asked.
        #expect(admission.admitLogin(address: [1], perSecond: 1, now: 0))
    }
}
