/// A position in a body, and the reads that move it. The body's span is passed to each read, for a span
/// cannot be kept in a struct; all reads of one message must pass the same.
struct MessageReader {
    private(set) var position = 0

    init() {}

    /// Begins there, which is not negative.
    init(at position: Int) { self.position = position }

    private mutating func advance(_ count: Int, in body: Span<UInt8>) throws(MessageError) -> Int {
        let start = position
        guard count <= body.count &- start else {
            throw .insufficientData(needed: count, left: body.count &- start)
        }
        position = start &+ count
        return start
    }

    mutating func uint8(_ body: Span<UInt8>) throws(MessageError) -> UInt8 {
        body[try advance(1, in: body)]
    }

    mutating func uint16(_ body: Span<UInt8>) throws(MessageError) -> UInt16 {
        let start = try advance(2, in: body)
        return UInt16(body[start]) &<< 8 | UInt16(body[start &+ 1])
    }

    mutating func int16(_ body: Span<UInt8>) throws(MessageError) -> Int16 {
        Int16(bitPattern: try uint16(body))
    }

    mutating func uint32(_ body: Span<UInt8>) throws(MessageError) -> UInt32 {
        let start = try advance(4, in: body)
        let high = UInt32(body[start]) &<< 24 | UInt32(body[start &+ 1]) &<< 16
        return high | UInt32(body[start &+ 2]) &<< 8 | UInt32(body[start &+ 3])
    }

    mutating func int32(_ body: Span<UInt8>) throws(MessageError) -> Int32 {
        Int32(bitPattern: try uint32(body))
    }

    /// A string up to its NUL, which is read too.
    mutating func string(_ body: Span<UInt8>) throws(MessageError) -> Range<Int> {
        let start = position
        var end = start
        while end < body.count {
            if body[end] == 0 {
                position = end &+ 1
                return start..<end
            }
            end &+= 1
        }
        throw .unterminatedString
    }

    /// `count` bytes; `count` is not negative.
    mutating func bytes(_ count: Int, _ body: Span<UInt8>) throws(MessageError) -> Range<Int> {
        let start = try advance(count, in: body)
        return start..<start &+ count
    }

    /// All that is left.
    mutating func rest(_ body: Span<UInt8>) -> Range<Int> {
        let start = position
        position = body.count
        return start..<position
    }

    /// A value behind its length in four bytes; nil for -1, which is NULL.
    mutating func value(_ body: Span<UInt8>) throws(MessageError) -> Range<Int>? {
        let length = Int(try int32(body))
        if length == -1 { return nil }
        guard length >= 0 else { throw .invalidValueLength(length) }
        return try bytes(length, body)
    }

    /// Refuses so many values where there is no room for their lengths.
    func checkRoom(forValues count: Int, _ body: Span<UInt8>) throws(MessageError) {
        let left = body.count &- position
        guard count &* 4 <= left else { throw .insufficientData(needed: count &* 4, left: left) }
    }

    /// Whether anything is left.
    func isAtEnd(_ body: Span<UInt8>) -> Bool { position == body.count }

    /// Refuses a body that has more than the message.
    func finish(_ body: Span<UInt8>) throws(MessageError) {
        guard position == body.count else { throw .trailingBytes(body.count &- position) }
    }
}

extension Span where Element == UInt8 {
    /// A copy of the bytes of `range`, which must lie within the span.
    package func bytes(in range: Range<Int>) -> [UInt8] {
        var copy: [UInt8] = []
        copy.append(extracting(range))
        return copy
    }
}

extension [UInt8] {
    /// Appends a copy of `bytes`.
    package mutating func append(_ bytes: Span<UInt8>) {
        let start = count
        append(contentsOf: repeatElement(0, count: bytes.count))
        var copy = mutableSpan
        for index in 0..<bytes.count { copy[start &+ index] = bytes[index] }
    }
}
