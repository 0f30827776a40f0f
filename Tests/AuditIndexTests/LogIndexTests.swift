import Audit
import AuditIndex
import CSQLite
import Foundation
import Glibc
import Synchronization
import Testing

@Suite struct LogIndexTests {
    /// 1,000 records, of which every tenth is alice's.
    private func makeLog(_ subject: String = "alice") throws -> TestLog {
        let log = try TestLog()
        for at in 0..<1000 { log.start("s\(at)", subject: at % 10 == 0 ? subject : "bob") }
        try log.save(segments: [0, 500])
        return log
    }

    private let alice = Array(stride(from: 0, to: 1000, by: 10))

    private func expectAlice(_ log: TestLog, _ numbers: [Int]? = nil, at line: Int = #line) throws {
        let index = try LogIndex.made(log)
        #expect(index != nil, "of line \(line)")
        #expect(
            try found(log, SearchConditions([.subject: ["alice"]]), index: index) == numbers ?? alice,
            "of line \(line)")
    }

    /// Runs SQL on an index, as somebody else might.
    private func sql(_ log: TestLog, _ text: String) throws {
        var database: OpaquePointer?
        defer { sqlite3_close_v2(database) }
        try #require(sqlite3_open_v2(log.index, &database, SQLITE_OPEN_READWRITE, nil) == SQLITE_OK)
        try #require(sqlite3_exec(database, text, nil, nil, nil) == SQLITE_OK)
    }

    private func number(_ log: TestLog, _ query: String) throws -> Int {
        var database: OpaquePointer?
        defer { sqlite3_close_v2(database) }
        try #require(sqlite3_open_v2(log.index, &database, SQLITE_OPEN_READONLY, nil) == SQLITE_OK)
        var statement: OpaquePointer?
        defer { sqlite3_finalize(statement) }
        try #require(sqlite3_prepare_v2(database, query, -1, &statement, nil) == SQLITE_OK)
        try #require(sqlite3_step(statement) == SQLITE_ROW)
        return Int(sqlite3_column_int64(statement, 0))
    }

    @Test("An index holds whole blocks of 256 records of one segment; it has mode 0600 and the log's owner")
    func blocks() throws {
        let log = try makeLog()
        try expectAlice(log)
        // 256 and 244 up to the segment's end, 256 of the next; 244 are still to come.
        #expect(try number(log, "SELECT count(*) FROM blocks") == 3)
        #expect(try number(log, "SELECT sum(records) FROM blocks") == 756)
        #expect(try number(log, "SELECT seq FROM blocks WHERE id = 2") == 500)
        var status = stat()
        #expect(stat(log.index, &status) == 0)
        #expect(status.st_mode & 0o777 == 0o600)
    }

    @Test("Searches that find the index behind go on where it ends")
    func behind() throws {
        let log = try TestLog()
        log.start("s", subject: "alice")
        log.add(
            "parse", #""session":"s","message":1,"sql":"delete from t","class":"delete","relations":["t"]"#)
        log.fill(254)
        log.add("execute", #""session":"s","message":2,"statement":1"#)
        log.fill(255)
        try log.save()
        let conditions = SearchConditions([.sqlstate: ["40001"], .relation: ["t"]])
        #expect(try found(log, conditions, index: LogIndex.made(log)) == [])
        #expect(try number(log, "SELECT count(*) FROM blocks") == 2)
        // The outcome of what is in the index stands behind it at first, and is in it then.
        log.outcome("s", of: 2, sqlstate: "40001")
        try log.save()
        #expect(try found(log, conditions, index: LogIndex.made(log)) == [1])
        #expect(try number(log, "SELECT count(*) FROM blocks") == 2)
        log.fill(300)
        try log.save(segments: [0, 600])
        #expect(try found(log, conditions, index: LogIndex.made(log)) == [1])
        // 88 up to the segment's end.
        #expect(try number(log, "SELECT sum(records) FROM blocks") == 600)
        #expect(try number(log, "SELECT count(*) FROM blocks") == 3)
        #expect(try number(log, "SELECT count(*) FROM sessions") == 1)
    }

    @Test("More than one chunk: 70,000 records of the sessions of some hundred subjects")
    func chunks() throws {
        let log = try TestLog()
        for at in 0..<70_000 {
            if at % 7 == 0 {
                log.start("s\(at)", subject: "user-\(at / 7 % 100)")
            } else {
                log.outcome("s\(at - at % 7)", of: at, sqlstate: at == 100 || at == 69_990 ? "57014" : nil)
            }
        }
        try log.save(segments: [0, 33_333])
        let index = try LogIndex.made(log)
        #expect(try number(log, "SELECT count(*) FROM blocks") == 274)
        let expected = (0..<70_000).filter { $0 / 7 % 100 == 42 }
        #expect(try found(log, SearchConditions([.subject: ["user-42"]]), index: index) == expected)
        #expect(try found(log, SearchConditions([.sqlstate: ["57014"]]), index: index) == [100, 69_990])
        #expect(
            try found(log, SearchConditions([.subject: ["user-*"], .sqlstate: ["57*"]]), index: index)
                == [100, 69_990])
    }

    @Test(
        "A file that is no index is replaced, whatever it is, in the log's folder; elsewhere it is left as it is"
    )
    func foreign() throws {
        let log = try makeLog()
        for content in [
            "", "garbage", String(repeating: "\0", count: 8192),
            "SQLite format 3\0" + String(repeating: "x", count: 9000),
        ] {
            try content.write(toFile: log.index, atomically: false, encoding: .utf8)
            try expectAlice(log)
        }
        try FileManager.default.removeItem(atPath: log.index)
        try "".write(toFile: log.index, atomically: false, encoding: .utf8)
        try sql(log, "CREATE TABLE precious (x); INSERT INTO precious VALUES (1)")
        let elsewhere = log.root + "/precious.db"
        try FileManager.default.copyItem(atPath: log.index, toPath: elsewhere)
        try expectAlice(log)
        for content in [nil, "my letters"] {
            if let content { try content.write(toFile: elsewhere, atomically: false, encoding: .utf8) }
            let before = try Data(contentsOf: URL(fileURLWithPath: elsewhere))
            #expect(throws: IndexError.self) {
                try LogIndex.open(log: log.folder, at: elsewhere, creating: true)
            }
            #expect(try Data(contentsOf: URL(fileURLWithPath: elsewhere)) == before)
        }
        let own = try LogIndex.open(log: log.folder, at: log.root + "/own.sqlite", creating: true)
        try own?.catchUp()
        #expect(try found(log, SearchConditions([.subject: ["alice"]]), index: own) == alice)
    }

    @Test(
        "An index that is another version's, another log's, cut or changed is made anew",
        arguments: [
            "PRAGMA user_version = 2", "PRAGMA application_id = 7", "DROP TABLE failures",
            "CREATE TABLE more (x)", "UPDATE log SET value = 'x' WHERE key = 'description'",
            "UPDATE log SET value = 'x' WHERE key = 'place'",
            "UPDATE log SET value = x'30' WHERE key = 'place'",
            "DELETE FROM log", "DELETE FROM blocks", "DELETE FROM blocks WHERE id = 0",
            "DELETE FROM postings", "DELETE FROM terms", "DELETE FROM sessions",
            "DELETE FROM session_postings",
            "UPDATE sessions SET subject = 2", "UPDATE blocks SET bytes = bytes - 1",
            "UPDATE blocks SET offset = 9223372036854775807", "UPDATE blocks SET bytes = 9223372036854775807",
            "UPDATE blocks SET records = 255", "UPDATE blocks SET seq = -1",
            "UPDATE blocks SET id = id + 4611686018427387904",
            "UPDATE blocks SET segment = 1", "UPDATE blocks SET sum = 0", "UPDATE postings SET blocks = x''",
        ])
    func broken(change: String) throws {
        let log = try makeLog()
        try expectAlice(log)
        try sql(log, change)
        try expectAlice(log)
        #expect(try number(log, "SELECT count(*) FROM blocks") == 3)
        #expect(try number(log, "PRAGMA user_version") == 1)
    }

    @Test("An index that goes beyond its log, or is of one that was written again, is made anew")
    func otherLog() throws {
        let log = try makeLog()
        try expectAlice(log)
        log.cut(to: 600)
        try log.save(segments: [0, 500])
        try expectAlice(log, alice.filter { $0 < 600 })
        log.cut(to: 300)
        try log.save()
        try expectAlice(log, alice.filter { $0 < 300 })
        for at in 0..<300 { log.replace(at, with: log.line(at).replacing("alice", with: "carol")) }
        try log.save()
        try expectAlice(log, [])
        try log.write(
            #"{"format":1,"region":"eu-west-1","created":"2026-01-02T00:00:00.000000Z"}"#, to: "log.json")
        try expectAlice(log, [])
    }

    @Test("Records that changed behind the index are found all the same, and the next index is a new one")
    func changedBlock() throws {
        let log = try makeLog()
        var index = try LogIndex.made(log)
        // Found while it is searched: the check at its opening was before.
        log.replace(10, with: log.line(10).replacing("alice", with: "carol"))
        log.replace(11, with: log.line(11).replacing(#""subject":"bob""#, with: #""subject":"alice""#))
        try log.save(segments: [0, 500])
        let expected = (alice.filter { $0 != 10 } + [11]).sorted()
        #expect(try found(log, SearchConditions([.subject: ["alice"]]), index: index) == expected)
        index = nil
        try expectAlice(log, expected)
    }

    @Test("Where no index can be made, that is said, and nothing is followed or removed")
    func nowhere() throws {
        let log = try makeLog()
        try FileManager.default.createDirectory(atPath: log.index, withIntermediateDirectories: false)
        #expect(throws: IndexError.self) { try LogIndex.open(log: log.folder, creating: true) }
        try FileManager.default.removeItem(atPath: log.index)
        #expect(symlink(log.root + "/target", log.index) == 0)
        #expect(throws: IndexError.self) { try LogIndex.open(log: log.folder, creating: true) }
        #expect(access(log.root + "/target", F_OK) != 0)
        #expect(unlink(log.index) == 0)
        #expect(try LogIndex.open(log: log.folder, creating: false) == nil)
        #expect(throws: IndexError.self) {
            try LogIndex.open(log: log.folder, at: log.root + "/none/index.sqlite", creating: true)
        }
    }

    @Test("An index in use is not replaced: who cannot use it reads the log meanwhile")
    func inUse() throws {
        let log = try makeLog()
        let index = try LogIndex.made(log)
        try sql(log, "PRAGMA user_version = 9")
        #expect(throws: IndexError.self) { try LogIndex.open(log: log.folder, creating: true) }
        #expect(try found(log, SearchConditions([.subject: ["alice"]]), index: index) == alice)
    }

    @Test("While another command writes into the index, a search takes what is in it and reads the rest")
    func writing() throws {
        let log = try makeLog()
        try expectAlice(log)
        for at in 1000..<2000 { log.start("s\(at)", subject: at % 10 == 0 ? "alice" : "bob") }
        try log.save(segments: [0, 500])
        var database: OpaquePointer?
        defer { sqlite3_close_v2(database) }
        try #require(sqlite3_open_v2(log.index, &database, SQLITE_OPEN_READWRITE, nil) == SQLITE_OK)
        try #require(sqlite3_exec(database, "BEGIN IMMEDIATE", nil, nil, nil) == SQLITE_OK)
        let all = Array(stride(from: 0, to: 2000, by: 10))
        try expectAlice(log, all)
        #expect(try number(log, "SELECT count(*) FROM blocks") == 3)
        try #require(sqlite3_exec(database, "ROLLBACK", nil, nil, nil) == SQLITE_OK)
        try expectAlice(log, all)
        #expect(try number(log, "SELECT count(*) FROM blocks") > 3)
    }

    @Test("Several commands at once make one sound index, and each finds everything")
    func together() async throws {
        let log = try makeLog()
        for at in 1000..<30_000 { log.start("s\(at)", subject: at % 10 == 0 ? "alice" : "bob") }
        try log.save(segments: [0, 500, 20_000])
        let folder = log.folder
        let counts = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    let index = try LogIndex.open(log: folder, creating: true)
                    try index?.catchUp()
                    let search = try LogSearch(
                        log: folder, conditions: SearchConditions([.subject: ["alice"]]), index: index)
                    var count = 0
                    while try search.next() != nil { count += 1 }
                    return count
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(counts == [3000, 3000, 3000, 3000])
        try expectAlice(log, Array(stride(from: 0, to: 30_000, by: 10)))
        #expect(try number(log, "SELECT count(*) FROM sessions") == 29_984)
        #expect(try number(log, "SELECT sum(records) FROM blocks") == 29_984)
    }

    @Test("F-AUD-20: segments that retention took are no contradiction, and what is left is found")
    func pruned() throws {
        let log = try makeLog()
        try expectAlice(log)
        try FileManager.default.removeItem(atPath: log.segment(0))
        try expectAlice(log, alice.filter { $0 >= 500 })
        #expect(try number(log, "SELECT count(*) FROM blocks") == 1)
        #expect(try number(log, "SELECT min(id) FROM blocks") == 2)
        // Written on, and opened again.
        log.start("more", subject: "alice")
        log.fill(600)
        try log.save(segments: [0, 500])
        try FileManager.default.removeItem(atPath: log.segment(0))
        try expectAlice(log, alice.filter { $0 >= 500 } + [1000])
        #expect(try number(log, "SELECT min(id) FROM blocks") == 2)
        // Blocks that lack are no removal where their segment stands.
        try sql(log, "DELETE FROM blocks WHERE id = 2")
        try expectAlice(log, alice.filter { $0 >= 500 } + [1000])
        #expect(try number(log, "SELECT min(id) FROM blocks") == 0)
    }

    @Test("F-AUD-20: who was in removed segments alone is not in the index any more")
    func prunedTerms() throws {
        let log = try TestLog()
        log.start("old", subject: "zoe-of-the-old-segment")
        log.fill(65_791)
        log.start("new", subject: "alice")
        log.fill(600)
        try log.save(segments: [0, 65_792])
        try expectAlice(log, [65_792])
        #expect(try number(log, "SELECT count(*) FROM terms WHERE value LIKE 'zoe%'") == 1)
        let isBeside = { () -> Bool in
            try Data(contentsOf: URL(fileURLWithPath: log.index)).range(of: Data("zoe-of".utf8)) != nil
        }
        #expect(try isBeside())
        let reading = try #require(try LogIndex.open(log: log.folder, creating: false))
        let search = try LogSearch(
            log: log.folder, conditions: SearchConditions([.subject: ["zoe*", "alice"]]), index: reading)
        try FileManager.default.removeItem(atPath: log.segment(0))
        try expectAlice(log, [65_792])
        #expect(try number(log, "SELECT min(id) FROM blocks") == 257)
        #expect(try number(log, "SELECT count(*) FROM terms WHERE value LIKE 'zoe%'") == 0)
        #expect(try number(log, "SELECT count(*) FROM sessions") == 1)
        #expect(try !isBeside())
        // A search that began before goes on with what is left.
        #expect(try search.next()?.line.expected == 65_792)
        #expect(try search.next() == nil)
    }
}
