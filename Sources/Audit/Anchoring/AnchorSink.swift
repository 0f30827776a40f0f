import AuditTree

/// A place elsewhere that takes a log's signed checkpoints, such as a file or an HTTP endpoint.
///
/// It is called on its anchor's own thread, one call at a time, and may take its time: nobody waits for it.
package protocol AnchorSink: Sendable {
    /// What metrics and messages call it; holds no secret.
    var name: String { get }
    /// Checkpoints that are handed over at once. Where more wait, the oldest are left out: the newest says all that they said.
    var limit: Int { get }
    /// Puts checkpoints there, in their order, and returns when they are there to stay.
    /// - Parameter isRetry: the last try failed, and may have left a part of something there.
    func write(_ notes: [SignedNote], isRetry: Bool) throws(AuditError)
}
