import Yams

/// A YAML document as a tree with positions: scalars are text, nothing is resolved (`no` is the text `no`).
/// Tags and merge keys are not part of it; duplicate keys and what exceeds the limits are reported as
/// mistakes.
indirect enum YAMLValue {
    case scalar(text: String, isPlain: Bool)
    case list([YAMLNode])
    case mapping([YAMLEntry])
}

struct YAMLNode {
    var value: YAMLValue
    var position: Position
}

struct YAMLEntry {
    var key: String
    var keyPosition: Position
    var node: YAMLNode
}

/// Reads bytes into a tree through Yams.
struct YAMLDocument {
    private let findings: Findings
    private var count = 0
    private var overLimit = false
    /// Where a mark was put into the text, by line: columns behind it on that line count two less.
    private var insertions: [Int: [Int]] = [:]

    /// Yams ends at the first mapping with duplicate keys. To report every mistake in one run, the key that
    /// it names is marked with this private-use character and a second one that differs for each, and the
    /// text is read again.
    private static let duplicateMark: Unicode.Scalar = "\u{E000}"

    private init(findings: Findings) { self.findings = findings }

    /// The document's tree, or nil where it cannot be read; the mistakes are in `findings` then.
    static func read(_ bytes: [UInt8], findings: Findings) -> YAMLNode? {
        guard bytes.count <= ConfigurationLimits.fileBytes else {
            findings.mistake(
                .start, "the file has \(bytes.count) bytes; expected at most \(ConfigurationLimits.fileBytes)"
            )
            return nil
        }
        // A byte order mark says nothing that is not so anyway (YAML 1.2, section 5.2).
        let bytes = bytes.starts(with: [0xef, 0xbb, 0xbf]) ? Array(bytes.dropFirst(3)) : bytes
        guard let text = String(validating: bytes, as: UTF8.self), !text.utf8.contains(0) else {
            findings.mistake(firstNoText(in: bytes), "the file is not UTF-8 text from here on")
            return nil
        }
        guard worstExpansion(of: bytes) <= ConfigurationLimits.expandedBytes else {
            findings.mistake(
                .start, "the file has so many aliases (*name) that they could blow it up without end")
            return nil
        }
        var document = YAMLDocument(findings: findings)
        return document.compose(text)
    }

    /// Where the first byte stands that is NUL or belongs to no UTF-8.
    private static func firstNoText(in bytes: [UInt8]) -> Position {
        var (line, from) = (1, 0)
        while from < bytes.count {
            let end = bytes[from...].firstIndex(of: 0x0a) ?? bytes.count
            let content = bytes[from..<end]
            if String(validating: content, as: UTF8.self) == nil || content.contains(0) {
                // The whole characters before it.
                var whole = content.prefix { $0 != 0 }
                while String(validating: whole, as: UTF8.self) == nil { whole.removeLast() }
                let column = String(decoding: whole, as: UTF8.self).unicodeScalars.count + 1
                return Position(line: line, column: column)
            }
            (line, from) = (line + 1, end + 1)
        }
        return .start
    }

    /// An upper bound of the document's size once its aliases are followed. The worst that n aliases can do
    /// is to multiply the text by 3^(n/3) (levels of three references each). What only looks like an alias,
    /// in a comment or a quoted text, is counted too.
    private static func worstExpansion(of bytes: [UInt8]) -> Int {
        var size = max(bytes.count, 1)
        var aliases = 0
        var previous = UInt8(ascii: "\n")
        for (index, byte) in bytes.enumerated() {
            let opens = " \t\r\n[{,:?-".utf8.contains(previous)
            previous = byte
            guard opens, byte == UInt8(ascii: "*"), index + 1 < bytes.count else { continue }
            guard !" \t\r\n,]}\"'*.:".utf8.contains(bytes[index + 1]) else { continue }
            aliases += 1
            guard aliases.isMultiple(of: 3) else { continue }
            size = size.multipliedReportingOverflow(by: 3).partialValue
            if size > ConfigurationLimits.expandedBytes { return size }
        }
        return aliases.isMultiple(of: 3) ? size : size * 3
    }

