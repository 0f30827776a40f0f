import GatewayConfiguration

/// Which recorded sessions a new policy would answer otherwise than an old one. Takes one record after the other; its
/// memory grows with the number of different changes, up to a limit, and not with the log.
package struct PolicyDiff: Sendable {
    /// Changes that are told apart; sessions of further ones are only counted.
    package static let groupLimit = 1_000

    /// Sessions with the same change.
    package struct Group: Sendable {
        package let change: DecisionChange
        package internal(set) var count: Int
        /// The first of them.
        package let example: RecordedLogin
    }

    /// Sessions of which one of the policies cannot say what it would answer.
    package struct Undecidable: Sendable {
        /// What their records lack: names of claims, or `asked`, `claims`.
        package let lacking: [String]
        package internal(set) var count: Int
        package let example: RecordedLogin
    }

    /// Records that were decided again.
    package private(set) var decided = 0
    /// Lines that should be such records and cannot be read.
    package private(set) var unreadable = 0
    /// Records of logins that ended before a policy was asked.
    package private(set) var withoutPrincipal = 0
    /// Sessions of changes beyond `groupLimit`.
    package private(set) var ungrouped = 0
    private var groups: [DecisionChange: Group] = [:]
    private var undecided: [[String]: Undecidable] = [:]
    private let old: PolicyRehearsal
    private let new: PolicyRehearsal

    private let groupLimit: Int

    package init(
        from old: Configuration, to new: Configuration, groupLimit: Int = PolicyDiff.groupLimit
    ) {
        self.groupLimit = groupLimit
        self.old = PolicyRehearsal(old)
        self.new = PolicyRehearsal(new)
    }

    /// The most frequent first.
    package var changes: [Group] {
        groups.values.sorted { ($1.count, $0.example.session) < ($0.count, $1.example.session) }
    }

    package var undecidable: [Undecidable] {
        undecided.values.sorted { ($1.count, $0.example.session) < ($0.count, $1.example.session) }
    }

    /// Nothing changes, and that is sure: each record could be read and decided by both.
    package var isUnchanged: Bool { changed == 0 && undecided.isEmpty && unreadable == 0 }

    package mutating func addUnreadable() { unreadable += 1 }

    package var changed: Int { groups.values.reduce(ungrouped) { $0 + $1.count } }

    /// - Parameter login: nil for a record without a principal.
    package mutating func add(_ login: RecordedLogin?) {
        guard let login else {
            withoutPrincipal += 1
            return
        }
        let (before, after) = (old.answer(login), new.answer(login))
        guard case .decided(let first) = before, case .decided(let second) = after else {
            var lacking: [String] = []
            for case .undecidable(let names) in [after, before] {
                lacking += names.filter { !lacking.contains($0) }
            }
            undecided[lacking, default: Undecidable(lacking: lacking, count: 0, example: login)].count += 1
            return
        }
        decided += 1
        guard let change = DecisionChange(from: first, to: second) else { return }
        guard groups[change] != nil || groups.count < groupLimit else {
            ungrouped += 1
            return
        }
        groups[change, default: Group(change: change, count: 0, example: login)].count += 1
    }
}
