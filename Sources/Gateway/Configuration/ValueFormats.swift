extension Duration {
    /// A duration as the configuration writes them (`500ms`, `30s`); nil: it is none.
    package static func configured(_ text: String) -> Duration? { ValueFormats.duration(text) }
}

/// The text forms of values in the configuration. Each answers nil for what it cannot read; nothing
/// overflows.
enum ValueFormats {
    /// `500ms`, `30s`, `5m`, `8h`, `7d`, or `0`.
    static func duration(_ text: String) -> Duration? {
        if text == "0" { return .zero }
        guard let (number, unit) = numberAndUnit(text) else { return nil }
        let milliseconds: Int
        switch unit {
        case "ms": milliseconds = 1
        case "s": milliseconds = 1_000
        case "m": milliseconds = 60_000
        case "h": milliseconds = 3_600_000
        case "d": milliseconds = 86_400_000
        default: return nil
        }
        let (total, overflow) = number.multipliedReportingOverflow(by: milliseconds)
        return overflow ? nil : .milliseconds(total)
    }

    /// A duration as one would write it.
    static func text(_ duration: Duration) -> String {
        let (seconds, attoseconds) = duration.components
        if attoseconds != 0 { return "\(seconds * 1_000 + attoseconds / 1_000_000_000_000_000)ms" }
        if seconds == 0 { return "0" }
        if seconds.isMultiple(of: 86_400) { return "\(seconds / 86_400)d" }
        if seconds.isMultiple(of: 3_600) { return "\(seconds / 3_600)h" }
        if seconds.isMultiple(of: 60) { return "\(seconds / 60)m" }
        return "\(seconds)s"
    }

    /// `64KiB`, `10MiB`, `1GiB`, `1TiB`, `512B`, or bytes.
    static func size(_ text: String) -> Int? {
        if let bytes = decimal(text) { return bytes }
        guard let (number, unit) = numberAndUnit(text) else { return nil }
        let shift: Int
        switch unit {
        case "B": shift = 0
        case "KiB": shift = 10
        case "MiB": shift = 20
        case "GiB": shift = 30
        case "TiB": shift = 40
        default: return nil
        }
        let (total, overflow) = number.multipliedReportingOverflow(by: 1 << shift)
        return overflow ? nil : total
    }

