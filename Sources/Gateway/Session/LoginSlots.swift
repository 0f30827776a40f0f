import GatewayRouting
import Synchronization

/// Logins under way at each replica: at most so many at a time, the others wait in their order. When thousands of
/// executors come back at once, a replica gets as many as it can log in, and not all of them (F-POL-11).
package final class LoginSlots: Sendable {
    private struct Line {
        var underWay = 0
        /// Those that wait, the first to be let in last.
        var waiting: [@Sendable (LoginSlot) -> Void] = []
        var arrived: [@Sendable (LoginSlot) -> Void] = []

        var length: Int { underWay + waiting.count + arrived.count }

        mutating func next() -> (@Sendable (LoginSlot) -> Void)? {
            if waiting.isEmpty {
                waiting = arrived.reversed()
                arrived = []
            }
            return waiting.popLast()
        }
    }

    private let lines = Mutex<[ReplicaID: Line]>([:])

    package init() {}

    /// Takes a slot for one login.
    ///
    /// - Parameter turn: called once, on whatever thread frees one, where nil was returned. Who does not want its slot
    ///   any more lets go of it.
    /// - Returns: the slot, or nil where `limit` logins are under way there.
    package func take(
        _ replica: ReplicaID, limit: Int, turn: @escaping @Sendable (LoginSlot) -> Void
    ) -> LoginSlot? {
        let isFree = lines.withLock { lines in
            guard lines[replica, default: Line()].underWay < limit else {
                lines[replica, default: Line()].arrived.append(turn)
                return false
            }
            lines[replica, default: Line()].underWay += 1
            return true
        }
        return isFree ? LoginSlot(of: self, replica) : nil
    }

    /// Logins under way and waiting, by replica.
    package var lengths: [ReplicaID: Int] { lines.withLock { $0.mapValues(\.length) } }

    /// The slot goes to the next who waits, or is free.
    fileprivate func release(_ replica: ReplicaID) {
        let turn = lines.withLock { lines -> (@Sendable (LoginSlot) -> Void)? in
            guard var line = lines[replica] else { return nil }
            let next = line.next()
            if next == nil { line.underWay -= 1 }
            lines[replica] = line.length == 0 ? nil : line
            return next
        }
        turn?(LoginSlot(of: self, replica))
    }
}

/// The right to log in at a replica now. It is given back when nobody holds it any more.
package final class LoginSlot: Sendable {
    package let replica: ReplicaID
    private let slots: LoginSlots

    fileprivate init(of slots: LoginSlots, _ replica: ReplicaID) {
        self.slots = slots
        self.replica = replica
    }

    deinit { slots.release(replica) }
}