    private mutating func compose(_ original: String) -> YAMLNode? {
        var text = original
        let mayMark = !original.unicodeScalars.contains(Self.duplicateMark)
        // Each duplicate key costs a reading of the whole text.
        let readings = min(
            ConfigurationLimits.findings, ConfigurationLimits.rereadBytes / max(1, text.utf8.count))
        for number in 0...readings {
            do {
                let parser = try Parser(yaml: text, resolver: .basic, encoding: .utf8)
                guard let root = try parser.singleRoot() else {
                    findings.mistake(.start, "the file is empty; expected a configuration")
                    return nil
                }
                // The parser holds the anchors that nodes refer to weakly.
                return withExtendedLifetime(parser) { self.node(root, depth: 0) }
            } catch YamlError.duplicatedKeysInMapping(let names, let context) {
                let position = Position(line: context.mark.line, column: context.mark.column)
                guard mayMark, number < readings, let marked = mark(text, at: position, number: number) else {
                    findings.mistake(
                        self.original(position),
                        "duplicate key \(names.map { quoted($0) }.joined(separator: ", "))")
                    return nil
                }
                text = marked
            } catch {
                report(error, in: text)
                return nil
            }
        }
        findings.mistake(.start, "the file has too many duplicate keys")
        return nil
    }

    /// Puts a mark in front of the key at a position; behind its opening quote where it has one.
    private mutating func mark(_ text: String, at position: Position, number: Int) -> String? {
        var scalars = Array(text.unicodeScalars)
        var index = 0
        var line = 1
        while line < position.line, index < scalars.count {
            let isBreak =
                scalars[index] == "\n"
                || (scalars[index] == "\r" && !(index + 1 < scalars.count && scalars[index + 1] == "\n"))
            if isBreak { line += 1 }
            index += 1
        }
        index += position.column - 1
        guard position.column > 0, index < scalars.count else { return nil }
        guard scalars[index] != "&", scalars[index] != "!", scalars[index] != "*" else { return nil }
        if scalars[index] == "\"" || scalars[index] == "'" { index += 1 }
        // 0xE001 and the 1,000 behind it are private-use characters too.
        guard index < scalars.count, scalars[index] != Self.duplicateMark,
            let second = Unicode.Scalar(UInt32(0xe001 + number))
        else { return nil }
        scalars.insert(contentsOf: [Self.duplicateMark, second], at: index)
        let earlier = (insertions[position.line] ?? []).map { $0 > position.column ? $0 + 2 : $0 }
        insertions[position.line] = earlier + [position.column]
        var marked = String.UnicodeScalarView()
        marked.append(contentsOf: scalars)
        return String(marked)
    }

    /// A position of the marked text as one of the file.
    private func original(_ position: Position) -> Position {
        let before = (insertions[position.line] ?? []).filter { $0 < position.column }.count
        return Position(line: position.line, column: max(1, position.column - 2 * before))
    }

    private mutating func node(_ node: Node, depth: Int) -> YAMLNode? {
        let position = node.mark.map { original(Position(line: $0.line, column: $0.column)) } ?? .start
        count += 1
        guard depth <= ConfigurationLimits.depth, count <= ConfigurationLimits.nodes else {
            if !overLimit {
                overLimit = true
                let limits = "\(ConfigurationLimits.depth) levels and \(ConfigurationLimits.nodes) values"
                findings.mistake(
                    position, "the file is nested too deep or too large; expected at most \(limits)")
            }
            return nil
        }
        switch node {
        case .scalar(let scalar):
            let tag = scalar.tag.description
            if !tag.isEmpty, tag != "tag:yaml.org,2002:str" {
                findings.mistake(
                    position, "found the tag \(quoted(tag)); tags are not used in a configuration")
            }
            let isPlain = scalar.style == .plain || scalar.style == .any
            return YAMLNode(value: .scalar(text: scalar.string, isPlain: isPlain), position: position)
        case .sequence(let sequence):
            var elements: [YAMLNode] = []
            for element in sequence {
                guard let next = self.node(element, depth: depth + 1) else { return nil }
                elements.append(next)
            }
            return YAMLNode(value: .list(elements), position: position)
        case .mapping(let mapping):
            return entries(mapping, depth: depth).map { YAMLNode(value: .mapping($0), position: position) }
        case .alias:
            return YAMLNode(value: .scalar(text: "", isPlain: true), position: position)
        }
    }

