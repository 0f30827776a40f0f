import CLinux

/// Time as the loop sees it. Timers run on the monotonic clock; the wall clock is for tokens and records only.
package enum Clock {
    /// CLOCK_MONOTONIC in nanoseconds.
    package static func monotonic() -> UInt64 { clinux_monotonic_ns() }

    /// CLOCK_REALTIME in microseconds since 1970-01-01 UTC.
    package static func wall() -> Int64 { clinux_realtime_us() }
}

extension Duration {
    /// Whole nanoseconds, at least 0 and at most about 292 years.
    package var nanoseconds: UInt64 {
        let (seconds, attoseconds) = components
        guard seconds >= 0, attoseconds >= 0, seconds < 9_000_000_000 else {
            return seconds < 0 ? 0 : .max / 2
        }
        return UInt64(seconds) * 1_000_000_000 + UInt64(attoseconds) / 1_000_000_000
    }
}
