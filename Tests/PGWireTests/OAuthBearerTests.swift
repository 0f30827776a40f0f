import PGWire
import Testing

@Suite("SASL OAUTHBEARER")
struct OAuthBearerTests {
    typealias Authorization = OAuthBearerMessage.Authorization

    private static func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

    private static func token(_ text: String) -> Authorization { .bearer(bytes(text)) }

    // MARK: Messages

    /// `|` stands for the separator, 0x01.
    static let read: [(String, Authorization)] = [
        // RFC 7628 section 4.1, with another token.
        (
            "n,,|host=server.example.com|port=143|auth=Bearer vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==||",
            token("vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==")
        ),
        ("n,,|auth=Bearer a.b.c||", token("a.b.c")),
        ("y,,|auth=Bearer a.b.c||", token("a.b.c")),
        ("n,,|auth=bearer a.b.c||", token("a.b.c")),
        ("n,,|auth=BEARER a.b.c||", token("a.b.c")),
        ("n,,|auth=Bearer    a||", token("a")),
        ("n,,|auth=Bearer aZ09-._~+/===||", token("aZ09-._~+/===")),
        ("n,,|auth=||", .none),
        ("n,,|host=h|auth=||", .none),
        // A key is compared by its letters: AUTH is another one.
        ("n,,|AUTH=Bearer x|auth=Bearer y||", token("y")),
        ("n,,|zz=\t \r\n~|auth=Bearer a|unknown=||", token("a")),
        ("n,,|auth=Bearer a|mthd=POST|path=/|qs=a=b||", token("a")),
        ("n,,|auth=Bearer||", .unusable),
        ("n,,|auth=Bearer ||", .unusable),
        ("n,,|auth=Bearer\ta||", .unusable),
        ("n,,|auth= Bearer a||", .unusable),
        ("n,,|auth=Bearer a ||", .unusable),
        ("n,,|auth=Bearer a b||", .unusable),
        ("n,,|auth=Bearer =||", .unusable),
        ("n,,|auth=Bearer a=b||", .unusable),
        ("n,,|auth=Bearer a,b||", .unusable),
        ("n,,|auth=Bearer a\n||", .unusable),
        ("n,,|auth=Bearera||", .unusable),
        ("n,,|auth=Basic YTpi||", .unusable),
        ("n,,|auth=a.b.c||", .unusable),
        // No letter, though it is one with the fifth bit set: 0x02 would be b.
        ("n,,|auth=\"earer a||", .unusable),
    ]

    @Test("F-ID-19: a message gives the token, the question for one, or what is no token", arguments: read)
    func message(text: String, expected: Authorization) throws {
        let message = try OAuthBearerMessage(decoding: Self.bytes(text.replacing("|", with: "\u{1}")))
        #expect(message.authorization == expected)
    }

    static let refused: [(String, OAuthBearerMistake)] = [
        ("", .empty),
        ("|", .header), ("||", .header), ("n", .header), ("n,", .header), ("n,,", .header),
        ("n,,auth=Bearer a||", .header), ("n |auth=Bearer a||", .header), ("x,,|auth=Bearer a||", .header),
        ("N,,|auth=Bearer a||", .header), ("n|auth=Bearer a||", .header),
        ("F,n,,|auth=Bearer a||", .header), ("n,b=x,|auth=Bearer a||", .header),
        ("p=tls-server-end-point,,|auth=Bearer a||", .channelBinding), ("p", .channelBinding),
        ("n,a=somebody,|auth=Bearer a||", .authorizationIdentity),
        ("y,a=,|auth=Bearer a||", .authorizationIdentity),
        ("n,,|", .unterminated), ("n,,|auth=Bearer a|", .unterminated), ("n,,|auth=Bearer a", .unterminated),
        ("n,,|auth", .unterminated),
        ("n,,||", .authorizationMissing), ("n,,|host=h||", .authorizationMissing),
        ("n,,|AUTH=Bearer a||", .authorizationMissing),
        ("n,,|auth=Bearer a|||", .trailingBytes), ("n,,|auth=Bearer a||x", .trailingBytes),
        ("n,,||auth=Bearer a||", .trailingBytes),
        ("n,,|auth|host=h||", .pair), ("n,,|=Bearer a||", .pair), ("n,,|auth =Bearer a||", .pair),
        ("n,,|a1=x|auth=Bearer a||", .pair), ("n,,|a_b=x|auth=Bearer a||", .pair),
        ("n,,|auth=Bearer \u{0}||", .pair), ("n,,|auth=Bearer \u{7f}||", .pair),
        ("n,,|auth=Bearer \u{e9}||", .pair), ("n,,|host=\u{1b}[31m|auth=Bearer a||", .pair),
        ("n,,|auth=Bearer a|auth=Bearer b||", .repeatedKey), ("n,,|auth=|auth=Bearer b||", .repeatedKey),
        ("n,,|auth=Bearer a|auth=Bearer a||", .repeatedKey),
        ("n,,|host=a|auth=Bearer a|host=b||", .repeatedKey),
    ]

