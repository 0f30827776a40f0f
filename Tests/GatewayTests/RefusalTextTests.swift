import Gateway
import GatewayIdentity
import GatewayPolicy
import PGWire
import Testing

/// What of a text could drive a terminal, or begin a line: controls, formats (bidi), Unicode's own line ends.
private func hasControls(_ text: String) -> Bool {
    text.unicodeScalars.contains { scalar in
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator: true
        default: false
        }
    }
}

@Suite struct RefusalTextTests {
    /// Every case, of the policy's and the token's some, with its SQLSTATE by interface.md and PostgreSQL's
    /// appendix A.
    private static func table(_ name: String) -> [(Refusal, String)] {
        [
            (.token(.expired), "28P01"), (.token(.tooLong(limit: 16_384)), "28P01"),
            (.token(.unknownKey), "28P01"),
            (.token(.truncated(bytes: 996, .parts(found: 2))), "28P01"),
            (.token(.claim(.subject, .unprintable)), "28P01"),
            (.token(.malformed(.encrypted)), "28P01"), (.token(.algorithm), "28P01"),
            (.token(.notYetValid), "28P01"),
            (.keysUnavailable, "08006"), (.introspectionUnavailable, "08006"), (.token(.inactive), "28P01"),
            (.loginRevoked, "28000"), (.revoked, "57P01"),
            (.inactive, "57P01"), (.introspectionLost, "08006"),
            (.policy(.unknownDatabase(name)), "3D000"), (.policy(.noRule), "42501"),
            (.policy(.role(name, rule: "r", allowed: ["analyst"])), "42501"),
            (.policy(.region(asked: [name], rule: "r", allowed: ["eu-west-1"])), "42501"),
            (.policy(.transit(gateway: "us-east-1", rule: "r")), "42501"),
            (.policy(.replicates(to: ["us-east-1"], rule: "r")), "42501"),
            (.policy(.replication(rule: "r")), "42501"),
            (.statementForbidden(rule: "r", reasons: ["x"]), "42501"),
            (.statementUnreadable("x", replica: nil), "42601"),
            (.statementTooComplex, "54001"),
            (.overLogBudget(perSecond: 10_485_760), "53400"), (.beyondLogBudget(perSecond: 1_024), "53400"),
            (.databaseName("the database name is empty"), "3D000"),
            (.startupParameter(name), "42501"), (.options(position: 3), "42601"),
            (.noReplica(database: "orders", regions: ["eu-west-1"], passedOver: ["a: lags"]), "08001"),
            (.replicasFull(database: "orders", passedOver: ["a: login failed"]), "53300"),
            (.logUnavailable(region: "eu-west-1"), "58030"), (.upstreamLost(replica: "a"), "08006"),
            (.upstreamViolation(replica: "a"), "08006"), (.statementTooLong(limit: 67_108_864), "54000"),
            (.portalMissing, "34000"), (.tokenExpired, "57P01"), (.lifetimeReached, "57P01"),
            (.killed, "57P01"),
            (.replicaLost("a"), "57P01"),
            (.decisionChanged, "57P01"), (.readOnlyLost, "57P01"), (.tooManySessions(limit: 10_000), "53300"),
            (.tooManySessionsOfSubject(limit: 100), "53300"), (.tooManyLogins(perSecond: 50), "53300"),
            (.tooManySessionsOfAddress(limit: 100), "53300"),
            (.tooManyLoginsOfSubject(perSecond: 50), "53300"),
            (.idle, "57P01"), (.protocolViolation("Message type 'p' has no place here."), "08P01"),
            (.unsupportedProtocol(major: 2, minor: 0), "0A000"), (.userMissing, "28000"),
            (.encryptionRequired, "28000"), (.bearerNeedsEncryption, "28000"), (.tokenAskedFor, "28000"),
            (.authorizationIdentity, "0A000"), (.confirmation(.noCertificate), "28000"),
            (.confirmation(.otherCertificate), "28000"), (.confirmation(.unprovable), "28000"),
            (.token(.confirmation), "28P01"), (.token(.malformed(.authorization)), "28P01"),
            (.token(.authorizationDetails(.notAList)), "28P01"),
            (.token(.authorizationDetails(.tooManyEntries)), "28P01"),
            (.token(.authorizationDetails(.untyped)), "28P01"),
            (.token(.authorizationDetails(.unknownMember)), "28P01"),
            (.token(.authorizationDetails(.value(.access))), "28P01"),
            (.policy(.narrowed(.database, rule: "r")), "42501"),
            (.policy(.narrowed(.role, rule: "r")), "42501"),
            (.policy(.narrowed(.region, rule: "r")), "42501"),
            (.startupTimeout, "57014"), (.shuttingDown, "57P01"),
        ]
    }

