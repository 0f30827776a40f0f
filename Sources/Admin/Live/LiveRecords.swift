import Audit
import Foundation
import Gateway
import Synchronization

/// Gives records to whoever follows the logs, as they are written. One thread reads for all; each follower has a bounded
/// queue, and one that does not read is dropped rather than waited for.
package final class LiveRecords: Sendable {
    package static let contentType = "text/event-stream"
    /// Followers at a time.
    package static let streams = 8
    /// Events that wait for one that does not read; one more, and it is dropped.
    package static let waiting = 256
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
        let (events, continuation) = AsyncStream.makeStream(
            of: [UInt8].self, bufferingPolicy: .bufferingOldest(LiveRecords.waiting))
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

    /// Gives an event to whom it is for, and drops those that have too many already.
    package func give(_ event: LiveEvent) { give(event.bytes) { $0.fits(event) } }

    private func give(_ bytes: [UInt8], where isFor: (LiveFilter) -> Bool) {
        let dropped = state.withLock { state -> [Follower] in
            var dropped: [Follower] = []
            for (id, follower) in state.followers where isFor(follower.filter) {
                guard case .dropped = follower.events.yield(bytes) else { continue }
                state.followers[id] = nil
                dropped.append(follower)
            }
            return dropped
        }
        for follower in dropped {
            follower.events.finish()
            follower.drop?()
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
                if looks.isMultiple(of: LiveRecords.looksPerSign) { give(LiveRecords.sign) { _ in true } }
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
            if let event = LiveEvent(region: region, line: line) { give(event) }
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

    package func end() { records.end(id) }
}
