import Gateway
import Testing

struct DeclaredTypesTests {
    @Test("what a Parse declares is known of its message, and of no other")
    func noted() {
        var types = DeclaredTypes()
        types.note([23, 0, 25], of: 1)
        types.note([0, 0], of: 2)
        types.note([], of: 3)
        #expect(types.types(of: 1) == [23, 0, 25])
        #expect(types.types(of: 2).isEmpty)
        #expect(types.types(of: 3).isEmpty)
        #expect(types.types(of: nil).isEmpty)
    }

    @Test("beyond the limit older declarations are forgotten, the newest one is known")
    func limited() {
        var types = DeclaredTypes()
        let many = [UInt32](repeating: 20, count: DeclaredTypes.limit)
        types.note([23], of: 1)
        types.note(many, of: 2)
        #expect(types.types(of: 1).isEmpty)
        #expect(types.types(of: 2) == many)
        types.note([25], of: 3)
        #expect(types.types(of: 2).isEmpty)
        #expect(types.types(of: 3) == [25])
    }
}
