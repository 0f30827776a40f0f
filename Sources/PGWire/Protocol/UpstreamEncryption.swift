/// The negotiation of TLS with a replica: SSLRequest, one byte of answer, and then nothing but TLS.
package enum UpstreamEncryption {
    package enum Answer: Equatable, Sendable {
        case waitForMore
        /// The byte was `S` and nothing lies behind it: the TLS handshake may begin, on an empty buffer.
        case beginTLS
        case fail(Failure)
    }

    package enum Failure: Error, Equatable, Sendable {
        case notOffered
        /// Bytes behind the `S`, sent before the handshake: somebody wants them taken for encrypted
        /// (F-WIRE-02).
        case bytesBehindAnswer
        /// An ErrorResponse in clear text. Whoever sent it is unknown; its text is not read (F-WIRE-03).
        case errorInPlaintext
        case unexpectedAnswer(UInt8)
    }

    package static func request(into bytes: inout [UInt8]) { SSLRequest.encode(into: &bytes) }

    /// All that was received since the request was sent.
    package static func answerReceived(_ bytes: Span<UInt8>) -> Answer {
        guard !bytes.isEmpty else { return .waitForMore }
        switch bytes[0] {
        case UInt8(ascii: "S"): return bytes.count == 1 ? .beginTLS : .fail(.bytesBehindAnswer)
        case UInt8(ascii: "N"): return .fail(.notOffered)
        case UInt8(ascii: "E"): return .fail(.errorInPlaintext)
        default: return .fail(.unexpectedAnswer(bytes[0]))
        }
    }
}
