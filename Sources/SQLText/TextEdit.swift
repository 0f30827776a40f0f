/// What is put in a part's place where a text is recorded otherwise than it was sent.
struct TextEdit: Equatable {
    /// Bytes of the text.
    var range: Range<Int>
    var replacement: [UInt8]

    /// Both lists as one, in their order; edits that overlap become one, with the replacement of the one that begins first.
    static func joined(_ first: [TextEdit], _ second: [TextEdit]) -> [TextEdit] {
        guard !first.isEmpty else { return second }
        guard !second.isEmpty else { return first }
        var joined: [TextEdit] = []
        for edit in (first + second).sorted(by: { $0.range.lowerBound < $1.range.lowerBound }) {
            guard let last = joined.last, edit.range.lowerBound < last.range.upperBound else {
                joined.append(edit)
                continue
            }
            let end = max(last.range.upperBound, edit.range.upperBound)
            joined[joined.count - 1].range = last.range.lowerBound..<end
        }
        return joined
    }

    /// As `joined`, but of the second list only what covers whole edits of the first, or none in any part.
    static func resolved(_ first: [TextEdit], _ second: [TextEdit]) -> [TextEdit] {
        var kept: [TextEdit] = []
        var left: [TextEdit] = []
        var at = 0
        for edit in second {
            while at < first.count, first[at].range.upperBound <= edit.range.lowerBound {
                left.append(first[at])
                at += 1
            }
            var end = at
            while end < first.count, first[end].range.lowerBound < edit.range.upperBound { end += 1 }
            let covers = first[at..<end].allSatisfy {
                $0.range.lowerBound >= edit.range.lowerBound && $0.range.upperBound <= edit.range.upperBound
            }
            guard covers else { continue }
            kept.append(edit)
            at = end
        }
        return joined(left + first[at...], kept)
    }
}

/// A text as it may be recorded.
package struct EditedText: Sendable {
    package var bytes: [UInt8]
    /// Parts that were replaced.
    package var count: Int

    /// - Parameter edits: in their order, none over another.
    init(_ sql: Span<UInt8>, _ edits: [TextEdit]) {
        bytes = []
        bytes.reserveCapacity(sql.count)
        count = edits.count
        var from = 0
        for edit in edits {
            EditedText.append(sql, from..<max(from, edit.range.lowerBound), to: &bytes)
            bytes += edit.replacement
            from = max(from, edit.range.upperBound)
        }
        EditedText.append(sql, from..<sql.count, to: &bytes)
    }

    private static func append(_ sql: Span<UInt8>, _ range: Range<Int>, to bytes: inout [UInt8]) {
        for index in range { bytes.append(sql[index]) }
    }
}
