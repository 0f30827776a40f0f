import Foundation
import Glibc
import Testing

/// Gateways that are configured as each other's replicas.
@Suite(.serialized)
struct LoopedGatewayTests {
    let testbed: Testbed

    init() throws { testbed = try Testbed() }

    /// The database `orders` at a port of this host, whoever shows what certificate there.
    private static func leading(to port: Int, _ text: String) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            guard line.contains("name: orders-eu-a") else { return String(line) }
            let fields = line.split(separator: ",").map { field in
                field.contains(" port:") ? " port: \(port)" : String(field)
            }
            return fields.joined(separator: ",")
        }.joined(separator: "\n").replacingOccurrences(of: "sslmode: verify-full", with: "sslmode: require")
    }

    @Test(
        "F-POL-09: a gateway that is its own upstream by way of another one refuses (08001) and runs in no circle"
    )
    func circle() throws {
        let first = try OwnGateway(testbed)
        defer { first.remove() }
        let second = try OwnGateway(testbed)
        defer { second.remove() }
        try first.reload { Self.leading(to: second.testbed.port, $0) }
        try second.reload { Self.leading(to: first.testbed.port, $0) }
        for gateway in [first, second] {
            try gateway.testbed.eventually("the other gateway is no replica") {
                let up =
                    "domicile_replica_up{database=\"orders\",replica=\"orders-eu-a\",region=\"eu-west-1\"}"
                return try gateway.testbed.metric(up) == 0
            }
        }
        for _ in 0..<3 {
            let run = try first.testbed.psql("select 1", database: "orders@eu-west-1")
            #expect(run.status == 2)
            #expect(run.error.contains("08001") || run.error.contains("no healthy replica"), "\(run.error)")
        }
        for gateway in [first, second] {
            #expect(try gateway.testbed.metric("domicile_connections") ?? 99 < 10)
            #expect(try gateway.testbed.metric("domicile_sessions_started_total") == 0)
        }
    }
}