    /// A size as one would write it.
    static func text(size: Int) -> String {
        let units = [(1 << 40, "TiB"), (1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")]
        for (unit, name) in units where size >= unit && size.isMultiple(of: unit) {
            return "\(size / unit)\(name)"
        }
        return "\(size)"
    }

    /// Decimal digits only, without a sign; no leading zero.
    static func decimal(_ text: String) -> Int? {
        guard !text.isEmpty, text.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else { return nil }
        guard text == "0" || text.utf8.first != 0x30 else { return nil }
        return Int(text)
    }

    /// `address:port` or `[IPv6]:port`.
    static func address(_ text: String) -> (host: String, port: Int)? {
        guard let colon = text.lastIndex(of: ":") else { return nil }
        guard let port = decimal(String(text[text.index(after: colon)...])), (1...65_535).contains(port)
        else {
            return nil
        }
        let host = String(text[..<colon])
        if host.hasPrefix("["), host.hasSuffix("]") {
            let inner = String(host.dropFirst().dropLast())
            return ipv6(inner) == nil ? nil : (inner, port)
        }
        return isHostName(host) || ipv4(host) != nil ? (host, port) : nil
    }

    /// One host name (RFC 1123, plus `_`), IPv4 or IPv6 address.
    static func isHost(_ text: String) -> Bool { isHostName(text) || ipv6(text) != nil }

    private static func isHostName(_ text: String) -> Bool {
        guard !text.isEmpty, text.utf8.count <= 253 else { return false }
        let labels = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        if let last = labels.last, last.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) { return ipv4(text) != nil }
        return labels.allSatisfy { label in
            (1...63).contains(label.count) && label.first != UInt8(ascii: "-")
                && label.last != UInt8(ascii: "-")
                && label.allSatisfy { isNameByte($0) && $0 != UInt8(ascii: ".") }
        }
    }

    /// Letters, digits, `_`, `.`, `-`; 63 bytes at most, which is PostgreSQL's limit for names too.
    static func isName(_ text: String) -> Bool {
        (1...63).contains(text.utf8.count) && text.utf8.allSatisfy(isNameByte)
    }

    /// Letters, digits and `_`.
    static func isVariable(_ text: String) -> Bool {
        !text.isEmpty
            && text.utf8.allSatisfy { isNameByte($0) && $0 != UInt8(ascii: ".") && $0 != UInt8(ascii: "-") }
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "-"):
            return true
        default: return false
        }
    }

    /// A CIDR block, or what is expected instead.
    static func network(_ text: String) -> (network: Network?, expectation: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, let address = ipv4(parts[0]) ?? ipv6(parts[0]), let prefix = decimal(parts[1])
        else {
            return (nil, "an address and a prefix length, such as 10.1.0.0/16 or fd00::/8")
        }
        guard prefix <= address.count * 8 else {
            return (nil, "a prefix length of at most \(address.count * 8)")
        }
        for bit in prefix..<(address.count * 8) where address[bit / 8] & (0x80 >> UInt8(bit % 8)) != 0 {
            return (nil, "a block's first address: no bit is set behind the prefix")
        }
        return (Network(address: address, prefix: prefix), "")
    }

    /// Four decimal parts, no leading zeros.
    static func ipv4(_ text: String) -> [UInt8]? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var bytes: [UInt8] = []
        for part in parts {
            guard let value = decimal(String(part)), let byte = UInt8(exactly: value) else { return nil }
            bytes.append(byte)
        }
        return bytes
    }

    /// RFC 4291 section 2.2, without a zone.
    static func ipv6(_ text: String) -> [UInt8]? {
        var text = text
        if let colon = text.lastIndex(of: ":"), let tail = ipv4(String(text[text.index(after: colon)...])) {
            let high = String(UInt16(tail[0]) << 8 | UInt16(tail[1]), radix: 16)
            let low = String(UInt16(tail[2]) << 8 | UInt16(tail[3]), radix: 16)
            text = text[...colon] + "\(high):\(low)"
        }
        guard text.utf8.count <= 45, let gap = text.firstRange(of: "::") else {
            return groups(text).flatMap { $0.count == 16 ? $0 : nil }
        }
        let before = text[..<gap.lowerBound]
        let after = text[gap.upperBound...]
        guard let head = before.isEmpty ? [] : groups(String(before)),
            let tail = after.isEmpty ? [] : groups(String(after)), head.count + tail.count <= 14
        else { return nil }
        return head + [UInt8](repeating: 0, count: 16 - head.count - tail.count) + tail
    }

    private static func groups(_ text: String) -> [UInt8]? {
        var bytes: [UInt8] = []
        for group in text.split(separator: ":", omittingEmptySubsequences: false) {
            guard (1...4).contains(group.utf8.count), group.utf8.allSatisfy({ $0 != UInt8(ascii: "+") }),
                let value = UInt16(group, radix: 16), bytes.count < 16
            else { return nil }
            bytes += [UInt8(value >> 8), UInt8(truncatingIfNeeded: value)]
        }
        return bytes
    }

    private static func numberAndUnit(_ text: String) -> (Int, String)? {
        let digits = text.prefix { ("0"..."9").contains($0) }
        guard let number = decimal(String(digits)) else { return nil }
        return (number, String(text[digits.endIndex...]))
    }

    /// The candidate nearest to a text, where one is near enough to be meant.
    static func nearest(_ text: String, among candidates: [String]) -> String? {
        let ranked = candidates.map { (name: $0, distance: distance($0, text)) }
        guard let best = ranked.min(by: { $0.distance < $1.distance }) else { return nil }
        return best.distance <= max(1, min(3, best.name.count / 3)) ? best.name : nil
    }

    /// Levenshtein's distance, of the first 64 characters.
    private static func distance(_ left: String, _ right: String) -> Int {
        let a = Array(left.lowercased().prefix(64))
        let b = Array(right.lowercased().prefix(64))
        var row = Array(0...b.count)
        for (i, x) in a.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for (j, y) in b.enumerated() {
                let above = row[j + 1]
                row[j + 1] = min(above + 1, row[j] + 1, diagonal + (x == y ? 0 : 1))
                diagonal = above
            }
        }
        return row[b.count]
    }
}
