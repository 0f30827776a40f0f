import Foundation
import Testing

/// Two issuers of one gateway, whose names of groups and subjects are two things.
@Suite(.serialized)
struct IssuerTests {
    let testbed: Testbed

    init() throws { testbed = try Testbed() }

    @Test("Rule 10: a group of one issuer opens no rule of the other's, and its operators have no rights")
    func sameGroup() throws {
        let first = try Testbed.variable("DOMICILE_ISSUER")
        let second = try Testbed.variable("DOMICILE_ISSUER2")
        let both = #"{ issuer: ["\#(first)", "\#(second)"], "#
        let ground = try RevocationGround(
            testbed,
            edit: { text in
                #expect(text.contains(both + "groups: [eu-analysts] }"))
                #expect(text.contains(both + "groups: [dba] }"))
                return text.replacingOccurrences(of: both, with: #"{ issuer: "\#(first)", "#)
            })
        defer { ground.remove() }
        let real = try testbed.token(.euAnalyst)
        let subject = try #require(try Testbed.claims(real)["sub"] as? String)
        try ground.session(real).close()
        // The same subject and group, and every claim by which it could be taken for the first issuer's.
        let copy = try ground.token(subject, "eu-analyst", "issuer=\(first)", "azp=\(first)")
        #expect(try Testbed.claims(copy)["groups"] as? [String] == ["eu-analysts"])
        try ground.expectRefused(copy, "42501")
        let operatorOfTheOther = try ground.token("dba-1", "operator")
        #expect(try ground.http("GET", "/api/sessions", token: operatorOfTheOther).status == 403)
    }
}