    private mutating func entries(_ mapping: Node.Mapping, depth: Int) -> [YAMLEntry]? {
        var entries: [YAMLEntry] = []
        var first: [String: Position] = [:]
        for (keyNode, valueNode) in mapping {
            guard case .scalar(let scalar) = keyNode else {
                let mark = keyNode.mark.map { original(Position(line: $0.line, column: $0.column)) }
                findings.mistake(mark ?? .start, "found a list or mapping as a key; expected a name")
                continue
            }
            let position =
                scalar.mark.map { original(Position(line: $0.line, column: $0.column)) } ?? .start
            var key = scalar.string
            if key.unicodeScalars.first == Self.duplicateMark, !insertions.isEmpty {
                key.unicodeScalars.removeFirst(min(2, key.unicodeScalars.count))
            }
            if let earlier = first[key] {
                findings.mistake(
                    position,
                    "duplicate key \(quoted(key)), first at \(earlier.line):\(earlier.column); expected it once"
                )
            }
            if first[key] == nil { first[key] = position }
            guard let value = node(valueNode, depth: depth + 1) else { return nil }
            entries.append(YAMLEntry(key: key, keyPosition: position, node: value))
        }
        return entries
    }

    /// Yams' own description quotes the line, which may hold a secret; only its position and problem are
    /// used.
    private func report(_ error: any Error, in text: String) {
        guard let error = error as? YamlError else {
            findings.mistake(.start, "the file cannot be read as YAML")
            return
        }
        switch error {
        case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _),
            .composer(let context, let problem, let mark, _):
            let place = context.map { "\($0.text) at \($0.mark.line):\($0.mark.column): " } ?? ""
            // The end of a text without an end of line counts as the beginning of a further line.
            let end = Self.position(at: text.endIndex, in: text)
            let position = mark.line > end.line ? end : Position(line: mark.line, column: mark.column)
            findings.mistake(original(position), "not YAML: \(place)\(problem)")
        case .reader(let problem, let offset, _, _):
            // Yams counts characters, of which "\r\n" is one.
            let place = text.index(text.startIndex, offsetBy: offset ?? 0, limitedBy: text.endIndex)
            findings.mistake(
                original(Self.position(at: place ?? text.endIndex, in: text)), "not YAML: \(problem)")
        case .no, .memory, .writer, .emitter, .representer, .dataCouldNotBeDecoded, .duplicatedKeysInMapping:
            findings.mistake(.start, "the file cannot be read as YAML")
        }
    }

    /// Where a place of the text stands; lines end as YAML's do (1.1, section 4.2).
    private static func position(at place: String.Index, in text: String) -> Position {
        var position = Position.start
        var previous: Unicode.Scalar?
        for scalar in text[..<place].unicodeScalars {
            switch scalar {
            case "\n" where previous == "\r": break
            case "\n", "\r", "\u{85}", "\u{2028}", "\u{2029}":
                position = Position(line: position.line + 1, column: 1)
            default: position.column += 1
            }
            previous = scalar
        }
        return position
    }
}

/// A found text in quotes for a message: one line, control characters escaped, cut.
func quoted(_ text: String) -> String {
    var out = "\""
    for scalar in text.unicodeScalars.prefix(ConfigurationLimits.quoted) {
        switch scalar.value {
        case 0..<0x20, 0x7f..<0xa0, 0x2028, 0x2029: out += "\\u{\(String(scalar.value, radix: 16))}"
        default: out.unicodeScalars.append(scalar)
        }
    }
    return out + (text.unicodeScalars.count > ConfigurationLimits.quoted ? "…\"" : "\"")
}
