/// What a record says of a long text, and the `text` records that go on with it, encoded away from any batch: that takes its
/// time, and need not be a worker's.
package struct LongRecord: Sendable {
    /// Members of the record itself.
    let members: [UInt8]
    /// The `text` records, and where each ends.
    let parts: [UInt8]
    let ends: [Int]
    /// Keys for which the record had no room.
    let leftOut: [StaticString]

    /// Bytes of all of it.
    package var byteCount: Int { members.count + parts.count }
    /// How many `text` records there are.
    package var partCount: Int { ends.count }
}

extension RecordBatch {
    /// Encodes what `build` adds.
    ///
    /// - Parameters:
    ///   - head: bytes that the record has before these members, at most.
    ///   - session: the session that the `text` records name.
    package static func long(
        recordLimit: Int, head: Int, session: String, _ build: (inout RecordBatch) -> Void
    ) -> LongRecord {
        var batch = RecordBatch(recordLimit: recordLimit)
        batch.beginMembers(behind: head)
        batch.partsSession = Array(session.utf8)
        build(&batch)
        return LongRecord(
            members: batch.bytes, parts: batch.rest, ends: batch.restEnds, leftOut: batch.leftOut)
    }

    /// Adds the members to the open record; its `text` records come by `append(partsOf:)`.
    package mutating func add(_ long: LongRecord) {
        precondition(isOpen, "no record is open")
        bytes.append(contentsOf: long.members)
        leftOut += long.leftOut
    }

    /// Appends `text` records from the one at `index` on: so many bytes of them, but one at least.
    ///
    /// - Returns: the index of the next one.
    package mutating func append(partsOf long: LongRecord, from index: Int, atMost limit: Int) -> Int {
        precondition(!isOpen, "a record is open")
        var next = index
        let from = index == 0 ? 0 : long.ends[index - 1]
        while next < long.ends.count, next == index || long.ends[next] - from <= limit { next += 1 }
        guard next > index else { return next }
        let shift = bytes.count - from
        bytes.append(contentsOf: long.parts[from..<long.ends[next - 1]])
        for end in long.ends[index..<next] { ends.append(shift + end) }
        return next
    }
}
