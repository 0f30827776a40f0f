import Gateway
import GatewayIdentity
import GatewayPolicy
import SQLText
import Testing

@Suite struct RefusalTests {
    /// The table of interface.md, case by case.
    static let table: [(Refusal, String)] = [
        (.token(.expired), "28P01"), (.token(.audience), "28P01"), (.token(.signature), "28P01"),
        (.token(.missing), "28P01"), (.token(.unknownIssuer), "28P01"),
        (.keysUnavailable, "08006"),
        (.policy(.noRule), "42501"),
        (.policy(.role("dba", rule: "r", allowed: ["analyst"])), "42501"),
        (.policy(.region(asked: ["US"], rule: "r", allowed: ["eu-west-1"])), "42501"),
        (.policy(.transit(gateway: "us-east-1", rule: "r")), "42501"),
        (.policy(.replicates(to: ["us-east-1"], rule: "r")), "42501"),
        (.replicasFull(database: "d", passedOver: []), "53300"),
        (.policy(.replication(rule: "r")), "42501"),
        (.statementForbidden(rule: "r", reasons: ["x"]), "42501"),
        (.statementUnreadable("x", replica: nil), "42601"),
        (.statementTooComplex, "54001"),
        (.overLogBudget(perSecond: 1_024), "53400"), (.beyondLogBudget(perSecond: 1_024), "53400"),
        (.policy(.unknownDatabase("nowhere")), "3D000"),
        (.noReplica(database: "orders", regions: ["eu-west-1"], passedOver: ["a: down"]), "08001"),
        (.logUnavailable(region: "eu-west-1"), "58030"),
        (.upstreamLost(replica: "orders-eu-a"), "08006"),
        (.statementTooLong(limit: 1), "54000"),
        (.tokenExpired, "57P01"), (.lifetimeReached, "57P01"), (.killed, "57P01"),
        (.decisionChanged, "57P01"), (.shuttingDown, "57P01"),
        (.tooManySessions(limit: 1), "53300"), (.tooManySessionsOfSubject(limit: 1), "53300"),
        (.tooManyLogins(perSecond: 1), "53300"), (.tooManySessionsOfAddress(limit: 1), "53300"),
        (.tooManyLoginsOfSubject(perSecond: 1), "53300"),
        (.protocolViolation("why"), "08P01"),
        (.startupParameter("role"), "42501"),
        (.maxLag, "22023"),
    ]

    @Test(
        "Every refusal has the SQLSTATE of interface.md's table, a message of one line, a DETAIL and a HINT")
    func table() {
        for (refusal, sqlstate) in Self.table {
            #expect(refusal.sqlstate == sqlstate, "\(refusal)")
            for text in [refusal.message, refusal.detail, refusal.hint] {
                #expect(!text.isEmpty, "\(refusal)")
                #expect(!text.contains { $0.isNewline }, "\(refusal)")
            }
        }
    }

    @Test(
        "F-GRD-01: the HINT of what cannot be read says whose grammar the replica has, and whose the gateway")
    func grammars() {
        let hints = [nil, 140_012, 150_020, 170_002].map { number in
            Refusal.statementUnreadable("x", replica: number.map { GrammarVersion(serverVersionNumber: $0) })
                .hint
        }
        #expect(
            hints == [
                "Correct it; what is newer than PostgreSQL 15's grammar is not read by this gateway.",
                "Correct it: the replica is PostgreSQL 14, the gateway reads PostgreSQL 15's grammar.",
                "Correct it: the replica, PostgreSQL 15, has the same grammar.",
                "Correct it, or write it as PostgreSQL 15 takes it: what is new in PostgreSQL 17 is not read by this gateway.",
            ])
    }

    @Test("F-AUD-12: names from outside cannot drive a terminal or add a line")
    func hostileNames() {
        let hostile = "a\u{1b}]0;x\u{7}\nFATAL: \u{202e}b" + String(repeating: "x", count: 10_000)
        for refusal in [Refusal.policy(.unknownDatabase(hostile)), .startupParameter(hostile)] {
            for scalar in refusal.message.unicodeScalars {
                #expect(scalar.properties.generalCategory != .control)
                #expect(scalar.properties.generalCategory != .format)
            }
            #expect(refusal.message.count < 300)
        }
    }
}
