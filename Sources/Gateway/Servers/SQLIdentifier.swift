/// Names as SQL has them, for statements that a person is told to run (PostgreSQL, "Identifiers and Key Words").
package enum SQLIdentifier {
    /// Always in quotes, so that no name is a keyword or folded.
    package static func quoted(_ name: String) -> String {
        "\"" + name.replacing("\"", with: "\"\"") + "\""
    }

    package static func quoted(_ schema: String, _ name: String) -> String {
        quoted(schema) + "." + quoted(name)
    }

    /// Whether a server's text is what pg_get_function_identity_arguments writes, and harmless wherever it is pasted: words
    /// and identifiers in quotes between commas. Outside of quotes stands nothing but what quote_identifier leaves bare;
    /// inside nothing that ends a statement, begins a comment or is a psql command, should the quotes be read otherwise.
    package static func isArgumentList(_ text: String) -> Bool {
        let bare = text.split(separator: "\"", omittingEmptySubsequences: false)
        // Quotes are balanced where they make an odd number of parts; the parts at odd places are quoted.
        guard bare.count % 2 == 1, isPrintable(text) else { return false }
        for (at, part) in bare.enumerated() {
            let isHarmless =
                at % 2 == 0
                ? part.utf8.allSatisfy { isBare($0) }
                : !part.contains(";") && !part.contains("--") && !part.contains("/*") && !part.contains("\\")
            guard isHarmless else { return false }
        }
        return true
    }

    private static func isBare(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "_ ,.[]".utf8.contains(byte)
        }
    }

    /// No control character, nor one that is not seen or turns the line around.
    package static func isPrintable(_ text: String) -> Bool {
        text.unicodeScalars.allSatisfy { scalar in
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned:
                false
            default: true
            }
        }
    }
}
