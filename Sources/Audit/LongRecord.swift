/// What a record says of a long text, and the `text` records that go on with it, encoded away from any batch: that takes its
/// time, and need not be a worker's.
package struct LongRecord: Sendable {
    /// Some of the `text` records: `pieceBytes` of them, and what the last one takes.
    package struct Piece: Sendable {
        let bytes: [UInt8]
        /// Where each record ends.
        let ends: [Int]
    }

    /// Bytes of records that are written at once.
    package static let pieceBytes = 512 << 10

    /// Members of the record itself.
    let members: [UInt8]
    /// In their order.
    package let pieces: [Piece]
    /// Keys for which the record had no room.
    let leftOut: [StaticString]

    /// Bytes of all of it.
    package var byteCount: Int { pieces.reduce(members.count) { $0 + $1.bytes.count } }
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
        batch.detached = DetachedParts(session: Array(session.utf8))
        build(&batch)
        batch.detachParts()
        return LongRecord(
            members: batch.bytes, pieces: batch.detached?.pieces ?? [], leftOut: batch.leftOut)
    }

    /// Adds the members to the open record; its `text` records come by `append(_:)`.
    package mutating func add(_ long: LongRecord) {
        precondition(isOpen, "no record is open")
        bytes.append(contentsOf: long.members)
        leftOut += long.leftOut
    }

    /// Appends `text` records.
    package mutating func append(_ piece: LongRecord.Piece) {
        precondition(!isOpen, "a record is open")
        let shift = bytes.count
        bytes.append(contentsOf: piece.bytes)
        for end in piece.ends { ends.append(shift + end) }
    }

    /// What `text` records there are becomes a piece.
    mutating func detachParts() {
        guard !rest.isEmpty else { return }
        detached?.pieces.append(LongRecord.Piece(bytes: rest, ends: restEnds))
        rest = []
        restEnds = []
    }
}

/// `text` records that stand in no batch yet.
struct DetachedParts: Sendable {
    let session: [UInt8]
    var pieces: [LongRecord.Piece] = []
}
