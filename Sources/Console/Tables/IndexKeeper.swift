import AuditIndex
import Foundation
import Synchronization

/// Brings the search index of the gateway's log up to date when operators search it: on a thread of its own, for it may
/// take long, and no statement waits for it. What is not in the index yet, a statement reads from the log.
package final class IndexKeeper: Sendable {
    private let isAtWork = Atomic<Bool>(false)
    /// Bytes of records behind the index that every search may read.
    private let behind: Int

    package init(behind: Int = 8 << 20) { self.behind = behind }

    /// An index was found, or none: where it is far behind, it is caught up.
    package func look(at log: String, _ index: LogIndex?) {
        guard LogSearch.bytes(of: log, from: index) > behind,
            !isAtWork.exchange(true, ordering: .sequentiallyConsistent)
        else { return }
        let thread = Thread { [self] in
            setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, 19)
            if let index = (try? LogIndex.open(log: log, creating: true)) ?? nil { try? index.catchUp() }
            isAtWork.store(false, ordering: .sequentiallyConsistent)
        }
        thread.name = "console-index"
        thread.start()
    }

    /// Whether an index is being caught up.
    package var isBusy: Bool { isAtWork.load(ordering: .sequentiallyConsistent) }
}
