import Audit
import AuditShipping
import GatewayConfiguration

/// The copies of the logs at their destinations.
extension Gateway {
    /// Every log at every destination.
    package var shipments: [ShippingService.Shipment] { shipping?.shipments ?? [] }

    /// What shipping needs to know of the open logs, by region.
    static func shippedLogs(
        _ logs: [String: AuditLog], _ configuration: Configuration
    ) throws(GatewayStartError) -> [String: ShippingService.Log] {
        var shipped: [String: ShippingService.Log] = [:]
        do throws(AuditError) {
            for (region, log) in logs {
                let folder = log.settings.folder
                shipped[region] = ShippingService.Log(
                    folder: folder, origin: try origin(of: folder, region, configuration),
                    covered: { log.tree.map { $0.head?.size ?? 0 } ?? log.durable },
                    durable: { log.durable })
            }
        } catch {
            throw .audit(error)
        }
        return shipped
    }

    /// What a log is called in its checkpoints; one that nobody signs is called as it would be.
    static func origin(
        of folder: String, _ region: String, _ configuration: Configuration
    ) throws(AuditError) -> String {
        if let origin = try LogIdentity.read(folder: folder)?.origin { return origin }
        return "\(configuration.audit.origin ?? configuration.gateway)/\(region)"
    }
}
