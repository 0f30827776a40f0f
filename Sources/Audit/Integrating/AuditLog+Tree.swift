import AuditTree

extension AuditLog {
    /// Makes a log's folder and its `log.json`, and writes no record.
    /// - Throws: as `init(_:)` does.
    package static func prepare(_ settings: AuditLogSettings) throws(AuditError) {
        _ = try LogFolder.open(settings: settings, now: LogClocks.system.time())
    }

    /// What is signed of the log in a folder; nil where it is not to be signed.
    static func signedTree(
        _ settings: AuditLogSettings, _ folder: borrowing LogFolder, files: any TreeFiles
    ) throws(AuditError) -> TreeRecovery? {
        guard let tree = settings.tree else { return nil }
        return try TreeRecovery(
            folder: folder.path, segments: folder.segments, files: files, tree: tree,
            identity: folder.identity)
    }

    /// Mends what a crash left of a log's tree, and makes what writes it.
    static func tree(
        of signed: TreeRecovery, _ settings: AuditLogSettings, segment: AppendMachine.Segment,
        files: any TreeFiles, clocks: LogClocks
    ) throws(AuditError) -> TreeWriter {
        let found = try signed.recover(end: segment.end, last: segment.first)
        let feed = TreeFeed(durable: segment.end, since: found.edge.size < segment.end ? 0 : nil)
        var work = TreeWork(
            found, settings: settings, tree: signed.tree, identity: signed.identity, files: files, feed: feed)
        try work.mend(found)
        return TreeWriter(work, feed: feed, clocks: clocks, anchorChanged: signed.tree.anchorChanged)
    }

    /// Where the file of keys begins with another key than the one that signs, a record says so, signed by the old one; the
    /// new one takes over behind the checkpoint that covers it (F-AUD-17).
    func changeKey(of tree: TreeWriter) throws(AuditError) {
        guard let next = settings.tree?.keys.first, let rotation = tree.rotation(to: next) else { return }
        var batch = RecordBatch(recordLimit: settings.recordLimit)
        batch.begin(.logRotatedKey)
        batch.add("gateway", settings.gateway)
        batch.add("region", region)
        batch.add("origin", rotation.origin)
        batch.add("key", rotation.old)
        batch.add("next_key", rotation.new)
        batch.add("signature", rotation.signature)
        batch.end()
        let receipt = try append(&batch)
        tree.changesKey(to: next, record: receipt.first)
    }

    /// One turn of the tree's writer, for a log without threads: what is due now.
    /// - Returns: microseconds to sleep (0: go on at once; below 0: until records come); nil where there is no tree.
    package func turnTree() -> Int64? {
        tree?.turn { treeSays($0) }
    }

    /// The tree says that no record may be taken, and why; nil: that they may again.
    func treeSays(_ error: AuditError?) {
        let now = clocks.monotonic()
        state.withLock { state in
            if let error {
                state.machine.treeLost(error)
                state.noteFailure(monotonic: now)
            } else {
                state.machine.treeFound()
                state.retryAt = now
            }
        }
        wakes.signal()
    }
}

extension TreeWriter {
    /// What a record says of a change of keys.
    struct Rotation {
        let origin: String
        /// Verifier keys.
        let old: String
        let new: String
        /// `KeyRotation.text` as a note that the old key signed.
        let signature: String
    }
}
