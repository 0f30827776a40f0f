import Audit
import AuditTree
import Crypto
import Foundation
import Glibc
import Synchronization
import Testing

/// File operations of a tree on a real folder of which some fail, as a test decides before each.
final class FaultyTreeFiles: TreeFiles {
    enum Operation: String, CaseIterable {
        case makeFolder, syncFolder, draft, publish, appended, write, cut, sync, read, standing, identity
        case names, remove, keepHead
    }

    private let folder: TreeFolder
    private let decide: @Sendable (Operation, String) -> Int32?

    init(_ folder: TreeFolder, _ decide: @escaping @Sendable (Operation, String) -> Int32?) {
        self.folder = folder
        self.decide = decide
    }

    private func check(_ operation: Operation, _ name: String = "") throws(FileFault) {
        guard let code = decide(operation, name) else { return }
        throw FileFault(operation: operation.rawValue, path: "injected", code: code)
    }

    func path(of name: String) -> String { folder.path(of: name) }

    func makeFolder(_ name: String) throws(FileFault) -> Bool {
        try check(.makeFolder, name)
        return try folder.makeFolder(name)
    }

    func syncFolder(_ name: String) throws(FileFault) {
        try check(.syncFolder, name)
        try folder.syncFolder(name)
    }

    func draft() throws(FileFault) -> SegmentFile {
        try check(.draft)
        return try folder.draft()
    }

    func publish(_ name: String) throws(FileFault) {
        try check(.publish, name)
        try folder.publish(name)
    }

    func appended(_ name: String) throws(FileFault) -> SegmentFile {
        try check(.appended, name)
        return try folder.appended(name)
    }

    func write(_ bytes: Span<UInt8>, to file: SegmentFile) throws(FileFault) -> Int {
        do throws(FileFault) {
            try check(.write)
        } catch {
            // Half of it gets there.
            let half = bytes.extracting(..<(bytes.count / 2))
            if half.count > 0 { _ = try? folder.write(half, to: file) }
            throw error
        }
        return try folder.write(bytes, to: file)
    }

    func cut(_ file: SegmentFile, to length: Int) throws(FileFault) {
        try check(.cut)
        try folder.cut(file, to: length)
    }

    func sync(_ file: SegmentFile) throws(FileFault) {
        try check(.sync)
        try folder.sync(file)
    }

    func read(_ name: String, from offset: Int, count: Int) throws(FileFault) -> [UInt8]? {
        try check(.read, name)
        return try folder.read(name, from: offset, count: count)
    }

    func length(of name: String) throws(FileFault) -> Int? {
        try check(.standing, name)
        return try folder.length(of: name)
    }

    func standing(_ name: String, _ file: SegmentFile) throws(FileFault) -> Int? {
        try check(.standing, name)
        return try folder.standing(name, file)
    }

    func identity(ofFolder name: String) throws(FileFault) -> UInt64? {
        try check(.identity, name)
        return try folder.identity(ofFolder: name)
    }

    func names(in folder: String) throws(FileFault) -> [String] {
        try check(.names, folder)
        return try self.folder.names(in: folder)
    }

    func remove(_ name: String, isFolder: Bool) throws(FileFault) {
        try check(.remove, name)
        try folder.remove(name, isFolder: isFolder)
    }

    func keepHead(_ note: [UInt8], at path: String) throws(FileFault) {
        try check(.keepHead, path)
        try folder.keepHead(note, at: path)
    }

    func close(_ file: SegmentFile) { folder.close(file) }
}

extension TemporaryFolder {
    /// Settings of a log that is signed; its last head is kept beside it.
    func signed(
        _ name: String = "log", by keys: [SigningKey], segmentBytes: Int = 256 << 20,
        origin: String? = "example.com/audit"
    ) -> AuditLogSettings {
        var settings = settings(name, segmentBytes: segmentBytes)
        settings.tree = TreeSettings(
            origin: origin ?? "gw-test", isOriginChosen: origin != nil, keys: keys, keyFile: "audit.key",
            headFile: path + "/state/audit-heads/eu-west-1")
        return settings
    }
}

/// A signed log as a reader finds it, judged by hashes that the test makes itself (RFC 6962 section 2.1).
struct CheckedLog {
    let folder: String
    let lines: [[UInt8]]
    let head: Checkpoint?
    let logged: [Checkpoint]

