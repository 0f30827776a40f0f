import Audit
import AuditShipping
import GatewayConfiguration
import Testing

@Suite struct ShipRowsTests {
    private static let head =
        #"{"seq":41,"salt":"3fa4063758d6cd7c69a65942c5cdaae8","time":"2026-03-01T09:14:22.849545Z","#

    private static func line(_ text: String, expected: UInt64 = 41, seq: UInt64? = 41) -> RecordLine {
        RecordLine(expected: expected, seq: seq, bytes: Array(text.utf8), path: "a", offset: 0)
    }

    private static func text(_ rows: ShipRows) -> String { String(decoding: rows.bytes, as: UTF8.self) }

    @Test("A whole record's row has its own line, byte for byte, as COPY escapes it")
    func records() throws {
        var rows = ShipRows(.records, origin: "example.com/audit/eu-west-1")
        let record = Self.head + #""type":"query","session":"ab12","sql":"select 'a\\b\n\"'"}"#
        try rows.append(Self.line(record))
        // sha256 of a zero byte and the line, by sha256sum.
        let leaf = "9e5d48a55c3d314ce7fa7f6c5ab50fb2ee0ce7762a6654d01ac5d6ef3e5e43e2"
        let expected =
            "example.com/audit/eu-west-1\t41\t2026-03-01T09:14:22.849545Z\tquery\tab12\t\\\\x\(leaf)\t"
            + Self.head
            + #""type":"query","session":"ab12","sql":"select 'a\\\\b\\n\\"'"}"# + "\n"
        #expect(Self.text(rows) == expected)
        #expect(rows.count == 1)
        try rows.append(Self.line(Self.head + #""type":"log.recovered","bytes":7}"#))
        #expect(rows.count == 2)
        #expect(Self.text(rows).contains("\tlog.recovered\t\\N\t\\\\x"))
    }

    @Test("F-AUD-22: a row of hashes has number, time and hash of a record, and nothing that it says")
    func hashes() throws {
        var rows = ShipRows(.hashes, origin: "example.com/audit/us-east-1")
        try rows.append(Self.line(Self.head + #""type":"query","session":"ab12","sql":"select 'a\\b\n\"'"}"#))
        #expect(
            Self.text(rows)
                == "example.com/audit/us-east-1\t41\t2026-03-01T09:14:22.849545Z\t\\\\x9e5d48a55c3d314ce7fa7f6c5ab50fb2ee0ce7762a6654d01ac5d6ef3e5e43e2\n"
        )
        #expect(ShipRows.columns(of: .hashes) == ["origin", "seq", "time", "leaf"])
    }

    @Test("A line that is no record, not the one that must stand there, or no text, is not sent")
    func damaged() throws {
        for content in [ShipTarget.Content.records, .hashes] {
            var rows = ShipRows(content, origin: "o")
            #expect(throws: AuditError.self) { try rows.append(Self.line("{}", seq: nil)) }
            #expect(throws: AuditError.self) {
                try rows.append(Self.line(Self.head + #""type":"query"}"#, expected: 40))
            }
            #expect(throws: AuditError.self) { try rows.append(Self.line(#"{"seq":41,"type":"query"}"#)) }
            #expect(rows.count == 0)
        }
        var rows = ShipRows(.records, origin: "o")
        for bytes: [UInt8] in [[0xc3], [0x00]] {
            let record = Array((Self.head + #""type":"query","sql":""#).utf8) + bytes + Array(#""}"#.utf8)
            let line = RecordLine(expected: 41, seq: 41, bytes: record, path: "a", offset: 0)
            #expect(throws: AuditError.damaged(path: "a", seq: 41, reason: "it is no text in UTF-8")) {
                try rows.append(line)
            }
        }
        #expect(rows.count == 0)
    }

    @Test("F-AUD-22: only a destination in the log's own region gets records; all others get hashes")
    func contents() {
        func content(log: String, destination: String) -> ShipTarget.Content {
            ShipTarget(
                log: log, folder: "/audit", origin: "o",
                destination: ShippingDestination(
                    name: "d", region: destination, host: "127.0.0.1", port: 5432, dbname: "d", user: "u",
                    sslmode: .verifyFull), networks: []
            ).content
        }
        #expect(content(log: "eu-west-1", destination: "eu-west-1") == .records)
        #expect(content(log: "eu-west-1", destination: "eu-west-2") == .hashes)
        #expect(content(log: "eu-west-1", destination: "EU-WEST-1") == .hashes)
        // One is the other as Unicode compares, and is another name.
        #expect(content(log: "caf\u{e9}", destination: "cafe\u{301}") == .hashes)
    }
}
