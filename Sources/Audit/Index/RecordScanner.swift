import Audit

/// A key of a record that searching looks at.
package enum RecordField: Int, Sendable, CaseIterable {
    case seq, salt, time, type, session, gateway, region, replica, database, role, issuer, subject, planner,
        task
    case tokenID, client, application, rule
    case message, of, statement, sql, sqlBytes, fingerprint, classes, relations, sqlstate, verdict, target,
        tag
    case reason

    var name: String {
        switch self {
        case .tokenID: "token_id"
        case .sqlBytes: "sql_bytes"
        case .classes: "class"
        case .seq, .salt, .time, .type, .session, .gateway, .region, .replica, .database, .role, .issuer,
            .subject,
            .planner, .task, .client, .application, .rule, .message, .of, .statement, .sql, .fingerprint,
            .relations,
            .sqlstate, .verdict, .target, .tag, .reason:
            "\(self)"
        }
    }

    /// Who and where: the same in all records of a session.
    var isIdentity: Bool {
        switch self {
        case .gateway, .region, .replica, .database, .role, .issuer, .subject, .planner, .task, .tokenID,
            .client,
            .application, .rule:
            true
        case .seq, .salt, .time, .type, .session, .message, .of, .statement, .sql, .sqlBytes, .fingerprint,
            .classes,
            .relations, .sqlstate, .verdict, .target, .tag, .reason:
            false
        }
    }
}

/// Finds where the members of a record stand, without reading their values: lines as the gateway writes them, one
/// object without spaces between its tokens. What it finds is read where it is needed.
///
/// It tells no valid value from an invalid one: a line that it takes may still be no JSON.
package struct RecordScanner: Sendable {
    private var starts = [Int](repeating: 0, count: RecordField.allCases.count)
    private var ends = [Int](repeating: 0, count: RecordField.allCases.count)
    private var found: UInt64 = 0
    /// The line that was scanned last.
    package private(set) var line: [UInt8] = []
    /// From the first key of who and where to the end of the last one's value.
    private var identityRange = 0..<0

    package init() {}

    /// - Returns: whether the line is one object with each of its members once, as far as they are looked at.
    package mutating func scan(_ line: [UInt8]) -> Bool {
        self.line = line
        found = 0
        identityRange = 0..<0
        // SAFETY: the pointer is used only inside the closure; each index is compared with the count first.
        let isWhole = line.withUnsafeBufferPointer { scan($0) }
        if !isWhole { found = 0 }
        return isWhole
    }

    private mutating func scan(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        RecordScanner.members(of: bytes) { name, value in
            guard let field = RecordNames.field(bytes, name) else { return true }
            return note(field, key: name.lowerBound - 1, value: value)
        }
    }

    /// Gives each member's name, without quotes, and its value, in their order.
    ///
    /// - Parameter body: says whether to go on.
    /// - Returns: whether the line is one object, as far as that shows without reading its values, and none was told to be
    ///   the last.
    @inline(__always)
    static func members(
        of bytes: UnsafeBufferPointer<UInt8>, _ body: (_ name: Range<Int>, _ value: Range<Int>) -> Bool
    ) -> Bool {
        guard bytes.count >= 2, bytes[0] == 0x7b else { return false }
        if bytes[1] == 0x7d { return bytes.count == 2 }
        var at = 1
        while true {
            guard at < bytes.count, bytes[at] == 0x22, let close = stringEnd(bytes, at),
                close + 1 < bytes.count, bytes[close + 1] == 0x3a,
                let end = valueEnd(bytes, close + 2), end < bytes.count,
                body(at + 1..<close, close + 2..<end)
            else { return false }
            if bytes[end] == 0x7d { return end + 1 == bytes.count }
            guard bytes[end] == 0x2c else { return false }
            at = end + 1
        }
    }

    private mutating func note(_ field: RecordField, key: Int, value: Range<Int>) -> Bool {
        let bit = UInt64(1) << UInt64(field.rawValue)
        guard found & bit == 0 else { return false }
        found |= bit
        starts[field.rawValue] = value.lowerBound
        ends[field.rawValue] = value.upperBound
        if field.isIdentity {
            identityRange = (identityRange.isEmpty ? key : identityRange.lowerBound)..<value.upperBound
        }
        return true
    }

    /// The index of a string's closing quote.
    static func stringEnd(_ bytes: UnsafeBufferPointer<UInt8>, _ open: Int) -> Int? {
        var at = open + 1
        while at < bytes.count {
            if bytes.count - at >= 8 {
                let raw = UnsafeRawPointer(bytes.baseAddress.map { $0 + at })
                let word = raw?.loadUnaligned(as: UInt64.self) ?? 0
                if isPlain(word) {
                    at += 8
                    continue
                }
            }
            let byte = bytes[at]
            if byte == 0x22 { return at }
            guard byte >= 0x20 else { return nil }
            at += byte == 0x5c ? 2 : 1
        }
        return nil
    }

    /// One past a value's end.
    static func valueEnd(_ bytes: UnsafeBufferPointer<UInt8>, _ start: Int) -> Int? {
        guard start < bytes.count else { return nil }
        var at = start
        var depth = 0
        repeat {
            guard at < bytes.count else { return nil }
            switch bytes[at] {
            case 0x22:
                guard let close = stringEnd(bytes, at) else { return nil }
                at = close + 1
            case 0x7b, 0x5b:
                depth += 1
                at += 1
            case 0x7d, 0x5d:
                depth -= 1
                guard depth >= 0 else { return nil }
                at += 1
            case 0x2c, 0x3a:
                guard depth > 0 else { return nil }
                at += 1
            default:
                let from = at
                while at < bytes.count, isPlain(bytes[at]) { at += 1 }
                guard at > from else { return nil }
            }
        } while depth > 0
        return at
    }

    /// Of eight bytes none is a quote, a backslash or below U+0020.
    private static func isPlain(_ word: UInt64) -> Bool {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let quotes = word ^ (ones &* 0x22)
        let backslashes = word ^ (ones &* 0x5c)
        // The high bit of each byte that is zero, or that is below U+0020 (and of some above such a byte).
        let found =
            ((quotes &- ones) & ~quotes) | ((backslashes &- ones) & ~backslashes)
            | ((word &- ones &* 0x20) & ~word)
        return found & (ones &* 0x80) == 0
    }

    /// A character of a number, or of `true`, `false` and `null`.
    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x61...0x7a, 0x2b, 0x2d, 0x2e, 0x45: true
        default: false
        }
    }
}

