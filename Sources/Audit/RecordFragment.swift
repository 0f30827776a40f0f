/// Members that many records have in common, encoded once: a session's identity stands in each of its statements.
package struct RecordFragment: Sendable, Equatable {
    let bytes: [UInt8]
    /// Where the value of `session` stands in `bytes`.
    let session: Range<Int>?

    package var byteCount: Int { bytes.count }
}

extension RecordBatch {
    /// Encodes what `build` adds, with this limit for a record.
    package static func fragment(
        recordLimit: Int, _ build: (inout RecordBatch) -> Void
    ) -> RecordFragment {
        var batch = RecordBatch(recordLimit: recordLimit)
        batch.beginMembers()
        build(&batch)
        // A copy, without the room to grow that a session would hold for as long as it lives.
        var bytes: [UInt8] = []
        bytes.reserveCapacity(batch.bytes.count)
        bytes.append(contentsOf: batch.bytes)
        return RecordFragment(bytes: bytes, session: batch.session)
    }

    /// Adds the fragment's members to the open record, which has none yet but its type.
    package mutating func add(_ fragment: RecordFragment) {
        precondition(isOpen, "no record is open")
        let from = bytes.count
        bytes.append(contentsOf: fragment.bytes)
        if let inside = fragment.session { session = inside.lowerBound + from..<inside.upperBound + from }
    }
}
