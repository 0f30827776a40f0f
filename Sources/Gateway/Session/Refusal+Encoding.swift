import PGWire

extension Refusal {
    /// ERROR: the session lives on. FATAL: it ends.
    package enum Severity {
        case error
        case fatal
    }

    /// The ErrorResponse that an executor gets.
    package func encoded(severity: Severity) -> [UInt8] {
        var bytes: [UInt8] = []
        switch severity {
        case .error:
            StartupReply.error(sqlstate: sqlstate, message: message, detail: detail, hint: hint, into: &bytes)
        case .fatal:
            StartupReply.fatal(sqlstate: sqlstate, message: message, detail: detail, hint: hint, into: &bytes)
        }
        return bytes
    }
}

extension FrameError {
    /// Which check failed, for DETAIL.
    package var reason: String {
        switch self {
        case .unexpectedTag(let tag): "Message type \(FrameError.name(tag)) has no place here."
        case .lengthTooShort(let tag, let length):
            "Message \(FrameError.name(tag)) says a length of \(length)."
        case .lengthTooLong(let tag, let length, let limit):
            "Message \(FrameError.name(tag)) says a length of \(length); at most \(limit) is possible."
        }
    }

    private static func name(_ tag: UInt8) -> String {
        (0x21...0x7e).contains(tag) ? "'\(String(UnicodeScalar(tag)))'" : "\(tag)"
    }
}

extension OAuthBearerMistake {
    /// What the executor hears, and what is recorded.
    package var refusal: Refusal {
        switch self {
        case .frame: .protocolViolation("The SASL message is malformed.")
        case .mechanism: .protocolViolation("The SASL mechanism is none that was offered.")
        case .empty: .protocolViolation("The OAUTHBEARER message is empty.")
        case .header: .protocolViolation("The OAUTHBEARER message does not begin with a GS2 header.")
        case .channelBinding: .protocolViolation("OAUTHBEARER has no channel binding.")
        case .authorizationIdentity: .authorizationIdentity
        case .pair: .protocolViolation("The OAUTHBEARER message has what is no key and value.")
        case .repeatedKey: .protocolViolation("The OAUTHBEARER message has a key twice.")
        case .tooManyKeys:
            .protocolViolation("The OAUTHBEARER message has more than \(WireLimits.oauthPairs) keys.")
        case .unterminated: .protocolViolation("The OAUTHBEARER message has no end.")
        case .trailingBytes: .protocolViolation("The OAUTHBEARER message goes on behind its end.")
        case .authorizationMissing: .protocolViolation("The OAUTHBEARER message has no auth value.")
        case .acknowledgement:
            .protocolViolation("The answer to an OAUTHBEARER error is not its acknowledgement.")
        }
    }
}

extension StartupError {
    package var refusal: Refusal {
        switch self {
        case .invalidLength(let length): .protocolViolation("The startup packet says a length of \(length).")
        case .unsupportedProtocol(let major, let minor): .unsupportedProtocol(major: major, minor: minor)
        case .invalidLayout: .protocolViolation("The startup packet does not end where its parameters do.")
        }
    }
}
