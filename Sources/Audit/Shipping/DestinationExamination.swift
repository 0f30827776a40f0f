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

    /// - Parameters:
    ///   - networks: where servers of the destination's region may be; empty: anywhere.
    ///   - shapes: of the tables that something goes to.
    package init(
        _ destination: ShippingDestination, networks: [Network], shapes: [TableShape],
        lookup: NameLookup? = nil
    ) {
        self.destination = destination
        let login = ServerLogin(
            to: destination, networks: networks, applicationName: "domicile check",
            times: ShippingLimits.times)
        let resolver = NameResolver(host: destination.host, lookup: lookup ?? NameResolver.system)
        do throws(ShipFailure) {
            try look(shapes, login, resolver)
        } catch {
            problem = error.description
        }
    }

    private mutating func look(
        _ shapes: [TableShape], _ login: ServerLogin, _ resolver: NameResolver
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
        for shape in shapes {
            let found = try ShipQuery.lacking(
                connection, shape, until: ServerClock.now() &+ ShippingLimits.asking)
            lacking += found.filter { !lacking.contains($0) }
        }
    }
}
