import Foundation
import Testing

/// The endpoint of Tests/TestSupport/anchor, for as long as this lives.
final class AnchorServer {
    let folder: String
    let port: Int
    private let process = Process()
    private let input = Pipe()

    init(_ mode: String) throws {
        folder = NSTemporaryDirectory() + "domicile-anchor-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("TestSupport/anchor/anchor.py").path
        process.executableURL = URL(fileURLWithPath: "/usr/bin/python3")
        process.arguments = [script, mode, folder]
        let output = Pipe()
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        let line = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
        port = try #require(Int(line.trimmingCharacters(in: .whitespacesAndNewlines)))
    }

    deinit {
        process.terminate()
        try? FileManager.default.removeItem(atPath: folder)
    }

    /// How it answers from here on.
    func change(to mode: String) throws {
        try mode.write(toFile: folder + "/mode", atomically: true, encoding: .utf8)
    }

    func text(_ name: String) -> String {
        (try? String(contentsOfFile: folder + "/" + name, encoding: .utf8)) ?? ""
    }
    var requests: [String] { text("requests").split(separator: "\n").map(String.init) }
}
