import CLinux
import Glibc

/// Random salts of 128 bits, taken from the kernel in blocks of 4 KiB (getrandom(2)).
struct Salts: Sendable {
    static let size = 16
    private static let block = 4096
    private var random: [UInt8] = []
    private var used = 0

    /// Writes a fresh salt in lower-case hex.
    @inline(__always)
    mutating func put(into out: inout ShortBytes) {
        if used + Salts.size > random.count { refill() }
        let salt = used..<(used + Salts.size)
        used = salt.upperBound
        var salts = random.mutableSpan
        for at in salt {
            out.putHex(salts[at])
            salts[at] = 0
        }
    }

    private mutating func refill() {
        if random.count < Salts.block { random = [UInt8](repeating: 0, count: Salts.block) }
        let count = getrandom(&random, Salts.block, 0)
        // A signal or an old kernel may cut it short: the rest comes from the language's own generator.
        var generator = SystemRandomNumberGenerator()
        for at in max(0, count)..<Salts.block {
            random[at] = UInt8.random(in: .min ... .max, using: &generator)
        }
        used = 0
    }
}
