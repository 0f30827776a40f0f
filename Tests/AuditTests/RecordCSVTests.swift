import Audit
import Testing

@Suite struct RecordCSVTests {
    private func row(_ json: String, _ csv: inout RecordCSV) throws -> [String] {
        let bytes = Array(json.utf8)
        let line = RecordLine(
            expected: 7, seq: RecordLine.seq(of: bytes[...]), bytes: bytes, path: "", offset: 0)
        let found = csv.row(FollowedRecord(region: "eu-west-1", line: line, value: JSONValue(bytes)))
        let row = try #require(found)
        // No cell of these tests has a comma in it.
        return row.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    }

    private func column(_ name: String) throws -> Int {
        try #require(RecordCSV.header.split(separator: ",").firstIndex { $0 == name })
    }

    @Test("F-AUD-12: a cell that a spreadsheet could take for a formula begins with an apostrophe")
    func formulas() throws {
        var csv = RecordCSV()
        for (sql, cell) in [
            ("=1+1", "'=1+1"), ("+A1", "'+A1"), ("-A1", "'-A1"), ("@SUM(A1)", "'@SUM(A1)"), ("＝1", "'＝1"),
            ("select 1", "\"select 1\""), ("a=1", "a=1"), (#"\t=1"#, #"\t=1"#), ("", ""),
        ] {
            let cells = try row(#"{"seq":7,"type":"query","sql":"\#(sql)"}"#, &csv)
            #expect(cells[try column("sql")] == cell)
        }
    }

    @Test("RFC 4180: quotes are doubled, commas quoted, and a record is one line whatever is in it")
    func quoting() throws {
        var csv = RecordCSV()
        let bytes = Array(#"{"seq":7,"type":"query","sql":"a\r\nb, \"c\"\u001b[2J"}"#.utf8)
        let line = RecordLine(expected: 7, seq: 7, bytes: bytes, path: "", offset: 0)
        let found = csv.row(FollowedRecord(region: "eu,west", line: line, value: JSONValue(bytes)))
        let row = try #require(found)
        #expect(row.hasPrefix(#","eu,west",7,query,"#))
        #expect(row.hasSuffix(#","a\r\nb, ""c""\u{1b}[2J""#))
        #expect(!row.utf8.contains { $0 < 0x20 })
    }

    @Test("Records that leave out who and where have it from their session")
    func identity() throws {
        var csv = RecordCSV()
        csv.remember(
            JSONValue(Array(#"{"type":"session.start","session":"s","subject":"alice","task":"t"}"#.utf8)))
        let cells = try row(
            #"{"seq":7,"type":"outcome","session":"s","of":3,"sqlstate":"42501","rows":0}"#, &csv)
        for (name, value) in [
            ("subject", "alice"), ("task", "t"), ("planner", ""), ("sqlstate", "42501"), ("of", "3"),
            ("rows", "0"),
        ] { #expect(cells[try column(name)] == value) }
        #expect(cells.count == RecordCSV.header.split(separator: ",").count)
    }

    @Test("A bar says how far it is, of how much, and how long it still takes")
    func progress() {
        let line = ProgressLine("indexing", total: 3_400_000_000)
        #expect(line.text(done: 0, seconds: 0) == "indexing [........................] 0 % of 3.4 GB")
        #expect(
            line.text(done: 1_700_000_000, seconds: 65)
                == "indexing [############............] 50 % of 3.4 GB, 1:05 left")
        #expect(line.text(done: .max, seconds: 9) == "indexing [########################] 100 % of 3.4 GB")
        #expect(line.text(done: 1, seconds: 100_000_000, width: 20) == "indexing [..........")
        #expect(
            ProgressLine("x", total: 0).text(done: 0, seconds: 5)
                == "x [########################] 100 % of 0 kB")
    }
}
