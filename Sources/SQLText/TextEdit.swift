/// What is put in a part's place where a text is recorded otherwise than it was sent.
struct TextEdit: Equatable {
    /// Bytes of the text.
    var range: Range<Int>
    var replacement: [UInt8]
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
            EditedText.append(sql, from..<edit.range.lowerBound, to: &bytes)
            bytes += edit.replacement
            from = edit.range.upperBound
        }
        EditedText.append(sql, from..<sql.count, to: &bytes)
    }

    private static func append(_ sql: Span<UInt8>, _ range: Range<Int>, to bytes: inout [UInt8]) {
        for index in range { bytes.append(sql[index]) }
    }
}
