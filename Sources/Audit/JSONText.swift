import Glibc

/// The text of JSON strings (RFC 8259 section 7) and numbers, appended to bytes.
///
/// Escaped are quotes, backslash, everything below U+0020, U+007F, C1 controls (U+0080–009F), line and
/// paragraph separators (U+2028, U+2029) and bidirectional controls (U+202A–202E, U+2066–2069), so that a
/// record is one line whatever it holds, also on a terminal. Each byte that belongs to no valid UTF-8
/// sequence becomes U+FFFD.
enum JSONText {
    /// The most bytes that one byte of text can become: `\u0001`.
    static let growth = 6

    /// Appends a whole text, without its quotes.
    static func append(_ text: Span<UInt8>, to out: inout [UInt8]) {
        // SAFETY: the pointer is used only inside the closure, for the span's own count of bytes; every
        // offset below is at most that count, and eight bytes are loaded only where eight are left.
        text.withUnsafeBufferPointer { source in
            guard let base = source.baseAddress else { return }
            let count = source.count
            let raw = UnsafeRawPointer(base)
            var run = 0
            var at = 0
            while at < count {
                if count - at >= 8 {
                    let word = raw.loadUnaligned(fromByteOffset: at, as: UInt64.self)
                    let special = specials(UInt64(littleEndian: word))
                    if special == 0 {
                        at += 8
                        continue
                    }
                    at += special.trailingZeroBitCount >> 3
                } else if isPlain(source[at]) {
                    at += 1
                    continue
                }
                let (length, escaped) = character(in: source, at: at)
                if length > 0 && !escaped {
                    at += length
                    continue
                }
                out.append(contentsOf: UnsafeBufferPointer(rebasing: source[run..<at]))
                if length == 0 {
                    out.append(contentsOf: replacement)
                    at += 1
                } else {
                    appendEscape(of: source, at: at, length: length, to: &out)
                    at += length
                }
                run = at
            }
            out.append(contentsOf: UnsafeBufferPointer(rebasing: source[run..<count]))
        }
    }

    /// Appends as much of a text as becomes at most `room` bytes, cut between characters.
    /// - Returns: how many bytes of the text were taken.
    static func append(_ text: Span<UInt8>, to out: inout [UInt8], room: Int) -> Int {
        if text.count <= room / growth {
            append(text, to: &out)
            return text.count
        }
        var taken = 0
        var left = room
        while taken < text.count {
            var piece = min(text.count - taken, left / growth)
            piece = wholeCharacters(
                text.extracting(taken..<(taken + piece)), continues: taken + piece < text.count)
            if piece == 0 { break }
            let before = out.count
            append(text.extracting(taken..<(taken + piece)), to: &out)
            left -= out.count - before
            taken += piece
        }
        return taken
    }

    /// Appends a string with its quotes.
    static func appendQuoted(_ text: Span<UInt8>, to out: inout [UInt8]) {
        out.append(0x22)
        append(text, to: &out)
        out.append(0x22)
    }

    /// Appends a decimal number.
    static func append(_ number: UInt64, to out: inout [UInt8]) {
        ShortBytes.append(atMost: 20, to: &out) { $0.put(number: number) }
    }

    /// Appends a text that holds nothing to escape, such as a key.
    static func append(plain text: StaticString, to out: inout [UInt8]) {
        text.withUTF8Buffer { out.append(contentsOf: $0) }
    }

    /// Appends a number of bytes in lower-case hex.
    static func appendHex(_ bytes: some Sequence<UInt8>, to out: inout [UInt8]) {
        for byte in bytes {
            out.append(hexDigit(byte >> 4))
            out.append(hexDigit(byte & 0x0f))
        }
    }

    /// Appends base64 with padding (RFC 4648 section 4).
    static func appendBase64(_ bytes: Span<UInt8>, to out: inout [UInt8]) {
        let digits: StaticString = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
        digits.withUTF8Buffer { digits in
            var at = 0
            while at < bytes.count {
                let left = bytes.count - at
                let first = UInt32(bytes[at]) << 16
                let second = left > 1 ? UInt32(bytes[at + 1]) << 8 : 0
                let group = first | second | (left > 2 ? UInt32(bytes[at + 2]) : 0)
                out.append(digits[Int(group >> 18)])
                out.append(digits[Int(group >> 12 & 0x3f)])
                out.append(left > 1 ? digits[Int(group >> 6 & 0x3f)] : 0x3d)
                out.append(left > 2 ? digits[Int(group & 0x3f)] : 0x3d)
                at += 3
            }
        }
    }

    static func hexDigit(_ nibble: UInt8) -> UInt8 { nibble < 10 ? 0x30 + nibble : 0x57 + nibble }

    /// Whether a piece of bytes is UTF-8 (RFC 3629: no surrogates, nothing overlong, nothing above U+10FFFF).
    static func isUTF8(_ text: Span<UInt8>) -> Bool {
        // SAFETY: as in `append(_:to:)`.
        text.withUnsafeBufferPointer { source in
            guard let base = source.baseAddress else { return true }
            let raw = UnsafeRawPointer(base)
            var at = 0
            while at < source.count {
                if source.count - at >= 8 {
                    let high =
                        raw.loadUnaligned(fromByteOffset: at, as: UInt64.self).littleEndian
                        & 0x8080_8080_8080_8080
                    if high == 0 {
                        at += 8
                        continue
                    }
                    at += high.trailingZeroBitCount >> 3
                } else if source[at] < 0x80 {
                    at += 1
                    continue
                }
                let length = sequence(in: source, at: at)
                if length == 0 { return false }
                at += length
            }
            return true
        }
    }

