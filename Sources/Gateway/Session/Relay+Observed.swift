import GatewayGuard
import SQLText

/// What a rule with `mode: observe` would not let one session do.
struct ObservedRules {
    let rule: String
    let rules: GuardRules
}

/// What such a rule would refuse, for the record of a statement that goes on.
struct ObservedVerdict {
    let rule: String
    let verdict: StatementVerdict
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
}
