import CPGQuery

/// A text's bytes as a whole, at the speed of memory.
package enum SQLBytes {
    package static func copy(_ sql: Span<UInt8>) -> [UInt8] { sql.withUnsafeBytes { [UInt8]($0) } }

    package static func hash(_ sql: Span<UInt8>, into hasher: inout Hasher) {
        sql.withUnsafeBytes { hasher.combine(bytes: $0) }
    }

    package static func areEqual(_ one: Span<UInt8>, _ other: [UInt8]) -> Bool {
        guard one.count == other.count else { return false }
        return one.withUnsafeBytes { one in
            other.withUnsafeBytes { other in
                guard let first = one.baseAddress, let second = other.baseAddress else { return true }
                return sqltext_are_equal(first, second, one.count)
            }
        }
    }
}
