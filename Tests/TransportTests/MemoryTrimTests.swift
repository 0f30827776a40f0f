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

    @Test("memory is given back once when half of many connections have gone and no more are going")
    func halved() {
        #expect(trims(at: [10, 4_000, 2_001, 2_001]) == [])
        #expect(trims(at: [10, 4_000, 2_000, 1_990, 900, 7, 7, 7, 0, 0]) == [7])
        #expect(trims(at: [1_000, 500, 500, 1, 1]) == [])
    }

    @Test("memory is given back once when buffers have given back much and no more comes")
    func buffers() {
        var trim = MemoryTrim()
        let mebibyte = 1 << 20
        let told = [
            0, mebibyte, mebibyte, 3 * mebibyte, 5 * mebibyte, 5 * mebibyte, 5 * mebibyte, 8 * mebibyte,
            8 * mebibyte, 9 * mebibyte, 9 * mebibyte,
        ]
        #expect(
            told.map { trim.buffers(released: $0) } == [
                false, false, false, false, false, true, false, false, false, false, true,
            ])
    }

    @Test("a new peak counts anew")
    func peaks() {
        #expect(trims(at: [5_000, 100, 101, 5_000, 98, 98, 5_000, 96, 96]) == [101, 98, 96])
    }
}
