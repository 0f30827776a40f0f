import PGWire
import Testing

/// One message as it stands on the wire, written by hand from the protocol's documentation ("Message
/// Formats"), and the way through its codec and back.
struct WireSample: Sendable, CustomTestStringConvertible {
    let name: String
    let tag: Character
    let body: [UInt8]
    /// Bodies from this length on decode whatever follows: the message ends where the body ends.
    var openFrom: Int?
    /// Decodes the body and gives the whole frame that encoding what was decoded makes.
    let reencode: @Sendable ([UInt8]) throws -> [UInt8]

    var testDescription: String { name }

    var frame: [UInt8] {
        let length = body.count + 4
        return [tag.asciiValue ?? 0] + (0..<4).map { UInt8(truncatingIfNeeded: length >> (24 - 8 * $0)) }
            + body
    }
}

/// Bytes written as parts: text as it is, numbers as single bytes.
func wire(_ parts: any WirePart...) -> [UInt8] { parts.flatMap(\.wireBytes) }

protocol WirePart { var wireBytes: [UInt8] { get } }

extension String: WirePart { var wireBytes: [UInt8] { Array(utf8) } }
extension Int: WirePart { var wireBytes: [UInt8] { [UInt8(truncatingIfNeeded: self)] } }
extension [UInt8]: WirePart { var wireBytes: [UInt8] { self } }

extension [UInt8] {
    func slice(_ range: Range<Int>) -> [UInt8] { Array(self[range]) }
    func slice(_ range: Range<Int>?) -> [UInt8]? { range.map { Array(self[$0]) } }
}
