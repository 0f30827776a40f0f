import Foundation
import GatewayConfiguration
import Testing

/// When changed files are read again.
struct ReloadWatchTests {
    private func stamp(_ modified: Int64, inode: UInt64 = 1) -> FileStamp {
        FileStamp(device: 1, inode: inode, size: 10, modified: modified, changed: modified)
    }

    private func look(_ watch: inout ReloadWatch, _ stamps: [String: FileStamp], of paths: [String]) -> Bool {
        watch.looked(stamps, of: paths)
    }

    @Test("A change is read at the second look that finds it so, once")
    func settled() {
        var watch = ReloadWatch(read: ["a": stamp(1)])
        #expect(look(&watch, ["a": stamp(1)], of: ["a"]) == false)
        #expect(look(&watch, ["a": stamp(2)], of: ["a"]) == false)
        #expect(look(&watch, ["a": stamp(2)], of: ["a"]) == true)
        watch.hasRead(["a": stamp(2)])
        #expect(look(&watch, ["a": stamp(2)], of: ["a"]) == false)
        #expect(look(&watch, ["a": stamp(2)], of: ["a"]) == false)
    }

    @Test("A file that is still being written is waited for, and one that is put back is none of a change")
    func moving() {
        var watch = ReloadWatch(read: ["a": stamp(1)])
        #expect(look(&watch, ["a": stamp(2)], of: ["a"]) == false)
        #expect(look(&watch, ["a": stamp(3)], of: ["a"]) == false)
        #expect(look(&watch, ["a": stamp(1)], of: ["a"]) == false)
        #expect(look(&watch, ["a": stamp(3)], of: ["a"]) == false)
        #expect(look(&watch, ["a": stamp(3)], of: ["a"]) == true)
    }

    @Test("A replaced file of the same time and size is another one")
    func replaced() {
        var watch = ReloadWatch(read: ["a": stamp(1)])
        #expect(look(&watch, ["a": stamp(1, inode: 2)], of: ["a"]) == false)
        #expect(look(&watch, ["a": stamp(1, inode: 2)], of: ["a"]) == true)
    }

    @Test("While the configuration is not there nothing is read; when it is back the change counts")
    func missing() {
        var watch = ReloadWatch(read: ["a": stamp(1), "b": stamp(1)])
        for _ in 0..<3 { #expect(look(&watch, ["b": stamp(2)], of: ["a", "b"]) == false) }
        let back = ["a": stamp(1), "b": stamp(2)]
        #expect(look(&watch, back, of: ["a", "b"]) == false)
        #expect(look(&watch, back, of: ["a", "b"]) == true)
    }

    @Test("A certificate that has gone is a change like another: the configuration may name it no more")
    func gone() {
        var watch = ReloadWatch(read: ["a": stamp(1), "b": stamp(1)])
        #expect(look(&watch, ["a": stamp(2)], of: ["a", "b"]) == false)
        #expect(look(&watch, ["a": stamp(2)], of: ["a", "b"]) == true)
        watch.hasRead(["a": stamp(2)])
        #expect(look(&watch, ["a": stamp(2)], of: ["a", "b"]) == false)
        #expect(look(&watch, ["a": stamp(2), "b": stamp(3)], of: ["a", "b"]) == false)
        #expect(look(&watch, ["a": stamp(2), "b": stamp(3)], of: ["a", "b"]) == true)
    }

    @Test(
        "A file through symbolic links is the one that they lead to now: a folder's link that is swapped is a change"
    )
    func links() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
            "domicile-watch-\(UUID().uuidString)"
        ).path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        for version in ["1", "2"] {
            try FileManager.default.createDirectory(
                atPath: "\(folder)/\(version)", withIntermediateDirectories: true)
            try Data("same".utf8).write(to: URL(fileURLWithPath: "\(folder)/\(version)/c.yaml"))
        }
        try FileManager.default.createSymbolicLink(atPath: "\(folder)/data", withDestinationPath: "1")
        try FileManager.default.createSymbolicLink(
            atPath: "\(folder)/c.yaml", withDestinationPath: "data/c.yaml")
        let before = try #require(FileStamp(path: "\(folder)/c.yaml"))
        #expect(FileStamp(path: "\(folder)/1/c.yaml") == before)
        try FileManager.default.createSymbolicLink(atPath: "\(folder)/next", withDestinationPath: "2")
        try #require(rename("\(folder)/next", "\(folder)/data") == 0)
        #expect(FileStamp(path: "\(folder)/c.yaml") != before)
        #expect(FileStamp(path: "\(folder)/nothing") == nil)
    }

    @Test(
        "The files of a reload are the configuration, certificates, keys and CAs, each once, and no passwords"
    )
    func files() throws {
        let fixture = try Fixture()
        try Data("-".utf8).write(to: URL(fileURLWithPath: fixture.folder + "/lists.pem"))
        let text = Fixture.changed([
            ("sslrootcert: upstream-ca.pem", "sslrootcert: upstream-ca.pem\n      sslcrl: lists.pem"),
            ("audience: [domicile]", "audience: [domicile]\n    jwks: jwks.json"),
        ])
        let configuration = try #require(fixture.read(text).configuration)
        let names = configuration.reloadedFiles.map {
            $0.replacingOccurrences(of: fixture.folder + "/", with: "")
        }
        #expect(
            names == [
                "gateway.yaml", "gateway.crt", "gateway.key", "jwks.json", "upstream-ca.pem", "lists.pem",
                "role.crt",
                "role.key",
            ])
        #expect(!configuration.watchesFiles)
        let watched = try #require(fixture.read(text + "reload: { watch: true }\n").configuration)
        #expect(watched.watchesFiles)
    }
}
