import GatewayRouting
import Synchronization

/// Logins under way at each replica: at most so many at a time, the others wait in their order. When thousands of
/// executors come back at once, a replica gets as many as it can log in, and not all of them (F-POL-11).
package final class LoginSlots: Sendable {
    private struct Line {
        var underWay = 0
        /// As the newest login's configuration has it.
        var limit = 0
        /// Those that wait, the first to be let in last.
        var waiting: [LoginPlace] = []
        var arrived: [LoginPlace] = []

        var length: Int { underWay + waiting.count + arrived.count }

        /// The next who still wants a slot; nil: nobody may have it, and it is free.
        mutating func release() -> LoginPlace? {
            while underWay <= limit {
                if waiting.isEmpty {
                    swap(&waiting, &arrived)
                    waiting.reverse()
                }
                guard let next = waiting.popLast() else { break }
                if next.isWanted { return next }
            }
            underWay -= 1
            return nil
        }
    }

    package enum Outcome: Sendable {
        case slot(LoginSlot)
        /// As many as may be are under way there.
        case waits(LoginPlace)
    }

    private let lines = Mutex<[ReplicaID: Line]>([:])

    package init() {}

    /// Takes a slot for one login.
    ///
    /// - Parameter turn: called once, on whatever thread frees one, where the login waits. Who does not want its slot
    ///   any more lets go of it.
    package func take(
        _ replica: ReplicaID, limit: Int, turn: @escaping @Sendable (LoginSlot) -> Void
    ) -> Outcome {
        let place = lines.withLock { lines -> LoginPlace? in
            lines[replica, default: Line()].limit = limit
            guard lines[replica, default: Line()].underWay < limit else {
                let place = LoginPlace(turn: turn)
                lines[replica, default: Line()].arrived.append(place)
                return place
            }
            lines[replica, default: Line()].underWay += 1
            return nil
        }
        return place.map { .waits($0) } ?? .slot(LoginSlot(of: self, replica))
    }

    /// Logins under way and waiting, by replica.
    package var lengths: [ReplicaID: Int] { lines.withLock { $0.mapValues(\.length) } }

    /// The slot goes to the next who waits, or is free.
    fileprivate func release(_ replica: ReplicaID) {
        let next = lines.withLock { lines -> LoginPlace? in
            // In place: a copy would be one of everybody who waits.
            let next = lines[replica]?.release()
            if lines[replica]?.length == 0 { lines[replica] = nil }
            return next
        }
        next?.turn(LoginSlot(of: self, replica))
    }
}

/// A login's place among those that wait.
package final class LoginPlace: Sendable {
    fileprivate let turn: @Sendable (LoginSlot) -> Void
    private let wanted = Atomic(true)

    fileprivate init(turn: @escaping @Sendable (LoginSlot) -> Void) { self.turn = turn }

    fileprivate var isWanted: Bool { wanted.load(ordering: .relaxed) }

    /// The login waits no more: its turn is another's.
    package func leave() { wanted.store(false, ordering: .relaxed) }
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
