/// A gateway's figures at one moment. Every name in it comes from the configuration or from a closed set of our own,
/// so that the number of time series is bounded whatever executors send (F-OPS-07).
package struct GatewaySnapshot: Sendable {
    /// One replica of one database. `lag` and `roundTrip` are nil where no probe has measured them.
    package struct Replica: Sendable {
        package var database: String
        package var name: String
        package var region: String
        package var up: Bool
        package var attested: Bool
        package var quarantined: Bool
        package var lag: Duration?
        package var roundTrip: Duration?
        package var sessions: Int
        /// nil: its catalogue is not read.
        package var catalog: Catalog?
        /// nil, also below: not known.
        package var lagBytes: UInt64?
        package var timeline: UInt32?
        package var readOnly: Bool?
        package var connectionsLeft: Int?
        /// Probes that failed, by the label of why (a closed set).
        package var probeFailures: [String: Int] = [:]

        /// The snapshot of its catalogue. `age` is nil while there is none.
        package struct Catalog: Sendable {
            package var number: Int
            package var age: Duration?

            package init(number: Int, age: Duration?) {
                self.number = number
                self.age = age
            }
        }

        package init(
            database: String, name: String, region: String, up: Bool, attested: Bool, quarantined: Bool,
            lag: Duration?, roundTrip: Duration?, sessions: Int, catalog: Catalog? = nil
        ) {
            self.database = database
            self.name = name
            self.region = region
            self.up = up
            self.attested = attested
            self.quarantined = quarantined
            self.lag = lag
            self.roundTrip = roundTrip
            self.sessions = sessions
            self.catalog = catalog
        }
    }

    /// The keys of one issuer. `ageSeconds` is nil where there never were any.
    package struct IssuerKeys: Sendable {
        package var issuer: String
        package var usable: Bool
        package var count: Int
        package var ageSeconds: Int64?
        package var fetches: Int
        package var failures: Int

        package init(
            issuer: String, usable: Bool, count: Int, ageSeconds: Int64?, fetches: Int, failures: Int
        ) {
            self.issuer = issuer
            self.usable = usable
            self.count = count
            self.ageSeconds = ageSeconds
            self.fetches = fetches
            self.failures = failures
        }
    }

    /// A place elsewhere that takes a log's checkpoints.
    package struct Anchor: Sendable {
        package var name: String
        /// Records that the newest checkpoint there covers.
        package var anchored: UInt64
        /// The last try to write there did not fail.
        package var isWritten: Bool

        package init(name: String, anchored: UInt64, isWritten: Bool) {
            self.name = name
            self.anchored = anchored
            self.isWritten = isWritten
        }
    }

    /// The audit log of one region.
    package struct Log: Sendable {
        package var region: String
        package var takesRecords: Bool
        package var records: UInt64
        package var bytes: UInt64
        package var segments: UInt64
        package var syncs: UInt64
        /// All syncs together, and the last one.
        package var syncTime: Duration
        package var lastSync: Duration
        package var failures: UInt64
        package var refused: UInt64
        package var unsyncedBytes: Int
        /// Records that the newest signed checkpoint covers; nil: the log is not signed.
        package var signed: UInt64?
        package var anchors: [Anchor] = []
        /// Records that retention removed, and whether nothing stands in its way; nil: nothing is removed by age.
        package var removed: UInt64?
        package var isRetained = true

        package init(
            region: String, takesRecords: Bool, records: UInt64, bytes: UInt64, segments: UInt64,
            syncs: UInt64,
            syncTime: Duration, lastSync: Duration, failures: UInt64, refused: UInt64, unsyncedBytes: Int
        ) {
            self.region = region
            self.takesRecords = takesRecords
            self.records = records
            self.bytes = bytes
            self.segments = segments
            self.syncs = syncs
            self.syncTime = syncTime
            self.lastSync = lastSync
            self.failures = failures
            self.refused = refused
            self.unsyncedBytes = unsyncedBytes
        }
    }

    /// The log of one region at one destination of `audit.ship`.
    package struct Shipment: Sendable {
        package var region: String
        package var destination: String
        /// It is connected and takes records.
        package var up: Bool
        /// Another history is there: nothing is sent.
        package var stopped: Bool
        package var rows: UInt64
        package var bytes: UInt64
        /// Records that could be there and are not known to be; nil: it is not known what is there.
        package var behind: UInt64?
        /// Records that the log does not have any more and that never got there.
        package var passedOver: UInt64
        /// By the label of why (a closed set).
        package var failures: [String: Int] = [:]

        package init(
            region: String, destination: String, up: Bool, stopped: Bool, rows: UInt64, bytes: UInt64,
            behind: UInt64?, passedOver: UInt64
        ) {
            self.region = region
            self.destination = destination
            self.up = up
            self.stopped = stopped
            self.rows = rows
            self.bytes = bytes
            self.behind = behind
            self.passedOver = passedOver
        }
    }

    /// A certificate that the configuration names, and its end in Unix time.
    package struct Certificate: Sendable {
        package var file: String
        package var end: Int64

        package init(file: String, end: Int64) {
            self.file = file
            self.end = end
        }
    }

    /// The region that the gateway runs in.
    package var region: String
    package var ready = false
    package var draining = false
    /// Connections now, those that are logging in included, and all that were accepted.
    package var connections = 0
    package var acceptedConnections = 0
    package var sessionsStarted = 0
    package var sessionsEnded = 0
    package var sessionsRevoked = 0
    /// In force now.
    package var revocations = 0
    /// By SQLSTATE.
    package var refusals: [String: Int] = [:]
    package var statements = 0
    /// From executors, and to them.
    package var bytesIn = 0
    package var bytesOut = 0
    package var cancelsForwarded = 0
    package var cancelsUnknown = 0
    package var judgedStatements = 0
    package var unparsedTexts = 0
    package var refusedStatements: [String: Int] = [:]
    /// Principals whose budgets of log bytes are remembered; how often something waited for one, and for how long.
    package var logBudgets = 0
    package var budgetWaits = 0
    package var budgetWaitTime = Duration.zero
    /// Refused logins without a record of their own.
    package var summedRefusals = 0
    package var textHits = 0
    package var textMisses = 0
    package var textEvictions = 0
    package var textBytes = 0
    package var protocolViolations = 0
    /// Bytes that sessions' buffers hold and may hold (nil: without a limit), and how often there was no block for one.
    package var bufferBytes = 0
    package var bufferLimit: Int?
    package var bufferShortages = 0
    package var reloads = 0
    package var reloadFailures = 0
    package var replicas: [Replica] = []
    package var issuers: [IssuerKeys] = []
    /// Verified tokens that are remembered, verifications answered so, and all others.
    package var rememberedTokens = 0
    package var tokenMemoryHits = 0
    package var tokenMemoryMisses = 0
    package var logs: [Log] = []
    package var shipments: [Shipment] = []
    /// Of listeners, roles, and the CAs for roles, as their files are now.
    package var certificates: [Certificate] = []

    package init(region: String) { self.region = region }
}
