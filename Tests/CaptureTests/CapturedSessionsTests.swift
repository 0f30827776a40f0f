import Capture
import CaptureRecords
import Foundation
import Seeded
import Testing

/// The captures of real clients in `Tests/Fixtures/captures`.
@Suite("Captures of real clients")
struct CapturedSessionsTests {
    static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("../Fixtures/captures").standardizedFileURL

    static let names: [String] = {
        let entries = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        return entries.filter { FileManager.default.fileExists(atPath: folder.path + "/\($0)/capture.sh") }
            .sorted()
    }()

    private func read(_ name: String, _ file: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: Self.folder.appendingPathComponent("\(name)/\(file)")))
    }

    @Test("There are at least 40, each with its trace, its records and a description")
    func complete() {
        #expect(Self.names.count >= 40)
        for name in Self.names {
            for file in ["capture.pcap", "expected.trace", "expected.records.jsonl", "README.md"] {
                #expect(
                    FileManager.default.fileExists(atPath: Self.folder.path + "/\(name)/\(file)"),
                    "\(name)/\(file)")
            }
        }
    }

    @Test("Each gives its trace: as captured, a byte at a time, all at once", arguments: names)
    func replays(name: String) throws {
        let replay = CaptureReplay(CaptureFile(try read(name, "capture.pcap")))
        let expected = String(decoding: try read(name, "expected.trace"), as: UTF8.self)
        for chunking in CaptureReplay.Chunking.allCases {
            let lines = CaptureText().lines(replay, chunking)
            #expect(lines.map { $0 + "\n" }.joined() == expected, "\(name), \(chunking.rawValue)")
        }
    }

    @Test(
        "Each leaves its records, by the code that the relay records with: as captured, a byte at a time, all at once",
        arguments: names)
    func records(name: String) throws {
        let replay = CaptureReplay(CaptureFile(try read(name, "capture.pcap")))
        let expected = String(decoding: try read(name, "expected.records.jsonl"), as: UTF8.self)
        for chunking in CaptureReplay.Chunking.allCases {
            let records = CapturedRecords(replay, chunking)
            #expect(records.lines.map { $0 + "\n" }.joined() == expected, "\(name), \(chunking.rawValue)")
        }
    }

    @Test("Each, cut anywhere and with bytes changed, traps nothing", arguments: names)
    func broken(name: String) throws {
        let bytes = try read(name, "capture.pcap")
        var choice = SeededGenerator(seed: UInt64(bytes.count))
        for _ in 0..<20 {
            var changed = Array(bytes[..<Int.random(in: 0...bytes.count, using: &choice)])
            for _ in 0..<8 where !changed.isEmpty {
                changed[Int.random(in: changed.indices, using: &choice)] = UInt8.random(
                    in: 0...255, using: &choice)
            }
            let replay = CaptureReplay(CaptureFile(changed))
            _ = CaptureText().lines(replay)
            _ = CapturedRecords(replay)
        }
    }

    /// libpq 15 does not trace CopyData that comes, writes no name for CopyData that it sends and then complains about
    /// that line, and does not trace the ReadyForQuery behind FunctionCallResponse.
    @Test("libpq's own PQtrace of a session says the same, line by line")
    func libpq() throws {
        let replay = CaptureReplay(CaptureFile(try read("libpq-trace", "capture.pcap")))
        var ours = CaptureText().lines(replay).filter { !$0.hasPrefix("#") && !$0.hasSuffix("\tCopyData") }
        let start = try #require(ours.firstIndex { $0.contains("\tQuery\t") })
        ours.removeFirst(start)
        let call = try #require(ours.firstIndex { $0.contains("\tFunctionCallResponse\t") })
        ours.remove(at: call + 1)
        let theirs = String(decoding: try read("libpq-trace", "libpq.trace"), as: UTF8.self)
            .split(separator: "\n").map(String.init)
            .filter { !$0.hasPrefix("mismatched") && !($0.hasPrefix("F\t") && $0.hasSuffix("\t")) }
        #expect(theirs.count > 80)
        #expect(ours == theirs)
    }
}
