import Audit
import AuditTree
import GatewayAnchoring
import GatewayConfiguration
import Testing

@Suite struct TableAnchorTests {
    private let key = SigningKey()

    /// Nobody listens on port 1 of loopback.
    private func reason(networks: [Network]) throws -> String? {
        let destination = ShippingDestination(
            name: "witness", region: "us-east-1", host: "127.0.0.1", port: 1, dbname: "audit", user: "ship",
            sslmode: .verifyFull)
        let note = try #require(key.sign(Checkpoint(origin: "o", size: 7, root: .empty).text, as: "o"))
        let anchor = TableAnchor(destination, networks: networks)
        #expect(anchor.name == "witness")
        do throws(AuditError) {
            try anchor.write([note], isRetry: false)
            return nil
        } catch {
            guard case .anchor(let place, let reason) = error else { return nil }
            #expect(place == "witness")
            return reason
        }
    }

    @Test("F-AUD-22: checkpoints, too, go to no address outside of the networks of the destination's region")
    func networks() throws {
        #expect(
            try reason(networks: [Network(address: [10, 0, 0, 0], prefix: 8)])
                == "address 127.0.0.1 is outside the networks of us-east-1")
        #expect(try reason(networks: [Network(address: [127, 0, 0, 0], prefix: 8)]) == "connection refused")
        #expect(try reason(networks: []) == "connection refused")
    }
}
