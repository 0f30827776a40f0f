import Foundation
import Glibc
import Synchronization
import Testing
import Transport

@Suite struct ThreadTests {
    private final class Noted: Sendable {
        let text = Mutex<String>("")
    }

    @Test("join returns when the thread's work is done, and the thread bears its name, cut to 15 bytes")
    func joinAndName() throws {
        let noted = Noted()
        let thread = try Thread(name: "a-name-that-is-too-long") {
            let text = (try? String(contentsOfFile: "/proc/thread-self/comm", encoding: .utf8)) ?? ""
            noted.text.withLock { $0 = text }
        }
        thread.join()
        #expect(noted.text.withLock { $0 } == "a-name-that-is-\n")
    }

    @Test("F-OPS-17: there is a core for at least one worker, and no more than the machine has")
    func cores() {
        let cores = CPUQuota.cores()
        #expect(cores >= 1)
        #expect(cores <= Int(sysconf(Int32(_SC_NPROCESSORS_CONF))))
    }

    @Test(
        "A duration in nanoseconds: zero below zero, whole, and bounded",
        arguments: [
            (Duration.seconds(-1), 0 as UInt64), (.zero, 0), (.nanoseconds(1), 1),
            (.milliseconds(1_500), 1_500_000_000),
            (.seconds(8 * 3_600), 28_800_000_000_000), (.seconds(Int64.max), UInt64.max / 2),
        ])
    func nanoseconds(duration: Duration, expected: UInt64) {
        #expect(duration.nanoseconds == expected)
    }

    @Test("The monotonic clock does not go back; the wall clock is in this century's microseconds")
    func clocks() {
        let first = Clock.monotonic()
        #expect(Clock.monotonic() >= first)
        #expect(Clock.wall() > 1_700_000_000_000_000)
        #expect(Clock.wall() < 4_200_000_000_000_000)
    }
}
