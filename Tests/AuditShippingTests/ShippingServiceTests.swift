import Audit
import AuditShipping
import Foundation
import GatewayConfiguration
import Glibc
import Logging
import Testing

@Suite struct ShippingServiceTests {
    private let folder = NSTemporaryDirectory() + "domicile-ship-" + UUID().uuidString

    /// A port of loopback that takes connections and never says anything.
    private final class Sink {
        let descriptor: Int32
        let port: Int

        init() throws {
            let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue), 0)
            descriptor = listener
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_addr.s_addr = in_addr_t(0x7f00_0001).bigEndian
            var length = socklen_t(MemoryLayout<sockaddr_in>.size)
            let isListening = withUnsafeMutablePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                    bind(listener, address, length) == 0 && listen(listener, 8) == 0
                        && getsockname(listener, address, &length) == 0
                }
            }
            port = Int(UInt16(bigEndian: address.sin_port))
            try #require(isListening)
        }

        deinit { close(descriptor) }

        /// Whether somebody has connected.
        var wasReached: Bool {
            let connection = accept(descriptor, nil, nil)
            if connection >= 0 { close(connection) }
            return connection >= 0
        }
    }

    private func target(port: Int, region: String = "eu-west-1", networks: [Network] = []) -> ShipTarget {
        ShipTarget(
            log: "eu-west-1", folder: folder, origin: "test.example/audit/eu-west-1",
            destination: ShippingDestination(
                name: "sink", region: region, host: "127.0.0.1", port: port, dbname: "audit", user: "ship",
                sslmode: .disable), networks: networks)
    }

    private func service(_ log: AuditLog) -> ShippingService {
        ShippingService(
            logs: [
                "eu-west-1": ShippingService.Log(
                    folder: folder, origin: "test.example/audit/eu-west-1", covered: { log.durable },
                    durable: { log.durable })
            ], logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    private func openLog() throws -> AuditLog {
        try AuditLog(AuditLogSettings(region: "eu-west-1", folder: folder, gateway: "gw-test"))
    }

    private func append(_ count: Int, to log: AuditLog) throws {
        for number in 0..<count {
            var batch = RecordBatch(recordLimit: log.settings.recordLimit)
            batch.begin(.admin)
            batch.add("gateway", "gw-test")
            batch.add("region", "eu-west-1")
            batch.add("reason", "number \(number)")
            batch.end()
            _ = try log.append(&batch)
        }
    }

    @Test
    func `F-AUD-20: what a destination is not known to have is needed, all of it before it was heard of`()
        throws
    {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let sink = try Sink()
        let log = try openLog()
        try append(3, to: log)
        let service = service(log)
        #expect(service.needed(of: "eu-west-1") == nil)
        service.reload([target(port: sink.port)])
        #expect(service.needed(of: "eu-west-1") == 0)
        #expect(service.needed(of: "us-east-1") == nil)
        service.reload([])
        #expect(service.needed(of: "eu-west-1") == nil)
        log.close()
        service.close(patience: .milliseconds(1))
    }

    private func eventually(_ condition: () -> Bool) -> Bool {
        let deadline = ContinuousClock.now + .seconds(8)
        while ContinuousClock.now < deadline {
            if condition() { return true }
            usleep(2_000)
        }
        return false
    }

    @Test(
        "F-AUD-03: a destination that swallows everything holds up neither records nor the end of the gateway"
    )
    func swallowed() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let sink = try Sink()
        let log = try openLog()
        let service = service(log)
        service.reload([target(port: sink.port)])
        #expect(eventually { sink.wasReached })
        try append(500, to: log)
        log.close()
        #expect(log.durable == 500)
        let shipment = try #require(service.shipments.first)
        #expect(!shipment.status.isUp && shipment.behind == nil && shipment.status.rows == 0)
        let begun = ContinuousClock.now
        service.close(patience: .milliseconds(20))
        #expect(ContinuousClock.now - begun < .seconds(2))
        #expect(service.shipments.isEmpty)
    }

    @Test("F-AUD-22: nothing is sent to an address outside of the networks of the destination's region")
    func networks() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let sink = try Sink()
        let log = try openLog()
        defer { log.close() }
        let service = service(log)
        service.reload([
            target(port: sink.port, networks: [Network(address: [10, 0, 0, 0], prefix: 8)])
        ])
        defer { service.close(patience: .milliseconds(20)) }
        #expect(eventually { service.shipments.first?.status.failures["networks"] == 1 })
        #expect(!sink.wasReached)
        #expect(
            service.shipments.first?.status.failure?.description
                == "address 127.0.0.1 is outside the networks of eu-west-1")
    }

    @Test("A reload leaves what stays the same alone, and ends and begins the rest")
    func reload() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let log = try openLog()
        defer { log.close() }
        let service = service(log)
        // Nobody listens on port 1 of loopback.
        let refused = target(port: 1)
        service.reload([refused])
        defer { service.close(patience: .milliseconds(20)) }
        func failures() -> Int {
            service.shipments.first?.status.failures["connection_refused"] ?? 0
        }
        #expect(eventually { failures() == 1 })
        service.reload([refused])
        #expect(failures() >= 1)
        service.reload([target(port: 1, region: "us-east-1")])
        #expect(service.shipments.map(\.target.content) == [.hashes])
        #expect(eventually { failures() == 1 })
        service.reload([])
        #expect(service.shipments.isEmpty)
    }
}
