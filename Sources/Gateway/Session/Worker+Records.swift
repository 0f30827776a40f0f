import Audit
import GatewayConfiguration
import Logging
import Transport

/// What a worker does with the logs of the regions: it appends its turn's records, and syncs where the disk is fast.
extension Worker {
    func regionLog(_ name: String) -> RegionLog? { regions.first { $0.region == name } }

    /// A record was added that a frame of this session waits for.
    func awaitReceipt(_ session: Session, _ region: RegionLog) {
        region.mustWrite = true
        guard !session.isAwaitingReceipt else { return }
        session.isAwaitingReceipt = true
        region.awaiting.append(session)
    }

    /// A record was added that nothing waits for: it goes with the next write, soon.
    func recordSoon(_ region: RegionLog) {
        guard !region.isTimed else { return }
        region.isTimed = true
        _ = loop.schedule(.outcomes(region: region.region), at: loop.now &+ RegionLog.outcomeDelay)
    }

    func write(_ region: RegionLog) {
        region.mustWrite = false
        region.takeAwaiting()
        defer { region.receiving.removeAll(keepingCapacity: true) }
        guard !region.batch.isEmpty else { return }
        do throws(AuditError) {
            let receipt = try region.log.append(&region.batch, sessions: region.receiving.count)
            if receipt.callsForSync { region.callForSync() }
            region.isRefused = false
            for session in region.receiving {
                session.isAwaitingReceipt = false
                session.recorded(receipt)
            }
        } catch {
            for session in region.receiving { session.isAwaitingReceipt = false }
            region.keepRefused()
            refused(region, error)
        }
    }

    /// A session's frame waits until all of this is written.
    func begin(_ write: LongWrite, _ region: RegionLog) {
        write.session.isAwaitingReceipt = true
        region.longWrites.append(write)
    }

    /// Writes a piece of the first long text. Where others wait for syncs, no more than two pieces wait for one.
    func writeLong(_ region: RegionLog) {
        guard let write = region.longWrites.first else { return }
        let waits = generation.configuration.audit.durability != .buffered
        if waits, region.waits(until: write.syncedFirst) { return }
        do throws(AuditError) {
            let receipt = try region.log.append(&write.batch)
            region.isRefused = false
            guard !write.advance(written: receipt.end) else { return loop.runAgain() }
            region.longWrites.removeFirst()
            write.session.isAwaitingReceipt = false
            write.session.recorded(receipt)
            touch(write.session)
        } catch .behind {
            // The disk has not taken what was written before.
            _ = loop.schedule(.outcomes(region: region.region), at: loop.now &+ RegionLog.behindDelay)
        } catch {
            refused(region, error)
        }
    }

    private func refused(_ region: RegionLog, _ error: AuditError) {
        if !region.isRefused {
            region.isRefused = true
            context.logger.error(
                "audit log refuses records", metadata: ["region": "\(region.region)", "error": "\(error)"])
        }
        failSessions(of: region)
    }

    private func failSessions(of region: RegionLog) {
        // Their frames went nowhere.
        for write in region.longWrites { write.session.isAwaitingReceipt = false }
        region.longWrites.removeAll()
        for session in slots {
            guard let session, session.region === region else { continue }
            session.end(.logUnavailable(region: region.region))
        }
    }

    func logChanged(_ name: String) {
        guard let region = regionLog(name) else { return }
        if region.log.failure != nil {
            failSessions(of: region)
        } else if region.isRefused {
            region.mustWrite = true
        }
        release(region)
    }

    /// Those who hold something until the log is more durable look again.
    private func release(_ region: RegionLog) {
        region.takeHolding { session in
            session.durableAdvanced()
            touch(session)
        }
    }

    /// Whoever waits now waits for a log's sync.
    func nothingReady() -> Bool {
        guard touched.isEmpty else { return true }
        for region in regions where region.takeCall() {
            let log = region.log
            let caller = index
            var isDone = false
            guard thread.away({ isDone = log.sync(by: caller) }) else {
                // Touches nothing of the worker's any more.
                log.leaveAnnouncement()
                return false
            }
            guard isDone else { continue }
            region.announceSync()
            release(region)
        }
        return true
    }
}
