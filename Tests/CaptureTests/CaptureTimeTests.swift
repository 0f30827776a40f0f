import Capture
import Testing

@Suite("A packet's time")
struct CaptureTimeTests {
    /// What `date -u` prints of the same seconds.
    static let times: [(Int64, String)] = [
        (0, "1970-01-01 00:00:00.000000"),
        (951_782_399_999_999_999, "2000-02-28 23:59:59.999999"),
        (951_782_400_000_000_000, "2000-02-29 00:00:00.000000"),
        (1_764_158_400_123_456_000, "2025-11-26 12:00:00.123456"),
        (4_107_542_399_000_000_000, "2100-02-28 23:59:59.000000"),
        (4_107_542_400_000_000_000, "2100-03-01 00:00:00.000000"),
        (-1_000, "1969-12-31 23:59:59.999999"),
    ]

    @Test("is written in UTC, to the microsecond", arguments: times)
    func text(nanoseconds: Int64, text: String) {
        #expect(CaptureTime.text(nanoseconds) == text)
    }

    @Test("does not trap at the ends of its range")
    func ends() {
        #expect(CaptureTime.text(.max) == "2262-04-11 23:47:16.854775")
        #expect(CaptureTime.text(.min).hasPrefix("1677-09-21 00:12:43"))
    }
}
