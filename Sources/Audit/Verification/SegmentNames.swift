/// What stands in a log's folder `segments` beside its segments, as the log's records account for it.
struct SegmentNames {
    /// The files of torn ends that `log.recovered` records name.
    private var recovered: Set<String> = []

    mutating func take(recovered file: String) { recovered.insert(file) }

    /// The names of files that are none of the log's, ascending.
    ///
    /// - Parameters:
    ///   - pruned: what a crash tore off records below may not have been removed with them yet.
    ///   - end: one past the last record. What was torn off there a record will name.
    func strangers(in folder: String, pruned: UInt64, end: UInt64) throws(AuditError) -> [String] {
        try SegmentName.files(folder).filter { name in
            if SegmentName.first(of: name) != nil || SegmentName.first(ofDraft: name) != nil { return false }
            guard let number = SegmentName.number(ofTorn: name) else { return true }
            return number >= pruned && number < end && !recovered.contains(name)
        }.sorted()
    }
}