    private static let hostile =
        "a\u{1b}]0;x\u{7}\r\nFATAL: \u{202e}b\u{9b}31m\u{2028}c\u{2029}d\u{0}e\u{feff}"
        + String(repeating: "x", count: 9_000)

    @Test(
        "Every refusal, encoded, has both severities, its SQLSTATE, message, DETAIL and HINT, and no more"
    )
    func encoded() throws {
        for (refusal, sqlstate) in RefusalTextTests.table("name") {
            for (severity, word) in [(Refusal.Severity.error, "ERROR"), (.fatal, "FATAL")] {
                let bytes = refusal.encoded(severity: severity)
                let read = try FrameHeader.read(from: bytes.span, origin: .replica)
                let header = try #require(read)
                #expect(header.backendTag == .errorResponse)
                #expect(header.frameLength == bytes.count)
                let fields = try ErrorResponse.decode(Array(bytes.dropFirst(5)).span).fields
                #expect(fields.text(.localizedSeverity) == word)
                #expect(fields.text(.severity) == word)
                #expect(fields.text(.sqlstate) == sqlstate, "\(refusal)")
                #expect(fields.text(.message) == refusal.message)
                #expect(fields.text(.detail) == refusal.detail)
                #expect(fields.text(.hint) == refusal.hint)
                #expect(fields.fields.count == 6)
                let peek = ErrorPeek(Array(bytes.dropFirst(5)).span)
                #expect(peek.isFatal == (word == "FATAL"))
            }
        }
    }

    @Test("Every DETAIL and HINT is a sentence, and a message is none: no full stop, no second line")
    func form() {
        for (refusal, _) in RefusalTextTests.table("name") {
            #expect(!refusal.message.isEmpty && !refusal.message.hasSuffix("."), "\(refusal)")
            for text in [refusal.detail, refusal.hint] {
                #expect(text.hasSuffix("."), "\(refusal): \(text)")
                #expect(text.first?.isUppercase == true, "\(refusal): \(text)")
            }
            for text in [refusal.message, refusal.detail, refusal.hint] {
                #expect(!hasControls(text), "\(refusal)")
                #expect(
                    !text.contains("  ") && !text.contains(".."),
                    "\(refusal): \(text)")
            }
        }
    }

    @Test(
        "F-AUD-12: a name from outside leaves no control, line end or bidi mark in a text, and is cut"
    )
    func hostileNames() {
        for (refusal, _) in RefusalTextTests.table(RefusalTextTests.hostile) {
            for text in [refusal.message, refusal.detail, refusal.hint] {
                #expect(!hasControls(text), "\(refusal.sqlstate) \(refusal.message.prefix(40))")
                #expect(text.utf8.count < 1_000)
            }
        }
    }

    @Test("F-WIRE-03: what a replica that was passed over said of itself reaches no executor as it came")
    func hostileReplica() {
        let refusal = Refusal.noReplica(
            database: "orders", regions: ["eu-west-1"],
            passedOver: [
                "orders-eu-a: quarantined: cluster_name is \"\(RefusalTextTests.hostile)\", not \"a\""
            ])
        #expect(!hasControls(refusal.detail))
        #expect(refusal.detail.utf8.count < 1_000)
    }

    @Test("What a frame or a startup packet had wrong becomes a protocol violation that names it")
    func wireErrors() {
        #expect(FrameError.unexpectedTag(0x70).reason == "Message type 'p' has no place here.")
        #expect(FrameError.unexpectedTag(0x0a).reason == "Message type 10 has no place here.")
        #expect(FrameError.lengthTooShort(tag: 0x51, length: 3).reason == "Message 'Q' says a length of 3.")
        #expect(
            FrameError.lengthTooLong(tag: 0x53, length: 10_001, limit: 10_000).reason
                == "Message 'S' says a length of 10001; at most 10000 is possible.")
        for mistake in OAuthBearerMistake.allCases {
            let expected = mistake == .authorizationIdentity ? "0A000" : "08P01"
            #expect(mistake.refusal.sqlstate == expected)
        }
        #expect(StartupError.invalidLength(7).refusal.sqlstate == "08P01")
        #expect(StartupError.invalidLayout.refusal.sqlstate == "08P01")
        #expect(StartupError.unsupportedProtocol(major: 2, minor: 0).refusal.sqlstate == "0A000")
    }
}
