import Foundation
import PGWire
import Testing

/// SASL OAUTHBEARER as a client of PostgreSQL 18 speaks it, and as none should.
extension RawClient {
    static let bearerOption = ("options", "-c domicile.auth=oauthbearer")

    /// A message of OAUTHBEARER with this value of `auth`.
    static func bearerMessage(_ authorization: String) -> [UInt8] {
        Array("n,,\u{1}auth=\(authorization)\u{1}\u{1}".utf8)
    }

    /// TLS and startup, as an analyst of `orders` who asks for OAUTHBEARER; the answer is the offer.
    static func offered(
        _ testbed: Testbed, application: String, options: (String, String)? = RawClient.bearerOption,
        identity: String? = nil
    ) throws -> RawClient {
        let client = try RawClient(host: testbed.host, port: testbed.port)
        try client.beginTLS(authority: testbed.authority, host: testbed.host, identity: identity)
        try client.startup(
            [("user", "analyst"), ("database", "orders"), ("application_name", application)]
                + (options.map { [$0] } ?? []))
        let offer = try #require(try client.readFrame())
        #expect(offer.letter == "R")
        #expect(offer.body == [0, 0, 0, 10] + Array("OAUTHBEARER".utf8) + [0, 0])
        return client
    }

    func chooseBearer(_ message: [UInt8]?, mechanism: String = "OAUTHBEARER") throws {
        var bytes: [UInt8] = []
        try SASLInitialResponse.encode(
            mechanism: Array(mechanism.utf8), response: message, into: &bytes)
        try send(bytes)
    }

    func respond(_ message: [UInt8]) throws {
        var bytes: [UInt8] = []
        try SASLResponse.encode(response: message, into: &bytes)
        try send(bytes)
    }

    /// The members of the challenge that the gateway sends where it refuses.
    func readChallenge() throws -> [String: String] {
        let frame = try #require(try readFrame())
        #expect(frame.letter == "R" && frame.body.prefix(4) == [0, 0, 0, 11])
        let members = try JSONSerialization.jsonObject(with: Data(frame.body.dropFirst(4)))
        return try #require(members as? [String: String])
    }
}
