/// Text of answers as YAML and SQL take it.
enum StarterText {
    /// A scalar of YAML: plain where it can only be text, else in double quotes.
    static func scalar(_ text: String) -> String {
        guard let first = text.utf8.first, isLetter(first) || first == UInt8(ascii: "/"),
            text.utf8.allSatisfy({ isLetter($0) || isDigit($0) || "-_./".utf8.contains($0) }),
            !words.contains(text.lowercased())
        else { return quoted(text) }
        return text
    }

    /// What YAML 1.1 takes for something else than text.
    private static let words: Set<String> = ["y", "n", "yes", "no", "on", "off", "true", "false", "null"]

    private static func isLetter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    private static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\n": quoted += "\\n"
            case "\t": quoted += "\\t"
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }

    /// An identifier of SQL.
    static func identifier(_ text: String) -> String {
        "\"" + text.replacing("\"", with: "\"\"") + "\""
    }
}
