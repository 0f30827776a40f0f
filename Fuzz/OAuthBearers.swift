import PGWire

/// Up to three `p` bodies, each behind two bytes of its length, as one executor's OAUTHBEARER. A token that is taken out of
/// them has only bytes of a token, and is the only one that could be meant.
func run(_ input: [UInt8]) {
    var bodies = FuzzInput(input)
    var exchange = OAuthBearerExchange()
    var verified = 0
    for _ in 0..<3 where !bodies.isEmpty {
        let length = Int(bodies.byte() ?? 0) << 8 | Int(bodies.byte() ?? 0)
        let body = bodies.take(length)
        guard let action = try? exchange.received(body) else { return }
        switch action {
        case .askAgain: check(verified == 0, "an empty challenge comes first")
        case .verify(let token):
            verified += 1
            checkToken(token, in: body)
            exchange.refused()
        case .discover, .unusable: exchange.refused()
        case .fail: check(body == [1], "an end by its acknowledgement alone")
        }
    }
    check(verified <= 1, "one token, however many messages come")
}

private func checkToken(_ token: [UInt8], in body: [UInt8]) {
    check(!token.isEmpty && token.count < body.count, "a token that is there")
    check(token.allSatisfy { $0 > 0x20 && $0 < 0x7f && $0 != UInt8(ascii: ",") }, "bytes of a token")
    let message = Array("n,,\u{1}auth=Bearer ".utf8) + token + [1, 1]
    let read = try? OAuthBearerMessage(decoding: message)
    check(read?.authorization == .bearer(token), "the same token when it is written again")
    // Nobody who looks for another `auth` finds one.
    let pairs = body.split(separator: 1, omittingEmptySubsequences: false)
    check(pairs.filter { $0.starts(with: "auth=".utf8) }.count == 1, "one auth")
    check(body.suffix(2) == [1, 1], "a message to its end")
}
