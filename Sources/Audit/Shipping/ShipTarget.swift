import Audit
import GatewayConfiguration
import GatewayServers

/// One log and one destination that it goes to.
package struct ShipTarget: Sendable, Hashable {
    /// What of each record is sent.
    package enum Content: String, Sendable, Hashable {
        /// Whole records: the destination is in the log's region.
        case records
        /// Number, time and leaf hash: it is in another.
        case hashes
    }

    /// The log's region.
    package var log: String
    /// Its folder.
    package var folder: String
    /// Its name in checkpoints, and in the tables.
    package var origin: String
    package var destination: ShippingDestination
    /// Where servers of the destination's region may be; empty: anywhere.
    package var networks: [Network]

    package init(
        log: String, folder: String, origin: String, destination: ShippingDestination, networks: [Network]
    ) {
        self.log = log
        self.folder = folder
        self.origin = origin
        self.destination = destination
        self.networks = networks
    }

    /// The only place that decides it (F-AUD-22).
    package var content: Content { destination.region.utf8.elementsEqual(log.utf8) ? .records : .hashes }

    var table: ShippingDestination.Table { shape.table }

    /// What its table must be like.
    package var shape: TableShape {
        switch content {
        case .records: .records(destination.records)
        case .hashes: .hashes(destination.hashes)
        }
    }

    /// How the gateway logs in there.
    var login: ServerLogin {
        ServerLogin(
            to: destination, networks: networks, applicationName: "domicile ship",
            times: ShippingLimits.times)
    }

    /// Each log that goes somewhere, with where it goes.
    ///
    /// - Parameter log: folder and origin of a region's log; nil: there is none, and nothing of it is sent.
    package static func all(
        of configuration: Configuration, log: (Region) -> (folder: String, origin: String)?
    ) -> [ShipTarget] {
        configuration.audit.ship.flatMap { destination -> [ShipTarget] in
            guard let place = configuration.region(named: destination.region) else { return [] }
            return configuration.regions.compactMap { region in
                guard destination.takes(logOf: region.name), let log = log(region) else { return nil }
                return ShipTarget(
                    log: region.name, folder: log.folder, origin: log.origin, destination: destination,
                    networks: place.networks)
            }
        }
    }
}
