import Gateway
import Testing

@Suite struct RandomBytesTests {
    @Test(
        "So many bytes as were asked for, each place of them of every value, no two draws alike",
        arguments: 1...40)
    func bytes(count: Int) {
        var seen = Array(repeating: Set<UInt8>(), count: count)
        for _ in 0..<4_000 {
            let bytes = RandomBytes.make(count)
            #expect(bytes.count == count)
            for (place, byte) in bytes.enumerated() { seen[place].insert(byte) }
        }
        // One value of 256 is missed in 4,000 draws once in six million.
        #expect(seen.allSatisfy { $0.count >= 255 })
    }

    @Test("In hex there are two digits a byte, each of the sixteen")
    func hex() {
        let text = (0..<500).map { _ in String(decoding: RandomBytes.hex(12), as: UTF8.self) }
        #expect(text.allSatisfy { $0.utf8.count == 24 })
        #expect(Set(text.joined()) == Set("0123456789abcdef"))
        #expect(Set(text).count == 500)
    }
}
