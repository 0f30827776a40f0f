/// Proof that records are written: what they cover may be forwarded. Only `AuditLog.append` makes it.
package struct AuditReceipt: Sendable, Hashable {
    /// The first record's number.
    package let first: UInt64
    /// One past the last record's number. The records are durable once `AuditLog.durable >= end`.
    package let end: UInt64

    /// A sync is due, and whoever appended is to make it: see `AuditLog.sync(by:)`.
    package let callsForSync: Bool

    init(first: UInt64, end: UInt64, callsForSync: Bool = false) {
        self.first = first
        self.end = end
        self.callsForSync = callsForSync
    }
}
