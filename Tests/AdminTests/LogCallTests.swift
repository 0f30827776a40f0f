import Admin
import Audit
import Foundation
import Gateway
import GatewayConfiguration
import Testing

/// The calls that read the logs.
@Suite struct LogCallTests {
    private func ask(
        _ operations: FakeOperations, _ path: String, _ query: String = "", door: AdminAPI.Door = .socket,
        desk: LogDesk = LogDesk()
    ) async -> (status: Int, value: JSONValue?) {
        let answer = await AdminAPI(operations: operations, configuration: operations, desk: desk).answer(
            method: "GET", path: "/api/" + path, query: query, body: [], through: door)
        return (answer.status, JSONValue(answer.body.utf8))
    }

    private func numbers(_ value: JSONValue?) -> [String] {
        value?["records"]?.list?.map { "\($0["region"]?.string ?? "?"):\($0["seq"]?.unsigned ?? 999)" } ?? []
    }

    private func twoRegions() throws -> (TestRecords, TestRecords, FakeOperations) {
        let near = try TestRecords()
        let far = try TestRecords(region: "us-east-1", firstSecond: 1)
        near.session("a1", subject: "alice", sql: "select * from customers")
        near.session("b1", subject: "bob", sql: "select 1", relation: "orders")
        far.session("c1", subject: "carol", sql: "SELECT name FROM Customers")
        try near.save()
        try far.save()
        return (near, far, FakeOperations(folders: [near.regionFolder, far.regionFolder]))
    }

