extension Pipeline {
    /// The kinds of frontend messages that may be answered.
    package enum Kind: UInt8, Equatable, Sendable {
        case query, parse, bind, describe, execute, close, functionCall, sync
        /// A Flush with a body: the only one that gets an answer, an error.
        case flush
    }

    /// What a Describe or Close is about.
    package enum Target: UInt8, Equatable, Sendable {
        case statement = 0x53
        case portal = 0x50
    }

    /// How a statement ended.
    package enum Ending: Equatable, Sendable {
        /// CommandComplete.
        case complete
        /// EmptyQueryResponse: there was no statement in the text.
        case empty
        /// PortalSuspended: the row limit of the Execute was reached; a further Execute goes on.
        case suspended
        /// FunctionCallResponse.
        case functionResult
        /// ErrorResponse.
        case failed
    }

    package enum CopyDirection: Equatable, Sendable {
        case `in`, out, both
    }

    /// A finished COPY: the message that began it, and the bytes of its CopyData bodies.
    package struct CopySummary: Equatable, Sendable {
        package var of: UInt64
        package var direction: CopyDirection
        package var bytes: Int

        package init(of: UInt64, direction: CopyDirection, bytes: Int) {
            self.of = of
            self.direction = direction
            self.bytes = bytes
        }
    }

    /// An SQLSTATE's five bytes.
    package struct SQLState: Hashable, Sendable, CustomStringConvertible {
        private let packed: UInt64

        /// nil unless there are exactly five bytes.
        package init?(_ bytes: Span<UInt8>) {
            guard bytes.count == 5 else { return nil }
            var packed: UInt64 = 0
            for index in 0..<5 { packed = packed &<< 8 | UInt64(bytes[index]) }
            self.packed = packed
        }

        package init?(_ text: String) {
            self.init(Array(text.utf8).span)
        }

        package var bytes: [UInt8] {
            (0..<5).map { UInt8(truncatingIfNeeded: packed &>> UInt64((4 &- $0) &* 8)) }
        }

        /// Whether the first two characters, the class, are these.
        func isOfClass(_ first: UInt8, _ second: UInt8) -> Bool {
            packed &>> 24 == UInt64(first) &<< 8 | UInt64(second)
        }

        package var description: String { String(decoding: bytes, as: UTF8.self) }
    }

    /// The end of one statement, or the failure of another message.
    package struct Outcome: Equatable, Sendable {
        /// The frontend message that this ends.
        package var of: UInt64
        package var kind: Kind
        /// Which statement of a Query, from 0; else 0.
        package var index = 0
        package var ending: Ending
        /// CommandComplete's tag, at most 63 bytes of it.
        package var tag: PipelineText? = nil
        /// The rows that the tag names; of a suspended portal, those that came.
        package var rows: Int? = nil
        /// Bytes of the DataRow, CopyData and FunctionCallResponse bodies that came back.
        package var bytes = 0
        /// From when the message was sent; of a later statement of a Query, from the end of the one before.
        package var durationMicroseconds: UInt64 = 0
        package var sqlstate: SQLState? = nil
        /// Of an Execute or a Bind: the message of the Parse whose text this is. Unlike what `executeSent`
        /// and `bindSent` gave, this rests on answers: it differs where an error on the way changed what
        /// names mean. nil where no Parse is known (SQL's PREPARE and DECLARE CURSOR).
        package var statement: UInt64? = nil
        /// `statement` is another than the driver was told when the message was sent: what it recorded then has to
        /// be corrected.
        package var isRestated = false
        /// Of a statement that was a COPY, whether it went well or not.
        package var copy: CopySummary? = nil
        /// False where more than one reading of the traffic was left (see `Pipeline`).
        package var isCertain = true
    }

    /// A message that the replica read and passed over, since an error came before it and no Sync in between.
    package struct Skipped: Equatable, Sendable {
        package var of: UInt64
        package var kind: Kind
        /// False where more than one reading of the traffic was left (see `Pipeline`).
        package var isCertain = true
    }

    /// A frame that cannot stand where it came: the session has to end.
    package struct Violation: Equatable, Sendable {
        /// The frame's tag.
        package var got: UInt8
        /// The oldest message that awaits an answer; nil where none does.
        package var awaited: Kind?

        package init(got: UInt8, awaited: Kind?) {
            self.got = got
            self.awaited = awaited
        }
    }

    /// What a backend frame means for the messages that await an answer.
    package enum Answer: Equatable, Sendable {
        /// Part of an answer, or an answer that ends nothing that is recorded.
        case continues
        case ended(Outcome)
        /// An error that answers no message: the replica speaks of the session as a whole, and is about to
        /// close it.
        case sessionError
        case violation(Violation)
    }

    /// The status of ReadyForQuery.
    package enum TransactionStatus: UInt8, Equatable, Sendable {
        case idle = 0x49
        case inTransaction = 0x54
        case failed = 0x45
    }
}
