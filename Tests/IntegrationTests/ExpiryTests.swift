import Foundation
import Testing

/// Sessions whose token expires while they live.
@Suite(.serialized)
struct ExpiryTests {
    let testbed: Testbed

    init() throws { testbed = try Testbed() }

    private static let message = "terminating session: the token has expired"

    private func ground(_ expiry: String) throws -> RevocationGround {
        try RevocationGround(
            testbed,
            edit: {
                $0.replacingOccurrences(
                    of: "session:\n", with: "session:\n  expiry: \(expiry)\n  expiry_notice: 2s\n")
            })
    }

    /// A token of some seconds, and its `exp`.
    private func token(_ ground: RevocationGround) throws -> (token: String, expires: Double) {
        let token = try ground.token("exec-1", "eu-analyst", "exp=+6")
        return (token, try #require(try Testbed.claims(token)["exp"] as? Double))
    }

    @Test("F-ID-13: an idle session gets a NOTICE and ends with its token, not before; no login after it")
    func idle() throws {
        let ground = try ground("drain")
        defer { ground.remove() }
        let (token, expires) = try token(ground)
        let client = try ground.session(token)
        defer { client.close() }
        let notice = try client.readFrame(within: 8)
        #expect(notice?.letter == "N")
        #expect(notice?.field("C") == "01000")
        #expect(Date().timeIntervalSince1970 < expires)
        try ground.expectEnd(client, message: Self.message)
        let ended = Date().timeIntervalSince1970
        #expect(ended >= expires && ended < expires + 2)
    }

    @Test(
        "F-ID-13: under kill a transaction ends at the token's end; under drain it may finish, and then ends")
    func transaction() throws {
        for expiry in ["kill", "drain"] {
            let ground = try ground(expiry)
            defer { ground.remove() }
            let (token, expires) = try token(ground)
            let client = try ground.session(token)
            defer { client.close() }
            #expect(try ground.run("begin", client).map(\.letter) == ["C", "Z"])
            #expect(try client.readFrame(within: 8)?.letter == "N")
            if expiry == "kill" {
                try ground.expectEnd(client, message: Self.message)
                #expect(Date().timeIntervalSince1970 >= expires)
                continue
            }
            try testbed.eventually("the token has expired", within: 8) {
                Date().timeIntervalSince1970 > expires + 0.5
            }
            #expect(try ground.run("select 1", client).map(\.letter) == ["T", "D", "C", "Z"])
            try client.send(AbuseFrames.query("commit"))
            #expect(try client.readFrames(until: "Z").map(\.letter) == ["C", "Z"])
            try ground.expectEnd(client, message: Self.message)
        }
    }
}
