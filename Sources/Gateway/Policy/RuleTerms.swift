/// What a rule says of all sessions that it decides, whatever they asked for: one object for all of them.
final class RuleTerms: Sendable, Hashable {
    let rule: String
    let forbidsTemporary: Bool
    let capture: CaptureOverride
    let session: SessionOverride

    init(_ rule: Rule) {
        self.rule = rule.name
        forbidsTemporary = rule.forbidsTemporary
        capture = rule.capture
        session = rule.session
    }

    static func == (one: RuleTerms, other: RuleTerms) -> Bool {
        one === other
            || one.rule == other.rule && one.forbidsTemporary == other.forbidsTemporary
                && one.capture == other.capture && one.session == other.session
    }

    func hash(into hasher: inout Hasher) { hasher.combine(rule) }
}
