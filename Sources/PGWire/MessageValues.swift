/// Where the values of a Bind or FunctionCall stand in its body. They were found well-formed when the message was decoded,
/// and are gone through again for whoever wants them: no list is made of them.
package struct MessageValues: Equatable, Sendable {
    package let count: Int
    /// Where the first one's length stands.
    private let start: Int

    package var isEmpty: Bool { count == 0 }

    /// Goes through `count` values, each behind its length.
    init(_ count: Int, _ body: Span<UInt8>, _ reader: inout MessageReader) throws(MessageError) {
        self.count = count
        start = reader.position
        try reader.checkRoom(forValues: count, body)
        for _ in 0..<count { _ = try reader.value(body) }
    }

    /// Calls `take` with each value's index and place in the body that was decoded; nil is NULL.
    package func forEach(in body: Span<UInt8>, _ take: (Int, Range<Int>?) -> Void) {
        var reader = MessageReader(at: start)
        for index in 0..<count {
            do throws(MessageError) {
                take(index, try reader.value(body))
            } catch {
                // Another body than the one that was decoded.
                return
            }
        }
    }

    /// The places of all values.
    package func places(in body: Span<UInt8>) -> [Range<Int>?] {
        var places: [Range<Int>?] = []
        forEach(in: body) { places.append($1) }
        return places
    }
}
