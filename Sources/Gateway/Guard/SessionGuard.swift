import GatewayCatalog
import SQLText

/// What of one session its verdicts rest on: what it made, prepared and began. Pure.
package struct SessionGuard: Sendable {
    /// Names of each kind that are remembered; what is forgotten is refused where it matters.
    package static let limit = 4096
    /// Texts prepared under one name.
    package static let textsPerName = 16
    /// Bytes of memory that prepared texts may take, an estimate; of more no name is remembered.
    package static let preparedBytes = 16 << 20

    package var rules: GuardRules {
        didSet {
            isGuarded = rules.isGuarded
            if !isGuarded { wasFree = true }
        }
    }
    /// Whether the rules are (`GuardRules.isGuarded`): asked for each message.
    package private(set) var isGuarded: Bool
    /// What holds now: what was prepared is judged against it, whenever that was (F-GRD-08).
    package var catalog: PublishedCatalog?
    /// Once nothing was forbidden, and not every text was read; or a name was not remembered.
    private var wasFree: Bool
    private var made: Set<MadeName> = []
    private var temporaries: Set<String> = []
    private var prepared: [String: [JudgedText]] = [:]
    private var preparedBytes = 0
    private var transactions: Set<String> = []

    package init(rules: GuardRules) {
        self.rules = rules
        isGuarded = rules.isGuarded
        wasFree = !isGuarded
    }

    /// What the log says of a reason that would say what a constant says, where constants are not kept.
    static let unquoted = "a constant of the statement names what is refused"

    /// Judges what a text does by the session's rules.
    ///
    /// - Parameter ownsTransaction: whether a two-phase transaction that this session did not prepare is its
    ///   principal's all the same.
    package func verdict(
        _ judgement: Judgement, ownsTransaction: (String) -> Bool = { _ in false }
    ) -> StatementVerdict {
        verdict(judgement, by: rules, ownsTransaction: ownsTransaction)
    }

    /// The same of a text; most have nothing that a verdict looks at.
    package func verdict(
        _ text: JudgedText, ownsTransaction: (String) -> Bool = { _ in false }
    ) -> StatementVerdict {
        text.isHarmless ? .allowed : verdict(text.judgement, ownsTransaction: ownsTransaction)
    }

    /// The same by other rules than the session's own.
    package func verdict(
        _ judgement: Judgement, by rules: GuardRules, ownsTransaction: (String) -> Bool
    ) -> StatementVerdict {
        var reasons: [String] = []
        var plain: [String] = []
        var classes: GuardedClasses = []
        visit(judgement, by: rules, ownsTransaction) { found, quotesConstant, reason in
            classes.formUnion(found)
            guard !found.isDisjoint(with: rules.refused), reasons.count < StatementVerdict.reasonLimit
            else { return }
            let reason = reason()
            if !reasons.contains(reason) { reasons.append(reason) }
            let said = quotesConstant ? SessionGuard.unquoted : reason
            if !plain.contains(said) { plain.append(said) }
        }
        return StatementVerdict(
            isAllowed: reasons.isEmpty, classes: classes.names, reasons: reasons, plainReasons: plain)
    }

    /// All that the verdict rests on, each once, for whoever wants to know why.
    package func findings(_ judgement: Judgement) -> [StatementFinding] {
        var findings: [StatementFinding] = []
        var seen: Set<StatementFinding> = []
        visit(judgement, by: rules, { _ in false }) { classes, _, reason in
            let finding = StatementFinding(
                classes: classes, reason: reason(), isRefused: !classes.isDisjoint(with: rules.refused))
            if seen.insert(finding).inserted { findings.append(finding) }
        }
        return findings
    }

    private func visit(
        _ judgement: Judgement, by rules: GuardRules, _ ownsTransaction: (String) -> Bool,
        _ find: (GuardedClasses, _ quotesConstant: Bool, () -> String) -> Void
    ) {
        for finding in judgement.findings {
            find(finding.classes, finding.quotesConstant) { finding.reason }
        }
        for (names, isOfBody) in [
            (judgement.unknownNames, false), (judgement.unknownNamesOfBodies, true),
        ] {
            for name in names where !name.mayBe(among: made) && !name.mayBe(among: judgement.made) {
                // What a type's functions, or an operator's, do nobody has seen.
                find(name.kind == .relation ? .egress : .hidden, isOfBody) {
                    "the \(name.kind.noun) \(name.written) is not in the catalogue that was read last"
                }
            }
        }
        if let changed = judgement.changedTemporaries {
            for name in changed where !temporaries.contains(name) && !judgement.madeTemporary.contains(name) {
                find(.ddl, false) {
                    "\(name) is no temporary relation of the session's, so its change is one of the schema"
                }
            }
        }
        for role in judgement.changedRoles where role.map(rules.roles.contains) ?? true {
            find([.always, .roleChange], false) {
                "the role \(role ?? "of the session") is handed out by the gateway"
            }
        }
        for database in judgement.changedDatabases where rules.databases.contains(database) {
            find(.always, false) { "the database \(database) is handed out by the gateway" }
        }
        for transaction in judgement.endedTransactions
        where !transactions.contains(transaction) && !ownsTransaction(transaction) {
            find(.always, true) { "the prepared transaction \(transaction) is not one of this principal's" }
        }
        for name in judgement.executed where !judgement.prepared.contains(name) {
            judgeExecuted(name, rules, find)
        }
    }

    private func judgeExecuted(
        _ name: String, _ rules: GuardRules, _ find: (GuardedClasses, Bool, () -> String) -> Void
    ) {
        guard let texts = prepared[name], !texts.isEmpty else {
            return find(.hidden, false) {
                "EXECUTE of \(name), of which the gateway does not know what was prepared"
            }
        }
        for text in texts {
            let inner = verdict(text.again(catalog: catalog).judgement, by: rules) { _ in false }
            if !inner.isAllowed {
                find(rules.refused, inner.reasons.first != inner.plainReasons.first) {
                    inner.reasons.first ?? "EXECUTE of \(name) is refused"
                }
            }
        }
    }

    /// What SQL prepared under this name, or a Parse of it: a Bind of it is judged by all that it may stand for.
    package func verdict(ofPrepared name: String) -> StatementVerdict {
        // Every text of the session was read and none made it: the server has no such statement and says so.
        if prepared[name] == nil, !wasFree { return .allowed }
        var judgement = Judgement()
        judgement.executed = [name]
        return verdict(judgement)
    }

    /// An allowed text is about to be forwarded: what it makes and prepares is known from now on.
    package mutating func note(_ text: JudgedText) {
        let judgement = text.judgement
        for name in judgement.made where made.count < SessionGuard.limit { made.insert(name) }
        for name in judgement.madeTemporary where temporaries.count < SessionGuard.limit {
            temporaries.insert(name)
        }
        for name in judgement.prepared { note(text, preparedAs: name) }
    }

    /// The session has prepared a two-phase transaction of this name: the replica said so.
    package mutating func owns(transaction: String) {
        if transactions.count < SessionGuard.limit { transactions.insert(transaction) }
    }

    /// One of this name was ended.
    package mutating func disowns(transaction: String) { transactions.remove(transaction) }

    /// A Parse, or PREPARE, under this name. A name may come to mean any of the texts that it was given: what became
    /// of them only the server knows.
    package mutating func note(_ text: JudgedText, preparedAs name: String) {
        guard prepared[name] != nil || prepared.count < SessionGuard.limit else {
            wasFree = true
            return
        }
        let texts = prepared[name] ?? []
        if texts.contains(where: { $0.identity == text.identity }) { return }
        // With more of them nothing is known any more: an empty list is refused.
        let isKnown = prepared[name].map { !$0.isEmpty } ?? true
        if isKnown, texts.count < SessionGuard.textsPerName,
            preparedBytes + text.bytes <= SessionGuard.preparedBytes
        {
            prepared[name] = texts + [text.prepared]
            preparedBytes += text.bytes
        } else {
            prepared[name] = []
            for forgotten in texts { preparedBytes -= forgotten.bytes }
        }
    }
}
