import GatewayIdentity
import GatewayPolicy
import Testing

@Suite struct StrictJSONTests {
    @Test(
        "Values of RFC 8259 are read as what they are",
        arguments: [
            ("null", ClaimValue.null), ("true", .bool(true)), (" false\n", .bool(false)), ("0", .integer(0)),
            ("-0", .integer(0)), ("-9223372036854775808", .integer(.min)),
            ("9223372036854775807", .integer(.max)),
            ("1.5", .number(1.5)), ("1e3", .number(1000)), ("-2E-2", .number(-0.02)), ("0.0", .number(0)),
            (#""a\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00""#, .string("a\"\\/\u{8}\u{c}\n\r\t\u{e9}\u{1f600}")),
            (#""\u0000""#, .string("\0")), ("\"\u{7f}é\"", .string("\u{7f}é")),
            ("[]", .array([])), ("[1,[2],{}]", .array([.integer(1), .array([.integer(2)]), .object([:])])),
            (#"{"a":{"b":null}}"#, .object(["a": .object(["b": .null])])),
        ])
    func good(_ text: String, _ value: ClaimValue) throws {
        #expect(try StrictJSON.parse(Array(text.utf8)) == value)
    }

    @Test(
        "F-ID-18: what two parsers could read differently is refused, each by its own reason",
        arguments: [
            ("", JSONMistake.syntax), (" ", .syntax), ("nul", .syntax), ("nulL", .syntax),
            ("01", .trailingBytes),
            ("-", .syntax), ("1.", .syntax), ("1e", .syntax), ("1e+", .syntax), ("+1", .syntax),
            (".5", .syntax),
            ("[1,]", .syntax), ("[1 2]", .syntax), ("[", .syntax), ("{", .syntax), (#"{"a"}"#, .syntax),
            (#"{"a":1,}"#, .syntax), (#"{a:1}"#, .syntax), (#""\x""#, .syntax), (#""\u12"#, .syntax),
            (#""\u12g4""#, .syntax), ("\"", .syntax), ("1 1", .trailingBytes), ("{}\0", .trailingBytes),
            ("9223372036854775808", .number), ("1e400", .number), ("-1e400", .number),
            ("\"\u{1}\"", .text), (#""\ud800""#, .text), (#""\ud800\u0041""#, .text), (#""\udfff""#, .text),
            (#""\ud800x""#, .text), (#"{"a":1,"a":1}"#, .duplicateName),
            (#"{"a":1,"\u0061":1}"#, .duplicateName),
            (#"{"a":{"b":1,"b":2}}"#, .duplicateName), ("\u{feff}1", .syntax),
        ])
    func bad(_ text: String, _ mistake: JSONMistake) {
        #expect(throws: mistake) { try StrictJSON.parse(Array(text.utf8)) }
    }

    @Test(
        "F-ID-18: bytes that are not UTF-8 are refused wherever they stand",
        arguments: [
            [0x22, 0xff, 0x22], [0x22, 0xc0, 0xaf, 0x22], [0x22, 0xed, 0xa0, 0x80, 0x22],
            [0x22, 0xe2, 0x82, 0x22],
            [0x22, 0xf4, 0x90, 0x80, 0x80, 0x22], [0x31, 0xa0],
        ] as [[UInt8]])
    func notUTF8(_ bytes: [UInt8]) {
        #expect(throws: JSONMistake.text) { try StrictJSON.parse(bytes) }
    }

    @Test("F-ID-18: nesting is read at the limit and refused one past it, however deep it goes on")
    func depth() throws {
        func nested(_ depth: Int) -> [UInt8] {
            [UInt8](repeating: UInt8(ascii: "["), count: depth)
                + [UInt8](repeating: UInt8(ascii: "]"), count: depth)
        }
        #expect(throws: Never.self) { try StrictJSON.parse(nested(16)) }
        #expect(throws: JSONMistake.tooDeep) { try StrictJSON.parse(nested(17)) }
        #expect(throws: JSONMistake.tooDeep) { try StrictJSON.parse(nested(100_000)) }
        let objects = String(repeating: #"{"a":"#, count: 17) + "1" + String(repeating: "}", count: 17)
        #expect(throws: JSONMistake.tooDeep) { try StrictJSON.parse(Array(objects.utf8)) }
    }

    @Test("A number of 64 bytes is read, one of 65 refused")
    func numberLength() throws {
        let longest = "0." + String(repeating: "3", count: 62)
        #expect(try StrictJSON.parse(Array(longest.utf8)) == .number(1.0 / 3.0))
        #expect(throws: JSONMistake.number) { try StrictJSON.parse(Array((longest + "3").utf8)) }
    }
}

@Suite struct Base64URLTests {
    @Test(
        "The test vectors of RFC 4648 section 10, without padding",
        arguments: [
            ("", ""), ("Zg", "f"), ("Zm8", "fo"), ("Zm9v", "foo"), ("Zm9vYg", "foob"), ("Zm9vYmE", "fooba"),
            ("Zm9vYmFy", "foobar"),
        ])
    func vectors(_ text: String, _ plain: String) throws {
        #expect(try Base64URL.decode(text.utf8) == Array(plain.utf8))
    }

    @Test("The two letters of the URL alphabet mean 62 and 63")
    func alphabet() throws {
        #expect(try Base64URL.decode("-_-_".utf8) == [0xfb, 0xff, 0xbf])
    }

    @Test(
        "Another alphabet, padding and white space are refused",
        arguments: ["+/+/", "Zg==", "Zm9v\n", " Zm9v", "Zm.v", "Zm\0v"])
    func foreign(_ text: String) {
        #expect(throws: Base64URL.Mistake.alphabet) { try Base64URL.decode(text.utf8) }
    }

    @Test(
        "A lone character and leftover bits are refused: one value has one spelling",
        arguments: ["A", "Zm9vA", "Zh", "Zm9", "Zm9vYh"])
    func cut(_ text: String) {
        #expect(throws: Base64URL.Mistake.cut) { try Base64URL.decode(text.utf8) }
    }
}
