/// The values of a Bind or FunctionCall that is too large to be gathered: their lengths are read and their bytes counted
/// as they come, in pieces of any size.
///
/// It begins behind the head (`Head`) and ends before the result formats. No input traps, and nothing is kept of the
/// bytes.
package struct ValueStream: Equatable, Sendable {
    /// What stands at the beginning of what was not read yet.
    package enum Step: Equatable, Sendable {
        /// The next value's length, in four bytes; nil is NULL, which has no bytes behind it.
        case value(index: Int, length: Int?)
        /// So many bytes of the value; `isLast` where it ends with them.
        case piece(bytes: Int, isLast: Bool)
        /// All values have been read; so many bytes are left of the message.
        case rest(bytes: Int)
        /// More bytes must come.
        case wait
        /// A length that cannot be; so many bytes are left of the message.
        case malformed(bytes: Int)
    }

    /// The most bytes that result formats take: their number, and 65,535 codes.
    package static let longestRest = 2 + 2 * 65_535

    /// Bytes of the message that were not read yet.
    private var left: Int
    private let count: Int
    private var index = 0
    private var inValue = 0

    /// - Parameters:
    ///   - count: how many values there are.
    ///   - bytes: bytes of the body from the first value on.
    package init(count: Int, bytes: Int) {
        self.count = count
        left = bytes
    }

    /// Reads on. `bytes` is what stands in the buffer; the step says how many of them are read with it: four for
    /// `value`, as many as it says for `piece`, none for the others.
    package mutating func next(_ bytes: Span<UInt8>) -> Step {
        if inValue > 0 {
            let piece = min(inValue, bytes.count)
            guard piece > 0 else { return .wait }
            inValue &-= piece
            left &-= piece
            return .piece(bytes: piece, isLast: inValue == 0)
        }
        guard index < count else { return .rest(bytes: left) }
        guard left >= 4 else { return .malformed(bytes: left) }
        guard bytes.count >= 4 else { return .wait }
        let high = Int32(bytes[0]) &<< 24 | Int32(bytes[1]) &<< 16
        let length = Int(high | Int32(bytes[2]) &<< 8 | Int32(bytes[3]))
        guard length >= -1, length <= left &- 4 else { return .malformed(bytes: left) }
        left &-= 4
        index &+= 1
        guard length >= 0 else { return .value(index: index &- 1, length: nil) }
        inValue = length
        return .value(index: index &- 1, length: length)
    }
}

extension ValueStream {
    /// What stands before the first value.
    package struct Head: Equatable, Sendable {
        package enum Target: Equatable, Sendable {
            case bind(portal: Range<Int>, statement: Range<Int>)
            case function(UInt32)
        }
        /// Names stand in the body, without their NULs.
        package let target: Target
        package let formats: FormatCodes
        /// How many values follow.
        package let count: Int
        /// Bytes that it takes.
        package let length: Int

        /// Reads the head of a Bind from its body's first bytes.
        package static func bind(_ body: Span<UInt8>) throws(MessageError) -> Head {
            var reader = MessageReader()
            let portal = try reader.string(body)
            let statement = try reader.string(body)
            return try Head(.bind(portal: portal, statement: statement), body, &reader)
        }

        /// Reads the head of a FunctionCall from its body's first bytes.
        package static func functionCall(_ body: Span<UInt8>) throws(MessageError) -> Head {
            var reader = MessageReader()
            return try Head(.function(try reader.uint32(body)), body, &reader)
        }

        private init(
            _ target: Target, _ body: Span<UInt8>, _ reader: inout MessageReader
        ) throws(MessageError) {
            self.target = target
            formats = try FormatCodes(body, &reader)
            count = Int(try reader.uint16(body))
            guard formats.count <= 1 || formats.count == count else {
                throw .formatCount(formats: formats.count, values: count)
            }
            length = reader.position
        }
    }

    /// Whether the bytes behind the last value are a Bind's result formats, and no more.
    package static func areResultFormats(_ bytes: Span<UInt8>) -> Bool {
        var reader = MessageReader()
        guard (try? FormatCodes(bytes, &reader)) != nil else { return false }
        return reader.isAtEnd(bytes)
    }
}
