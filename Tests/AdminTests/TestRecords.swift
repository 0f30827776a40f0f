import Audit
import AuditTree
import Foundation
import Gateway

/// A log that a test writes by itself and signs, in a folder that goes away with it.
final class TestRecords {
    let root: String
    let region: String
    private(set) var lines: [String] = []
    private let firstSecond: Int

    var folder: String { root + "/" + region }
    var regionFolder: RegionFolder {
        RegionFolder(
            region: region, jurisdiction: region.hasPrefix("eu") ? "EU" : "US", folder: folder,
            isOwn: region == "eu-west-1")
    }

    /// - Parameter firstSecond: of the day, of its first record; the others follow two seconds apart.
    init(region: String = "eu-west-1", firstSecond: Int = 0) throws {
        self.region = region
        self.firstSecond = firstSecond
        root = NSTemporaryDirectory() + "domicile-admin-" + UUID().uuidString
        try FileManager.default.createDirectory(
            atPath: root + "/" + region + "/segments", withIntermediateDirectories: true)
        try write(
            Array(#"{"format":1,"region":"\#(region)","created":"2026-01-01T00:00:00.000000Z"}"#.utf8),
            "log.json")
    }

    deinit { try? FileManager.default.removeItem(atPath: root) }

    private func write(_ bytes: [UInt8], _ name: String) throws {
        let path = folder + "/" + name
        try FileManager.default.createDirectory(
            atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
        try Data(bytes).write(to: URL(fileURLWithPath: path))
    }

    @discardableResult
    func add(_ type: String, _ members: String = "") -> Int {
        let second = firstSecond + lines.count * 2
        func two(_ number: Int) -> String { (number < 10 ? "0" : "") + "\(number)" }
        let time = "2026-03-01T\(two(second / 3600)):\(two(second / 60 % 60)):\(two(second % 60)).000000Z"
        lines.append(
            #"{"seq":\#(lines.count),"salt":"\#(String(repeating: "0", count: 32))","time":"\#(time)","type":"\#(type)""#
                + (members.isEmpty ? "}" : ",\(members)}"))
        return lines.count - 1
    }

    func session(_ name: String, subject: String, sql: String, relation: String = "customers") {
        let identity =
            #""session":"\#(name)","region":"\#(region)","replica":"orders-a","database":"orders","role":"analyst","issuer":"https://id","subject":\#(TestRecords.quoted(subject)),"client":"127.0.0.1:5","rule":"r""#
        add("session.start", identity + #","application":\#(TestRecords.quoted(subject))"#)
        add(
            "query",
            identity
                + #","message":1,"sql":\#(TestRecords.quoted(sql)),"class":"select","relations":["\#(relation)"]"#
        )
        add("outcome", #""session":"\#(name)","of":1,"index":0,"tag":"SELECT 1","rows":1"#)
        add("session.end", identity + #","reason":"terminated","statements":1"#)
    }

    static func quoted(_ text: String) -> String {
        String(decoding: JSONValue.string(text).compact, as: UTF8.self)
    }

    func save() throws {
        try write(Array(lines.map { $0 + "\n" }.joined().utf8), "segments/00000000000000000000.jsonl")
    }

    /// Tiles and a checkpoint over the first records.
    func sign(_ count: Int) throws {
        var edge = TreeEdge()
        for line in lines.prefix(count) { edge.append(.leaf(Array(line.utf8).span)) { _ in } }
        for tile in edge.partialTiles { try write(tile.hashes.flatMap(\.bytes), tile.address.path) }
        let checkpoint = Checkpoint(origin: "test.example/\(region)", size: edge.size, root: edge.root)
        guard let note = SigningKey().sign(checkpoint.text, as: "test.example/\(region)") else { return }
        try write(note.bytes, "checkpoint")
        try write(note.bytes + [0x0a], "checkpoints.log")
    }
}
