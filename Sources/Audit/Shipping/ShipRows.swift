import Audit
import AuditTree

/// A batch of records as rows in the text format of COPY (PostgreSQL, "COPY", "Text Format").
package struct ShipRows: Sendable {
    private let content: ShipTarget.Content
    /// The origin and the tab behind it, escaped.
    private let origin: [UInt8]
    package private(set) var bytes: [UInt8] = []
    package private(set) var count: UInt64 = 0

    package init(_ content: ShipTarget.Content, origin: String) {
        self.content = content
        var escaped: [UInt8] = []
        ShipRows.append(origin.utf8, to: &escaped)
        escaped.append(ShipRows.tab)
        self.origin = escaped
    }

    package static func columns(of content: ShipTarget.Content) -> [String] {
        switch content {
        case .records: ["origin", "seq", "time", "type", "session", "leaf", "record"]
        case .hashes: ["origin", "seq", "time", "leaf"]
        }
    }

    /// Adds a record's row. Nothing but number, time and hash of a record gets into a row of hashes.
    ///
    /// - Throws: `AuditError.damaged` where the line is no record, or no text that a server would take.
    package mutating func append(_ line: RecordLine) throws(AuditError) {
        let record = line.bytes
        guard let seq = line.seq, line.isInSequence, let head = RecordHead(record) else {
            throw .damaged(path: line.path, seq: line.expected, reason: "it is missing, or no record")
        }
        bytes += origin
        bytes += Array(String(seq).utf8)
        bytes.append(ShipRows.tab)
        ShipRows.append(record[head.time], to: &bytes)
        bytes.append(ShipRows.tab)
        let leaf = TreeHash.leaf(record.span)
        switch content {
        case .records:
            guard String(validating: record, as: UTF8.self) != nil, !record.contains(0) else {
                throw .damaged(path: line.path, seq: seq, reason: "it is no text in UTF-8")
            }
            ShipRows.append(head.type(in: record).utf8, to: &bytes)
            bytes.append(ShipRows.tab)
            if let session = head.session(in: record) {
                ShipRows.append(session, to: &bytes)
            } else {
                bytes += ShipRows.null
            }
            bytes.append(ShipRows.tab)
            ShipRows.append(hexadecimal: leaf.bytes, to: &bytes)
            bytes.append(ShipRows.tab)
            ShipRows.append(record, to: &bytes)
        case .hashes:
            ShipRows.append(hexadecimal: leaf.bytes, to: &bytes)
        }
        bytes.append(ShipRows.newline)
        count += 1
    }

    private static let tab = UInt8(ascii: "\t")
    private static let newline = UInt8(ascii: "\n")
    private static let backslash = UInt8(ascii: "\\")
    private static let null = Array(#"\N"#.utf8)

    private static func append(_ text: some Sequence<UInt8>, to out: inout [UInt8]) {
        for byte in text {
            switch byte {
            case backslash: escape(backslash, to: &out)
            case tab: escape(UInt8(ascii: "t"), to: &out)
            case newline: escape(UInt8(ascii: "n"), to: &out)
            case UInt8(ascii: "\r"): escape(UInt8(ascii: "r"), to: &out)
            default: out.append(byte)
            }
        }
    }

    private static func escape(_ letter: UInt8, to out: inout [UInt8]) {
        out.append(backslash)
        out.append(letter)
    }

    /// A bytea in its hexadecimal form.
    private static func append(hexadecimal value: [UInt8], to out: inout [UInt8]) {
        let digits = Array("0123456789abcdef".utf8)
        out += Array(#"\\x"#.utf8)
        for byte in value {
            out.append(digits[Int(byte >> 4)])
            out.append(digits[Int(byte & 15)])
        }
    }
}
