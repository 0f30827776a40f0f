import Audit
import AuditTree
import Foundation
import Testing

@Suite struct TreeCopyTests {
    /// Copies what is there; what goes meanwhile (a partial tile that gave way to a wider one) is left out.
    private func copy(_ from: String, _ to: String, _ names: [String], between: () throws -> Void) throws {
        let manager = FileManager.default
        for name in names {
            let source = from + "/" + name
            var isTree: ObjCBool = false
            _ = manager.fileExists(atPath: source, isDirectory: &isTree)
            // A folder of partial tiles that goes meanwhile ends the listing: then it is made again.
            var listed: [String]?
            while isTree.boolValue, listed == nil {
                listed = try? manager.subpathsOfDirectory(atPath: source)
            }
            let files = listed ?? []
            for file in files.sorted() where !file.hasSuffix(".new") {
                var isFolder: ObjCBool = false
                guard manager.fileExists(atPath: source + "/" + file, isDirectory: &isFolder) else {
                    continue
                }
                let target = to + "/" + name + "/" + file
                if isFolder.boolValue {
                    try manager.createDirectory(atPath: target, withIntermediateDirectories: true)
                } else {
                    try manager.createDirectory(
                        atPath: (target as NSString).deletingLastPathComponent,
                        withIntermediateDirectories: true)
                    try? manager.copyItem(atPath: source + "/" + file, toPath: target)
                }
                try between()
            }
            if !isTree.boolValue, manager.fileExists(atPath: source) {
                try manager.createDirectory(atPath: to, withIntermediateDirectories: true)
                try manager.copyItem(atPath: source, toPath: to + "/" + name)
            }
            try between()
        }
    }

    @Test(
        "F-AUD-21: copies that are made in the documented order while the log is written start, and hold all that they are signed over"
    )
    func copies() throws {
        let folder = try TemporaryFolder()
        let key = SigningKey()
        var settings = folder.signed(by: [key], segmentBytes: 30_000)
        settings.tree?.interval = .milliseconds(1)
        let log = try AuditLog(settings)
        var mark = 0
        func write() throws {
            mark += 1
            _ = try log.append(marks: Array(repeating: mark, count: 1 + mark % 40))
        }
        for _ in 0..<30 { try write() }
        for number in 0..<12 {
            let names = ["checkpoint", "checkpoints.log", "log.json", "tile", "segments"]
            try copy(folder.path + "/log", folder.path + "/copy\(number)", names, between: write)
        }
        log.close()
        for number in 0..<12 {
            var settings = folder.signed("copy\(number)", by: [key], segmentBytes: 30_000)
            settings.tree?.headFile = nil
            let copied = try AuditLog(settings)
            _ = try copied.append(marks: [-1])
            copied.close()
            try CheckedLog(folder.path + "/copy\(number)", keys: [key]).check(covers: Int(copied.written))
        }
    }
}
