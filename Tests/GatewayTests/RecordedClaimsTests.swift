import Audit
import Foundation
import Gateway
import GatewayConfiguration
import GatewayPolicy
import Testing

/// The claims that a session's records hold.
struct RecordedClaimsTests {
    private func record(_ claims: [String: ClaimValue], issuer: String = "https://id.example.com") throws
        -> String
    {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("examples/policy/domicile.yaml").path
        let reading = ConfigurationFile.load(path: file, environment: [:], purpose: .policy)
        let configuration = try #require(reading.configuration, "\(reading.findings)")
        let principal = Principal(
            issuer: issuer, subject: "anna", planner: nil, task: nil, tokenID: nil, claims: claims,
            mapped: configuration.issuers[0].claims)
        var batch = RecordBatch(recordLimit: 65_536)
        batch.begin(.sessionStart)
        RecordedClaims(configuration).add(of: principal, to: &batch)
        batch.end()
        return batch.unstamped().first ?? ""
    }

    @Test("They are the claims that rules look at, by their own names, and nothing else of the token")
    func exact() throws {
        let line = try record([
            "groups": .array([.string("eu"), .integer(7), .bool(true), .null, .number(0.5)]),
            "azp": .object(["b": .string("x\n"), "a": .array([])]), "email": .string("anna@example.com"),
        ])
        #expect(
            line
                == #"{"type":"session.start","claims":{"authorization_details":null,"azp":{"a":[],"b":"x\n"},"groups":["eu",7,true,null,0.5]}}"#
        )
        #expect(try record([:], issuer: "https://other") == #"{"type":"session.start"}"#)
    }

    @Test("4 KiB are recorded, one byte more is omitted and says so")
    func limit() throws {
        let frame = #"{"authorization_details":null,"azp":null,"groups":""}"#.utf8.count
        let whole = String(repeating: "x", count: RecordedClaims.limit - frame)
        #expect(try record(["groups": .string(whole)]).contains(#""groups":"xxx"#))
        #expect(
            try record(["groups": .string(whole + "x")])
                == #"{"type":"session.start","claims_omitted":true}"#)
    }
}
