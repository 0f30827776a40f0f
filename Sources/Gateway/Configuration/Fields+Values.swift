import Foundation
import GatewayPolicy

extension Fields {
    /// Reports a value that does not fit.
    func wrong(_ key: String, _ value: TextValue, _ expectation: String) {
        context.findings.mistake(
            value.position, "`\(key)`: found \(quoted(value.raw)); expected \(expectation)")
    }

    /// Text that is not empty; an empty one is answered where it is absent.
    func text(_ key: String) -> String { optionalText(key) ?? "" }

    func optionalText(_ key: String) -> String? {
        guard let value = scalar(key) else { return nil }
        return checked(key, value, section.key(named: key)?.kind ?? .text)
    }

    /// The texts of a list that fit its declaration, each with its place.
    func texts(_ key: String) -> [TextValue] {
        let kind: ConfigurationKey.Kind
        if case .list(let element)? = section.key(named: key)?.kind { kind = element } else { kind = .text }
        return scalars(key).filter { checked(key, $0, kind) != nil }
    }

    private func checked(_ key: String, _ value: TextValue, _ kind: ConfigurationKey.Kind) -> String? {
        let fits: Bool
        switch kind {
        case .name: fits = ValueFormats.isName(value.text)
        case .choice(let words):
            guard !words.contains(value.text) else { return value.text }
            let near = ValueFormats.nearest(value.text, among: words).map { "; did you mean `\($0)`?" } ?? ""
            wrong(key, value, kind.expectation + near)
            return nil
        case .text, .secret, .readableFile, .path, .boolean, .integer, .integerOrAuto, .duration, .size,
            .list,
            .section, .sections, .pathOrSections, .namedSections, .special:
            fits = !value.text.isEmpty
        }
        if !fits { wrong(key, value, kind.expectation) }
        return fits ? value.text : nil
    }

    /// A word of a closed list. The declaration's words are the enumeration's raw values.
    func choice<Choice: RawRepresentable<String> & CaseIterable>(_ key: String, _ type: Choice.Type)
        -> Choice?
    {
        optionalText(key).flatMap(Choice.init(rawValue:))
    }

    func choices<Choice: RawRepresentable<String> & CaseIterable>(_ key: String, _ type: Choice.Type)
        -> [Choice]
    {
        texts(key).compactMap { Choice(rawValue: $0.text) }
    }

    func boolean(_ key: String) -> Bool {
        guard let value = scalar(key) else { return false }
        switch value.text {
        case "true": return true
        case "false": return false
        default:
            wrong(key, value, ConfigurationKey.Kind.boolean.expectation)
            return false
        }
    }

    func optionalBoolean(_ key: String) -> Bool? { scalar(key) == nil ? nil : boolean(key) }

    func integer(_ key: String) -> Int {
        guard let value = scalar(key) else { return 0 }
        let kind = section.key(named: key)?.kind
        let range: ClosedRange<Int>
        switch kind {
        case .integer(let declared), .integerOrAuto(let declared): range = declared
        default: range = 0...Int.max
        }
        guard let number = ValueFormats.decimal(value.text), range.contains(number) else {
            wrong(key, value, expected(key))
            return range.lowerBound
        }
        return number
    }

    /// Nil for `auto`.
    func integerOrAuto(_ key: String) -> Int? { scalar(key)?.text == "auto" ? nil : integer(key) }

    func duration(_ key: String) -> Duration { optionalDuration(key) ?? .zero }

    func optionalDuration(_ key: String) -> Duration? {
        guard let value = scalar(key) else { return nil }
        guard case .duration(let range, let zero)? = section.key(named: key)?.kind else { return nil }
        let duration = ValueFormats.duration(value.text)
        guard let duration, range.contains(duration) || (zero != nil && duration == .zero) else {
            wrong(key, value, expected(key))
            return nil
        }
        return duration
    }

    func size(_ key: String) -> Int {
        guard let value = scalar(key) else { return 0 }
        guard case .size(let range)? = section.key(named: key)?.kind else { return 0 }
        guard let size = ValueFormats.size(value.text), range.contains(size) else {
            wrong(key, value, expected(key))
            return range.lowerBound
        }
        return size
    }

    func secret(_ key: String) -> Secret? {
        if context.purpose == .policy { return has(key) ? Secret("") : nil }
        guard let value = scalar(key) else { return nil }
        guard !value.text.isEmpty else {
            context.findings.mistake(value.position, "`\(key)` is empty; expected a secret")
            return nil
        }
        return Secret(value.text)
    }

    /// An absolute path; nothing need be there.
    func path(_ key: String) -> String? { optionalText(key).map(context.absolute) }

    /// The absolute path of a file that can be read. What it holds is not looked at.
    func readableFile(_ key: String) -> String? {
        guard let value = scalar(key), let text = optionalText(key) else { return nil }
        return readableFile(key, text, value)
    }

    func readableFile(_ key: String, _ text: String, _ value: TextValue) -> String? {
        let path = context.absolute(text)
        if context.purpose == .policy { return path }
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
            wrong(key, value, "a file; there is none at \(path)")
            return nil
        }
        guard !isFolder.boolValue, FileManager.default.isReadableFile(atPath: path) else {
            wrong(key, value, isFolder.boolValue ? "a file; \(path) is a folder" : "a file that can be read")
            return nil
        }
        return path
    }

    /// An address and port.
    func address(_ key: String) -> (host: String, port: Int)? {
        guard let value = scalar(key) else { return nil }
        guard let address = ValueFormats.address(value.text) else {
            wrong(key, value, "an address and a port from 1 to 65535, such as 127.0.0.1:6432 or [::1]:6432")
            return nil
        }
        return address
    }
}

extension ConfigurationKey.Kind {
    /// What a value must be, for messages and the reference.
    package var expectation: String {
        switch self {
        case .text: return "text"
        case .name: return "a name (letters, digits, `_`, `.`, `-`; at most 63)"
        case .secret: return "a secret"
        case .readableFile: return "a file that can be read"
        case .path: return "a path"
        case .boolean: return "true or false"
        case .integer(let range): return "a number from \(range.lowerBound) to \(range.upperBound)"
        case .integerOrAuto(let range):
            return "auto or a number from \(range.lowerBound) to \(range.upperBound)"
        case .duration(let range, let zero):
            let low = max(range.lowerBound, .milliseconds(1))
            let span = "\(ValueFormats.text(low)) to \(ValueFormats.text(range.upperBound))"
            return "a duration such as 500ms, 30s, 5m, 8h, 7d (\(span)\(zero.map { "; 0: \($0)" } ?? ""))"
        case .size(let range):
            let span =
                "\(ValueFormats.text(size: range.lowerBound)) to \(ValueFormats.text(size: range.upperBound))"
            return "a size such as 64KiB, 10MiB (\(span))"
        case .choice(let words): return "one of " + words.joined(separator: ", ")
        case .list(let element): return "a list, each \(element.expectation)"
        case .section(let path): return "a mapping, see `\(path)`"
        case .sections(let path): return "a list of mappings, see `\(path)`"
        case .pathOrSections(let path): return "a path, or a list of mappings, see `\(path)`"
        case .namedSections(let path): return "a mapping from names, see `\(path)`"
        case .special(let text): return text
        }
    }
}
