/// Refused logins that have no record of their own, in sums: by address and SQLSTATE, of so many at a time; the others by
/// SQLSTATE alone. A worker's own.
package struct RefusalSums: Sendable {
    package struct Sum: Equatable, Sendable {
        /// The address without a port; nil: several.
        package let address: String?
        package let sqlstate: String
        package let count: Int

        package init(address: String?, sqlstate: String, count: Int) {
            self.address = address
            self.sqlstate = sqlstate
            self.count = count
        }
    }

    private struct Key: Hashable {
        let address: String?
        let sqlstate: String
    }

    /// Sums that name an address, at most.
    package static let most = 64
    /// Nanoseconds from the first that is counted to the records of the sums.
    package static let interval: UInt64 = 10_000_000_000

    private var counts: [Key: Int] = [:]
    private var named = 0

    package init() {}

    package var isEmpty: Bool { counts.isEmpty }

    package mutating func add(address: String, sqlstate: String) {
        let own = Key(address: address, sqlstate: sqlstate)
        if counts[own] == nil {
            guard named < RefusalSums.most else {
                counts[Key(address: nil, sqlstate: sqlstate), default: 0] += 1
                return
            }
            named += 1
        }
        counts[own, default: 0] += 1
    }

    /// What was counted since the last time, the largest sums first.
    package mutating func take() -> [Sum] {
        let sums = counts.map { Sum(address: $0.key.address, sqlstate: $0.key.sqlstate, count: $0.value) }
        counts = [:]
        named = 0
        return sums.sorted {
            ($1.count, $0.address ?? "~", $0.sqlstate) < ($0.count, $1.address ?? "~", $1.sqlstate)
        }
    }
}
