/// A search for any of some words in a text, in upper or lower case, wherever they stand.
package struct WordSearch: Sendable {
    private let words: [[UInt8]]
    /// Of a byte the words that it begins, and those in which it stands second: a bit each.
    private let firsts: [UInt16]
    private let seconds: [UInt16]

    /// - Parameter words: at most 16, in lower case, of at least two bytes of ASCII each.
    package init(_ words: [String]) {
        precondition(words.count <= 16 && words.allSatisfy { $0.utf8.count >= 2 })
        let words = words.map { Array($0.utf8) }
        self.words = words
        firsts = WordSearch.bits(of: words, at: 0)
        seconds = WordSearch.bits(of: words, at: 1)
    }

    private static func bits(of words: [[UInt8]], at place: Int) -> [UInt16] {
        var bits = [UInt16](repeating: 0, count: 256)
        for (number, word) in words.enumerated() {
            let letter = word[place]
            bits[Int(letter)] |= 1 << UInt16(number)
            if (0x61...0x7a).contains(letter) { bits[Int(letter & ~0x20)] |= 1 << UInt16(number) }
        }
        return bits
    }

    package func isIn(_ sql: Span<UInt8>) -> Bool {
        // SAFETY: the pointers are used only inside the closures; the tables have 256 elements, one for each byte.
        sql.withUnsafeBufferPointer { text in
            firsts.withUnsafeBufferPointer { firsts in
                seconds.withUnsafeBufferPointer { seconds in
                    var before: UInt16 = 0
                    for at in 0..<text.count {
                        let byte = Int(text[at])
                        // Hardly any two letters begin one of the words.
                        var begun = before & seconds[byte]
                        while begun != 0 {
                            if stands(begun.trailingZeroBitCount, in: text, at: at &- 1) { return true }
                            begun &= begun &- 1
                        }
                        before = firsts[byte]
                    }
                    return false
                }
            }
        }
    }

    /// Whether one of the words, by its number, stands there.
    private func stands(_ number: Int, in text: UnsafeBufferPointer<UInt8>, at start: Int) -> Bool {
        let word = words[number]
        guard text.count - start >= word.count else { return false }
        for index in word.indices {
            let byte = text[start + index]
            let letter = (0x41...0x5a).contains(byte) ? byte | 0x20 : byte
            if letter != word[index] { return false }
        }
        return true
    }
}
