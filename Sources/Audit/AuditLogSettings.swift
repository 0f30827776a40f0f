/// When records count as safe: audit-log's table of durability.
package enum AuditDurability: String, Sendable, Hashable, CaseIterable {
    case strict
    case acknowledged
    case buffered
}

/// How one region's log is written.
package struct AuditLogSettings: Sendable {
    package var region: String
    /// The log's folder; made with mode 0700 where it is missing.
    package var folder: String
    /// This gateway's name in the log's own records.
    package var gateway: String
    package var durability: AuditDurability
    /// How often the log is synced under `buffered`.
    package var syncInterval: Duration
    /// Bytes after which a new segment begins.
    package var segmentBytes: Int
    /// Bytes that a record may have.
    package var recordLimit: Int
    /// Names of filesystem types that are accepted beside local ones.
    package var allowFilesystems: [String]
    /// Bytes of records that may wait for the disk before appends are refused.
    package var unsyncedLimit: Int
    /// `strict` and `acknowledged` sync when `AuditLog.askSync` is called, and after `syncInterval` at the latest,
    /// instead of after every append: records of several sessions share a sync.
    package var syncsWhenAsked: Bool
    /// How long a log that cannot take records waits before it tries again.
    package var retryInterval: Duration
    /// How the log is signed; nil: it is not.
    package var tree: TreeSettings?
    /// When its oldest segments are removed; nil: never.
    package var retention: RetentionSettings?

    package init(
        region: String, folder: String, gateway: String, durability: AuditDurability = .acknowledged,
        syncInterval: Duration = .seconds(1), segmentBytes: Int = 256 << 20, recordLimit: Int = 64 << 10,
        allowFilesystems: [String] = [], unsyncedLimit: Int = 256 << 20, syncsWhenAsked: Bool = false,
        retryInterval: Duration = .milliseconds(250), tree: TreeSettings? = nil
    ) {
        self.region = region
        self.folder = folder
        self.gateway = gateway
        self.durability = durability
        self.syncInterval = syncInterval
        self.segmentBytes = max(segmentBytes, 1 << 10)
        self.recordLimit = max(recordLimit, RecordBatch.leastRecordLimit)
        self.allowFilesystems = allowFilesystems
        self.unsyncedLimit = unsyncedLimit
        self.syncsWhenAsked = syncsWhenAsked
        self.retryInterval = retryInterval
        self.tree = tree
    }
}

extension AuditLogSettings {
    /// The region whose log a folder is; nil where it is none (yet).
    package static func region(of folder: String) throws(AuditError) -> String? {
        try LogIdentity.region(of: folder)
    }
}

/// What the log's writer tells those who asked for it.
package enum AuditLogNotice: Sendable, Equatable {
    /// Records with numbers below this are on disk.
    case durable(UInt64)
    /// The log takes no records.
    case failed(AuditError)
    /// It takes records again.
    case recovered
    /// The disk has not let go of this caller of `AuditLog.sync(by:)` for `SyncCall.patience`.
    case held(caller: Int)
}

/// Figures about a log since it was opened.
package struct AuditLogCounters: Sendable, Equatable {
    package var records: UInt64 = 0
    package var bytes: UInt64 = 0
    package var syncs: UInt64 = 0
    /// Writes, syncs and checks that failed.
    package var failures: UInt64 = 0
    /// Appends that were refused.
    package var refused: UInt64 = 0
    package var segments: UInt64 = 0
    /// How long the last sync took, and all of them together; microseconds.
    package var lastSyncMicros: Int64 = 0
    package var syncMicros: Int64 = 0
    /// Bytes of records that wait for the disk.
    package var unsyncedBytes: Int = 0
    /// Records that the newest signed checkpoint covers; nil: the log is not signed.
    package var signed: UInt64?
    /// What became of the anchors, in the order of their settings.
    package var anchors: [AnchorState] = []
    /// What became of the removal of segments; nil: none is removed.
    package var retention: LogRetention.Status?
    /// When the sync that is under way began (monotonic microseconds); nil: none is.
    package var syncingSince: Int64?
}

/// What became of an anchor.
package struct AnchorState: Sendable, Equatable {
    package let name: String
    /// Records that the newest checkpoint there covers.
    package let anchored: UInt64
    /// The last try to write there did not fail.
    package let isWritten: Bool

    package init(name: String, anchored: UInt64, isWritten: Bool) {
        self.name = name
        self.anchored = anchored
        self.isWritten = isWritten
    }
}
