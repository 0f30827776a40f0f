import Audit
import Foundation
import Gateway
import Synchronization

/// Gives records to whoever follows the logs, as they are written. One thread reads for all; each follower has a bounded
/// queue. One whose queue is full is waited for a short while, since the log does not run away, and then dropped.
package final class LiveRecords: Sendable {
    package static let contentType = "text/event-stream"
    /// Followers at a time.
    package static let streams = 8
    /// Events that wait for one that does not read.
    package static let waiting = 256
    /// How long one whose queue was full is waited for until it is half empty.
    static let patience = Duration.seconds(2)
    /// Between two looks at whether there is room again.
    private static let moment: TimeInterval = 0.005
    /// Between two looks at the logs.
    static let pause: TimeInterval = 0.2
    /// Looks between two signs of life, by which it shows that somebody is gone.
    static let looksPerSign = 15
    private static let sign = Array(": \n\n".utf8)
    /// Records of a log that are read at a look.
    static let look = 512

    private struct Follower {
        let filter: LiveFilter
        let events: AsyncStream<[UInt8]>.Continuation
        var drop: (@Sendable () -> Void)?
        /// Events that it has not taken.
        var waiting = 0
        /// Since when its queue was full; nil: it was half empty since.
        var fullSince: ContinuousClock.Instant?
    }

    private struct State {
        var followers: [Int: Follower] = [:]
        var next = 0
        var isReading = false
        var isStopped = false
    }

    private let state = Mutex(State())

    package init() {}

    /// Begins to follow; nil where as many as may be do, or the gateway ends.
    ///
    /// - Parameter folders: the logs that are read, where nobody follows yet.
    package func follow(_ filter: LiveFilter, in folders: [RegionFolder]) -> LiveStream? {
        let (events, continuation) = AsyncStream.makeStream(of: [UInt8].self)
        let (id, starts) = state.withLock { state -> (Int?, Bool) in
            guard state.followers.count < LiveRecords.streams, !state.isStopped else { return (nil, false) }
            state.next += 1
            state.followers[state.next] = Follower(filter: filter, events: continuation)
            let starts = !state.isReading
            state.isReading = true
            return (state.next, starts)
        }
        guard let id else { return nil }
        if starts { start(folders) }
        return LiveStream(events: events, id: id, records: self)
    }

    package var followers: Int { state.withLock { $0.followers.count } }

    /// Ends all streams: the gateway is told to stop.
    package func stop() {
        let all = state.withLock { state in
            state.isStopped = true
            defer { state.followers = [:] }
            return Array(state.followers.values)
        }
        for follower in all { follower.events.finish() }
    }

    func end(_ id: Int) {
        let follower = state.withLock { $0.followers.removeValue(forKey: id) }
        follower?.events.finish()
    }

    func setDrop(_ id: Int, _ drop: @escaping @Sendable () -> Void) {
        state.withLock { $0.followers[id]?.drop = drop }
    }

    func taken(_ id: Int) {
        state.withLock { state in
            guard var follower = state.followers[id] else { return }
            follower.waiting -= 1
            if follower.waiting <= LiveRecords.waiting / 2 { follower.fullSince = nil }
            state.followers[id] = follower
        }
    }

    /// Gives an event to whom it is for, and drops those that have too many already.
    package func give(_ event: LiveEvent) {
        let dropped = state.withLock { state -> [Follower] in
            var dropped: [Follower] = []
            for (id, var follower) in state.followers where follower.filter.fits(event) {
                guard follower.waiting < LiveRecords.waiting else {
                    state.followers[id] = nil
                    dropped.append(follower)
                    continue
                }
                follower.events.yield(event.bytes)
                follower.waiting += 1
                if follower.waiting == LiveRecords.waiting, follower.fullSince == nil {
                    follower.fullSince = .now
                }
                state.followers[id] = follower
            }
            return dropped
        }
        LiveRecords.drop(dropped)
    }

    private static func drop(_ followers: [Follower]) {
        for follower in followers {
            follower.events.finish()
            follower.drop?()
        }
    }

    /// Who has room hears that the stream lives.
    private func giveSign() {
        state.withLock { state in
            for (id, follower) in state.followers where follower.waiting < LiveRecords.waiting {
                follower.events.yield(LiveRecords.sign)
                state.followers[id]?.waiting += 1
            }
        }
    }

    /// Waits until everybody has room, and drops who took too long.
    private func waitForRoom() {
        while true {
            let now = ContinuousClock.now
            let (isFull, dropped) = state.withLock { state -> (Bool, [Follower]) in
                let late = state.followers.filter { _, follower in
                    follower.fullSince.map { now - $0 > LiveRecords.patience } ?? false
                }
                for id in late.keys { state.followers[id] = nil }
                return (
                    state.followers.values.contains { $0.waiting >= LiveRecords.waiting }, Array(late.values)
                )
            }
            LiveRecords.drop(dropped)
            guard isFull else { return }
            Thread.sleep(forTimeInterval: LiveRecords.moment)
        }
    }

    // MARK: Reading

    private func start(_ folders: [RegionFolder]) {
        let thread = Thread { [self] in
            let readers = LiveRecords.readers(of: folders)
            var looks = 0
            while goesOn {
                for (region, reader) in readers { look(region, reader) }
                looks += 1
                if looks.isMultiple(of: LiveRecords.looksPerSign) { giveSign() }
                Thread.sleep(forTimeInterval: LiveRecords.pause)
            }
        }
        thread.name = "admin-live"
        thread.start()
    }

    /// At the logs' ends: what was written before somebody asked is the search's.
    private static func readers(of folders: [RegionFolder]) -> [(String, AuditReader)] {
        folders.compactMap { folder in
            guard let end = try? AuditReader.end(of: folder.folder),
                let reader = try? AuditReader(folder: folder.folder, from: end)
            else { return nil }
            return (folder.region, reader)
        }
    }

    private func look(_ region: String, _ reader: AuditReader) {
        for _ in 0..<LiveRecords.look {
            guard let line = (try? reader.next()) ?? nil else { return }
            guard let event = LiveEvent(region: region, line: line) else { continue }
            waitForRoom()
            give(event)
        }
    }

    /// False where nobody follows any more.
    private var goesOn: Bool {
        state.withLock { state in
            if state.followers.isEmpty { state.isReading = false }
            return state.isReading
        }
    }
}

/// A stream of records that ends by itself, or by being dropped.
package final class LiveStream: Sendable {
    package let events: AsyncStream<[UInt8]>
    private let id: Int
    private let records: LiveRecords

    init(events: AsyncStream<[UInt8]>, id: Int, records: LiveRecords) {
        (self.events, self.id, self.records) = (events, id, records)
    }

    /// What is to be done where it is dropped because nobody reads.
    package func whenDropped(_ drop: @escaping @Sendable () -> Void) { records.setDrop(id, drop) }

    /// Says that one of the events is not waiting any more.
    package func taken() { records.taken(id) }

    package func end() { records.end(id) }
}
