import GatewayPolicy

/// How a decision differs from another on the same request.
package struct DecisionChange: Sendable, Hashable {
    package enum Kind: String, Sendable, Hashable, CaseIterable {
        case allowedToRefused = "allowed_to_refused"
        case refusedToAllowed = "refused_to_allowed"
        /// Refused by both, for another reason or by another rule.
        case otherRefusal = "other_refusal"
        case rule
        case role
        case regionsNarrower = "regions_narrower"
        case regionsWider = "regions_wider"
        /// Neither holds the other.
        case regionsOther = "regions_other"
        case accessNarrower = "access_narrower"
        case accessWider = "access_wider"
        case forbidsMore = "forbids_more"
        case forbidsLess = "forbids_less"
        case forbidsOther = "forbids_other"
        case replicatesTo = "replicates_to"
        /// Anything else that the decision says: temporary tables, capture, how sessions end.
        case settings
    }

    /// In the order of `Kind`.
    package let kinds: [Kind]
    package let old: String
    package let new: String

    /// Nil where nothing differs.
    package init?(from old: RehearsedAnswer, to new: RehearsedAnswer) {
        switch (old, new) {
        case (.allowed(let before), .allowed(let after)):
            guard before != after else { return nil }
            let found = DecisionChange.kinds(from: before, to: after)
            kinds = found.isEmpty ? [.settings] : found
        case (.allowed, .refused): kinds = [.allowedToRefused]
        case (.refused, .allowed): kinds = [.refusedToAllowed]
        case (.refused(let before), .refused(let after)):
            guard before.reason != after.reason || before.rule != after.rule else { return nil }
            kinds = [.otherRefusal]
        }
        self.old = DecisionChange.words(old)
        self.new = DecisionChange.words(new)
    }

    private static func kinds(from old: Decision, to new: Decision) -> [Kind] {
        var found: [Kind] = []
        if old.rule != new.rule { found.append(.rule) }
        if old.role != new.role { found.append(.role) }
        let (before, after) = (Set(old.regions), Set(new.regions))
        if before != after {
            found.append(
                after.isSubset(of: before)
                    ? .regionsNarrower : before.isSubset(of: after) ? .regionsWider : .regionsOther)
        }
        switch (old.access, new.access) {
        case (.readWrite, .readOnly): found.append(.accessNarrower)
        case (.readOnly, .readWrite): found.append(.accessWider)
        case (.readOnly, .readOnly), (.readWrite, .readWrite): break
        }
        if old.forbid != new.forbid {
            found.append(
                old.forbid.isSubset(of: new.forbid)
                    ? .forbidsMore : new.forbid.isSubset(of: old.forbid) ? .forbidsLess : .forbidsOther)
        }
        if old.replicatesTo != new.replicatesTo { found.append(.replicatesTo) }
        return found
    }

    private static func words(_ answer: RehearsedAnswer) -> String {
        switch answer {
        case .allowed(let decision):
            let forbid = decision.forbid.map(\.rawValue).sorted().joined(separator: ", ")
            let streams =
                decision.replicatesTo.isEmpty
                ? "" : ", streams on to \(decision.replicatesTo.joined(separator: ", "))"
            return "\(decision.rule): \(decision.role), \(decision.access.rawValue), "
                + "[\(decision.regions.joined(separator: ", "))]"
                + (forbid.isEmpty ? "" : ", forbids \(forbid)")
                + streams
        case .refused(let refusal):
            let by = refusal.rule.map { " by \($0)" } ?? ""
            return "refused\(by): \(refusal.reason.rawValue)"
        }
    }
}
