import CPGQuery

/// A text's bytes as a whole, at the speed of memory.
package enum SQLBytes {
    package static func copy(_ sql: Span<UInt8>) -> [UInt8] { sql.withUnsafeBytes { [UInt8]($0) } }

    package static func hash(_ sql: Span<UInt8>, into hasher: inout Hasher) {
        sql.withUnsafeBytes { hasher.combine(bytes: $0) }
    }

    /// Writes the text's shape to the beginning of `shape`: the text with 1 in place of each integer that is a constant and
    /// nothing else. Texts of one shape that the grammar takes have the same facts but for the places of statements, and
    /// one fingerprint.
    ///
    /// - Parameter shape: grows as it needs to, and stays so for the next text.
    /// - Returns: the bytes of the shape; nil where the text has none of its own.
    package static func shape(of sql: Span<UInt8>, into shape: inout [UInt8]) -> Int? {
        if shape.count < sql.count {
            shape.append(contentsOf: repeatElement(0, count: sql.count - shape.count))
        }
        return sql.withUnsafeBufferPointer { sql in
            shape.withUnsafeMutableBufferPointer { shape in
                guard let from = sql.baseAddress, let to = shape.baseAddress else { return nil }
                // SAFETY: the shape is never longer than the text, for which there is room.
                let bytes = sqltext_shape(
                    UnsafeRawPointer(from).assumingMemoryBound(to: CChar.self), Int64(sql.count),
                    UnsafeMutableRawPointer(to).assumingMemoryBound(to: CChar.self))
                return bytes < 0 ? nil : Int(bytes)
            }
        }
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
