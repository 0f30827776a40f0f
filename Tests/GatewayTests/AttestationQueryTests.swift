import Gateway
import GatewayConfiguration
import PGWire
import Testing

@Suite struct AttestationQueryTests {
    private static let system = "7123456789012345678"
    private static let primary: [String?] = ["f", system, "orders-eu-a", "4711", "1763957139.123456"]

    private func row(_ values: [String?]) throws -> [UInt8] {
        var frame: [UInt8] = []
        try DataRow.encode(values: values.map { $0.map { Array($0.utf8) } }, into: &frame)
        return Array(frame.dropFirst(5))
    }

    private func receive(
        _ query: inout AttestationQuery, _ tag: BackendTag, _ body: [UInt8]
    ) throws(UpstreamFailure) -> Bool {
        try query.receive(tag, body.span)
    }

    /// Gives the query one answer: RowDescription, the rows, CommandComplete, ReadyForQuery; true where that
    /// ended it.
    private func answer(_ query: inout AttestationQuery, _ rows: [[String?]]) throws -> Bool {
        var ended = try receive(&query, .rowDescription, [])
        for values in rows { ended = try receive(&query, .dataRow, try row(values)) || ended }
        ended = try receive(&query, .commandComplete, Array("SELECT 1\0".utf8)) || ended
        #expect(!ended)
        return try receive(&query, .readyForQuery, [0x49])
    }

    private func facts(_ rows: [[String?]]) throws -> AttestationQuery.Answer {
        var query = AttestationQuery(isWalsender: false)
        _ = try answer(&query, rows)
        return try query.answer(backendPID: 4711, inHotStandby: nil, spki: "sha256/x")
    }

    @Test("F-WIRE-09: the query names every function with its schema and uses no operator")
    func text() throws {
        let sql = try #require(AttestationQuery(isWalsender: false).next)
        for name in [
            "pg_is_in_recovery", "pg_control_system", "current_setting", "pg_backend_pid",
            "pg_stat_get_activity",
        ] {
            #expect(sql.contains("pg_catalog.\(name)("))
        }
        #expect(!sql.contains { "=<>+*/%^|&~!@#?".contains($0) })
        #expect(!sql.contains(";"))
        for word in ["||", " - ", "::"] { #expect(!sql.contains(word)) }
    }

    @Test("A primary's and a standby's answer become what they say of themselves")
    func answers() throws {
        let primary = try facts([AttestationQueryTests.primary])
        #expect(primary.facts.recovery == .primary)
        #expect(primary.facts.systemIdentifier == AttestationQueryTests.system)
        #expect(primary.facts.clusterName == "orders-eu-a")
        #expect(primary.facts.spki == "sha256/x")
        #expect(primary.facts.backendMatches)
        #expect(primary.backendStart == "1763957139.123456")
        let standby = try facts([["t", AttestationQueryTests.system, "", "4712", nil]])
        #expect(standby.facts.recovery == .standby)
        #expect(standby.facts.clusterName == "")
        #expect(!standby.facts.backendMatches)
        #expect(standby.backendStart == nil)
    }

    @Test("One query is asked, and after its answer none")
    func asksOnce() throws {
        var query = AttestationQuery(isWalsender: false)
        #expect(query.next != nil)
        let ended = try answer(&query, [AttestationQueryTests.primary])
        #expect(ended)
        #expect(query.next == nil)
    }

    @Test("Notices and reported settings in between answer nothing")
    func between() throws {
        var query = AttestationQuery(isWalsender: false)
        let notice = try receive(&query, .noticeResponse, [])
        let setting = try receive(&query, .parameterStatus, [])
        let ended = try answer(&query, [AttestationQueryTests.primary])
        #expect([notice, setting, ended] == [false, false, true])
    }

    @Test(
        "An answer of other rows or columns, or with NULL for what must be known, is none",
        arguments: [
            [], [["f"]], [["f", "7", "c", "1", "2", "3"]], [[nil, "7", "c", "4711", nil]],
            [["f", nil, "c", "4711", nil]],
            [["f", "7", nil, "4711", nil]], [["f", "7", "c", nil, nil]],
            [["f", "7", "c", "4711", nil], ["f", "7", "c", "4711", nil]],
        ] as [[[String?]]])
    func unreadable(rows: [[String?]]) {
        #expect(throws: UpstreamFailure.self) { try facts(rows) }
    }

    @Test(
        "A recovery state that is neither true nor false is no answer: never a primary by default",
        arguments: [
            "", "true", "x", "T", "f ", "0",
        ])
    func recoveryUnreadable(text: String) {
        #expect(throws: UpstreamFailure.self) { try facts([[text, "7", "c", "4711", nil]]) }
    }

    @Test("An answer without a row is not asked for again: a hostile replica could keep that up")
    func noRow() throws {
        var query = AttestationQuery(isWalsender: false)
        #expect(throws: UpstreamFailure.self) { _ = try answer(&query, []) }
    }

    @Test("A row that cannot be decoded ends it, and so does an error, with the ReadyForQuery behind it")
    func garbage() throws {
        var query = AttestationQuery(isWalsender: false)
        for body in [[], [0], [0, 1], [0, 1, 0, 0, 0, 9, 1], [0, 1, 0xff, 0xff, 0xff, 0xfe]] as [[UInt8]] {
            #expect(throws: UpstreamFailure.self) { try receive(&query, .dataRow, body) }
        }
        let ended = try receive(&query, .errorResponse, [])
        #expect(!ended)
        #expect(throws: UpstreamFailure.self) { try receive(&query, .readyForQuery, [0x49]) }
    }

    @Test(
        "Rule 7: a message that belongs to no answer ends it",
        arguments: [
            BackendTag.authentication, .backendKeyData, .negotiateProtocolVersion, .notificationResponse,
            .copyInResponse,
            .copyOutResponse, .copyBothResponse, .copyData, .copyDone, .noData, .parameterDescription,
            .parseComplete,
            .bindComplete, .closeComplete, .portalSuspended, .emptyQueryResponse, .functionCallResponse,
        ])
    func unexpected(tag: BackendTag) {
        var query = AttestationQuery(isWalsender: false)
        #expect(throws: UpstreamFailure.self) { try receive(&query, tag, []) }
    }

    @Test("A walsender is asked in its own language, in two steps")
    func walsender() throws {
        var query = AttestationQuery(isWalsender: true)
        #expect(query.next == "IDENTIFY_SYSTEM")
        let first = try answer(&query, [[AttestationQueryTests.system, "1", "0/3000148", nil]])
        #expect(first)
        #expect(query.next == "SHOW cluster_name")
        let second = try answer(&query, [["orders-eu-b"]])
        #expect(second)
        #expect(query.next == nil)
        let standby = try query.answer(backendPID: 1, inHotStandby: "on", spki: nil).facts
        #expect(standby.recovery == .standby)
        #expect(standby.systemIdentifier == AttestationQueryTests.system)
        #expect(standby.clusterName == "orders-eu-b")
        #expect(try query.answer(backendPID: 1, inHotStandby: "off", spki: nil).facts.recovery == .primary)
    }
}
