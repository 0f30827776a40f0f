import Foundation

/// What a configuration is read for.
package enum ReadingPurpose: Sendable, Hashable {
    /// To run a gateway by it, or to say whether one could.
    case serving
    /// To ask its policy, also where its secrets and the files that it names are not: secrets are not looked at, and
    /// files need not be there.
    case policy
}

/// What one reading of a file shares.
final class ReadingContext {
    let findings: Findings
    let environment: [String: String]
    /// Folder that relative paths are relative to, absolute.
    let folder: String
    let materials: MaterialCheck?
    let purpose: ReadingPurpose

    init(
        findings: Findings, environment: [String: String], folder: String, materials: MaterialCheck?,
        purpose: ReadingPurpose = .serving
    ) {
        self.findings = findings
        self.environment = environment
        self.folder = folder
        self.materials = materials
        self.purpose = purpose
    }

    func absolute(_ path: String) -> String {
        let joined = path.hasPrefix("/") ? path : folder + "/" + path
        return URL(fileURLWithPath: joined).standardizedFileURL.path
    }
}

/// A value of the file as text, after substitution.
struct TextValue {
    var text: String
    /// As it stands in the file: what messages may quote.
    var raw: String
    var position: Position
}

/// One mapping of the file, read against its section. Whatever is wrong is reported once and answered with a
/// harmless value, so that the rest is read too; a configuration is made only where there was no mistake.
struct Fields {
    let section: ConfigurationSection
    let position: Position
    let context: ReadingContext
    private let entries: [String: YAMLEntry]

    /// - Parameter node: nil reads as an empty mapping: every key has its default.
    init(_ node: YAMLNode?, section path: String, at position: Position, context: ReadingContext) {
        section = ConfigurationReference.section(path)
        self.position = node?.position ?? position
        self.context = context
        var entries: [String: YAMLEntry] = [:]
        switch node?.value {
        case .mapping(let all):
            for entry in all {
                guard section.key(named: entry.key) != nil else {
                    Fields.reportUnknown(entry, in: section, context: context)
                    continue
                }
                if entries[entry.key] == nil { entries[entry.key] = entry }
            }
        case .scalar, .list:
            let expected = section.keys.map { "`\($0.name)`" }.joined(separator: ", ")
            context.findings.mistake(self.position, "expected a mapping with \(expected)")
            // Its keys are not missing one by one.
            self.entries = [:]
            return
        case nil:
            break
        }
        self.entries = entries
        guard node != nil else { return }
        reportMissing()
    }

    private static func reportUnknown(
        _ entry: YAMLEntry, in section: ConfigurationSection, context: ReadingContext
    ) {
        guard !context.findings.isFull else { return }
        let place = section.path.isEmpty ? "" : " in `\(section.path)`"
        var message = "unknown key \(quoted(entry.key))\(place); "
        if let near = ValueFormats.nearest(entry.key, among: section.keys.map(\.name)) {
            message += "did you mean `\(near)`?"
        } else {
            message += "expected one of " + section.keys.map { "`\($0.name)`" }.joined(separator: ", ")
        }
        context.findings.mistake(entry.keyPosition, message)
    }

    private func reportMissing() {
        for key in section.keys where key.presence == .required && entries[key.name] == nil {
            context.findings.mistake(position, "missing key `\(key.name)`: \(key.meaning)")
        }
    }

    // MARK: Nodes

    func has(_ key: String) -> Bool { entries[key] != nil }

    func node(_ key: String) -> YAMLNode? { entries[key]?.node }

    /// Where the key's value stands; the mapping itself where it is absent.
    func position(of key: String) -> Position { entries[key]?.node.position ?? position }

    func keyPosition(of key: String) -> Position { entries[key]?.keyPosition ?? position }

    func fields(_ key: String) -> Fields {
        guard case .section(let path)? = section.key(named: key)?.kind else {
            preconditionFailure("\(section.path).\(key) is declared as no section")
        }
        return Fields(entries[key]?.node, section: path, at: position, context: context)
    }

    /// The mappings of a list; a required one must have at least one.
    func list(_ key: String) -> [Fields] {
        guard let declared = section.key(named: key), let path = declared.kind.elementSection else {
            preconditionFailure("\(section.path).\(key) is declared as no list")
        }
        guard let entry = entries[key] else { return [] }
        guard case .list(let elements) = entry.node.value else {
            context.findings.mistake(
                entry.node.position, "`\(key)`: expected a list (each entry begins with `- `)")
            return []
        }
        if elements.isEmpty, declared.presence == .required {
            context.findings.mistake(entry.node.position, "`\(key)` is empty; expected at least one entry")
        }
        return elements.map { Fields($0, section: path, at: entry.node.position, context: context) }
    }