    /// Whether all bytes are ASCII.
    static func isASCII(_ text: Span<UInt8>) -> Bool {
        for at in text.indices where text[at] >= 0x80 { return false }
        return true
    }

    /// How many bytes of `text` are whole characters; all of it unless it is a piece of a longer text that is
    /// cut in the middle of one.
    static func wholeCharacters(_ text: Span<UInt8>, continues: Bool) -> Int {
        guard continues else { return text.count }
        var at = text.count
        var back = 0
        while at > 0 && back < 4 {
            let byte = text[at - 1]
            if byte < 0x80 { return text.count }
            if byte >= 0xc0 {
                let needs = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2
                return needs > back + 1 ? at - 1 : text.count
            }
            at -= 1
            back += 1
        }
        return text.count
    }

    private static let replacement: [UInt8] = [0xef, 0xbf, 0xbd]

    private static func isPlain(_ byte: UInt8) -> Bool {
        byte >= 0x20 && byte < 0x7f && byte != 0x22 && byte != 0x5c
    }

    /// Marks bytes that are not plain: the lowest set bit lies in the first of them (marks above it may be
    /// wrong).
    private static func specials(_ word: UInt64) -> UInt64 {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let highs: UInt64 = 0x8080_8080_8080_8080
        let quotes = word ^ (ones &* 0x22)
        let backslashes = word ^ (ones &* 0x5c)
        let deletes = word ^ (ones &* 0x7f)
        let below = (word &- (ones &* 0x20)) & ~word
        let equal =
            ((quotes &- ones) & ~quotes) | ((backslashes &- ones) & ~backslashes)
            | ((deletes &- ones) & ~deletes)
        return (below | equal | word) & highs
    }

    /// The character at `at`: its length in bytes (0: no valid UTF-8), and whether it must be escaped.
    private static func character(in source: UnsafeBufferPointer<UInt8>, at: Int) -> (
        length: Int, escaped: Bool
    ) {
        let first = source[at]
        if first < 0x80 { return (1, !isPlain(first)) }
        let length = sequence(in: source, at: at)
        switch length {
        case 2: return (2, first == 0xc2 && source[at + 1] < 0xa0)
        case 3:
            guard first == 0xe2 else { return (3, false) }
            let last = source[at + 2]
            if source[at + 1] == 0x80 { return (3, last >= 0xa8 && last <= 0xae) }
            return (3, source[at + 1] == 0x81 && last >= 0xa6 && last <= 0xa9)
        default: return (length, false)
        }
    }

    /// Length of the valid UTF-8 sequence that begins at `at`; 0 where there is none.
    private static func sequence(in source: UnsafeBufferPointer<UInt8>, at: Int) -> Int {
        let first = source[at]
        let left = source.count - at
        func continues(_ offset: Int, _ low: UInt8 = 0x80, _ high: UInt8 = 0xbf) -> Bool {
            offset < left && source[at + offset] >= low && source[at + offset] <= high
        }
        switch first {
        case 0...0x7f: return 1
        case 0xc2...0xdf: return continues(1) ? 2 : 0
        case 0xe0: return continues(1, 0xa0) && continues(2) ? 3 : 0
        case 0xed: return continues(1, 0x80, 0x9f) && continues(2) ? 3 : 0
        case 0xe1...0xef: return continues(1) && continues(2) ? 3 : 0
        case 0xf0: return continues(1, 0x90) && continues(2) && continues(3) ? 4 : 0
        case 0xf1...0xf3: return continues(1) && continues(2) && continues(3) ? 4 : 0
        case 0xf4: return continues(1, 0x80, 0x8f) && continues(2) && continues(3) ? 4 : 0
        default: return 0
        }
    }

    /// Escapes one valid character of at most three bytes.
    private static func appendEscape(
        of source: UnsafeBufferPointer<UInt8>, at: Int, length: Int, to out: inout [UInt8]
    ) {
        let first = source[at]
        let scalar: UInt32
        switch length {
        case 1: scalar = UInt32(first)
        case 2: scalar = UInt32(first & 0x1f) << 6 | UInt32(source[at + 1] & 0x3f)
        default:
            scalar =
                UInt32(first & 0x0f) << 12 | UInt32(source[at + 1] & 0x3f) << 6
                | UInt32(source[at + 2] & 0x3f)
        }
        out.append(0x5c)
        switch scalar {
        case 0x22: out.append(0x22)
        case 0x5c: out.append(0x5c)
        case 0x08: out.append(0x62)
        case 0x09: out.append(0x74)
        case 0x0a: out.append(0x6e)
        case 0x0c: out.append(0x66)
        case 0x0d: out.append(0x72)
        default:
            out.append(0x75)
            for shift: UInt32 in [12, 8, 4, 0] {
                out.append(hexDigit(UInt8(truncatingIfNeeded: scalar >> shift & 0x0f)))
            }
        }
    }
}
