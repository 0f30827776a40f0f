import Audit
import Foundation
import Testing

/// JSON without a fixed shape in records, and the reading of logins' records from several logs.
@Suite struct RecordedLoginTests {
    private func batch(_ build: (inout RecordBatch) -> Void) -> String {
        var batch = RecordBatch(recordLimit: 65_536)
        batch.begin(.sessionStart)
        build(&batch)
        batch.end()
        return batch.unstamped().first ?? ""
    }

    @Test(
        "A value of at most its limit stands in the record, escaped; one byte more and it is left out whole")
    func limit() throws {
        func add(_ text: String, limit: Int) -> (isAdded: Bool, line: String) {
            var json = RecordJSON(limit: limit)
            json.append(plain: "{")
            json.append(string: "k")
            json.append(plain: ":")
            json.append(string: text)
            json.append(plain: "}")
            var isAdded = false
            let line = batch { isAdded = $0.add("claims", json: json) }
            return (isAdded, line)
        }
        let fits = add("ab", limit: 10)
        #expect(fits.isAdded)
        #expect(fits.line == #"{"type":"session.start","claims":{"k":"ab"}}"#)
        let over = add("abc", limit: 10)
        #expect(!over.isAdded)
        #expect(over.line == #"{"type":"session.start"}"#)
        let escaped = add("a\n\u{202e}\"", limit: 64)
        #expect(escaped.line == #"{"type":"session.start","claims":{"k":"a\n\u202e\""}}"#)
        // What an escape makes of it counts.
        #expect(!add("\u{1}", limit: 13).isAdded)
        #expect(add("\u{1}", limit: 14).isAdded)
        #expect(!add(String(repeating: "x", count: 1_000_000), limit: 4_096).isAdded)
    }

    @Test("A value for which the record has no room is left out, and named")
    func room() throws {
        var json = RecordJSON(limit: 4_096)
        json.append(string: String(repeating: "x", count: 4_000))
        var batch = RecordBatch(recordLimit: RecordBatch.leastRecordLimit)
        batch.begin(.sessionStart)
        let isAdded = batch.add("claims", json: json)
        #expect(!isAdded)
        batch.end()
        #expect(batch.unstamped() == [#"{"type":"session.start","left_out":["claims"]}"#])
    }

    private func write(_ records: [(RecordType, String)], to folder: TemporaryFolder, _ name: String) throws {
        try FileManager.default.createDirectory(
            atPath: URL(fileURLWithPath: folder.path + "/" + name).deletingLastPathComponent().path,
            withIntermediateDirectories: true)
        let log = try AuditLog(folder.settings(name))
        var batch = RecordBatch(recordLimit: 65_536)
        for (type, session) in records {
            batch.begin(type)
            batch.add("session", session)
            batch.end()
        }
        _ = try log.append(&batch)
        log.close()
    }

    @Test(
        "Logs are found in folders of their gateways and regions; the starts and refusals in them, and nothing else"
    )
    func logins() throws {
        let folder = try TemporaryFolder()
        try write([(.sessionStart, "a"), (.query, "a"), (.sessionEnd, "a")], to: folder, "gw-1/eu-west-1")
        try write([(.sessionRefused, "b")], to: folder, "gw-1/eu-central-1")
        try write([(.sessionStart, "c")], to: folder, "gw-2/audit/eu-west-1")
        let logs = try LogFollower.logs(under: [folder.path, folder.path + "/gw-2"])
        #expect(
            logs
                == ["gw-1/eu-central-1", "gw-1/eu-west-1", "gw-2/audit/eu-west-1"].map {
                    folder.path + "/" + $0
                })
        var sessions: [String] = []
        for log in logs {
            try RecordSearch.logins(in: log) { sessions.append($0?["session"]?.string ?? "unreadable") }
        }
        #expect(sessions == ["b", "a", "c"])
        for log in logs {
            try RecordSearch.logins(in: log, since: "2999-01-01") { _ in Issue.record("a record of later") }
        }
        // A line that was one and was cut in the middle is told, not passed over.
        let segment = try #require(
            try FileManager.default.subpathsOfDirectory(atPath: logs[0]).first { $0.hasSuffix(".jsonl") })
        let whole = try String(contentsOfFile: "\(logs[0])/\(segment)", encoding: .utf8)
        try whole.replacingOccurrences(of: "\"session\":", with: "\"session\"").write(
            toFile: "\(logs[0])/\(segment)", atomically: false, encoding: .utf8)
        var damaged = 0
        try RecordSearch.logins(in: logs[0]) { if $0 == nil { damaged += 1 } }
        #expect(damaged == 1)
        #expect(throws: AuditError.self) { try LogFollower.logs(under: [folder.path + "/nothing"]) }
        try FileManager.default.createDirectory(
            atPath: folder.path + "/empty", withIntermediateDirectories: true)
        #expect(throws: AuditError.self) { try LogFollower.logs(under: [folder.path + "/empty"]) }
    }
}
