/// The server's side of SASL OAUTHBEARER (RFC 7628 section 3.2): one token, or the question where to get one; where it is
/// refused, an error that the executor acknowledges before the connection ends. Pure.
package struct OAuthBearerExchange: Equatable, Sendable {
    package static let mechanism = Array("OAUTHBEARER".utf8)

    package enum Action: Equatable, Sendable {
        /// Send AuthenticationSASLContinue without data: the executor began without a message.
        case askAgain
        /// Verify the token; then go on with AuthenticationOk, or `refused`.
        case verify(token: [UInt8])
        /// Refuse: there is no token, since the executor asks where to get one.
        case discover
        /// Refuse: what came is no bearer token.
        case unusable
        /// The executor has heard the error: send ErrorResponse and close.
        case fail
    }

    private enum State: Equatable {
        case offered
        /// The executor chose the mechanism and sent no message with that.
        case chosen
        case judging
        case refused
        case failed
    }

    private var state = State.offered

    package init() {}

    /// The body of a `p` frame came.
    package mutating func received(_ body: [UInt8]) throws(OAuthBearerMistake) -> Action {
        switch state {
        case .offered:
            guard let initial = try? SASLInitialResponse.decode(body.span) else { throw .frame }
            guard body[initial.mechanism].elementsEqual(Self.mechanism) else { throw .mechanism }
            guard let response = initial.response else {
                state = .chosen
                return .askAgain
            }
            return try judge(Array(body[response]))
        case .chosen: return try judge(body)
        case .refused:
            guard body == [OAuthBearerMessage.separator] else { throw .acknowledgement }
            state = .failed
            return .fail
        // The driver reads nothing there; whoever sends more than one message is refused all the same.
        case .judging, .failed: throw .frame
        }
    }

    /// The token, or the lack of one, was refused: send the challenge and wait for its acknowledgement.
    package mutating func refused() { state = .refused }

    private mutating func judge(_ message: [UInt8]) throws(OAuthBearerMistake) -> Action {
        let authorization = try OAuthBearerMessage(decoding: message).authorization
        state = .judging
        switch authorization {
        case .none: return .discover
        case .bearer(let token): return .verify(token: token)
        case .unusable: return .unusable
        }
    }

    // MARK: What the gateway sends

    package static func offer(into bytes: inout [UInt8]) {
        append(.sasl(mechanisms: [mechanism]), to: &bytes)
    }

    package static func askAgain(into bytes: inout [UInt8]) { append(.saslContinue([]), to: &bytes) }

    /// The error of RFC 7628 section 3.2.2, with what an executor needs for getting a token. `status` is the same for
    /// every reason, as in PostgreSQL 18: why a token is refused stands in the ErrorResponse.
    package static func challenge(discovery: String, scope: String, into bytes: inout [UInt8]) {
        var text = Array(#"{"status":"invalid_token","openid-configuration":""#.utf8)
        text += escaped(discovery) + Array(#"","scope":""#.utf8) + escaped(scope) + Array(#""}"#.utf8)
        append(.saslContinue(text), to: &bytes)
    }

    private static func append(_ request: Authentication, to bytes: inout [UInt8]) {
        // Only a body beyond 2 GiB or a NUL in a mechanism could fail, and all of it is the gateway's own.
        try? request.encode(into: &bytes)
    }

    /// A JSON string's text (RFC 8259 section 7).
    private static func escaped(_ text: String) -> [UInt8] {
        let digits = Array("0123456789abcdef".utf8)
        return text.utf8.flatMap { byte -> [UInt8] in
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): [UInt8(ascii: "\\"), byte]
            case 0..<0x20, 0x7f:
                Array("\\u00".utf8) + [digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            default: [byte]
            }
        }
    }
}
