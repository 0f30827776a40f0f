import Audit
import Foundation
import Synchronization

/// What a power cut leaves of a tree's files, besides what the real folder holds.
struct TreeLoss {
    /// What stood under names before renames that are not on disk yet; nil: nothing did.
    var renamed: [String: Data?] = [:]
    /// Folders whose names are not on disk yet.
    var made: Set<String> = []
    /// Bytes of `checkpoints.log` that are on disk, and its descriptor.
    var logged = 0
    var log: Int32?

    static func parent(of name: String) -> String {
        let parent = (name as NSString).deletingLastPathComponent
        return parent
    }
}

/// A gateway's way to the files of a log's tree: does on real files what is asked, unless the disk fails, and remembers
/// what is not on disk yet.
final class TreeAccess: TreeFiles {
    private let tree: TreeFolder
    private let disk: SimulatedDisk
    private let incarnation: Int

    init(_ tree: TreeFolder, disk: SimulatedDisk, incarnation: Int) {
        self.tree = tree
        self.disk = disk
        self.incarnation = incarnation
    }

    private func fault(_ operation: SimulatedDisk.Operation) throws(FileFault) -> Int? {
        try disk.fault(operation, incarnation: incarnation)
    }

    private func note(_ body: (inout TreeLoss) -> Void) {
        disk.state.withLock { state in
            if state.incarnation == incarnation { body(&state.tree) }
        }
    }

    func path(of name: String) -> String { tree.path(of: name) }

    func makeFolder(_ name: String) throws(FileFault) -> Bool {
        _ = try fault(.create)
        let isNew = try tree.makeFolder(name)
        if isNew { note { $0.made.insert(name) } }
        return isNew
    }

    func syncFolder(_ name: String) throws(FileFault) {
        _ = try fault(.sync)
        note { loss in
            loss.renamed = loss.renamed.filter { TreeLoss.parent(of: $0.key) != name }
            loss.made = loss.made.filter { TreeLoss.parent(of: $0) != name }
        }
    }

    func draft() throws(FileFault) -> SegmentFile {
        _ = try fault(.create)
        return try tree.draft()
    }

    func publish(_ name: String) throws(FileFault) {
        _ = try fault(.cut)
        let before = FileManager.default.contents(atPath: tree.path(of: name))
        try tree.publish(name)
        note { loss in
            if loss.renamed[name] == nil { loss.renamed[name] = .some(before) }
        }
    }

    func appended(_ name: String) throws(FileFault) -> SegmentFile {
        _ = try fault(.create)
        let length = try tree.length(of: name)
        let file = try tree.appended(name)
        note { loss in
            loss.log = file.descriptor
            if length == nil { loss.renamed[name] = .some(nil) }
            loss.logged = min(loss.logged, length ?? 0)
        }
        return file
    }

    func write(_ bytes: Span<UInt8>, to file: SegmentFile) throws(FileFault) -> Int {
        let most = try fault(.write) ?? bytes.count
        return try tree.write(bytes.extracting(..<min(bytes.count, most)), to: file)
    }

    func cut(_ file: SegmentFile, to length: Int) throws(FileFault) {
        _ = try fault(.cut)
        try tree.cut(file, to: length)
        note { $0.logged = min($0.logged, length) }
    }

    func sync(_ file: SegmentFile) throws(FileFault) {
        _ = try fault(.sync)
        guard let length = try tree.length(of: "checkpoints.log") else { return }
        note { loss in
            if loss.log == file.descriptor { loss.logged = length }
        }
    }

    func read(_ name: String, from offset: Int, count: Int) throws(FileFault) -> [UInt8]? {
        _ = try fault(.look)
        return try tree.read(name, from: offset, count: count)
    }

    func length(of name: String) throws(FileFault) -> Int? {
        _ = try fault(.look)
        return try tree.length(of: name)
    }

    func standing(_ name: String, _ file: SegmentFile) throws(FileFault) -> Int? {
        _ = try fault(.look)
        return try tree.standing(name, file)
    }

    func identity(ofFolder name: String) throws(FileFault) -> UInt64? {
        _ = try fault(.look)
        return try tree.identity(ofFolder: name)
    }

    func names(in folder: String) throws(FileFault) -> [String] {
        _ = try fault(.look)
        return try tree.names(in: folder)
    }

    func remove(_ name: String, isFolder: Bool) throws(FileFault) {
        _ = try fault(.cut)
        try tree.remove(name, isFolder: isFolder)
        note { loss in
            loss.renamed[name] = nil
            loss.made.remove(name)
        }
    }

    func keepHead(_ note: [UInt8], at path: String) throws(FileFault) {
        _ = try fault(.cut)
        try tree.keepHead(note, at: path)
    }

    func close(_ file: SegmentFile) {
        note { if $0.log == file.descriptor { $0.log = nil } }
        tree.close(file)
    }
}

extension SimulatedDisk.State {
    /// Leaves of a tree's files what is on disk, and of the rest what chance leaves.
    mutating func cutTree(_ folder: String) throws {
        let manager = FileManager.default
        for (name, before) in tree.renamed.sorted(by: { $0.key < $1.key }) where random.chance(2) {
            let path = folder + "/" + name
            if let before {
                try before.write(to: URL(fileURLWithPath: path))
            } else if manager.fileExists(atPath: path) {
                try manager.removeItem(atPath: path)
            }
        }
        for name in tree.made.sorted() where random.chance(2) {
            let path = folder + "/" + name
            if manager.fileExists(atPath: path) { try manager.removeItem(atPath: path) }
        }
        let path = folder + "/checkpoints.log"
        if var content = manager.contents(atPath: path), content.count > tree.logged {
            let left = random.number(tree.logged..<(content.count + 1))
            content = content.prefix(left)
            try content.write(to: URL(fileURLWithPath: path))
        }
        tree = TreeLoss()
        tree.logged = manager.contents(atPath: path)?.count ?? 0
    }
}
