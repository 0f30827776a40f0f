import Gateway
import GatewayRouting

/// Replicas as the calls show them. What is not known is left out.
package struct ReplicasReport: Codable, Sendable {
    package struct Replica: Codable, Sendable {
        package var replica: String
        package var database: String
        package var region: String
        /// What it is configured as, and what the newest good probe found.
        package var kind: String
        package var recovery: String?
        /// `up`, `down` or `unknown`.
        package var health: String
        /// The kind of failure of the newest probe, a closed set; absent after a good one. And the same in words.
        package var failure: String?
        package var failureReason: String?
        package var failuresInARow: Int
        package var attested: Bool
        /// What speaks against it now.
        package var difference: String?
        package var differenceReason: String?
        /// What keeps it out of use until it is cleared.
        package var quarantine: String?
        package var quarantineReason: String?
        package var maintenance: Bool
        package var lagSeconds: Double?
        package var lagBytes: UInt64?
        package var roundTripUs: Int64?
        package var timeline: UInt32?
        package var readOnly: Bool?
        package var connectionsLeft: Int?
        package var sessions: Int
        /// Since the newest probe ended.
        package var probeAgeSeconds: Double?
        package var address: String?
        package var systemIdentifier: String?
        package var serverVersion: Int?
        /// The snapshot of its catalogue; absent where it is not read.
        package var catalog: Catalog?
    }

    package struct Catalog: Codable, Sendable {
        package var number: Int
        /// Since it was confirmed; absent: there is none.
        package var ageSeconds: Double?
        package var failure: String?
    }

    package var replicas: [Replica]

    init(_ replicas: [ReplicaSummary]) {
        self.replicas = replicas.map { replica in
            let status = replica.status
            return Replica(
                replica: replica.id.replica, database: replica.id.database, region: replica.region,
                kind: replica.kind.rawValue, recovery: status.recovery?.rawValue,
                health: status.health.rawValue, failure: status.failure?.label,
                failureReason: status.failure?.description, failuresInARow: status.failuresInARow,
                attested: status.attested, difference: status.difference?.label,
                differenceReason: status.difference?.description, quarantine: status.quarantined?.label,
                quarantineReason: status.quarantined?.description, maintenance: replica.maintenance,
                lagSeconds: status.lag?.inSeconds, lagBytes: status.lagBytes,
                roundTripUs: status.roundTrip.map { $0.wholeNanoseconds / 1_000 }, timeline: status.timeline,
                readOnly: status.readOnly, connectionsLeft: status.connectionsLeft,
                sessions: replica.sessions, probeAgeSeconds: replica.sinceProbe?.inSeconds,
                address: status.address?.text, systemIdentifier: status.systemIdentifier,
                serverVersion: status.serverVersion,
                catalog: replica.catalog.map {
                    Catalog(
                        number: $0.number, ageSeconds: $0.age?.inSeconds, failure: $0.failure?.description)
                })
        }
    }
}

/// The replica that was cleared.
package struct ClearReport: Codable, Sendable {
    package var replica: String
    package var database: String

    init(_ id: ReplicaID) {
        replica = id.replica
        database = id.database
    }
}

extension Duration {
    /// Seconds, to the millisecond.
    fileprivate var inSeconds: Double { Double(wholeNanoseconds / 1_000_000) / 1_000 }
}
