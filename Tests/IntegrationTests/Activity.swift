import Testing

/// What a writer's session is doing when something happens to it.
enum Activity: String, CaseIterable, Sendable {
    case idle, transaction, failedTransaction, copyIn, copyOut, largeResult, sleep, preparedSleep

    /// Rows of a result that nobody waits for the end of.
    static let endless = 100_000_000

    /// Brings the session into it. Of results a thousand rows are read; a COPY in has brought 1 and 2, an open
    /// transaction 1.
    func begin(_ client: RawClient, table: String, rows: Int = Activity.endless, seconds: Int = 60) throws {
        func run(_ sql: String) throws -> [String] {
            try client.send(AbuseFrames.query(sql))
            return try client.readFrames(until: "Z").map(\.letter)
        }
        switch self {
        case .idle: break
        case .transaction:
            #expect(try run("begin; insert into \(table) values (1)") == ["C", "C", "Z"])
        case .failedTransaction:
            #expect(try run("begin; insert into \(table) values (1)") == ["C", "C", "Z"])
            #expect(try run("select 1/0") == ["E", "Z"])
        case .copyIn:
            try client.send(AbuseFrames.query("copy \(table) from stdin"))
            #expect(try client.readFrame()?.letter == "G")
            try client.send(AbuseFrames.copyData("1\n") + AbuseFrames.copyData("2\n"))
        case .copyOut, .largeResult:
            let select = "select repeat('x', 100), generate_series(1, \(rows))"
            try client.send(AbuseFrames.query(self == .copyOut ? "copy (\(select)) to stdout" : select))
            for _ in 0..<1_000 { _ = try client.readFrame() }
        case .sleep: try client.send(AbuseFrames.query("select pg_sleep(\(seconds))"))
        case .preparedSleep:
            try client.send(
                AbuseFrames.parse("select pg_sleep(\(seconds))") + AbuseFrames.bind() + AbuseFrames.execute()
                    + AbuseFrames.sync)
        }
    }
}
