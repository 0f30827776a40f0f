import Foundation

/// The audit logs of the testbed as files, read with Foundation's JSON alone: none of the code under test.
struct RecordedLog {
    struct Record {
        let line: String
        let keys: [String: Any]

        var type: String { keys["type"] as? String ?? "" }
        var seq: Int { keys["seq"] as? Int ?? -1 }
        var session: String { keys["session"] as? String ?? "" }
        var sqlstate: String? { keys["sqlstate"] as? String }
        var sql: String? { keys["sql"] as? String }
        var message: Int? { keys["message"] as? Int }
        var of: Int? { keys["of"] as? Int }
        var tag: String? { keys["tag"] as? String }
    }

    let records: [Record]

    /// Reads the complete lines of one region's segments in their order.
    init(folder: String, region: String) throws {
        let segments = "\(folder)/\(region)/segments"
        var records: [Record] = []
        let names = try FileManager.default.contentsOfDirectory(atPath: segments).filter {
            $0.hasSuffix(".jsonl")
        }
        for name in names.sorted() {
            let data = try Data(contentsOf: URL(fileURLWithPath: "\(segments)/\(name)"))
            for line in data.split(separator: 0x0a, omittingEmptySubsequences: true) {
                // The last line may be half written while the gateway runs.
                guard let keys = try? JSONSerialization.jsonObject(with: line) as? [String: Any] else {
                    continue
                }
                records.append(Record(line: String(decoding: line, as: UTF8.self), keys: keys))
            }
        }
        self.records = records
    }

    /// Whether the numbers are 0, 1, 2 … without a gap.
    var isGapFree: Bool { records.enumerated().allSatisfy { $0.offset == $0.element.seq } }

    func sessions(application: String) -> Set<String> {
        Set(
            records.filter { $0.type == "session.start" && $0.keys["application"] as? String == application }
                .map(\.session))
    }

    func records(of sessions: Set<String>, _ types: String...) -> [Record] {
        records.filter { sessions.contains($0.session) && types.contains($0.type) }
    }
}
