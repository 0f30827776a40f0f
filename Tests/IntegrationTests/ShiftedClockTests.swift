import Foundation
import Glibc
import Testing

/// The log of a gateway whose clock goes back and forth by an hour, in a zone that is no whole hour from UTC.
@Suite(.serialized)
struct ShiftedClockTests {
    private let testbed: Testbed
    init() throws { testbed = try Testbed() }

    @Test(
        "F-AUD-18: an hour ahead, back, and behind, in Kathmandu: times are UTC and never go back, what is lost is said"
    )
    func anHour() throws {
        let folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("domicile-clock-\(UUID().uuidString.prefix(8))").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        // Swift brings clang along.
        let library = "\(folder)/shifted-clock.so"
        let source = "\(testbed.root)/script/faults-parts/audit/shifted_clock.c"
        let built = try Command.run("clang", ["-O1", "-shared", "-fPIC", "-o", library, source])
        try #require(built.status == 0, "\(built.error)")
        try shift(folder, 0)
        let own = try OwnGateway(testbed)
        defer { own.remove() }
        try own.restart(
            SIGTERM,
            through: [
                "env", "LD_PRELOAD=\(library)", "DOMICILE_CLOCK_OFFSET=\(folder)/offset", "TZ=Asia/Kathmandu",
            ])
        let client = try RawClient(host: own.testbed.host, port: own.testbed.port)
        defer { client.close() }
        let application = Testbed.unique("clock")
        let answer = try client.login(
            own.testbed,
            parameters: [
                ("user", "analyst"), ("database", "orders@eu-west-1"), ("application_name", application),
            ],
            token: testbed.token(.euAnalyst))
        try #require(answer.last?.letter == "Z")
        let start = Date()
        let hours = [0, 1, 0, -1, 0, 1]
        for (at, hour) in hours.enumerated() {
            try shift(folder, Int64(hour) * 3600)
            try client.send(try RawClient.query("select \(at)"))
            try #require(
                try client.readFrames(until: "Z").map(\.letter) == ["T", "D", "C", "Z"], "\(hour) h")
        }
        try shift(folder, 0)
        let log = try own.testbed.log("eu-west-1")
        let queries = log.records(of: log.sessions(application: application), "query")
        #expect(queries.compactMap(\.sql) == hours.indices.map { "select \($0)" })
        let times = log.records.compactMap { $0.keys["time"] as? String }
        #expect(times == times.sorted())
        let form = ISO8601DateFormatter()
        form.formatOptions = [.withInternetDateTime, .withFractionalSeconds]
        let first = try #require((queries[0].keys["time"] as? String).flatMap(form.date))
        #expect(abs(first.timeIntervalSince(start)) < 60, "\(first) is not the time in UTC")
        // The clock's error against the log's time, in hours: one ahead is the log's time from then on.
        let behind = queries.map { Double($0.keys["clock_back_us"] as? Int ?? 0) / 3_600_000_000 }
        let hoursBehind: [Double] = [0, 0, 1, 2, 1, 0]
        for (found, expected) in zip(behind, hoursBehind) {
            #expect(abs(found - expected) < 0.02, "\(behind)")
        }
    }

    private func shift(_ folder: String, _ seconds: Int64) throws {
        let path = "\(folder)/offset"
        if access(path, F_OK) != 0 { _ = FileManager.default.createFile(atPath: path, contents: nil) }
        // In place: the gateway has it mapped.
        let file = try #require(FileHandle(forWritingAtPath: path))
        defer { try? file.close() }
        try withUnsafeBytes(of: seconds) { try file.write(contentsOf: Data($0)) }
    }
}
