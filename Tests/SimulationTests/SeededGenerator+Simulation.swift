import Seeded

/// What a seed decides in a simulation.
extension SeededGenerator {
    /// True once in `of` times.
    mutating func chance(_ of: Int) -> Bool { Int.random(in: 0..<of, using: &self) == 0 }

    mutating func number(_ range: Range<Int>) -> Int { Int.random(in: range, using: &self) }

    /// Small most of the time, and now and then large: sizes and delays of a network.
    mutating func skewed(_ least: Int, _ most: Int) -> Int {
        let bits = number(0..<(Int.bitWidth - max(1, most - least).leadingZeroBitCount + 1))
        return min(most, least + number(0..<(1 << bits)))
    }
}