    struct Wrong: Error, CustomStringConvertible { let description: String }

    /// - Parameter keys: of which one must have signed each checkpoint.
    init(_ folder: String, keys: [SigningKey], origin: String = "example.com/audit/eu-west-1") throws {
        self.folder = folder
        let reader = try AuditReader(folder: folder)
        var lines: [[UInt8]] = []
        while let line = try reader.next() {
            guard line.isInSequence else { throw Wrong(description: "no record \(line.expected)") }
            lines.append(line.bytes)
        }
        self.lines = lines
        let verifiers = keys.compactMap { $0.verifier(of: origin) }
        func checkpoint(_ bytes: [UInt8], _ place: String) throws -> Checkpoint {
            guard let note = SignedNote(bytes), note.signer(among: verifiers) != nil,
                let checkpoint = Checkpoint(text: note.text), checkpoint.origin == origin
            else {
                throw Wrong(description: "\(place) is not signed: \(String(decoding: bytes, as: UTF8.self))")
            }
            return checkpoint
        }
        head = try (try? Data(contentsOf: URL(fileURLWithPath: folder + "/checkpoint"))).map {
            try checkpoint(Array($0), "checkpoint")
        }
        let text = (try? String(contentsOfFile: folder + "/checkpoints.log", encoding: .utf8)) ?? ""
        // A note is its text, an empty line, its signatures; another empty line is behind it.
        let parts = text.components(separatedBy: "\n\n")
        var logged: [Checkpoint] = []
        for at in stride(from: 0, to: parts.count - 1, by: 2) {
            logged.append(try checkpoint(Array("\(parts[at])\n\n\(parts[at + 1])\n".utf8), "checkpoints.log"))
        }
        self.logged = logged
    }

    /// Everything that was signed is so, and all tiles that a reader of the last checkpoint asks for are there.
    func check(covers: Int? = nil) throws {
        let leaves = lines.map { [UInt8](SHA256.hash(data: [0] + $0)) }
        var last: UInt64 = 0
        for checkpoint in logged {
            #expect(checkpoint.size > last, "checkpoints.log ascends")
            last = checkpoint.size
            try #require(checkpoint.size <= UInt64(lines.count), "a checkpoint is ahead of the records")
            let root = CheckedLog.root(leaves[..<Int(checkpoint.size)])
            #expect(root == checkpoint.root.bytes, "the root of \(checkpoint.size) records")
        }
        #expect(logged.last == head)
        if let covers { #expect(head?.size ?? 0 == UInt64(covers)) }
        guard let head else { return }
        let size = Int(head.size)
        var level = 0
        var hashes = Array(leaves[..<size])
        while !hashes.isEmpty {
            for start in stride(from: 0, to: hashes.count, by: 256) {
                let end = min(start + 256, hashes.count)
                let index = String(format: "%03d", start / 256)
                try #require(start / 256 < 1000, "the test knows small indices only")
                let name = "tile/\(level)/\(index)" + (end - start == 256 ? "" : ".p/\(end - start)")
                let stands = try Array(Data(contentsOf: URL(fileURLWithPath: folder + "/" + name)))
                #expect(stands == Array(hashes[start..<end].joined()), "\(name)")
            }
            hashes = stride(from: 0, to: hashes.count - hashes.count % 256, by: 256).map {
                CheckedLog.root(hashes[$0..<($0 + 256)])
            }
            level += 1
        }
    }

    static func root(_ hashes: ArraySlice<[UInt8]>) -> [UInt8] {
        guard let first = hashes.first else { return Array(SHA256.hash(data: [UInt8]())) }
        guard hashes.count > 1 else { return first }
        var half = 1
        while half * 2 < hashes.count { half *= 2 }
        let middle = hashes.startIndex + half
        return Array(SHA256.hash(data: [1] + root(hashes[..<middle]) + root(hashes[middle...])))
    }
}

extension AuditLog {
    /// Turns the writer and the tree's until nothing is due, on a clock of the test's.
    func settle(_ clock: TestClock, turns: Int = 3) {
        for _ in 0..<turns {
            _ = turn()
            clock.advance(1_000_001)
            _ = turnTree()
            _ = turn()
        }
    }

    /// What a killed process leaves: nothing is written any more, and the lock is free.
    func drop() { close() }
}
