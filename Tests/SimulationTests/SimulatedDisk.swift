import Audit
import Foundation
import Glibc
import Seeded
import Synchronization

/// One region's disk: real files, of which it knows what a power cut would leave. It outlives gateways.
final class SimulatedDisk: Sendable {
    /// What the disk does wrong at the moment.
    enum Fault: CaseIterable {
        case none
        /// Writes take a part, or are interrupted.
        case short
        /// No room.
        case full
        /// Writes fail in the middle.
        case torn
        /// fdatasync fails, and what it was for may be gone (F-AUD-04's kind).
        case unsynced
        /// Every second operation fails.
        case flaky
    }

    struct File {
        var content: [UInt8] = []
        /// Bytes that a power cut leaves.
        var synced = 0
        /// A sync failed: later ones say nothing of the bytes before it any more.
        var isPoisoned = false
        /// Its name is on disk.
        var isNamed = false
    }

    struct State {
        var files: [UInt64: File] = [:]
        var drafts: [UInt64: File] = [:]
        /// What stood under a name before a rename that is not on disk yet.
        var replaced: [UInt64: File] = [:]
        var open: [Int32: (first: UInt64, isDraft: Bool)] = [:]
        var fault = Fault.none
        var random: SeededGenerator
        /// Gateways so far: an operation of an earlier one is of a process that is dead.
        var incarnation = 0
        var operations = 0
        var records = RecordView()
        var tree = TreeLoss()
    }

    let region: String
    let folder: String
    let state: Mutex<State>
    private let time: SimulatedTime
    private let syncTime: Int64

    /// - Parameter syncTime: microseconds that a sync takes.
    init(region: String, folder: String, seed: UInt64, time: SimulatedTime, syncTime: Int64) {
        self.region = region
        self.folder = folder
        self.time = time
        self.syncTime = syncTime
        state = Mutex(State(random: SeededGenerator(seed: seed)))
    }

    /// A sync was made, or failed.
    func passSyncTime() { time.advance(to: time.now + syncTime) }

    /// The file operations of the next gateway.
    func access(_ segments: SegmentFolder) -> any LogFiles {
        let incarnation = state.withLock { state in
            state.incarnation += 1
            state.open = [:]
            return state.incarnation
        }
        return DiskAccess(segments, disk: self, incarnation: incarnation)
    }

    /// The file operations of that gateway on the log's tree.
    func access(_ tree: TreeFolder) -> any TreeFiles {
        TreeAccess(tree, disk: self, incarnation: state.withLock { $0.incarnation })
    }

    var fault: Fault {
        get { state.withLock { $0.fault } }
        set { state.withLock { $0.fault = newValue } }
    }

    /// What the log holds now, of whatever is written.
    func look<Answer>(_ body: (RecordView) -> Answer) -> Answer {
        state.withLock { state in
            state.records.follow(state.files)
            return body(state.records)
        }
    }

    func isDurable(_ record: SeenRecord) -> Bool {
        state.withLock { state in
            guard let file = state.files[record.file], file.isNamed else { return false }
            return record.end <= file.synced
        }
    }

    /// The process dies and takes what the disk did not have yet with it, or a part of it.
    func cutPower() throws {
        try state.withLock { state in
            state.incarnation += 1
            state.fault = .none
            for first in state.replaced.keys.sorted() where state.random.chance(2) {
                state.files[first] = state.replaced[first]
            }
            state.replaced = [:]
            for first in state.files.keys.sorted() {
                guard var file = state.files[first] else { continue }
                if !file.isNamed, state.random.chance(2) {
                    state.files[first] = nil
                    continue
                }
                file.content.removeLast(
                    file.content.count - state.random.number(file.synced..<(file.content.count + 1)))
                let lost = state.random.number(file.synced..<(file.content.count + 1))
                if state.random.chance(3) {
                    // The length was on disk, and the bytes were not.
                    for at in lost..<file.content.count { file.content[at] = 0 }
                }
                file.synced = file.content.count
                file.isPoisoned = false
                file.isNamed = true
                state.files[first] = file
            }
            state.drafts = [:]
            try restore(state.files)
            try state.cutTree(folder)
        }
    }

    private func restore(_ files: [UInt64: File]) throws {
        let segments = folder + "/segments"
        for name in try FileManager.default.contentsOfDirectory(atPath: segments) {
            try FileManager.default.removeItem(atPath: segments + "/" + name)
        }
        for (first, file) in files {
            let path = segments + "/" + String(format: "%020llu.jsonl", first)
            guard FileManager.default.createFile(atPath: path, contents: Data(file.content)) else {
                throw CocoaError(.fileWriteUnknown)
            }
        }
    }
}
