/// A region as the policy sees it.
package struct PolicyRegion: Sendable, Hashable {
    package var name: String
    package var jurisdiction: String

    package init(name: String, jurisdiction: String) {
        self.name = name
        self.jurisdiction = jurisdiction
    }

    /// The regions that a list of region and jurisdiction names means, in the order of the configuration,
    /// each once. Unknown names mean nothing.
    package static func expand(_ names: [String], in regions: [PolicyRegion]) -> [String] {
        regions.filter { region in
            names.contains { $0.hasSameBytes(as: region.name) || $0.hasSameBytes(as: region.jurisdiction) }
        }.map(\.name)
    }
}

/// A database as the policy sees it: its name and where copies of its data are.
package struct PolicyDatabase: Sendable, Hashable {
    package var name: String
    /// The regions that hold a replica, each once.
    package var regions: [String]

    /// - Parameter replicaRegions: the region of each replica; repeats are dropped.
    package init(name: String, replicaRegions: [String]) {
        self.name = name
        var seen: [String] = []
        for region in replicaRegions where !seen.contains(where: { $0.hasSameBytes(as: region) }) {
            seen.append(region)
        }
        regions = seen
    }
}
