import AuditIndex
import Testing

@Suite struct RecordScannerTests {
    @Test("A record's members are found where they stand, whatever stands between them")
    func members() {
        var scanner = RecordScanner()
        let line =
            #"{"seq":12,"time":"T","x":{"sql":"no","y":[1,{"session":"}"}]},"session":"a\"b","#
            + #""relations":["a","b\u0022"],"message":18446744073709551615,"verdict":{"allowed":false},"n":null}"#
        let isWhole = scanner.scan(Array(line.utf8))
        #expect(isWhole)
        #expect(scanner.unsigned(.seq) == 12)
        #expect(scanner.text(.time) == "T")
        #expect(scanner.text(.session) == #"a"b"#)
        #expect(scanner.texts(.relations) == ["a", "b\""])
        #expect(scanner.unsigned(.message) == .max)
        #expect(scanner.isRefused)
        #expect(!scanner.has(.sql))
        #expect(scanner.text(.of) == nil && scanner.unsigned(.of) == nil)
    }

    @Test("An empty object is a record without members, and what was read before is forgotten")
    func empty() {
        var scanner = RecordScanner()
        let isWhole = scanner.scan(Array(#"{"seq":1}"#.utf8))
        #expect(isWhole)
        let isEmpty = scanner.scan(Array("{}".utf8))
        #expect(isEmpty)
        #expect(!scanner.has(.seq))
    }

    @Test(
        "What is no object of the form that gateways write is none, and traps nowhere",
        arguments: [
            "", "{", "}", "{}}", "[]", "x", "{\"", "{\"seq", "{\"seq\"", "{\"seq\":", "{\"seq\":1",
            "{\"seq\":1,",
            "{\"seq\":1,}", "{\"seq\":}", "{\"seq\":,\"a\":1}", "{\"seq\":1}x", "{\"seq\":1 }",
            "{ \"seq\":1}",
            "{\"seq\":\"}", "{\"seq\":\"\\", "{\"seq\":\"\\\"}", "{\"seq\":[}", "{\"seq\":[1}", "{\"seq\":]}",
            "{\"seq\":1,\"seq\":2}", "{\"a\":\"\u{1}\"}", "{seq:1}", "{\"seq\":1]", "{\"a\":{\"b\":1}",
        ])
    func malformed(text: String) {
        var scanner = RecordScanner()
        let isWhole = scanner.scan(Array(text.utf8))
        #expect(!isWhole)
        #expect(!scanner.has(.seq))
    }

    @Test("Values of another kind than a key's are no values")
    func kinds() {
        var scanner = RecordScanner()
        let line =
            #"{"seq":-1,"session":5,"subject":"\ud800","message":18446744073709551616,"verdict":"unknown"}"#
        let isWhole = scanner.scan(Array(line.utf8))
        #expect(isWhole)
        #expect(scanner.unsigned(.seq) == nil)
        #expect(scanner.text(.session) == nil && scanner.sessionSum == nil)
        #expect(scanner.text(.subject) == nil)
        #expect(scanner.unsigned(.message) == nil)
        #expect(!scanner.isRefused)
    }
}
