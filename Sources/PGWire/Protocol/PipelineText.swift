/// A short text of the wire kept in place, without an allocation: the name of a prepared statement or a
/// portal, or a command tag. It holds at most 63 bytes and cuts what is longer, as the replica does with
/// names (NAMEDATALEN is 64; names that agree in their first 63 bytes are one name).
package struct PipelineText: Hashable, Sendable {
    /// The most bytes that are kept.
    package static let limit = 63

    /// The bytes, and their number in the last byte.
    private var words: [8 of UInt64]

    /// The first 63 bytes of `bytes`.
    package init(_ bytes: Span<UInt8>) {
        let length = min(bytes.count, Self.limit)
        var words: [8 of UInt64] = .init(repeating: 0)
        var index = 0
        while index < length {
            words[index &>> 3] |= UInt64(bytes[index]) &<< UInt64((index & 7) &<< 3)
            index &+= 1
        }
        words[7] |= UInt64(length) &<< 56
        self.words = words
    }

    package var count: Int { Int(truncatingIfNeeded: words[7] &>> 56) }

    /// The first 63 bytes of `text`, for texts that are written in the code.
    package init(_ text: String) {
        self.init(Array(text.utf8).span)
    }

    /// The byte at `index`, 0 where there is none.
    package subscript(index: Int) -> UInt8 {
        guard index >= 0, index < count else { return 0 }
        return UInt8(truncatingIfNeeded: words[index &>> 3] &>> UInt64((index & 7) &<< 3))
    }

    /// The bytes in an array of their own, for those who write a record.
    package var bytes: [UInt8] { (0..<count).map { self[$0] } }

    /// The number at the end, which is how a command tag says its rows (`INSERT 0 5`, `SELECT 1`, `COPY 7`).
    /// nil where there is none, or where it is beyond an Int.
    package var trailingNumber: Int? {
        var index = count
        while index > 0, (0x30...0x39).contains(self[index &- 1]) { index &-= 1 }
        guard index < count, index > 0, self[index &- 1] == 0x20 else { return nil }
        var value = 0
        while index < count {
            let (tenfold, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, overflowAgain) = tenfold.addingReportingOverflow(Int(self[index] &- 0x30))
            guard !overflow, !overflowAgain else { return nil }
            value = sum
            index &+= 1
        }
        return value
    }

    package static func == (left: Self, right: Self) -> Bool {
        var index = 0
        while index < 8 {
            guard left.words[index] == right.words[index] else { return false }
            index &+= 1
        }
        return true
    }

    package func hash(into hasher: inout Hasher) {
        let used = (count &+ 7) &>> 3
        var index = 0
        while index < used {
            hasher.combine(words[index])
            index &+= 1
        }
    }
}

extension PipelineText: CustomStringConvertible {
    package var description: String { String(decoding: bytes, as: UTF8.self) }
}