    @Test("F-ID-19: what does not follow RFC 7628 is refused, and named", arguments: refused)
    func malformed(text: String, expected: OAuthBearerMistake) {
        #expect(throws: expected) {
            try OAuthBearerMessage(decoding: Self.bytes(text.replacing("|", with: "\u{1}")))
        }
    }

    @Test("Bytes that are no text are refused or read, and never trap")
    func hostileBytes() {
        var random = SystemRandomNumberGenerator()
        let whole = Self.bytes("n,,\u{1}host=h\u{1}auth=Bearer aaaa.bbbb.cccc\u{1}\u{1}")
        for cut in 0...whole.count { _ = try? OAuthBearerMessage(decoding: Array(whole.prefix(cut))) }
        for index in whole.indices {
            for byte in UInt8.min...UInt8.max {
                var changed = whole
                changed[index] = byte
                guard let message = try? OAuthBearerMessage(decoding: changed) else { continue }
                guard case .bearer(let token) = message.authorization else { continue }
                #expect(token.count <= 14 && !token.contains { $0 <= 0x20 || $0 >= 0x7f })
            }
        }
        for _ in 0..<2_000 {
            let bytes = (0..<Int.random(in: 0..<64, using: &random)).map { _ in
                UInt8.random(in: 0...255, using: &random)
            }
            #expect(throws: OAuthBearerMistake.self) { try OAuthBearerMessage(decoding: bytes) }
        }
    }

    @Test("As many keys as the limit are read, one more is refused")
    func keys() throws {
        func message(_ count: Int) -> [UInt8] {
            let others = (0..<(count - 1)).map { "k" + String(repeating: "x", count: $0) + "=v\u{1}" }
            return Self.bytes("n,,\u{1}" + others.joined() + "auth=Bearer a\u{1}\u{1}")
        }
        #expect(try OAuthBearerMessage(decoding: message(16)).authorization == Self.token("a"))
        #expect(throws: OAuthBearerMistake.tooManyKeys) { try OAuthBearerMessage(decoding: message(17)) }
    }

    // MARK: The exchange

    /// The body of a SASLInitialResponse: mechanism, NUL, length, response.
    private static func initial(_ response: String?, mechanism: String = "OAUTHBEARER") -> [UInt8] {
        guard let response else { return bytes(mechanism) + [0, 0xff, 0xff, 0xff, 0xff] }
        return bytes(mechanism) + [0, 0, 0, 0, UInt8(response.utf8.count)] + bytes(response)
    }

    private static let withToken = "n,,\u{1}auth=Bearer a.b.c\u{1}\u{1}"

    @Test("A token comes with the choice of the mechanism, and is to be verified")
    func initialResponse() throws {
        var exchange = OAuthBearerExchange()
        let action = try exchange.received(Self.initial(Self.withToken))
        #expect(action == .verify(token: Self.bytes("a.b.c")))
    }

    @Test("F-ID-19: a choice without a message is answered by an empty challenge, then the message is read")
    func withoutInitialResponse() throws {
        var exchange = OAuthBearerExchange()
        #expect(try exchange.received(Self.initial(nil)) == .askAgain)
        #expect(try exchange.received(Self.bytes(Self.withToken)) == .verify(token: Self.bytes("a.b.c")))
    }

    @Test(
        "F-ID-19: a refused token and a question end in the same way: the challenge, one byte, the end",
        arguments: [
            (withToken, OAuthBearerExchange.Action.verify(token: bytes("a.b.c"))),
            ("n,,\u{1}auth=\u{1}\u{1}", .discover), ("n,,\u{1}auth=Basic x\u{1}\u{1}", .unusable),
        ])
    func refusal(message: String, expected: OAuthBearerExchange.Action) throws {
        var exchange = OAuthBearerExchange()
        #expect(try exchange.received(Self.initial(message)) == expected)
        exchange.refused()
        #expect(try exchange.received([1]) == .fail)
        #expect(throws: OAuthBearerMistake.frame) { try exchange.received([1]) }
    }

    @Test(
        "F-ID-19: an error is acknowledged by one byte and by nothing else, another token least of all",
        arguments: [
            [], [0], [1, 1], [1, 0], bytes(withToken), bytes("n,,\u{1}\u{1}"), initial(withToken),
        ])
    func acknowledgement(body: [UInt8]) throws {
        var exchange = OAuthBearerExchange()
        _ = try exchange.received(Self.initial(Self.withToken))
        exchange.refused()
        #expect(throws: OAuthBearerMistake.acknowledgement) { try exchange.received(body) }
    }

    @Test("Only the mechanism that was offered is taken, in a frame that is whole")
    func mechanisms() {
        for name in ["SCRAM-SHA-256", "oauthbearer", "OAUTHBEARER-PLUS", "OAUTHBEARE", ""] {
            var exchange = OAuthBearerExchange()
            #expect(throws: OAuthBearerMistake.mechanism) {
                try exchange.received(Self.initial(Self.withToken, mechanism: name))
            }
        }
        let whole = Self.initial(Self.withToken)
        for body in [[], Array(whole.dropLast()), whole + [0], Array(whole.prefix(11)), [1]] {
            var exchange = OAuthBearerExchange()
            #expect(throws: OAuthBearerMistake.frame) { try exchange.received(body) }
        }
    }

    @Test("A second message while the token is judged is refused")
    func secondMessage() throws {
        var exchange = OAuthBearerExchange()
        _ = try exchange.received(Self.initial(Self.withToken))
        #expect(throws: OAuthBearerMistake.frame) { try exchange.received(Self.bytes(Self.withToken)) }
    }

    // MARK: What is sent

    @Test("The offer, the empty challenge and the error are PostgreSQL 18's frames")
    func frames() {
        var offer: [UInt8] = []
        OAuthBearerExchange.offer(into: &offer)
        #expect(offer == [0x52, 0, 0, 0, 21, 0, 0, 0, 10] + Self.bytes("OAUTHBEARER") + [0, 0])
        var empty: [UInt8] = []
        OAuthBearerExchange.askAgain(into: &empty)
        #expect(empty == [0x52, 0, 0, 0, 8, 0, 0, 0, 11])
        var error: [UInt8] = []
        OAuthBearerExchange.challenge(
            discovery: "https://id.example/.well-known/openid-configuration", scope: "openid a", into: &error)
        let text =
            #"{"status":"invalid_token","openid-configuration":"#
            + #""https://id.example/.well-known/openid-configuration","scope":"openid a"}"#
        #expect(Array(error.prefix(9)) == [0x52, 0, 0, 0, UInt8(8 + text.utf8.count), 0, 0, 0, 11])
        #expect(String(decoding: error.dropFirst(9), as: UTF8.self) == text)
    }

    @Test("What an issuer's name holds cannot leave its JSON string")
    func escaped() {
        var error: [UInt8] = []
        OAuthBearerExchange.challenge(discovery: "a\"b\\c\u{1}\u{1f}\u{7f}é", scope: "\"", into: &error)
        let text = String(decoding: error.dropFirst(9), as: UTF8.self)
        #expect(
            text
                == #"{"status":"invalid_token","openid-configuration":"a\"b\\c\u0001\u001f\u007fé","scope":"\""}"#
        )
    }
}
