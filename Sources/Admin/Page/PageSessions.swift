import Synchronization

/// Operators who signed in to the page. A browser has a random name in a cookie; the token stays here, in memory, and is
/// verified anew at each request: one that expired or was revoked opens nothing.
package final class PageSessions: Sendable {
    /// At a time; the oldest gives way.
    package static let limit = 64
    /// How long one lasts without a request, and at most, whatever its token says.
    package static let idle = Duration.seconds(3600)
    package static let life = Duration.seconds(8 * 3600)
    private static let nameBytes = 32

    package struct Entry: Sendable {
        package let token: [UInt8]
        /// What a form must say: no other origin can read it.
        package let form: String
        package let began: ContinuousClock.Instant
        package var seen: ContinuousClock.Instant
    }

    private let entries = Mutex<[String: Entry]>([:])

    package init() {}

    /// - Returns: the cookie's value.
    package func begin(token: [UInt8], now: ContinuousClock.Instant = .now) -> String {
        let name = PageSessions.random()
        let entry = Entry(token: token, form: PageSessions.random(), began: now, seen: now)
        entries.withLock { entries in
            if entries.count >= PageSessions.limit,
                let oldest = entries.min(by: { $0.value.seen < $1.value.seen })
            {
                entries[oldest.key] = nil
            }
            entries[name] = entry
        }
        return name
    }

    /// The session of a cookie; nil: there is none, or it is over.
    package func entry(_ name: String?, now: ContinuousClock.Instant = .now) -> Entry? {
        guard let name else { return nil }
        return entries.withLock { entries in
            guard var entry = entries[name] else { return nil }
            guard now - entry.seen < PageSessions.idle, now - entry.began < PageSessions.life else {
                entries[name] = nil
                return nil
            }
            entry.seen = now
            entries[name] = entry
            return entry
        }
    }

    package func end(_ name: String) { entries.withLock { $0[name] = nil } }

    package var count: Int { entries.withLock { $0.count } }

    /// From the system's generator, as hexadecimal digits.
    private static func random() -> String {
        var generator = SystemRandomNumberGenerator()
        return (0..<nameBytes).map { _ in
            let byte = UInt8.random(in: 0...255, using: &generator)
            return (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }.joined()
    }
}
