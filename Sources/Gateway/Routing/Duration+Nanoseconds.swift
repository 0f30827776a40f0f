extension Duration {
    /// The whole nanoseconds, at most a hundred years' worth either way: no configured length can overflow.
    package var wholeNanoseconds: Int64 {
        let century: Int64 = 3_155_760_000
        let (seconds, attoseconds) = components
        guard seconds > -century else { return -century * 1_000_000_000 }
        guard seconds < century else { return century * 1_000_000_000 }
        return seconds * 1_000_000_000 + attoseconds / 1_000_000_000
    }
}
