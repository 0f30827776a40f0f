import AuditTree

/// How one region's log is put under a tree, and by whom it is signed.
package struct TreeSettings: Sendable {
    /// What every region's origin begins with.
    package var origin: String
    /// Somebody chose the origin; else a log keeps the one that it was begun with.
    package var isOriginChosen: Bool
    /// The first one signs; the others did before.
    package var keys: [SigningKey]
    /// The file that the keys come from, for messages.
    package var keyFile: String
    /// The file outside of the log's folder that keeps the last checkpoint signed; nil: none does.
    package var headFile: String?
    /// The places elsewhere that take checkpoints.
    package var anchors: [any AnchorSink]
    /// Hears of an anchor, by its name, why nothing can be written there, once; nil: it can be again.
    package var anchorChanged: @Sendable (_ anchor: String, _ trouble: AuditError?) -> Void
    /// How long durable records may wait for a checkpoint.
    package var interval: Duration
    /// How long a tree that cannot be written is tried before the log takes no more records.
    package var patience: Duration

    package init(
        origin: String, isOriginChosen: Bool = true, keys: [SigningKey], keyFile: String = "audit.key",
        headFile: String? = nil, anchors: [any AnchorSink] = [],
        anchorChanged: @escaping @Sendable (String, AuditError?) -> Void = { _, _ in },
        interval: Duration = .seconds(1), patience: Duration = .seconds(10)
    ) {
        self.origin = origin
        self.isOriginChosen = isOriginChosen
        self.keys = keys
        self.keyFile = keyFile
        self.headFile = headFile
        self.anchors = anchors
        self.anchorChanged = anchorChanged
        self.interval = interval
        self.patience = patience
    }

    /// The origin of a region's log.
    package func origin(of region: String) -> String { "\(origin)/\(region)" }
}
