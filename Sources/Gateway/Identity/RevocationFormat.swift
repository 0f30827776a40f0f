import Crypto
import Foundation
import GatewayPolicy

/// The file of revocations as text: a first line that names the format, then a line for each revocation,
/// `CHECKSUM JSON`. A checksum covers the line's JSON and the checksum before it, so that a line that was changed,
/// removed or put elsewhere is noticed. Pure.
struct RevocationFormat {
    static let firstLine = "domicile-revocations 1"
    /// Bytes that a file may have. A list that is full is far below; lines of before the last compaction come on top.
    static let fileLimit = 256 << 20
    static let lineLimit = 16 << 10
    private static let checksumBytes = 16

    /// What the next line's checksum covers beside the line.
    private var last = firstLine

    /// A line's JSON. Written and read here alone.
    private struct Entry: Encodable {
        var issuer: String
        var subject: String?
        var tokenID: String?
        var time: Int64
        var expires: Int64?

        enum CodingKeys: String, CodingKey {
            case issuer, subject, time, expires
            case tokenID = "token_id"
        }
    }

    /// The next line of the file, with its end.
    mutating func line(_ revocation: Revocation) throws(RevocationStoreError) -> [UInt8] {
        var entry = Entry(
            issuer: revocation.issuer, subject: nil, tokenID: nil, time: revocation.time,
            expires: revocation.expires)
        switch revocation.scope {
        case .issuer: break
        case .subject(let name): entry.subject = name
        case .tokenID(let name): entry.tokenID = name
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let json = try? encoder.encode(entry), json.count < Self.lineLimit - 64 else {
            throw .unwritable(reason: "the revocation cannot be written as a line")
        }
        let checksum = Self.checksum([UInt8](json), after: last)
        last = checksum
        return Array("\(checksum) ".utf8) + [UInt8](json) + [0x0a]
    }

    /// A file's revocations, and how many of its bytes are whole. What stands behind them was being written when the
    /// machine or the process ended, and was confirmed to nobody.
    ///
    /// - Throws: `damaged` for anything that an interrupted append cannot leave.
    static func read(
        _ bytes: [UInt8], path: String
    ) throws(RevocationStoreError) -> (list: [Revocation], whole: Int, format: RevocationFormat) {
        let head = Array((firstLine + "\n").utf8)
        guard bytes.starts(with: head) else {
            throw .damaged(path: path, line: 1, reason: "expected \"\(firstLine)\"")
        }
        var format = RevocationFormat()
        var list: [Revocation] = []
        var start = head.count
        var number = 1
        while start < bytes.count, let end = bytes[start...].firstIndex(of: 0x0a) {
            number += 1
            let line = bytes[start..<end]
            // Blocks that never reached the disk read as zeros; no line holds one.
            if line.contains(0) { break }
            list.append(try format.revocation(line, path: path, number: number))
            start = end + 1
        }
        return (list, start, format)
    }

    private mutating func revocation(
        _ line: ArraySlice<UInt8>, path: String, number: Int
    ) throws(RevocationStoreError) -> Revocation {
        let digits = Self.checksumBytes * 2
        guard line.count > digits + 1, line.count <= Self.lineLimit,
            line[line.startIndex + digits] == UInt8(ascii: " ")
        else { throw .damaged(path: path, line: number, reason: "expected a checksum and an object") }
        let json = Array(line.dropFirst(digits + 1))
        let checksum = Self.checksum(json, after: last)
        guard checksum.utf8.elementsEqual(line.prefix(digits)) else {
            throw .damaged(
                path: path, line: number, reason: "its checksum does not fit it and the line before")
        }
        last = checksum
        guard let revocation = Self.revocation(json) else {
            throw .damaged(path: path, line: number, reason: "is no revocation")
        }
        return revocation
    }

    private static func revocation(_ json: [UInt8]) -> Revocation? {
        guard case .object(let members)? = try? StrictJSON.parse(json),
            case .string(let issuer)? = members["issuer"], case .integer(let time)? = members["time"]
        else { return nil }
        let scope: Revocation.Scope
        switch (members["subject"], members["token_id"]) {
        case (nil, nil): scope = .issuer
        case (.string(let name)?, nil): scope = .subject(name)
        case (nil, .string(let name)?): scope = .tokenID(name)
        default: return nil
        }
        var expires: Int64?
        if let member = members["expires"] {
            guard case .integer(let seconds) = member else { return nil }
            expires = seconds
        }
        return try? Revocation(issuer: issuer, scope: scope, time: time, expires: expires)
    }

    private static func checksum(_ json: [UInt8], after last: String) -> String {
        var hash = SHA256()
        hash.update(data: Array(last.utf8))
        hash.update(data: json)
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        for byte in hash.finalize().prefix(checksumBytes) {
            text += [digits[Int(byte >> 4)], digits[Int(byte & 15)]]
        }
        return String(decoding: text, as: UTF8.self)
    }
}
