/// The fields of a trace's line, written as libpq's `fe-trace.c` writes them: each behind a space, numbers in decimal,
/// strings in double quotes, values in single ones, single bytes bare.
///
/// Where libpq prints the bytes of a string as they are, this prints what is not printable ASCII as `\xNN`, as libpq
/// does for values: so a line is a line, and a terminal that shows it obeys nobody.
struct TraceFields {
    private var bytes: [UInt8] = []

    var text: String { String(decoding: bytes, as: UTF8.self) }

    mutating func number(_ value: some FixedWidthInteger) {
        word(String(value))
    }

    /// libpq prints numbers of two bytes without sign: a type of variable size has 65535 bytes.
    mutating func number(_ value: Int16) {
        word(String(UInt16(bitPattern: value)))
    }

    mutating func word(_ word: String) {
        bytes.append(0x20)
        bytes.append(contentsOf: word.utf8)
    }

    mutating func byte(_ byte: UInt8) {
        bytes.append(0x20)
        escaped(byte)
    }

    mutating func string(_ content: [UInt8]) {
        quoted(content.span, by: UInt8(ascii: "\""))
    }

    mutating func string(_ range: Range<Int>, _ body: Span<UInt8>) {
        quoted(body.extracting(range), by: UInt8(ascii: "\""))
    }

    mutating func value(_ content: [UInt8]) {
        quoted(content.span, by: UInt8(ascii: "'"))
    }

    /// A value behind its length; -1 alone is NULL.
    mutating func value(_ range: Range<Int>?, _ body: Span<UInt8>) {
        guard let range else { return number(-1) }
        number(range.count)
        quoted(body.extracting(range), by: UInt8(ascii: "'"))
    }

    mutating func formats(_ codes: FormatCodes) {
        number(codes.count)
        for index in 0..<codes.count { number(codes.code(at: index) ?? 0) }
    }

    private mutating func quoted(_ content: Span<UInt8>, by quote: UInt8) {
        bytes.append(0x20)
        bytes.append(quote)
        for index in 0..<content.count { escaped(content[index]) }
        bytes.append(quote)
    }

    private mutating func escaped(_ byte: UInt8) {
        guard !(0x20...0x7e).contains(byte) else { return bytes.append(byte) }
        bytes.append(contentsOf: [0x5c, 0x78, Self.digit(byte &>> 4), Self.digit(byte & 0xf)])
    }

    private static func digit(_ value: UInt8) -> UInt8 {
        value < 10 ? 0x30 &+ value : 0x57 &+ value
    }
}
