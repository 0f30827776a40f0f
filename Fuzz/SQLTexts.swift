import GatewayCatalog
import GatewayGuard
import GatewayPolicy
import SQLText

/// The text of a statement, any bytes. Read as PostgreSQL's grammar reads it under either setting of
/// standard_conforming_strings, and judged against a catalogue that has one object of each kind that leads out: the same
/// each time, with every statement within the text, nothing that a rule forbids allowed by one that forbids more, and
/// nothing that every session is refused in a text that is not looked at. Its shape is read and judged as it is.
func run(_ input: [UInt8]) {
    for conforming in [true, false] {
        // A message's text ends at its NUL.
        let text = Array(input.prefix { $0 != 0 })
        let judged = judge(text, conforming)
        let whole = judge(input, conforming)
        // Runs of operators are looked for in all of it.
        if whole.kind != "too complex" { checkSame(judged, whole, "what follows a NUL is not read") }
        checkShape(text, conforming, judged)
        switch judged.reading {
        case .facts(let facts):
            checkRanges(facts, within: text.count)
            checkNarrowing(judged)
            checkFree(text, judged)
            checkAppended(text, conforming, judged)
        case .syntaxError(let message): check(!message.isEmpty, "an error says what it is")
        case .tooComplex: break
        }
    }
}

private let everything = Set(StatementClass.allCases)

private func judge(_ text: [UInt8], _ conforming: Bool) -> JudgedText {
    JudgedText(text.span, conformingStrings: conforming, catalog: published, describes: true)
}

private func verdict(
    _ judged: JudgedText, _ forbid: Set<StatementClass>, _ access: Access = .readWrite
) -> StatementVerdict {
    let rules = GuardRules(
        forbid: forbid, access: access, forbidsTemporary: false, roles: ["analyst"], databases: ["orders"])
    return SessionGuard(rules: rules).verdict(judged.judgement)
}

private func checkSame(_ one: JudgedText, _ other: JudgedText, _ property: String) {
    check(one.judgement.findings == other.judgement.findings, property)
    check(one.judgement.unknownNames == other.judgement.unknownNames, property)
    check(one.judgement.made == other.judgement.made, property)
    check(one.judgement.prepared == other.judgement.prepared, property)
    check(one.judgement.executed == other.judgement.executed, property)
    check(one.kind == other.kind, property)
}

/// What is remembered of a shape serves all its texts.
private func checkShape(_ text: [UInt8], _ conforming: Bool, _ judged: JudgedText) {
    var shape: [UInt8] = []
    guard let count = SQLBytes.shape(of: text.span, into: &shape) else { return }
    check(count <= text.count, "a shape is no longer than its text")
    let shaped = judge(Array(shape[..<count]), conforming)
    check(judged.isReadable == shaped.isReadable, "a text and its shape are read, or neither")
    // What is wrong with a text is told in its own words: its shape is not used.
    guard shaped.isReadable else { return }
    checkSame(judged, shaped, "a text and its shape are judged alike")
    check(judged.description == shaped.description, "a text and its shape are described alike")
}

/// Statements at the top stand within the text, one behind the other.
private func checkRanges(_ facts: SQLFacts, within length: Int) {
    var end = 0
    for statement in facts.topLevel {
        guard let range = statement.range else { continue }
        check(
            range.lowerBound >= end && range.upperBound <= length,
            "\(range) of \(length) bytes, behind \(end)")
        end = range.upperBound
    }
    check(
        facts.statements.allSatisfy { $0.kind != .unknown } || !facts.unknownNodes.isEmpty, "unknown is told")
}

/// Whoever forbids more allows no more, and without a catalogue no more is known.
private func checkNarrowing(_ judged: JudgedText) {
    let all = verdict(judged, everything, .readOnly)
    for one in StatementClass.allCases {
        let alone = verdict(judged, [one])
        check(alone.isAllowed || !all.isAllowed, "what \(one) refuses, all refuse")
        check(alone.isAllowed || !alone.reasons.isEmpty, "a refusal has a reason")
        // EXECUTE of what nobody prepared apart, a class that is found is a class that is refused.
        check(!(alone.isAllowed && alone.classes.contains(one.rawValue)), "\(one) found, and allowed")
    }
    check(verdict(judged, []).isAllowed || !all.isAllowed, "what every session is refused, all refuse")
}

/// A session that nothing is forbidden to pays for no parse of what could do no harm.
private func checkFree(_ text: [UInt8], _ judged: JudgedText) {
    guard !verdict(judged, []).isAllowed else { return }
    check(QuickScan.needsReading(text.span), "refused to everybody, and not looked at")
}

/// What stands before a statement does not hide it.
private func checkAppended(_ text: [UInt8], _ conforming: Bool, _ judged: JudgedText) {
    let longer = judge(text + Array("\n; SELECT dblink_connect('x')".utf8), conforming)
    switch longer.reading {
    case .facts:
        check(!verdict(longer, [.egress]).isAllowed, "dblink behind it is refused")
        let was = Set(judged.judgement.findings)
        check(was.isSubset(of: longer.judgement.findings), "what was found is found")
    case .syntaxError(let message): check(false, "a whole text, and then one more: \(message)")
    case .tooComplex: break
    }
}

extension JudgedText {
    fileprivate var kind: String {
        switch reading {
        case .facts(let facts): "\(facts.topLevel.map(\.kind.rawValue))"
        case .syntaxError(let message): message
        case .tooComplex: "too complex"
        }
    }
}

private let published = PublishedCatalog(number: 1, snapshot: catalog)
private let catalog = CatalogSnapshot(
    serverVersion: 150_020,
    relations: [
        CatalogRelation(schema: "public", name: "t", kind: .table),
        CatalogRelation(schema: "public", name: "u", kind: .table, write: .egress, reasons: [leads]),
        CatalogRelation(
            schema: "public", name: "far", kind: .foreignTable, read: .egress, readOnly: .egress,
            write: .egress,
            reasons: [leads]),
    ],
    functions: [
        CatalogFunction(schema: "public", name: "f", language: "sql"),
        CatalogFunction(
            schema: "public", name: "dblink_connect", language: "c", reach: .egress, reasons: [leads]),
        CatalogFunction(schema: "public", name: "dblink", language: "c", reach: .egress, reasons: [leads]),
        CatalogFunction(schema: "public", name: "p", language: "plperl", reach: .opaque, reasons: [hides]),
    ],
    operators: [CatalogOperator(schema: "public", name: "===", reach: .egress, reasons: [leads])],
    types: [CatalogType(schema: "public", name: "d", reach: .egress, reasons: [leads])],
    known: KnownNames(operators: ["=", "<", ">", "+", "||"], types: ["int4", "text", "bool"]))

private let leads = CatalogReason(reach: .egress, text: "leads out")
private let hides = CatalogReason(reach: .opaque, text: "hides what it does")
