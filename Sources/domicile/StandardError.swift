import Foundation

/// Standard error, a line at a time.
enum StandardError {
    /// Writes one line with one write(2), so that lines of several threads do not mix.
    static func print(_ line: String) {
        FileHandle.standardError.write(Data((line + "\n").utf8))
    }
}
