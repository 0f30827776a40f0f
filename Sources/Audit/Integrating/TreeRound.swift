import AuditTree

/// What one round adds to a tree: leaves first, then the tiles and checkpoints that they make.
package struct TreeRound: Sendable, Equatable {
    /// A checkpoint is signed for each so many records.
    package static let every: UInt64 = 1000
    /// Leaves after which a round ends.
    package static let limit: UInt64 = 65_536
    /// Checkpoints in a round; where there would be more (a log that gets its tree late), the last one alone is signed.
    private static let checkpointLimit = 64

    private let origin: String
    private let from: UInt64
    /// The tree with the round's leaves.
    package private(set) var edge: TreeEdge
    /// Tiles that became full, the lower ones first.
    package private(set) var tiles: [TreeEdge.FullTile] = []
    private var marks: [Checkpoint] = []

    package init(edge: TreeEdge, origin: String) {
        self.edge = edge
        self.origin = origin
        from = edge.size
    }

    package var size: UInt64 { edge.size }
    package var count: UInt64 { edge.size - from }

    package mutating func append(_ leaf: TreeHash) {
        edge.append(leaf) { tiles.append($0) }
        if edge.size % TreeRound.every == 0, marks.count <= TreeRound.checkpointLimit {
            marks.append(Checkpoint(origin: origin, size: edge.size, root: edge.root))
        }
    }

    /// The checkpoints to be signed, in their order: the last one covers all of the round.
    package var checkpoints: [Checkpoint] {
        let last = Checkpoint(origin: origin, size: edge.size, root: edge.root)
        guard marks.count <= TreeRound.checkpointLimit else { return [last] }
        return marks.last?.size == edge.size ? marks : marks + [last]
    }
}
