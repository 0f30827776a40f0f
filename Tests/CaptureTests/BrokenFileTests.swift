import Capture
import Seeded
import Testing

@Suite("Broken files")
struct BrokenFileTests {
    static let files: [WrittenCapture] = WrittenCapture.Format.allCases.flatMap { format in
        [WrittenCapture.Link.ethernet, .cookedV2].map { link in
            WrittenCapture(
                packets: WrittenSession.usual().packets, format: format, link: link,
                version: .sixWithExtensions)
        }
    }

    @Test(
        "A file that ends anywhere is read up to there, and never gives lines that the whole does not",
        arguments: files.indices)
    func cuts(index: Int) {
        let bytes = Self.files[index].bytes
        let whole = WrittenSession.usualTrace()
        for length in 0..<bytes.count {
            let lines = trace(Array(bytes[..<length])).filter { !$0.hasPrefix("#") }
            #expect(whole.filter { !$0.hasPrefix("#") }.starts(with: lines), "cut at \(length)")
        }
    }

    @Test(
        "Thousands of changed bytes trap nothing, and all three ways agree", arguments: 0..<8 as Range<UInt64>
    )
    func flips(seed: UInt64) {
        var choice = SeededGenerator(seed: seed)
        for round in 0..<500 {
            var bytes = Self.files[Int.random(in: Self.files.indices, using: &choice)].bytes
            for _ in 0...Int.random(in: 0...4, using: &choice) {
                bytes[Int.random(in: bytes.indices, using: &choice)] = UInt8.random(
                    in: 0...255, using: &choice)
            }
            if round % 5 == 0 { bytes.removeSubrange(Int.random(in: bytes.indices, using: &choice)...) }
            let first = trace(bytes, .asCaptured, named: true)
            #expect(trace(bytes, .byteAtATime, named: true) == first, "seed \(seed), round \(round)")
            #expect(trace(bytes, .allAtOnce, named: true) == first, "seed \(seed), round \(round)")
        }
    }

    @Test(
        "Bytes of no meaning behind each of the magic numbers trap nothing", arguments: 0..<4 as Range<UInt64>
    )
    func noise(seed: UInt64) {
        var choice = SeededGenerator(seed: seed &+ 100)
        let magics: [[UInt8]] = [
            [0xa1, 0xb2, 0xc3, 0xd4], [0xd4, 0xc3, 0xb2, 0xa1], [0x4d, 0x3c, 0xb2, 0xa1],
            [0x0a, 0x0d, 0x0d, 0x0a],
        ]
        for round in 0..<500 {
            let length = Int.random(in: 0...400, using: &choice)
            let rest = (0..<length).map { _ in
                // Small numbers are lengths and counts that go on.
                UInt8.random(in: 0...(Bool.random(using: &choice) ? 255 : 20), using: &choice)
            }
            let bytes = magics[round % magics.count] + rest
            #expect(CaptureFile(bytes).packets.count <= length)
            _ = trace(bytes)
        }
    }
}
