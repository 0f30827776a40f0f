/// The format codes of a list of values as Bind, FunctionCall and the COPY responses give them: none (all are
/// text), one (it holds for all), or one for each. 0 is text, 1 is binary; PostgreSQL refuses others where it
/// uses them.
package enum FormatCodes: Equatable, Sendable {
    case allText
    case all(Int16)
    case each([Int16])

    /// The code of the value at `index`; nil where there is none.
    package func code(at index: Int) -> Int16? {
        switch self {
        case .allText: return 0
        case .all(let code): return code
        case .each(let codes): return codes.indices.contains(index) ? codes[index] : nil
        }
    }

    /// How many codes stand in the message.
    package var count: Int {
        switch self {
        case .allText: 0
        case .all: 1
        case .each(let codes): codes.count
        }
    }

    init(_ body: Span<UInt8>, _ reader: inout MessageReader) throws(MessageError) {
        let count = Int(try reader.uint16(body))
        switch count {
        case 0: self = .allText
        case 1: self = .all(try reader.int16(body))
        default:
            // The whole list is there before memory is taken for it.
            let list = body.extracting(try reader.bytes(count &* 2, body))
            var listReader = MessageReader()
            var codes: [Int16] = []
            codes.reserveCapacity(count)
            for _ in 0..<count { codes.append(try listReader.int16(list)) }
            self = .each(codes)
        }
    }

    func append(to bytes: inout [UInt8]) throws(MessageError) {
        switch self {
        case .allText: MessageWriter.append(UInt16(0), to: &bytes)
        case .all(let code):
            MessageWriter.append(UInt16(1), to: &bytes)
            MessageWriter.append(code, to: &bytes)
        case .each(let codes):
            MessageWriter.append(try MessageWriter.count(codes.count), to: &bytes)
            for code in codes { MessageWriter.append(code, to: &bytes) }
        }
    }
}