    @Test(
        "Without conditions all regions' records come by their time, the newest first, and the reading is recorded"
    )
    func merged() async throws {
        let (near, far, operations) = try twoRegions()
        let answer = await ask(operations, "records", "limit=5")
        #expect(answer.status == 200)
        // near: seconds 0, 2 … 14; far: 1, 3, 5, 7.
        #expect(
            numbers(answer.value) == [
                "eu-west-1:7", "eu-west-1:6", "eu-west-1:5", "eu-west-1:4", "us-east-1:3",
            ])
        #expect(answer.value?["complete"]?.bool == true)
        #expect(operations.asked == [.read("records")])
        _ = (near, far)
    }

    @Test("Pages follow each other without a gap or a repeat, in both orders, and the last one has no next")
    func paging() async throws {
        let (near, far, operations) = try twoRegions()
        for order in ["desc", "asc"] {
            var seen: [String] = []
            var cursor: String?
            repeat {
                let query =
                    "limit=5&order=\(order)" + (cursor.map { "&cursor=\(FormFields.encoded($0))" } ?? "")
                let answer = await ask(operations, "records", query)
                #expect(answer.status == 200)
                seen += numbers(answer.value)
                cursor = answer.value?["next"]?.string
            } while cursor != nil && seen.count < 50
            #expect(seen.count == 12 && Set(seen).count == 12, "\(order)")
            #expect(seen.first == (order == "asc" ? "eu-west-1:0" : "eu-west-1:7"))
        }
        _ = (near, far)
    }

    @Test(
        "Each condition finds the records it should, outcomes by their session's subject too",
        arguments: [
            ("subject=alice", ["eu-west-1:3", "eu-west-1:2", "eu-west-1:1", "eu-west-1:0"]),
            ("relation=customers", ["us-east-1:1", "eu-west-1:1"]),
            ("relation=customers&region=us-east-1", ["us-east-1:1"]),
            ("text=from%20CUSTOMERS", ["us-east-1:1", "eu-west-1:1"]),
            ("type=session.start&order=asc", ["eu-west-1:0", "us-east-1:0", "eu-west-1:4"]),
            ("session=b1&type=outcome", ["eu-west-1:6"]),
            ("database=orders&subject=c*&type=query", ["us-east-1:1"]),
            ("since=2026-03-01T00:00:13Z", ["eu-west-1:7"]),
            ("until=2026-03-01T00:00:00Z", ["eu-west-1:0"]),
            ("since=2027", []), ("subject=nobody", []), ("refused=true", []),
        ] as [(String, [String])])
    func conditions(query: String, expected: [String]) async throws {
        let (near, far, operations) = try twoRegions()
        let answer = await ask(operations, "records", query)
        #expect(answer.status == 200)
        #expect(numbers(answer.value) == expected)
        _ = (near, far)
    }

    @Test("A record that leaves out who it is of shows its session's, and stands as it was written")
    func identity() async throws {
        let (near, far, operations) = try twoRegions()
        let answer = await ask(operations, "records", "session=a1&type=outcome")
        let found = try #require(answer.value?["records"]?.list?.first)
        #expect(found["session"]?["subject"]?.string == "alice")
        let record = try #require(found["record"])
        #expect(String(decoding: record.compact, as: UTF8.self) == near.lines[2])
        _ = far
    }

    @Test(
        "What could mean something else than was meant is refused, and nothing is read",
        arguments: [
            "subjct=x", "limit=0", "limit=501", "limit=x", "order=up", "since=someday", "refused=yes",
            "subject=a&subject=b", "subject=%ff", "subject=%4", "cursor=x", "cursor=eu-west-1:1",
            "cursor=eu-west-1:1,us-east-1:-1", "cursor=eu-west-1:1,us-east-1:99999999999999999999",
        ])
    func mistakes(query: String) async throws {
        let (near, far, operations) = try twoRegions()
        let answer = await ask(operations, "records", query)
        #expect(answer.status == 400)
        #expect(operations.asked.isEmpty)
        _ = (near, far)
    }

    @Test("A region that the gateway writes no log of is 404")
    func unknownRegion() async throws {
        let (near, far, operations) = try twoRegions()
        #expect(await ask(operations, "records", "region=ap-south-1").status == 404)
        #expect(await ask(operations, "checkpoints", "region=..%2F..").status == 404)
        _ = (near, far)
    }

    @Test("Where the log takes no record of the reading, nothing is shown")
    func notRecorded() async throws {
        let log = try TestRecords()
        log.session("a1", subject: "alice", sql: "select 1")
        try log.save()
        let operations = FakeOperations(folders: [log.regionFolder], isFull: true)
        for path in ["records", "records/0", "checkpoints", "receipts/a1", "refusals", "live"] {
            let answer = await ask(operations, path)
            #expect(answer.status == 503, "\(path)")
            #expect(answer.value?["records"] == nil && answer.value?["record"] == nil)
        }
    }

    @Test("A record comes with what proves it: the path leads from its line to the checkpoint's root")
    func proof() async throws {
        let log = try TestRecords()
        log.session("a1", subject: "alice", sql: "select 1")
        try log.save()
        try log.sign(3)
        let operations = FakeOperations(folders: [log.regionFolder])
        let answer = await ask(operations, "records/1")
        #expect(answer.status == 200)
        #expect(answer.value?["size"]?.unsigned == 3)
        let text = try #require(answer.value?["proof"]?.string)
        #expect(text.hasPrefix("c2sp.org/tlog-proof@v1\n"))
        #expect(answer.value?["path"]?.list?.count == 2)
        // No checkpoint covers the last one yet.
        let later = await ask(operations, "records/3")
        #expect(later.status == 200)
        #expect(later.value?["proof"] == nil)
        #expect(later.value?["unproved"]?.string?.contains("covers 3 records") == true)
        #expect(await ask(operations, "records/4").status == 404)
        #expect(await ask(operations, "records/-1").status == 400)
        #expect(await ask(operations, "records/1", "region=eu-west-1").status == 200)
        #expect(operations.asked.first == .read("record 1 of eu-west-1"))
    }

    @Test("Checkpoints come the newest first; a receipt is the session's, wherever its log is")
    func checkpointsAndReceipt() async throws {
        let near = try TestRecords()
        let far = try TestRecords(region: "us-east-1")
        near.session("a1", subject: "alice", sql: "select 1")
        far.session("c1", subject: "carol", sql: "select 2")
        try near.save()
        try near.sign(4)
        try far.save()
        try far.sign(4)
        let operations = FakeOperations(folders: [near.regionFolder, far.regionFolder])
        let points = await ask(operations, "checkpoints", "limit=5")
        #expect(points.value?["checkpoints"]?.list?.count == 1)
        #expect(points.value?["checkpoints"]?.list?.first?["size"]?.unsigned == 4)
        let receipt = await ask(operations, "receipts/c1")
        #expect(receipt.status == 200)
        #expect(receipt.value?["principal"]?["subject"]?.string == "carol")
        #expect(receipt.value?["region"]?.string == "us-east-1")
        #expect(receipt.value?["first_seq"]?.unsigned == 0 && receipt.value?["last_seq"]?.unsigned == 3)
        #expect(await ask(operations, "receipts/zz").status == 404)
        #expect(await ask(operations, "receipts/c1", "region=eu-west-1").status == 404)
    }

    @Test("The last refusals are logins and statements, with their reasons")
    func refusals() async throws {
        let log = try TestRecords()
        log.add("session.refused", #""sqlstate":"28P01","reason":"The token has expired (exp).""#)
        log.session("a1", subject: "alice", sql: "select 1")
        log.add(
            "query",
            #""session":"a1","message":2,"sql":"drop table t","verdict":{"allowed":false,"classes":["ddl"],"reasons":["it changes the schema"]}"#
        )
        try log.save()
        let answer = await ask(FakeOperations(folders: [log.regionFolder]), "refusals")
        #expect(numbers(answer.value) == ["eu-west-1:5", "eu-west-1:0"])
    }

    @Test("A search whose time is over says so, and its next goes on from there")
    func cut() async throws {
        let log = try TestRecords()
        for number in 0..<400 { log.add("admin", #""operation":"read","target":"n\#(number)""#) }
        try log.save()
        let operations = FakeOperations(folders: [log.regionFolder])
        let answer = await ask(operations, "records", "session=none", desk: LogDesk(time: .zero))
        // No time at all: there was none left when a thread was free.
        #expect(answer.status == 503)
    }

    @Test("Every right is asked for: the calls that read logs need read")
    func rights() async throws {
        let log = try TestRecords()
        log.session("a1", subject: "alice", sql: "select 1")
        try log.save()
        let door = AdminAPI.Door.network(authorization: "Bearer good")
        let without = FakeOperations(rights: [.kill, .revoke, .reload], folders: [log.regionFolder])
        for path in [
            "records", "records/0", "checkpoints", "receipts/a1", "refusals", "live", "openapi.json",
        ] {
            #expect(await ask(without, path, door: door).status == 403, "\(path)")
            #expect(await ask(without, path, door: .network(authorization: nil)).status == 401, "\(path)")
        }
        #expect(without.asked.isEmpty)
        let with = FakeOperations(rights: [.read], folders: [log.regionFolder])
        #expect(await ask(with, "records", door: door).status == 200)
    }
}

/// The description of the calls.
@Suite struct OpenAPITests {
    private func description() async throws -> JSONValue {
        let operations = FakeOperations()
        let answer = await AdminAPI(operations: operations, configuration: operations).answer(
            method: "GET", path: "/api/openapi.json", body: [], through: .socket)
        #expect(answer.status == 200)
        return try #require(JSONValue(answer.body.utf8))
    }

    @Test("Each call is described with its method, its right and its parameters, and no other is")
    func calls() async throws {
        let description = try await description()
        #expect(description["openapi"]?.string == "3.1.0")
        guard case .object(let paths)? = description["paths"] else {
            Issue.record("no paths")
            return
        }
        #expect(
            paths.map(\.name).sorted() == [
                "/api/checkpoints", "/api/clear", "/api/explain", "/api/kill", "/api/lift", "/api/live",
                "/api/openapi.json", "/api/receipts/{session}", "/api/records", "/api/records/{seq}",
                "/api/refusals", "/api/reload", "/api/replicas", "/api/revocations", "/api/revoke",
                "/api/sessions",
            ])
        let kill = description["paths"]?["/api/kill"]?["post"]
        #expect(kill?["x-right"]?.string == "kill")
        let schema = kill?["requestBody"]?["content"]?["application/json"]?["schema"]
        #expect(schema?["properties"]?["session"] != nil && schema?["properties"]?["reason"] != nil)
        #expect(schema?["required"]?.list == [.string("session")])
        let search = description["paths"]?["/api/records"]?["get"]?["parameters"]?.list ?? []
        let names = search.compactMap { $0["name"]?.string }
        #expect(names.count == 21 && names.contains("relation") && names.contains("cursor"))
        let seq = description["paths"]?["/api/records/{seq}"]?["get"]?["parameters"]?.list?.first
        #expect(seq?["in"]?.string == "path" && seq?["required"]?.bool == true)
    }

    @Test("A path is of one call, whatever stands in its steps, and none is longer or shorter")
    func routing() {
        #expect(AdminRoute.matching("records")?.route == .records)
        #expect(AdminRoute.matching("records/12")?.steps == ["seq": "12"])
        #expect(AdminRoute.matching("receipts/a%2Fb")?.steps == ["session": "a/b"])
        for path in [
            "", "/", "records/", "records/1/2", "record", "receipts", "RECORDS", "records/%zz", "openapi",
        ] {
            #expect(AdminRoute.matching(path) == nil, "\(path)")
        }
    }
}
