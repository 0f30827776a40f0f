import Audit
import Foundation
import Glibc
import Synchronization

/// A gateway's way to its disk: does on real files what is asked, unless the disk fails, and tells the disk.
final class DiskAccess: LogFiles {
    private let segments: SegmentFolder
    private let disk: SimulatedDisk
    private let incarnation: Int

    init(_ segments: SegmentFolder, disk: SimulatedDisk, incarnation: Int) {
        self.segments = segments
        self.disk = disk
        self.incarnation = incarnation
    }

    private func fault(_ operation: SimulatedDisk.Operation) throws(FileFault) -> Int? {
        try disk.fault(operation, incarnation: incarnation)
    }

    private func note(_ body: (inout SimulatedDisk.State) -> Void) {
        disk.state.withLock { state in
            if state.incarnation == incarnation { body(&state) }
        }
    }

    func path(of first: UInt64) -> String { segments.path(of: first) }

    func create(_ first: UInt64) throws(FileFault) -> SegmentFile {
        _ = try fault(.create)
        let file = try segments.create(first)
        note { state in
            state.files[first] = SimulatedDisk.File()
            state.open[file.descriptor] = (first, false)
            state.records.forget()
        }
        return file
    }

    /// A segment that was there when the log was opened: what recovery left of it.
    private func meet(_ file: SegmentFile) {
        guard disk.state.withLock({ $0.incarnation == incarnation && $0.open[file.descriptor] == nil }),
            let path = try? FileManager.default.destinationOfSymbolicLink(
                atPath: "/proc/self/fd/\(file.descriptor)"),
            let first = UInt64((path as NSString).lastPathComponent.prefix(20)),
            let content = FileManager.default.contents(atPath: path)
        else { return }
        note { state in
            state.open[file.descriptor] = (first, false)
            var known = state.files[first] ?? SimulatedDisk.File()
            known.content = Array(content)
            known.synced = min(known.synced, content.count)
            known.isNamed = true
            state.files[first] = known
            state.records.forget()
        }
    }

    func draft(_ first: UInt64) throws(FileFault) -> SegmentFile {
        _ = try fault(.create)
        let file = try segments.draft(first)
        note { state in
            state.drafts[first] = SimulatedDisk.File()
            state.open[file.descriptor] = (first, true)
        }
        return file
    }

    func publish(_ first: UInt64) throws(FileFault) {
        _ = try fault(.cut)
        try segments.publish(first)
        note { state in
            if state.replaced[first] == nil, let old = state.files[first] { state.replaced[first] = old }
            state.files[first] = state.drafts.removeValue(forKey: first)
            state.files[first]?.isNamed = true
            for (descriptor, file) in state.open where file.first == first {
                state.open[descriptor] = file.isDraft ? (first, false) : nil
            }
            state.records.forget()
        }
    }

    func write(_ bytes: Span<UInt8>, to file: SegmentFile) throws(FileFault) -> Int {
        meet(file)
        let most = try fault(.write) ?? bytes.count
        let count = try segments.write(bytes.extracting(..<min(bytes.count, most)), to: file)
        note { state in
            guard let (first, isDraft) = state.open[file.descriptor] else { return }
            for at in 0..<count {
                if isDraft {
                    state.drafts[first]?.content.append(bytes[at])
                } else {
                    state.files[first]?.content.append(bytes[at])
                }
            }
        }
        return count
    }

    func cut(_ file: SegmentFile, to length: Int) throws(FileFault) {
        meet(file)
        _ = try fault(.cut)
        try segments.cut(file, to: length)
        note { state in
            guard let (first, isDraft) = state.open[file.descriptor] else { return }
            if isDraft {
                state.drafts[first]?.cut(to: length)
            } else {
                state.files[first]?.cut(to: length)
                state.records.forget()
            }
        }
    }

    func checkRoom(for bytes: Int, behind file: SegmentFile) throws(FileFault) {
        _ = try fault(.room)
        try segments.checkRoom(for: bytes, behind: file)
    }

    func sync(_ file: SegmentFile) throws(FileFault) {
        meet(file)
        disk.passSyncTime()
        do throws(FileFault) {
            _ = try fault(.sync)
        } catch {
            note { state in
                guard let (first, isDraft) = state.open[file.descriptor] else { return }
                if isDraft {
                    state.drafts[first]?.isPoisoned = true
                } else {
                    state.files[first]?.isPoisoned = true
                }
            }
            throw error
        }
        // The real files live in memory: there is nothing to sync.
        note { state in
            guard let (first, isDraft) = state.open[file.descriptor] else { return }
            if isDraft { state.drafts[first]?.markSynced() } else { state.files[first]?.markSynced() }
        }
    }

    func syncFolder() throws(FileFault) {
        _ = try fault(.sync)
        note { state in
            state.replaced = [:]
            for first in state.files.keys { state.files[first]?.isNamed = true }
        }
    }

    func standing(_ file: SegmentFile) throws(FileFault) -> Int? {
        _ = try fault(.look)
        return try segments.standing(file)
    }

    func close(_ file: SegmentFile) { segments.close(file) }
}

extension SimulatedDisk.File {
    mutating func cut(to length: Int) {
        content.removeLast(max(0, content.count - length))
        synced = min(synced, length)
    }

    mutating func markSynced() {
        if !isPoisoned { synced = content.count }
    }
}

extension SimulatedDisk {
    enum Operation { case create, write, cut, room, sync, look }

    /// The error that an operation gets, and how many bytes a write takes; nil where it works.
    func fault(_ operation: Operation, incarnation: Int) throws(FileFault) -> Int? {
        let verdict: (code: Int32?, length: Int?) = state.withLock { state in
            guard state.incarnation == incarnation else { return (EIO, nil) }
            state.operations += 1
            switch (state.fault, operation) {
            case (.none, _), (_, .look): return (nil, nil)
            case (.short, .write):
                if state.random.chance(4) { return (EINTR, nil) }
                return (nil, state.random.number(1..<200))
            case (.short, _): return (nil, nil)
            case (.full, .write), (.full, .room), (.full, .create): return (ENOSPC, nil)
            case (.full, _): return (nil, nil)
            case (.torn, .write):
                return state.random.chance(2) ? (EIO, nil) : (nil, state.random.number(1..<100))
            case (.torn, _): return (nil, nil)
            case (.unsynced, .sync): return (EIO, nil)
            case (.unsynced, _): return (nil, nil)
            case (.flaky, _): return (state.random.chance(2) ? EIO : nil, nil)
            }
        }
        if let code = verdict.code {
            throw FileFault(operation: "\(operation)", path: "simulated", code: code)
        }
        return verdict.length
    }
}
