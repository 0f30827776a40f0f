import Foundation
import Gateway
import GatewayConfiguration
import GatewayGuard
import GatewayPolicy
import GatewayRouting
import SQLText

/// Judges a statement as the session of a decision would have it judged, its first statement and with
/// standard_conforming_strings on, and tells everything that was found.
struct StatementExplanation: Sendable {
    /// Findings that are told; a text may give thousands.
    static let findingLimit = 200

    let statement: String
    let decision: Decision
    let request: AccessRequest
    let configuration: Configuration

    func report(catalog: ExplainedCatalog) async -> StatementReport {
        // As deep as the grammar lets a text be, which no thread of the pool has to have room for.
        await withCheckedContinuation { continuation in
            let thread = Thread { continuation.resume(returning: judged(by: catalog)) }
            thread.stackSize = 8 << 20
            thread.start()
        }
    }

    private func judged(by catalog: ExplainedCatalog) -> StatementReport {
        var report = blank(catalog)
        let rules = GuardRules(of: decision, handedOut: HandedOutNames(configuration))
        let bytes = Array(statement.utf8)
        if bytes.count > configuration.limits.statement {
            return report.refused(.statementTooLong(limit: configuration.limits.statement))
        }
        if request.replication, ReplicationCommand.begins(bytes.span) {
            report.note = "a command of the replication protocol, which is not judged"
            return report
        }
        let text = JudgedText(bytes.span, conformingStrings: true, catalog: catalog.published)
        switch text.reading {
        case .tooComplex:
            guard rules.isGuarded || QuickScan.isRead(bytes.span) else {
                report.note = "too complex to be read; nothing is forbidden in the session"
                return report
            }
            return report.refused(.statementTooComplex)
        case .syntaxError(let message):
            guard rules.isGuarded else {
                report.note =
                    "the gateway's grammar, \(GrammarVersion.own)'s, does not take it (\(message)); the replica's decides"
                return report
            }
            return report.refused(
                .statementUnreadable(message, replica: catalog.published?.snapshot.grammar))
        case .facts(let facts):
            report.statements = facts.statements.map(\.kind.sql)
            judge(text.judgement, rules, &report)
            return report
        }
    }

    private func judge(_ judgement: Judgement, _ rules: GuardRules, _ report: inout StatementReport) {
        let session = SessionGuard(rules: rules)
        let findings = session.findings(judgement)
        // What speaks against it first: it must not be what is left out.
        let told = findings.filter(\.isRefused) + findings.filter { !$0.isRefused }
        report.findings = told.prefix(StatementExplanation.findingLimit).map {
            StatementReport.Finding(
                classes: $0.classes.allNames, reason: $0.reason, refused: $0.isRefused)
        }
        report.findingsLeftOut = told.count - report.findings.count
        let verdict = session.verdict(judgement)
        report.classes = verdict.classes
        guard !verdict.isAllowed else { return }
        report = report.refused(.statementForbidden(rule: decision.rule, reasons: verdict.reasons))
    }

    private func blank(_ catalog: ExplainedCatalog) -> StatementReport {
        let ofRule = configuration.rules.first { $0.name.hasSameBytes(as: decision.rule) }?.forbid ?? []
        let snapshot = catalog.published?.snapshot
        return StatementReport(
            allowed: true, statements: [], classes: [], forbid: ofRule.map(\.rawValue).sorted(),
            tokenForbid: decision.forbid.subtracting(ofRule).map(\.rawValue).sorted(),
            access: decision.access.rawValue, temporary: decision.forbidsTemporary ? "forbid" : "allow",
            findings: [], findingsLeftOut: 0, note: nil,
            catalog: StatementReport.Catalog(
                replica: catalog.replica?.replica, read: snapshot != nil, relations: snapshot?.relationCount,
                functions: snapshot?.functionCount,
                ageSeconds: catalog.age.map { Double($0.wholeNanoseconds / 1_000_000) / 1_000 },
                failure: catalog.failure),
            refusal: nil)
    }
}

extension StatementReport {
    /// Why it is refused, by findings where there are any.
    var reasons: [String] {
        let found = findings.filter(\.refused).map(\.reason)
        return found.isEmpty ? [refusal?.message].compactMap(\.self) : found
    }

    fileprivate func refused(_ refusal: Refusal) -> StatementReport {
        var report = self
        report.allowed = false
        report.refusal = ExecutorError(refusal)
        return report
    }
}
