import GatewayGuard
import SQLText

/// What a rule with `mode: observe` would not let one session do. An object, since hardly a session has one.
final class ObservedRules {
    let rule: String
    let rules: GuardRules

    init(rule: String, rules: GuardRules) {
        self.rule = rule
        self.rules = rules
    }
}

/// What such a rule would refuse, for the record of a statement that goes on. An object for the same reason.
final class ObservedVerdict {
    let rule: String
    let verdict: StatementVerdict

    init(rule: String, verdict: StatementVerdict) {
        self.rule = rule
        self.verdict = verdict
    }
}

extension Relay {
    /// Has it recorded what a rule that only observes says of a text that goes on.
    func observe(_ texts: [JudgedText]) {
        guard let observed else { return }
        for text in texts {
            switch text.reading {
            case .facts:
                let verdict = guardian.verdict(
                    text.judgement, by: observed.rules, ownsTransaction: ownsTransaction)
                guard !verdict.isAllowed else { continue }
                recorder.observed = ObservedVerdict(rule: observed.rule, verdict: verdict)
                return
            case .syntaxError(let message): observe(refused: SQLText.withoutQuotation(message))
            case .tooComplex: observe(refused: Refusal.statementTooComplex.message)
            }
        }
    }

    /// A text that could not be judged: refused where anything is forbidden.
    func observe(refused reason: String) {
        guard let observed, observed.rules.isGuarded else { return }
        let verdict = StatementVerdict(isAllowed: false, classes: [], reasons: [reason])
        recorder.observed = ObservedVerdict(rule: observed.rule, verdict: verdict)
    }

    /// A text that nobody would read but for a rule that only observes, which holds nothing up: a long one is not read.
    func observedTexts(_ sql: Span<UInt8>, isQuick: Bool) -> [JudgedText] {
        guard !isReplicationCommand(sql) else { return [] }
        guard observed?.rules.isGuarded == true else {
            if isQuick { describe(sql) }
            return []
        }
        guard isQuick else {
            observe(refused: "longer than what is read for a rule that only observes")
            return []
        }
        if hasUnsafeEncoding, sql.holdsHighBytes {
            observe(refused: "in client_encoding \(recorder.clientEncoding) it can be read in two ways")
            return []
        }
        let texts = worker.statements.judge(
            sql, conformingStrings: conformingStrings, mayChange: mayHaveChangedLexer, catalog: catalog,
            describes: describes)
        describe(texts)
        observe(texts)
        return texts
    }

    /// Has it recorded what a text is that is read for no other reason. It holds nothing up: only what is read quickly
    /// comes here.
    private func describe(_ sql: Span<UInt8>) {
        guard describes, !(hasUnsafeEncoding && sql.holdsHighBytes)
        else { return }
        describe(
            worker.statements.judge(
                sql, conformingStrings: conformingStrings, mayChange: mayHaveChangedLexer,
                catalog: catalog, describes: true))
    }

    /// Has it recorded what a text is that was read; nothing where it may be two things.
    func describe(_ texts: [JudgedText]) {
        guard let text = texts.first, texts.count == 1 || text.description == texts[1].description else {
            return
        }
        if let description = text.description { recorder.description = description }
    }
}
