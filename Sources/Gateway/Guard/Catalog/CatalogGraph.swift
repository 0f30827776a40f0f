/// Who uses whom, and what each does by itself. Reach flows from what is used to who uses it, over any number of
/// steps; cycles end since each node takes each kind once.
struct CatalogGraph {
    private(set) var reach: [CatalogReach] = []
    private(set) var own: [Int32: [CatalogReason]] = [:]
    private var users: [Int32] = []
    private var used: [Int32] = []
    /// For each of `CatalogReach.each`, the next node on a shortest way to who does it, and who that is; empty where
    /// nobody does.
    private var ways: [(next: [Int32], end: [Int32])] = []

    private static let nowhere: Int32 = -1

    var count: Int32 { Int32(truncatingIfNeeded: reach.count) }

    mutating func reserve(nodes: Int, edges: Int) {
        reach.reserveCapacity(nodes)
        users.reserveCapacity(edges)
        used.reserveCapacity(edges)
    }

    /// Adds nodes; answers the first one's number.
    mutating func add(_ count: Int = 1) -> Int32 {
        let first = self.count
        reach.append(contentsOf: repeatElement([], count: count))
        return first
    }

    mutating func connect(_ user: Int32, uses other: Int32) {
        users.append(user)
        used.append(other)
    }

    mutating func mark(_ node: Int32, _ reasons: [CatalogReason]) {
        guard !reasons.isEmpty else { return }
        for reason in reasons {
            reach[Int(node)].insert(reason.reach)
            guard own[node]?.contains(where: { $0.reach == reason.reach }) != true else { continue }
            own[node, default: []].append(reason)
        }
    }

    /// Lets reach flow. Linear in nodes and edges for each kind that occurs.
    mutating func close() {
        var starts = [Int32](repeating: 0, count: reach.count + 1)
        for node in used { starts[Int(node) + 1] += 1 }
        for index in 1..<max(1, starts.count) { starts[index] += starts[index - 1] }
        var fill = starts
        var usersOf = [Int32](repeating: 0, count: users.count)
        for (user, node) in zip(users, used) {
            usersOf[Int(fill[Int(node)])] = user
            fill[Int(node)] += 1
        }
        users = []
        used = []
        ways = CatalogReach.each.map { kind in flow(kind, starts, usersOf) }
    }

    private mutating func flow(
        _ kind: CatalogReach, _ starts: [Int32], _ usersOf: [Int32]
    ) -> (next: [Int32], end: [Int32]) {
        var queue: [Int32] = []
        for (node, reasons) in own where reasons.contains(where: { $0.reach == kind }) { queue.append(node) }
        guard !queue.isEmpty else { return ([], []) }
        queue.sort()
        var next = [Int32](repeating: CatalogGraph.nowhere, count: reach.count)
        var end = next
        for node in queue { end[Int(node)] = node }
        var read = 0
        while read < queue.count {
            let node = queue[read]
            read += 1
            for place in starts[Int(node)]..<starts[Int(node) + 1] {
                let user = usersOf[Int(place)]
                guard !reach[Int(user)].contains(kind) else { continue }
                reach[Int(user)].insert(kind)
                next[Int(user)] = node
                end[Int(user)] = end[Int(node)]
                queue.append(user)
            }
        }
        return (next, end)
    }

    /// Who does what a node has one kind of reach by; the node itself, where it does; nil where it has none.
    func source(of node: Int32, _ kind: CatalogReach) -> Int32? {
        guard let place = CatalogReach.each.firstIndex(of: kind), !ways[place].end.isEmpty else { return nil }
        let end = ways[place].end[Int(node)]
        return end == CatalogGraph.nowhere ? nil : end
    }

    /// The next node on the way there; nil at its end.
    func step(from node: Int32, _ kind: CatalogReach) -> Int32? {
        guard let place = CatalogReach.each.firstIndex(of: kind), !ways[place].next.isEmpty else {
            return nil
        }
        let next = ways[place].next[Int(node)]
        return next == CatalogGraph.nowhere ? nil : next
    }
}
