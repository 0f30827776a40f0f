import Foundation
import GatewayPolicy

/// A file of `domicile policy test`: unit tests of a policy in YAML beside it, as strict as the configuration.
package struct PolicyTestFile: Sendable {
    /// What reading one came to.
    package enum Reading: Sendable {
        case valid(PolicyTestFile)
        /// In the order of the file.
        case mistaken([ConfigurationMistake])
    }

    /// The path that was read, as it was given.
    package let file: String
    /// The configuration that the file names, absolute; nil where it names none.
    package let configuration: String?
    package let cases: [PolicyTestCase]

    package static func load(path: String) -> Reading {
        guard let bytes = ConfigurationFile.bytes(of: path) else {
            let findings = Findings(file: path)
            findings.mistake(.start, "the file cannot be read; expected tests of a policy")
            return .mistaken(findings.all)
        }
        return read(bytes, file: path)
    }

    package static func read(_ bytes: [UInt8], file: String) -> Reading {
        let findings = Findings(file: file)
        let folder = URL(fileURLWithPath: file).standardizedFileURL.deletingLastPathComponent().path
        let context = ReadingContext(findings: findings, environment: [:], folder: folder, materials: nil)
        guard let document = YAMLDocument.read(bytes, findings: findings) else {
            return .mistaken(findings.sorted)
        }
        let root = Fields(document, section: PolicyTestReference.root, at: .start, context: context)
        var cases: [PolicyTestCase] = []
        for fields in root.list("cases") {
            let read = PolicyTestReader(fields: fields).read()
            if let earlier = cases.first(where: { $0.name == read.name }), !read.name.isEmpty {
                findings.mistake(
                    fields.position(of: "name"),
                    "duplicate case \(quoted(read.name)), first at line \(earlier.line); expected another name"
                )
            }
            cases.append(read)
        }
        let configuration = root.path("configuration")
        if findings.hasMistake { return .mistaken(findings.sorted) }
        return .valid(PolicyTestFile(file: file, configuration: configuration, cases: cases))
    }
}

/// Reads one case. Whatever is wrong with it is reported.
private struct PolicyTestReader {
    let fields: Fields

    func read() -> PolicyTestCase {
        let request = fields.fields("request")
        return PolicyTestCase(
            name: fields.text("name"), line: fields.position.line, column: fields.position.column,
            claims: claims(), database: request.text("database"), user: request.text("user"),
            region: request.optionalText("region"), replication: request.boolean("replication"),
            expected: expectation())
    }

    private func expectation() -> PolicyExpectation {
        let expect = fields.fields("expect")
        var expected = PolicyExpectation()
        expected.rule = expect.optionalText("rule")
        expected.role = expect.optionalText("role")
        expected.access = expect.choice("access", Access.self)
        if expect.has("regions") { expected.regions = expect.texts("regions").map(\.text) }
        if expect.has("forbid") {
            expected.forbid = Set(expect.choices("forbid", StatementClass.self))
        }
        if expect.has("replicates_to") { expected.replicatesTo = expect.texts("replicates_to").map(\.text) }
        expected.refused = expect.optionalText("refused").flatMap { PolicyTestRefusal($0) }
        guard fields.has("expect") else { return expected }
        let ofDecisions = ["role", "regions", "access", "forbid", "replicates_to"]
        if expect.has("refused") {
            for key in ofDecisions where expect.has(key) {
                fields.context.findings.mistake(
                    expect.keyPosition(of: key), "`\(key)` beside `refused`; expected one of the two")
            }
        } else if !expect.has("rule"), !ofDecisions.contains(where: expect.has),
            case .mapping(let entries)? = fields.node("expect")?.value, entries.isEmpty
        {
            fields.context.findings.mistake(
                expect.position, "`expect` expects nothing; expected `rule`, `refused` or another key")
        }
        return expected
    }

    // MARK: Claims

    private func claims() -> [String: ClaimValue] {
        guard let node = fields.node("claims") else { return [:] }
        guard case .object(let claims) = value(node) else {
            fields.context.findings.mistake(node.position, "`claims`: expected \(fields.expected("claims"))")
            return [:]
        }
        if claims["iss"] == nil {
            fields.context.findings.mistake(
                node.position, "`claims` has no `iss`; expected the token's issuer")
        }
        return claims
    }

    /// A value as JSON has it: what is plain and looks like a number, `true`, `false` or `null` is one (YAML 1.2,
    /// section 10.2, the JSON schema); dates and `yes` are text.
    private func value(_ node: YAMLNode) -> ClaimValue {
        switch node.value {
        case .scalar(let text, let isPlain): return isPlain ? plain(text) : .string(text)
        case .list(let elements): return .array(elements.map(value))
        case .mapping(let entries):
            return .object(
                Dictionary(entries.map { ($0.key, value($0.node)) }, uniquingKeysWith: { first, _ in first }))
        }
    }

    private func plain(_ text: String) -> ClaimValue {
        switch text {
        case "", "~", "null": return .null
        case "true": return .bool(true)
        case "false": return .bool(false)
        default: break
        }
        let digits = text.utf8.first == UInt8(ascii: "-") ? text.utf8.dropFirst() : text.utf8[...]
        guard let first = digits.first, (0x30...0x39).contains(first) else { return .string(text) }
        guard digits.allSatisfy({ (0x30...0x39).contains($0) || ".eE+-".utf8.contains($0) }) else {
            return .string(text)
        }
        // JSON has no leading zeros: 007 is text.
        if first == 0x30, let second = digits.dropFirst().first, (0x30...0x39).contains(second) {
            return .string(text)
        }
        if let integer = Int64(text) { return .integer(integer) }
        guard let number = Double(text), number.isFinite else { return .string(text) }
        return .number(number)
    }
}
