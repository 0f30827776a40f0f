import Gateway
import GatewayRouting
import Synchronization
import Testing

@Suite("F-POL-11: logins under way at a replica")
struct LoginSlotsTests {
    private let slots = LoginSlots()
    private let replica = ReplicaID(database: "orders", replica: "a")
    private let other = ReplicaID(database: "orders", replica: "b")
    private let turns = Turns()

    /// Slots that came to those who waited, by their number.
    private final class Turns: Sendable {
        private let came = Mutex<[(Int, LoginSlot)]>([])
        var order: [Int] { came.withLock { $0.map(\.0) } }
        func add(_ number: Int, _ slot: LoginSlot) { came.withLock { $0.append((number, slot)) } }
        /// The slot is let go of outside the lock: the next one comes at once.
        func dropFirst() {
            let slot = came.withLock { $0.first?.1 }
            came.withLock { _ = $0.removeFirst() }
            withExtendedLifetime(slot) {}
        }
    }

    /// A slot, or nil where it waits.
    private func take(_ number: Int, limit: Int = 2) -> LoginSlot? {
        guard case .slot(let slot) = outcome(number, limit: limit) else { return nil }
        return slot
    }

    private func outcome(_ number: Int, limit: Int = 2) -> LoginSlots.Outcome {
        slots.take(replica, limit: limit) { [turns] in turns.add(number, $0) }
    }

    @Test("As many as the limit says go at once, the others in the order in which they came")
    func order() {
        var first = take(1)
        let second = take(2)
        #expect(first != nil && second != nil)
        for number in 3...6 { #expect(take(number) == nil) }
        #expect(slots.lengths == [replica: 6])
        #expect(turns.order.isEmpty)
        first = nil
        #expect(turns.order == [3])
        turns.dropFirst()
        #expect(turns.order == [4])
        #expect(slots.lengths == [replica: 4])
        withExtendedLifetime(second) {}
    }

    @Test("Who has left, or does not take its turn, hands it on")
    func handedOn() {
        var first = take(1, limit: 1)
        #expect(first != nil)
        guard case .waits(let place) = outcome(2, limit: 1) else {
            Issue.record("two at once")
            return
        }
        // Lets go of its slot at once, as a session that has ended does.
        guard case .waits = slots.take(replica, limit: 1, turn: { _ in }) else {
            Issue.record("two at once")
            return
        }
        #expect(take(4, limit: 1) == nil)
        place.leave()
        first = nil
        #expect(turns.order == [4])
        turns.dropFirst()
        #expect(slots.lengths.isEmpty)
    }

    @Test("A limit that was lowered holds before those who wait")
    func lowered() {
        var held = [take(1, limit: 3), take(2, limit: 3), take(3, limit: 3)]
        #expect(take(4, limit: 1) == nil)
        held[0] = nil
        held[1] = nil
        #expect(turns.order.isEmpty)
        held[2] = nil
        #expect(turns.order == [4])
    }

    @Test("Each replica has its own")
    func apart() {
        let one = take(1, limit: 1)
        #expect(take(2, limit: 1) == nil)
        guard case .slot(let another) = slots.take(other, limit: 1, turn: { _ in }) else {
            Issue.record("no slot")
            return
        }
        #expect(slots.lengths == [replica: 2, other: 1])
        withExtendedLifetime((one, another)) {}
    }
}
