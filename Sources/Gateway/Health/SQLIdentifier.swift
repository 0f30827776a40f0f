/// Names as SQL has them, for statements that a person is told to run (PostgreSQL, "Identifiers and Key Words").
package enum SQLIdentifier {
    /// Always in quotes, so that no name is a keyword or folded.
    package static func quoted(_ name: String) -> String {
        "\"" + name.replacing("\"", with: "\"\"") + "\""
    }

    package static func quoted(_ schema: String, _ name: String) -> String {
        quoted(schema) + "." + quoted(name)
    }
}
