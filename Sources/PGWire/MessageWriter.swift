/// Appends one message: the tag, a length that is filled in at the end, and fields. Counts and lengths are
/// checked before they are narrowed: a length that wraps around would make one message into several
/// (F-WIRE-07).
package struct MessageWriter {
    /// Where the length word stands.
    private let lengthPosition: Int

    /// Begins a message; a nil tag is a startup packet's, which has none.
    init(_ tag: UInt8?, into bytes: inout [UInt8]) {
        if let tag { bytes.append(tag) }
        lengthPosition = bytes.count
        bytes.append(contentsOf: [0, 0, 0, 0])
    }

    /// Fills in the length.
    func finish(_ bytes: inout [UInt8]) throws(MessageError) {
        let length = try Self.length(bytes.count &- lengthPosition)
        for index in 0..<4 {
            bytes[lengthPosition &+ index] = UInt8(truncatingIfNeeded: length &>> UInt32(24 &- index &* 8))
        }
    }

    /// A length or a count as it stands in four bytes; throws from 2^31 on.
    package static func length(_ count: Int) throws(MessageError) -> UInt32 {
        guard count >= 0, count <= WireLimits.encodedLength else { throw .tooLong(count) }
        return UInt32(count)
    }

    /// A count as it stands in two bytes, unsigned; throws from 2^16 on.
    package static func count(_ count: Int) throws(MessageError) -> UInt16 {
        guard let narrow = UInt16(exactly: count) else { throw .tooLong(count) }
        return narrow
    }

    static func append(_ value: UInt16, to bytes: inout [UInt8]) {
        bytes.append(UInt8(truncatingIfNeeded: value &>> 8))
        bytes.append(UInt8(truncatingIfNeeded: value))
    }

    static func append(_ value: UInt32, to bytes: inout [UInt8]) {
        append(UInt16(truncatingIfNeeded: value &>> 16), to: &bytes)
        append(UInt16(truncatingIfNeeded: value), to: &bytes)
    }

    static func append(_ value: Int16, to bytes: inout [UInt8]) {
        append(UInt16(bitPattern: value), to: &bytes)
    }

    static func append(_ value: Int32, to bytes: inout [UInt8]) {
        append(UInt32(bitPattern: value), to: &bytes)
    }

    /// A string and its NUL; throws if there is a NUL in it.
    static func append(string: [UInt8], to bytes: inout [UInt8]) throws(MessageError) {
        guard !string.contains(0) else { throw .embeddedNUL }
        bytes.append(contentsOf: string)
        bytes.append(0)
    }

    /// A value behind its length; nil is NULL, -1.
    static func append(value: [UInt8]?, to bytes: inout [UInt8]) throws(MessageError) {
        guard let value else { return append(Int32(-1), to: &bytes) }
        append(try length(value.count), to: &bytes)
        bytes.append(contentsOf: value)
    }

    /// Writes one whole message, and takes back what was written if it cannot be.
    static func message(
        _ tag: UInt8?, into bytes: inout [UInt8], fields: (inout [UInt8]) throws(MessageError) -> Void
    ) throws(MessageError) {
        let start = bytes.count
        do throws(MessageError) {
            let writer = MessageWriter(tag, into: &bytes)
            try fields(&bytes)
            try writer.finish(&bytes)
        } catch {
            bytes.removeLast(bytes.count &- start)
            throw error
        }
    }

    /// Writes a message that has no body.
    static func empty(_ tag: UInt8, into bytes: inout [UInt8]) {
        bytes.append(contentsOf: [tag, 0, 0, 0, 4])
    }
}
