/// Frontend bytes made by hand, right and wrong ones: none of the code under test.
enum AbuseFrames {
    static let sync = frame("S")
    static let flush = frame("H")
    static let terminate = frame("X")
    static let copyDone = frame("c")
    static let sslRequest: [UInt8] = [0, 0, 0, 8, 4, 210, 22, 47]
    static let gssencRequest: [UInt8] = [0, 0, 0, 8, 4, 210, 22, 48]

    static func number(_ value: UInt32) -> [UInt8] {
        [UInt8(value >> 24), UInt8(value >> 16 & 255), UInt8(value >> 8 & 255), UInt8(value & 255)]
    }

    static func short(_ value: UInt16) -> [UInt8] { [UInt8(value >> 8), UInt8(value & 255)] }

    static func text(_ text: String) -> [UInt8] { Array(text.utf8) + [0] }

    /// A frame with the length that its body has.
    static func frame(_ type: Character, _ body: [UInt8] = []) -> [UInt8] {
        header(type, length: UInt32(body.count + 4)) + body
    }

    /// A type and a length, whatever follows.
    static func header(_ type: Character, length: UInt32) -> [UInt8] {
        Array(String(type).utf8.prefix(1)) + number(length)
    }

    static func query(_ sql: String) -> [UInt8] { frame("Q", text(sql)) }

    static func parse(_ sql: String, name: String = "", types: [UInt32] = []) -> [UInt8] {
        frame("P", text(name) + text(sql) + short(UInt16(types.count)) + types.flatMap(number))
    }

    static func bind(
        portal: String = "", statement: String = "", _ values: [[UInt8]?] = [], results: [UInt16] = []
    ) -> [UInt8] {
        var body = text(portal) + text(statement) + short(0) + short(UInt16(values.count))
        for value in values { body += value.map { number(UInt32($0.count)) + $0 } ?? number(.max) }
        return frame("B", body + short(UInt16(results.count)) + results.flatMap(short))
    }

    static func execute(portal: String = "", rows: Int32 = 0) -> [UInt8] {
        frame("E", text(portal) + number(UInt32(bitPattern: rows)))
    }

    static func describe(_ kind: Character, _ name: String = "") -> [UInt8] {
        frame("D", Array(String(kind).utf8) + text(name))
    }

    static func close(_ kind: Character, _ name: String = "") -> [UInt8] {
        frame("C", Array(String(kind).utf8) + text(name))
    }

    static func copyData(_ data: String) -> [UInt8] { frame("d", Array(data.utf8)) }

    static func copyFail(_ reason: String) -> [UInt8] { frame("f", text(reason)) }

    /// FunctionCall without arguments, result as text.
    static func call(_ function: UInt32) -> [UInt8] {
        frame("F", number(function) + short(0) + short(0) + short(0))
    }

    static func password(_ text: String) -> [UInt8] { frame("p", self.text(text)) }

    /// A startup packet.
    ///
    /// - Parameter end: what stands behind the last parameter; one NUL is right.
    static func startup(
        _ parameters: [(String, String)], version: UInt32 = 0x0003_0000, end: [UInt8] = [0]
    ) -> [UInt8] {
        let body = number(version) + parameters.flatMap { text($0.0) + text($0.1) } + end
        return number(UInt32(body.count + 4)) + body
    }

    static func cancelRequest(_ key: [UInt8]) -> [UInt8] {
        number(UInt32(8 + key.count)) + [4, 210, 22, 46] + key
    }

    /// A pipeline of Parse, Bind, Execute of the unnamed statement.
    static func run(_ sql: String) -> [UInt8] { parse(sql) + bind() + execute() }

    static func repeated(_ bytes: [UInt8], _ count: Int) -> [UInt8] {
        var all: [UInt8] = []
        all.reserveCapacity(bytes.count * count)
        for _ in 0..<count { all += bytes }
        return all
    }
}
