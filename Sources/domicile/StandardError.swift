import Foundation

/// Standard error, a line at a time.
enum StandardError {
    /// Writes one line with one write(2), so that lines of several threads do not mix.
    static func print(_ line: String) { write(line + "\n") }

    /// Where nobody can be told (its disk is full, say), the program goes on: the other form of this call would end it.
    static func write(_ text: String) {
        try? FileHandle.standardError.write(contentsOf: Data(text.utf8))
    }
}
