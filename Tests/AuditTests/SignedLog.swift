import Audit
import AuditTree
import Foundation
import Testing

/// A log in a folder of its own whose tiles and checkpoints are made here, from the definition of their formats.
final class SignedLog {
    static let origin = "test.example/audit/eu-west-1"

    let folder: TemporaryFolder
    private(set) var keys: [SigningKey]
    /// Its checkpoints, in their order.
    private(set) var notes: [[UInt8]] = []

    var path: String { folder.path + "/log" }
    var segment: String { folder.segment(0) }
    var verifiers: [VerifierKey] { keys.compactMap { $0.verifier(of: SignedLog.origin) } }

    /// - Parameters:
    ///   - count: records.
    ///   - sizes: of the checkpoints, ascending.
    ///   - key: that signs them.
    init(records count: Int, checkpoints sizes: [Int], key: SigningKey = SigningKey()) throws {
        folder = try TemporaryFolder()
        keys = [key]
        let log = try AuditLog(folder.settings())
        for mark in 0..<count { _ = try log.append(marks: [mark]) }
        log.close()
        try sign(sizes)
        try describe()
    }

    /// The segment's lines, each without its newline.
    func lines() throws -> [[UInt8]] {
        try read(segment).split(separator: 0x0a).map(Array.init)
    }

    func write(lines: [[UInt8]]) throws { try write(Array(lines.map { $0 + [0x0a] }.joined()), segment) }

    /// Puts the records from one on into a segment of their own.
    func split(at seq: Int) throws {
        let lines = try lines()
        try write(lines: Array(lines[..<seq]))
        try write(Array(lines[seq...].map { $0 + [0x0a] }.joined()), folder.segment(seq))
    }

    func read(_ path: String) throws -> [UInt8] { Array(try Data(contentsOf: URL(fileURLWithPath: path))) }

    func write(_ bytes: [UInt8], _ path: String) throws {
        try FileManager.default.createDirectory(
            atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
        try Data(bytes).write(to: URL(fileURLWithPath: path))
    }

    /// Makes the tiles of the records as they stand, and signs checkpoints of these sizes behind those that are there.
    func sign(_ sizes: [Int]) throws {
        var edge = TreeEdge()
        for (at, line) in try lines().enumerated() where at < sizes.last ?? 0 {
            var full: [TreeEdge.FullTile] = []
            edge.append(.leaf(line.span)) { full.append($0) }
            try full.forEach(write)
            if sizes.contains(at + 1) {
                let checkpoint = Checkpoint(origin: SignedLog.origin, size: edge.size, root: edge.root)
                let note = try #require(keys.last?.sign(checkpoint.text, as: SignedLog.origin))
                notes.append(note.bytes)
            }
        }
        try edge.partialTiles.forEach(write)
        guard let last = notes.last else { return }
        try write(Array(notes.map { $0 + [0x0a] }.joined()), path + "/checkpoints.log")
        try write(last, path + "/checkpoint")
    }

    private func write(_ tile: TreeEdge.FullTile) throws {
        try write(tile.hashes.flatMap(\.bytes), path + "/" + tile.address.path)
    }

    /// Goes on with a new key.
    func rotate(to key: SigningKey) throws {
        keys.append(key)
        try describe()
    }

    private func describe() throws {
        let keys = verifiers.enumerated().map { "{\"key\":\"\($1)\",\"from\":\($0)}" }.joined(separator: ",")
        let text =
            "{\"format\":1,\"region\":\"eu-west-1\",\"created\":\"2026-01-01T00:00:00.000000Z\","
            + "\"origin\":\"\(SignedLog.origin)\",\"keys\":[\(keys)]}\n"
        try write(Array(text.utf8), path + "/log.json")
    }

    func verify(_ keys: [VerifierKey]? = nil, against anchors: [String] = []) throws -> VerificationReport {
        try LogVerification(
            folder: path, keys: keys ?? verifiers, anchors: anchors.map { KeptCheckpoints($0) }
        ).run()
    }

    /// Every file that belongs to the log but its lock.
    func files() throws -> [String] {
        let all = FileManager.default.enumerator(atPath: path)?.compactMap { $0 as? String } ?? []
        return all.map { path + "/" + $0 }.filter { name in
            var isFolder: ObjCBool = false
            return FileManager.default.fileExists(atPath: name, isDirectory: &isFolder) && !isFolder.boolValue
                && !name.hasSuffix("/lock")
        }.sorted()
    }
}
