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
        /// Outside of the lock: a slot that is let go of brings the next one's turn, which comes here.
        func dropFirst() {
            let dropped = came.withLock { $0.removeFirst() }
            withExtendedLifetime(dropped) {}
        }
    }

    private func take(_ number: Int, limit: Int = 2) -> LoginSlot? {
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

    @Test("Who does not want its turn any more hands it on")
    func handedOn() {
        var first = slots.take(replica, limit: 1) { _ in }
        // Lets go of its slot at once, as a session that has ended does.
        #expect(slots.take(replica, limit: 1) { _ in } == nil)
        #expect(take(2, limit: 1) == nil)
        #expect(first != nil)
        first = nil
        #expect(turns.order == [2])
        turns.dropFirst()
        #expect(slots.lengths.isEmpty)
    }

    @Test("Each replica has its own")
    func apart() {
        let one = take(1, limit: 1)
        #expect(take(2, limit: 1) == nil)
        let another = slots.take(other, limit: 1) { _ in }
        #expect(another != nil)
        #expect(slots.lengths == [replica: 2, other: 1])
        withExtendedLifetime(one) {}
    }

    @Test("Ten thousand that wait and have all gone free it in the end")
    func manyGone() {
        var first = slots.take(replica, limit: 1) { _ in }
        for _ in 0..<10_000 { _ = slots.take(replica, limit: 1) { _ in } }
        #expect(first != nil && slots.lengths == [replica: 10_001])
        first = nil
        #expect(slots.lengths.isEmpty)
        #expect(take(1, limit: 1) != nil)
    }
}
