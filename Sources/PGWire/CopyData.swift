/// CopyData (`d`, both directions): a piece of a COPY's data, cut anywhere; the whole body.
package struct CopyData: Equatable, Sendable {
    package let data: Range<Int>

    package static func decode(_ body: Span<UInt8>) -> CopyData {
        CopyData(data: 0..<body.count)
    }

    package static func encode(data: [UInt8], into bytes: inout [UInt8]) throws(MessageError) {
        try MessageWriter.message(FrontendTag.copyData.rawValue, into: &bytes) {
            (bytes) throws(MessageError) in
            bytes.append(contentsOf: data)
        }
    }
}
