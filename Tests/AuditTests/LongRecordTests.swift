import Audit
import Foundation
import Testing

/// Records with long texts, encoded away from their batch and written piece by piece.
struct LongRecordTests {
    private static let recordLimit = 64 << 10

    private static func whole(_ sql: [UInt8], _ encoding: String) -> [String] {
        var batch = RecordBatch(recordLimit: recordLimit)
        batch.begin(.query)
        batch.add("session", "s-1")
        batch.add("message", 7)
        batch.addSQL(sql.span, clientEncoding: encoding, of: 7)
        batch.add("statement_name", "behind it")
        batch.end()
        return batch.unstamped()
    }

    private static func long(_ sql: [UInt8], _ encoding: String) -> LongRecord {
        RecordBatch.long(recordLimit: recordLimit, head: 256, session: "s-1") {
            $0.addSQL(sql.span, clientEncoding: encoding, of: 7)
        }
    }

    /// The text of a record's `sql`, or what `sql_base64` holds, still encoded.
    private static func text(_ line: String) -> String {
        for key in ["\"sql\":\"", "\"sql_base64\":\""] {
            guard let begun = line.range(of: key), let end = line[begun.upperBound...].firstIndex(of: "\"")
            else {
                continue
            }
            return String(line[begun.upperBound..<end])
        }
        return ""
    }

    @Test(
        "F-GRD-13: the pieces hold what the record would have held whole",
        arguments: [
            ("UTF8", Array(String(repeating: "SELECT 'é'; ", count: 200_000).utf8)),
            ("UTF8", [UInt8](repeating: 0xff, count: 1_000_000)),
            ("LATIN1", [UInt8](repeating: 0xe9, count: 300_001)), ("UTF8", Array("SELECT 1".utf8)),
        ])
    func pieces(_ encoding: String, sql: [UInt8]) {
        let record = Self.long(sql, encoding)
        var batch = RecordBatch(recordLimit: Self.recordLimit)
        batch.begin(.query)
        batch.add("session", "s-1")
        batch.add("message", 7)
        batch.add(record)
        batch.add("statement_name", "behind it")
        batch.end()
        var lines = batch.unstamped()
        for piece in record.pieces {
            var next = RecordBatch(recordLimit: Self.recordLimit)
            next.append(piece)
            #expect(next.byteCount < LongRecord.pieceBytes + Self.recordLimit)
            let parts = next.unstamped()
            #expect(parts.allSatisfy { $0.utf8.count < Self.recordLimit })
            lines += parts
        }
        let whole = Self.whole(sql, encoding)
        #expect(lines.map(Self.text).joined() == whole.map(Self.text).joined())
        #expect(lines[0].contains("\"statement_name\":\"behind it\""))
        #expect(lines[0].contains("\"sql_bytes\":\(sql.count)") == (whole.count > 1))
        for (number, line) in lines.enumerated().dropFirst() {
            #expect(line.hasPrefix("{\"type\":\"text\",\"session\":\"s-1\",\"of\":7,\"part\":\(number),"))
        }
        // The head is reckoned with at its most: the first part may be shorter, and one more follow.
        #expect((0...1).contains(lines.count - whole.count))
    }

    @Test("A piece is half a MiB and what its last record takes")
    func sizes() {
        let record = Self.long([UInt8](repeating: 0x78, count: 5_000_000), "UTF8")
        #expect((8...10).contains(record.pieces.count))
        #expect(record.byteCount > 5_000_000)
    }
}
