import Foundation

/// Standard error, a line at a time.
enum StandardError {
    /// Writes one line with one write(2), so that lines of several threads do not mix.
    static func print(_ line: String) {
        // Where nobody can be told (its disk is full, say), the gateway goes on: the other form of this call would end it.
        try? FileHandle.standardError.write(contentsOf: Data((line + "\n").utf8))
    }
}
