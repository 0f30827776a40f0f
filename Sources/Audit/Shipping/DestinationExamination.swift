import GatewayConfiguration
import GatewayRouting
import GatewayServers

/// One look at a destination from this machine, for `domicile check --connect`: whether it is reached, lets the role in, and
/// has tables as shipping needs them. Blocks, within its deadlines; changes nothing there.
package struct DestinationExamination: Sendable {
    package let destination: ShippingDestination
    /// Where it is; nil where nothing answered.
    package private(set) var address: ResolvedAddress?
    /// The protocol's version, such as `TLSv1.3`; nil without TLS.
    package private(set) var tls: String?
    /// Why it was not reached or the role not let in.
    package private(set) var problem: String?
    /// What its tables lack, each with what mends it where a statement does.
    package private(set) var lacking: [String] = []

    package var isGood: Bool { problem == nil && lacking.isEmpty }

    /// - Parameter targets: all logs that go to this destination; there is at least one.
    package init?(_ targets: [ShipTarget], lookup: NameLookup? = nil) {
        guard let target = targets.first else { return nil }
        destination = target.destination
        let resolver = NameResolver(host: destination.host, lookup: lookup ?? NameResolver.system)
        do throws(ShipFailure) {
            try look(targets, target.login(applicationName: "domicile check"), resolver)
        } catch {
            problem = error.description
        }
    }

    private mutating func look(
        _ targets: [ShipTarget], _ login: ServerLogin, _ resolver: NameResolver
    ) throws(ShipFailure) {
        let connection: ServerConnection
        do throws(ServerFault) {
            connection = try ServerConnection.connect(
                to: login, by: resolver, until: ServerClock.now() &+ ShippingLimits.connecting)
        } catch {
            throw .server(error)
        }
        defer { connection.close() }
        address = connection.address
        tls = connection.tlsVersion
        var seen: Set<ShipTarget.Content> = []
        for target in targets where seen.insert(target.content).inserted {
            let found = try ShipQuery.lacking(
                connection, target.content, in: target.table,
                until: ServerClock.now() &+ ShippingLimits.asking)
            lacking += found.filter { !lacking.contains($0) }
        }
    }
}
