/// The state of a session's transaction, as ReadyForQuery tells it.
package enum TransactionStatus: UInt8, Equatable, Sendable {
    case idle = 0x49  // I
    case inTransaction = 0x54  // T
    /// In a transaction that has failed: everything but its end is refused.
    case failed = 0x45  // E
}
