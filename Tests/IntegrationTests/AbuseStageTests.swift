import Foundation
import Testing

/// At each stage of a connection, bytes that do not belong there: a clear error or a close, and nobody notices.
@Suite(.serialized)
struct AbuseStageTests {
    private typealias Bytes = AbuseFrames

    private let testbed: Testbed
    private let own: OwnGateway

    init() throws {
        testbed = try Testbed()
        own = try OwnGateway(testbed)
    }

    @Test("there are at least 80 different cases at each stage, the replica's side included")
    func counts() {
        defer { own.remove() }
        for cases in [AbuseCase.startup, AbuseCase.tls, AbuseCase.authentication, AbuseCase.session] {
            #expect(Set(cases.map(\.bytes)).count >= 80, "\(cases.first?.name ?? "")")
        }
        for plans in [AbuseCase.replicaAtLogin, AbuseCase.replicaInSession] {
            #expect(Set(plans).count >= 80, "\(plans.first?.application ?? "")")
        }
    }

    /// Sends a case and a FIN; what comes back before the gateway closes too.
    private func answer(_ one: AbuseCase, _ client: RawClient) -> [UInt8] {
        defer { client.close() }
        // The gateway may have closed before it has read all.
        try? client.send(one.bytes)
        client.shutdownWrite()
        do {
            return try client.readToEnd(within: 5)
        } catch let failure as RawClient.Failure {
            Issue.record("\(one.name): \(failure)")
            return []
        } catch {
            return []
        }
    }

    private func connect(tls: Bool) throws -> RawClient {
        let client = try RawClient(host: own.testbed.host, port: own.testbed.port)
        if tls { try client.beginTLS(authority: testbed.authority, host: testbed.host) }
        return client
    }

    /// Runs the cases while somebody else is at work; the gateway's memory and descriptors are as before.
    private func among(_ cases: [AbuseCase], _ body: (AbuseCase) throws -> Void) throws {
        defer { own.remove() }
        // Memory that the first connections need is not counted.
        for one in cases.prefix(20) { try body(one) }
        let witness = try AbuseWitness(own.testbed)
        for (index, one) in cases.enumerated() {
            try body(one)
            if index % 16 == 0 { try witness.expectNeighbourAnswers() }
        }
        #expect(try witness.growth() < 4 * 1024)
        try witness.expectUnharmed(ownGateway: true)
    }

    @Test(
        "F-WIRE-32, F-WIRE-15: a first packet that is none ends in an error or a close, over TLS and in the clear",
        arguments: [true, false])
    func startup(isOverTLS: Bool) throws {
        try among(AbuseCase.startup) { one in
            let answer = answer(one, try connect(tls: isOverTLS))
            #expect(answer.isEmpty || answer.first == UInt8(ascii: "E"), "\(one.name): \(answer.prefix(20))")
        }
    }

    @Test(
        "F-WIRE-01, F-WIRE-06: a handshake that is none ends in an alert or a close, behind SSLRequest and at once",
        arguments: [true, false])
    func tls(isBehindRequest: Bool) throws {
        try among(AbuseCase.tls) { one in
            let client = try connect(tls: false)
            if isBehindRequest {
                try client.send(Bytes.sslRequest)
                #expect(try client.readByte() == UInt8(ascii: "S"))
            }
            let answer = answer(one, client)
            // RFC 8446, 5.1: 21 is an alert, 22 the handshake. Without SSLRequest it may have been a startup packet.
            let allowed = isBehindRequest ? [21, 22] : [21, 22, UInt8(ascii: "E"), UInt8(ascii: "S")]
            #expect(answer.first.map { allowed.contains($0) } ?? true, "\(one.name): \(answer.prefix(20))")
        }
    }

    @Test("F-ID-20, F-WIRE-35: what is no token in its place is 08P01 and the end")
    func authentication() throws {
        try among(AbuseCase.authentication) { one in
            let client = try connect(tls: true)
            try client.send(Bytes.startup(AbuseCase.named))
            #expect(try client.readFrame()?.letter == "R")
            try client.send(one.bytes)
            #expect(try client.readFrame()?.field("C") == "08P01", "\(one.name)")
            #expect(try client.readFrame() == nil, "\(one.name)")
            client.close()
        }
    }
}