// MARK: - Values

extension RecordScanner {
    package func has(_ field: RecordField) -> Bool { found >> UInt64(field.rawValue) & 1 == 1 }

    /// The value's own bytes; nil where there is none.
    package func bytes(_ field: RecordField) -> ArraySlice<UInt8>? {
        guard has(field) else { return nil }
        return line[starts[field.rawValue]..<ends[field.rawValue]]
    }

    /// A string's bytes between its quotes, as they stand, with their escapes; nil where it is none.
    package func rawText(_ field: RecordField) -> ArraySlice<UInt8>? {
        guard let value = bytes(field), value.count >= 2, value.first == 0x22 else { return nil }
        return value.dropFirst().dropLast()
    }

    /// A string; nil where there is none, or it is no string.
    package func text(_ field: RecordField) -> String? {
        guard let raw = rawText(field) else { return nil }
        if !raw.contains(0x5c) { return String(validating: raw, as: UTF8.self) }
        return bytes(field).flatMap { JSONValue($0)?.string }
    }

    /// A whole number; nil where there is none, or it is no such number.
    package func unsigned(_ field: RecordField) -> UInt64? {
        guard let value = bytes(field), !value.isEmpty, value.count <= 20 else { return nil }
        var sum: UInt64 = 0
        for byte in value {
            guard byte >= 0x30, byte <= 0x39 else { return nil }
            let (tens, overflow) = sum.multipliedReportingOverflow(by: 10)
            let (next, carry) = tens.addingReportingOverflow(UInt64(byte - 0x30))
            guard !overflow, !carry else { return nil }
            sum = next
        }
        return sum
    }

    /// A list's strings, or one string.
    package func texts(_ field: RecordField) -> [String] {
        guard let value = bytes(field) else { return [] }
        if value.first == 0x22 { return text(field).map { [$0] } ?? [] }
        return JSONValue(value)?.list?.compactMap(\.string) ?? []
    }

    /// Of all that says who and where; nil where nothing does. Equal bytes have equal sums.
    var identitySum: UInt64? {
        identityRange.isEmpty ? nil : ByteSum.of(line[identityRange])
    }

