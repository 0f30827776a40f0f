extension ConfigurationReference {
    /// The tables of docs/configuration.md.
    package static var markdown: String {
        sections.map { section in
            let title = section.path.isEmpty ? "The file" : "`\(section.path)`"
            var lines = [
                "### \(title)", "", section.summary, "", "| key | value | default | meaning |",
                "|---|---|---|---|",
            ]
            for key in section.keys {
                let presence: String
                switch key.presence {
                case .required: presence = "**required**"
                case .optional: presence = "–"
                case .fallback(let text): presence = "`\(text)`"
                }
                lines.append("| `\(key.name)` | \(key.kind.expectation) | \(presence) | \(key.meaning) |")
            }
            return lines.joined(separator: "\n")
        }.joined(separator: "\n\n") + "\n"
    }
}
