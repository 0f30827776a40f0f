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
                var meaning = key.meaning
                if let restriction = key.restriction {
                    let what =
                        restriction.values.map { $0.map { "`\($0)`" }.joined(separator: " and ") }
                        ?? "The key"
                    meaning +=
                        " *\(what) needs \(restriction.needs), which this version does not have: \(restriction.until ?? "a mistake").*"
                }
                lines.append("| `\(key.name)` | \(key.kind.expectation) | \(presence) | \(meaning) |")
            }
            return lines.joined(separator: "\n")
        }.joined(separator: "\n\n") + "\n"
    }
}
