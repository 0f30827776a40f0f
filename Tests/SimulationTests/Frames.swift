/// Frames of the protocol as bytes, written and cut here by hand: the gateway's own codecs are what is tried.
struct Frame: Equatable {
    var tag: UInt8
    var body: [UInt8]

    init(_ tag: Character, _ body: [UInt8] = []) {
        self.tag = tag.asciiValue ?? 0
        self.body = body
    }

    var kind: Character { Character(UnicodeScalar(tag)) }
    var bytes: [UInt8] { [tag] + be32(body.count + 4) + body }

    /// An ErrorResponse's or NoticeResponse's field.
    func field(_ code: Character) -> String? {
        var at = 0
        while at < body.count, body[at] != 0 {
            let end = body[(at + 1)...].firstIndex(of: 0) ?? body.count
            if Character(UnicodeScalar(body[at])) == code { return text(body[(at + 1)..<end]) }
            at = end + 1
        }
        return nil
    }
}

func be32(_ number: Int) -> [UInt8] {
    let bits = UInt32(truncatingIfNeeded: number)
    return [UInt8(bits >> 24), UInt8(bits >> 16 & 0xff), UInt8(bits >> 8 & 0xff), UInt8(bits & 0xff)]
}
func be16(_ number: Int) -> [UInt8] { [UInt8(number >> 8 & 0xff), UInt8(number & 0xff)] }
func cString(_ string: String) -> [UInt8] { Array(string.utf8) + [0] }
func text(_ bytes: some Sequence<UInt8>) -> String { String(decoding: Array(bytes), as: UTF8.self) }
func number(_ bytes: ArraySlice<UInt8>) -> Int { bytes.reduce(0) { $0 << 8 | Int($1) } }

/// Cuts a stream of bytes into frames.
struct FrameReader {
    private var bytes: [UInt8] = []
    private var at = 0

    mutating func add(_ more: [UInt8]) {
        if at > 65_536 {
            bytes.removeFirst(at)
            at = 0
        }
        bytes += more
    }

    /// A packet without a tag, as before login.
    mutating func packet() -> [UInt8]? {
        guard bytes.count - at >= 4 else { return nil }
        let length = number(bytes[at..<(at + 4)])
        guard bytes.count - at >= length else { return nil }
        defer { at += length }
        return Array(bytes[(at + 4)..<(at + length)])
    }

    mutating func frame() -> Frame? {
        guard bytes.count - at >= 5 else { return nil }
        let length = number(bytes[(at + 1)..<(at + 5)])
        guard bytes.count - at >= length + 1 else { return nil }
        defer { at += length + 1 }
        var frame = Frame("?", Array(bytes[(at + 5)..<(at + length + 1)]))
        frame.tag = bytes[at]
        return frame
    }
}

enum Packet {
    static func startup(_ parameters: [(String, String)]) -> [UInt8] {
        var body = be16(3) + be16(0)
        for (name, value) in parameters { body += cString(name) + cString(value) }
        body.append(0)
        return be32(body.count + 4) + body
    }

    static func cancel(_ processID: Int, _ key: [UInt8]) -> [UInt8] {
        be32(12 + key.count) + be16(1234) + be16(5678) + be32(processID) + key
    }

    /// The parameters of a startup packet's body; nil for another packet.
    static func parameters(_ packet: [UInt8]) -> [(name: String, value: String)]? {
        guard packet.count > 4, Array(packet[0..<2]) == be16(3) else { return nil }
        let words = packet[4...].split(separator: 0, omittingEmptySubsequences: false).map { text($0) }
        return stride(from: 0, to: words.count - 1, by: 2).compactMap {
            words[$0].isEmpty ? nil : (words[$0], words[$0 + 1])
        }
    }

    static func error(_ severity: String, _ sqlstate: String, _ message: String) -> Frame {
        Frame(
            "E",
            Array("S\(severity)\0V\(severity)\0C\(sqlstate)\0M\(message)\0".utf8) + [0])
    }
}
