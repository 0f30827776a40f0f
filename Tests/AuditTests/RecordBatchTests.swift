import Audit
import Foundation
import Testing

/// The lines of a batch as they come to stand in a log.
private func lines(_ batch: consuming RecordBatch) throws -> [String] {
    let folder = try TemporaryFolder()
    let log = try AuditLog(
        folder.settings(), clocks: TestClock().clocks, wrapping: { $0 }, startsWriter: false)
    var batch = batch
    _ = try log.append(&batch)
    log.close()
    let text = try String(contentsOfFile: folder.segment(0), encoding: .utf8)
    return text.split(separator: "\n").map(String.init)
}

/// A line without its salt, which is random.
private func unsalted(_ line: String) throws -> String {
    let pattern = #/,"salt":"[0-9a-f]{32}"/#
    try #require(line.contains(pattern))
    return line.replacing(pattern, with: "")
}

@Suite struct RecordBatchTests {
    @Test("A record is one line of JSON with its keys in the order in which they were added")
    func form() throws {
        var batch = RecordBatch(recordLimit: 65536)
        batch.begin(.query)
        batch.add("session", "s1")
        batch.add("rule", nil as String?)
        batch.add("message", 7 as UInt64)
        batch.addSQL(Array("select 'é' from \"T\"".utf8).span, of: 7)
        batch.beginObject("verdict")
        batch.add("allowed", false)
        batch.add("classes", ["ddl", "egress"])
        batch.add("reasons", [])
        batch.endObject()
        batch.add("rows", -3)
        batch.end()
        batch.begin(.functionCall)
        batch.beginArray("list")
        batch.addElement(1)
        batch.beginObjectElement()
        batch.add("a", true)
        batch.endObject()
        batch.addElement("x")
        batch.endArray()
        batch.end()
        let made = batch.recordCount
        #expect(made == 2)
        let found = try lines(batch).map(unsalted)
        #expect(
            found == [
                #"{"seq":0,"time":"2023-11-14T22:13:20.000000Z","type":"query","session":"s1","message":7,"#
                    + #""sql":"select 'é' from \"T\"","verdict":{"allowed":false,"classes":["ddl","egress"],"#
                    + #""reasons":[]},"rows":-3}"#,
                #"{"seq":1,"time":"2023-11-14T22:13:20.000000Z","type":"function_call","#
                    + #""list":[1,{"a":true},"x"]}"#,
            ])
    }

    @Test(
        """
        F-AUD-12: controls, C1, line separators and bidirectional controls are escaped; lone surrogates and \
        other bytes that are no UTF-8 become U+FFFD
        """
    )
    func escapes() throws {
        let hostile: [(String, [UInt8], String)] = [
            ("newline", Array("\n{\"seq\":".utf8), #"\n{\"seq\":"#),
            ("terminal", Array("\u{1b}]0;title\u{07}".utf8), #"\u001b]0;title\u0007"#),
            ("all named", Array("\u{8}\t\u{c}\r\\\"/".utf8), #"\b\t\f\r\\\"/"#),
            ("delete", Array("a\u{7f}b".utf8), #"a\u007fb"#),
            ("c1", Array("\u{80}\u{9b}31m\u{9f}\u{a0}".utf8), "\\u0080\\u009b31m\\u009f\u{a0}"),
            ("separators", Array("\u{2027}\u{2028}\u{2029}".utf8), "\u{2027}\\u2028\\u2029"),
            ("bidi", Array("\u{202a}\u{202e}\u{202f}".utf8), "\\u202a\\u202e\u{202f}"),
            ("isolates", Array("\u{2065}\u{2066}\u{2069}\u{206a}".utf8), "\u{2065}\\u2066\\u2069\u{206a}"),
            ("surrogate", [0x61, 0xed, 0xa0, 0x80, 0x62], "a\u{fffd}\u{fffd}\u{fffd}b"),
            ("overlong", [0xc0, 0xaf], "\u{fffd}\u{fffd}"),
            ("latin", Array("caf".utf8) + [0xe9], "caf\u{fffd}"),
            ("too high", [0xf4, 0x90, 0x80, 0x80], "\u{fffd}\u{fffd}\u{fffd}\u{fffd}"),
            ("whole", Array("aé€😀z".utf8), "aé€😀z"),
        ]
        for (name, bytes, expected) in hostile {
            // Behind and before plain bytes of every length, so that each place in a word of eight is tried.
            for shift in 0...9 {
                let padding = String(repeating: "p", count: shift)
                var batch = RecordBatch(recordLimit: 65536)
                batch.begin(.admin)
                batch.add("v", bytes: Array(padding.utf8) + bytes + Array(padding.utf8))
                batch.end()
                let line = try #require(try lines(batch).first)
                #expect(
                    line.hasSuffix("\"v\":\"\(padding)\(expected)\(padding)\"}"), "\(name) \(shift): \(line)")
                #expect(JSONValue(Array(line.utf8)) != nil, "\(name) \(shift)")
            }
        }
    }

    @Test("A number has all its digits, from the least to the greatest of its type")
    func numbers() throws {
        var powers: [UInt64] = [1]
        for _ in 0..<19 { powers.append(powers[powers.count - 1] * 10) }
        let unsigned = powers.flatMap { [$0 - 1, $0, $0 + 1] } + [.max]
        let signed = [Int64.min, .min + 1, -10, -9, -1, 0, 1, .max]
        var batch = RecordBatch(recordLimit: 65536)
        batch.begin(.query)
        for number in unsigned { batch.add("n", number) }
        for number in signed { batch.add("n", number) }
        batch.beginArray("list")
        for number in signed { batch.addElement(number) }
        batch.endArray()
        batch.end()
        let members = (unsigned.map { "\($0)" } + signed.map { "\($0)" }).map { "\"n\":\($0)" }
        let list = signed.map { "\($0)" }.joined(separator: ",")
        let line = try #require(try lines(batch).first)
        #expect(
            line.hasSuffix(",\"type\":\"query\"," + members.joined(separator: ",") + ",\"list\":[\(list)]}"))
    }

    @Test("F-AUD-12: a NUL and every other byte below U+0020 is escaped, whatever stands around it")
    func everyControl() throws {
        for byte in UInt8(0)..<0x20 {
            var batch = RecordBatch(recordLimit: 65536)
            batch.begin(.admin)
            batch.add("v", bytes: [0x41, byte, 0x42, byte, 0x43, byte, 0x44, byte, byte])
            batch.end()
            let line = try #require(try lines(batch).first)
            #expect(line.utf8.allSatisfy { $0 >= 0x20 })
            let expected = [0x41, byte, 0x42, byte, 0x43, byte, 0x44, byte, byte]
            #expect(JSONValue(Array(line.utf8))?["v"]?.string.map { Array($0.utf8) } == expected)
        }
    }

    @Test(
        """
        F-AUD-13: a statement beyond the record limit continues in text records, none longer than the limit, \
        and is whole again when they are put together
        """
    )
    func continuation() throws {
        for (limit, sql) in [
            (4096, String(repeating: "sélect '😀',\n", count: 5000)),
            (65536, String(repeating: "\u{01}", count: 200_000)),
            (65536, String(repeating: "x", count: 3_000_000)),
        ] {
            var batch = RecordBatch(recordLimit: limit)
            batch.begin(.parse)
            batch.add("session", "s\"1")
            batch.add("message", 5 as UInt64)
            batch.addSQL(Array(sql.utf8).span, of: 5)
            batch.add("statement_name", "after")
            batch.end()
            let found = try lines(batch)
            let values = try found.map { try #require(JSONValue(Array($0.utf8))) }
            #expect(found.allSatisfy { $0.utf8.count <= limit })
            #expect(values[0]["sql_bytes"]?.unsigned == UInt64(sql.utf8.count))
            #expect(values[0]["statement_name"]?.string == "after")
            #expect(values.count > 2)
            for (part, value) in values.enumerated().dropFirst() {
                #expect(value["type"]?.string == "text" && value["of"]?.unsigned == 5)
                #expect(value["session"]?.string == "s\"1" && value["part"]?.unsigned == UInt64(part))
            }
            #expect(values.compactMap { $0["sql"]?.string }.joined() == sql)
        }
    }

    @Test("SQL in another client encoding is kept byte for byte in base64; ASCII stays readable")
    func encodings() throws {
        let latin: [UInt8] = Array("select '".utf8) + [0xe9, 0x27]
        var batch = RecordBatch(recordLimit: 65536)
        for (sql, encoding) in [
            (latin, "LATIN1"), (latin, "UTF8"), (Array("select 1".utf8), "LATIN1"),
            (Array("é".utf8), "WIN1252"),
        ] {
            batch.begin(.query)
            batch.addSQL(sql.span, clientEncoding: encoding, of: 1)
            batch.end()
        }
        let found = try lines(batch).map { try #require(JSONValue(Array($0.utf8))) }
        #expect(found[0]["sql_base64"]?.string == "c2VsZWN0ICfpJw==" && found[0]["sql"] == nil)
        #expect(found[0]["client_encoding"]?.string == "LATIN1")
        #expect(found[1]["sql_base64"]?.string == "c2VsZWN0ICfpJw==")
        #expect(found[2]["sql"]?.string == "select 1" && found[2]["client_encoding"] == nil)
        #expect(found[3]["sql_base64"]?.string == "w6k=")
    }

    @Test(
        """
        A long statement in another encoding is whole again when its base64 parts are decoded and put \
        together
        """
    )
    func longBase64() throws {
        let sql = (0..<50_001).map { UInt8(truncatingIfNeeded: $0 % 251 + 1) }
        var batch = RecordBatch(recordLimit: 4096)
        batch.begin(.query)
        batch.addSQL(sql.span, clientEncoding: "LATIN1", of: 1)
        batch.end()
        let parts = try lines(batch).compactMap { JSONValue(Array($0.utf8))?["sql_base64"]?.string }
        #expect(try Data(parts.map { try #require(Data(base64Encoded: $0)) }.joined()) == Data(sql))
    }

    @Test(
        """
        Strings beyond their limit are cut between characters and say how long they were; lists say how many \
        more there were; nothing makes a record longer than its limit
        """
    )
    func bounds() throws {
        var batch = RecordBatch(recordLimit: 4096)
        batch.begin(.sessionStart)
        batch.add("subject", String(repeating: "é", count: 1000))
        for _ in 0..<3 { batch.add("planner", String(repeating: "\u{01}", count: 5000)) }
        batch.add("relations", (0..<5000).map { "t\($0)" })
        batch.beginObject("verdict")
        batch.add("allowed", true)
        batch.endObject()
        batch.end()
        let line = try #require(try lines(batch).first)
        #expect(line.utf8.count <= 4096)
        let value = try #require(JSONValue(Array(unique(line).utf8)))
        let subject = try #require(value["subject"]?.string)
        #expect(subject.hasPrefix(String(repeating: "é", count: 500)))
        #expect(subject.hasSuffix("[2000 bytes, sha256 \(sha256(String(repeating: "é", count: 1000)))]"))
        #expect(value["left_out"]?.list?.isEmpty == false)
    }

    @Test("A list that is too long ends in the number of elements that are not in it")
    func longList() throws {
        var batch = RecordBatch(recordLimit: 65536)
        batch.begin(.parse)
        batch.beginArray("parameter_types")
        for type in 0..<65535 { batch.addElement(UInt32(100_000 + type)) }
        batch.endArray()
        batch.add("after", 1)
        batch.end()
        let value = try #require(JSONValue(Array(try lines(batch)[0].utf8)))
        let list = try #require(value["parameter_types"]?.list)
        #expect(list.count > 100 && value["after"]?.unsigned == 1)
        #expect(list.last == .string("+\(65535 - (list.count - 1)) more"))
    }

    @Test("Salts are 128 bits and never the same")
    func salts() throws {
        var batch = RecordBatch(recordLimit: 65536)
        for _ in 0..<2000 {
            batch.begin(.outcome)
            batch.end()
        }
        let salts = try lines(batch).compactMap { JSONValue(Array($0.utf8))?["salt"]?.string }
        #expect(salts.count == 2000 && Set(salts).count == 2000 && salts.allSatisfy { $0.utf8.count == 32 })
    }

    private func unique(_ line: String) -> String {
        // The test adds `planner` three times to fill the record; the strict reader wants each name once.
        var count = 0
        return line.replacing(#/"planner":/#) { _ in
            count += 1
            return "\"planner\(count)\":"
        }
    }
}