    /// A verdict that says no.
    package var isRefused: Bool {
        if rawText(.type).map({ $0.elementsEqual(RecordScanner.refusedType) }) == true { return true }
        guard let verdict = bytes(.verdict), verdict.first == 0x7b else { return false }
        return JSONValue(verdict)?["allowed"]?.bool == false
    }

    private static let refusedType = Array("session.refused".utf8)

    /// The session, as a number.
    package var sessionSum: UInt64? { rawText(.session).map { ByteSum.of($0) } }
}

// MARK: The beginning of a line

extension RecordScanner {
    /// The session of a line that begins as gateways write it, without looking at the rest: `seq`, `salt`, `time`,
    /// `type`, `session`. Nil where it begins otherwise, or has no session.
    static func sessionSum(ofHead line: ArraySlice<UInt8>) -> UInt64? {
        // SAFETY: the pointer is used only inside the closure; each index is compared with the count first.
        line.withUnsafeBufferPointer { bytes in
            var at = 7
            while at < bytes.count, bytes[at] >= 0x30, bytes[at] <= 0x39 { at += 1 }
            // Salt and time have a length of their own; their keys are compared with what must stand there.
            let time = at + 9 + 32 + 10
            let type = time + RecordClock.width + 10
            guard holds(bytes, at, saltKey), holds(bytes, time - 10, timeKey),
                holds(bytes, type - 10, typeKey),
                let close = stringEnd(bytes, type - 1), holds(bytes, close, sessionKey)
            else { return nil }
            let session = close + sessionKey.count
            guard let end = stringEnd(bytes, session - 1) else { return nil }
            return ByteSum.of(line[(line.startIndex + session)..<(line.startIndex + end)])
        }
    }

    private static let saltKey = Array(#","salt":""#.utf8)
    private static let timeKey = Array(#"","time":""#.utf8)
    private static let typeKey = Array(#"","type":""#.utf8)
    private static let sessionKey = Array(#"","session":""#.utf8)

    private static func holds(_ bytes: UnsafeBufferPointer<UInt8>, _ at: Int, _ wanted: [UInt8]) -> Bool {
        guard at >= 0, bytes.count - at >= wanted.count else { return false }
        for offset in 0..<wanted.count where bytes[at + offset] != wanted[offset] { return false }
        return true
    }
}

/// The keys of `RecordField`, found by their bytes.
private enum RecordNames {
    private static let names: [[UInt8]] = RecordField.allCases.map { Array($0.name.utf8) }

    /// For each slot the fields whose names fall into it.
    private static let slots: [[RecordField]] = {
        var slots = [[RecordField]](repeating: [], count: 256)
        for field in RecordField.allCases {
            let name = names[field.rawValue]
            slots[slot(name.count, name.first ?? 0, name.last ?? 0)].append(field)
        }
        return slots
    }()

    private static func slot(_ count: Int, _ first: UInt8, _ last: UInt8) -> Int {
        (count &* 31 &+ Int(first) &* 7 &+ Int(last)) & 255
    }

    static func field(_ bytes: UnsafeBufferPointer<UInt8>, _ key: Range<Int>) -> RecordField? {
        guard let first = key.first, let last = key.last else { return nil }
        for field in slots[slot(key.count, bytes[first], bytes[last])] {
            let name = names[field.rawValue]
            guard name.count == key.count else { continue }
            var isSame = true
            for at in 0..<name.count where name[at] != bytes[first + at] {
                isSame = false
                break
            }
            if isSame { return field }
        }
        return nil
    }
}

/// A sum of 64 bits over bytes, by which the index tells them apart. Not cryptographic: it finds what changed by
/// itself, not what somebody wants to hide (that is what `verify` is for).
enum ByteSum {
    static func of(_ bytes: ArraySlice<UInt8>) -> UInt64 {
        // SAFETY: the pointer is used only inside the closure; eight bytes are loaded only where eight are left.
        bytes.withUnsafeBytes { raw in
            var sum = 0x9e37_79b9_7f4a_7c15 ^ UInt64(raw.count)
            var at = 0
            while raw.count - at >= 8 {
                let word = UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: at, as: UInt64.self))
                sum = (sum ^ word) &* 0xff51_afd7_ed55_8ccd
                sum ^= sum >> 32
                at += 8
            }
            var rest: UInt64 = 0
            while at < raw.count {
                rest = rest << 8 | UInt64(raw[at])
                at += 1
            }
            sum = (sum ^ rest) &* 0xc4ce_b9fe_1a85_ec53
            return sum ^ sum >> 29
        }
    }
}
