import Testing
import Transport

struct MemoryTrimTests {
    /// At which of these counts of connections memory is given back.
    private func trims(at counts: [Int]) -> [Int] {
        var trim = MemoryTrim()
        var found: [Int] = []
        for count in counts where trim.connections(count) { found.append(count) }
        return found
    }

    @Test("memory is given back once when half of many connections have gone, and not for a few")
    func halved() {
        let counts = [10, 4_000, 3_000, 2_100, 2_000, 1_990, 1_500, 995, 900, 5, 0]
        #expect(trims(at: counts) == [2_000, 995])
    }

    @Test("a new peak counts anew")
    func peaks() {
        #expect(trims(at: [5_000, 100, 99, 5_000, 98, 97, 5_000, 96]) == [100, 98, 96])
    }
}
