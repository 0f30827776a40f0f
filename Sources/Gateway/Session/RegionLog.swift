import Audit
import Transport

/// One worker's hand on one region's log: the batch of this turn's records, and the sessions that wait for its receipt.
final class RegionLog {
    let region: String
    let log: AuditLog
    var batch: RecordBatch
    /// The batch holds a record that a frame waits for: it is written at the end of this turn.
    var mustWrite = false
    /// A timer will write the batch.
    var isTimed = false
    /// Sessions whose frames wait for the receipt of this turn's batch.
    var awaiting: [Session] = []
    /// Sessions that hold something until the log is more durable, by their token.
    var holding: [UInt64: Session] = [:]
    /// As last read from the log: records below this number are on disk.
    var durable: UInt64

    /// Bytes of outcomes that may gather before they are written anyway.
    static let gatheredBytes = 256 * 1024
    /// Nanoseconds an outcome may wait for company.
    static let outcomeDelay: UInt64 = 100_000_000

    init(region: String, log: AuditLog, recordLimit: Int) {
        self.region = region
        self.log = log
        batch = RecordBatch(recordLimit: recordLimit)
        durable = log.durable
    }
}