    /// The mappings of a mapping from names, in the order of the file.
    func named(_ key: String) -> [(name: String, position: Position, fields: Fields)] {
        guard let declared = section.key(named: key), case .namedSections(let path) = declared.kind else {
            preconditionFailure("\(section.path).\(key) is declared as no mapping from names")
        }
        guard let entry = entries[key] else { return [] }
        guard case .mapping(let entries) = entry.node.value else {
            context.findings.mistake(entry.node.position, "`\(key)`: expected a mapping from names")
            return []
        }
        if entries.isEmpty, declared.presence == .required {
            context.findings.mistake(entry.node.position, "`\(key)` is empty; expected at least one name")
        }
        var seen: Set<String> = []
        return entries.filter { seen.insert($0.key).inserted }.map { entry in
            let fields = Fields(entry.node, section: path, at: entry.keyPosition, context: context)
            return (entry.key, entry.keyPosition, fields)
        }
    }

    // MARK: Text

    /// The key's text, or its default; nil where it is absent without one, or is no text (which is reported).
    func scalar(_ key: String) -> TextValue? {
        guard let entry = entries[key] else {
            guard case .fallback(let text)? = section.key(named: key)?.presence else { return nil }
            return TextValue(text: text, raw: text, position: position)
        }
        return scalar(entry.node, key)
    }

    /// A list of texts; one text is a list of one.
    func scalars(_ key: String) -> [TextValue] {
        guard let node = entries[key]?.node else {
            guard case .fallback(let text)? = section.key(named: key)?.presence else { return [] }
            let inner = text.drop { $0 == "[" }.prefix { $0 != "]" }
            return inner.split(separator: ",").map { part in
                let word = String(part.drop { $0 == " " })
                return TextValue(text: word, raw: word, position: position)
            }
        }
        guard case .list(let elements) = node.value else { return scalar(node, key).map { [$0] } ?? [] }
        return elements.compactMap { scalar($0, key) }
    }

    func scalar(_ node: YAMLNode, _ key: String) -> TextValue? {
        guard case .scalar(let raw, let isPlain) = node.value else {
            context.findings.mistake(
                node.position, "`\(key)`: found a list or mapping; expected \(expected(key))")
            return nil
        }
        if isPlain, raw.isEmpty || raw == "~" || raw == "null" {
            context.findings.mistake(node.position, "`\(key)` has no value; expected \(expected(key))")
            return nil
        }
        guard let text = substituted(raw, at: node.position, report: true) else { return nil }
        guard text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7f }) else {
            context.findings.mistake(
                node.position, "`\(key)` holds a control character; expected one line of text")
            return nil
        }
        return TextValue(text: text, raw: raw, position: node.position)
    }

    func expected(_ key: String) -> String {
        section.key(named: key).map { $0.kind.expectation } ?? "a value"
    }

    /// Replaces `${NAME}`; `$${` stands for `${`. What is put in is not read again. Nil where that cannot be
    /// done.
    private func substituted(_ raw: String, at position: Position, report: Bool = false) -> String? {
        guard raw.contains("${") else { return raw }
        func complain(_ message: String) {
            if report { context.findings.mistake(position, message) }
        }
        var out = ""
        var rest = raw[...]
        var isWhole = true
        while let start = rest.firstRange(of: "${") {
            if rest[..<start.lowerBound].hasSuffix("$") {
                out += rest[..<start.lowerBound].dropLast() + "${"
                rest = rest[start.upperBound...]
                continue
            }
            out += rest[..<start.lowerBound]
            guard let end = rest[start.upperBound...].firstIndex(of: "}") else {
                complain("found `${` without `}`; expected `${NAME}` (`$${` stands for `${`)")
                return nil
            }
            let name = String(rest[start.upperBound..<end])
            if let value = context.environment[name], Fields.isVariableName(name) {
                out += value
            } else if Fields.isVariableName(name) {
                isWhole = false
                complain("the environment variable `\(name)` is not set; expected it in the environment")
            } else {
                isWhole = false
                complain("found `${…}` without the name of a variable; expected letters, digits and `_`")
            }
            rest = rest[rest.index(after: end)...]
        }
        return isWhole ? out + rest : nil
    }

    private static func isVariableName(_ name: String) -> Bool {
        guard let first = name.utf8.first, !(0x30...0x39).contains(first), name.utf8.count <= 255 else {
            return false
        }
        return ValueFormats.isVariable(name)
    }
}
