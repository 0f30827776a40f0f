import Glibc

/// POSIX extended regular expressions, for `~` and REGEXP: by the C library, with a limit on the pattern.
enum PatternMatch {
    /// - Parameter pattern: `(?i)` before it has letters match in either case.
    /// - Throws: 2201B where it is none.
    static func matches(_ pattern: String, _ text: String) throws(ConsoleError) -> Bool {
        var pattern = Substring(pattern)
        var flags = REG_EXTENDED | REG_NOSUB
        if pattern.hasPrefix("(?i)") {
            flags |= REG_ICASE
            pattern = pattern.dropFirst(4)
        }
        // Repetitions of repetitions take the compiler any amount of memory.
        guard pattern.utf8.count <= Int(ConsoleLimits.pattern), pattern.count(where: { $0 == "{" }) <= 2
        else {
            throw ConsoleError("54000", "the regular expression is too long")
        }
        guard !pattern.utf8.contains(0) else { return false }
        var compiled = regex_t()
        guard regcomp(&compiled, String(pattern), flags) == 0 else {
            throw ConsoleError("2201B", "invalid regular expression: \(pattern)")
        }
        defer { regfree(&compiled) }
        return regexec(&compiled, text, 0, nil, 0) == 0
    }
}
