/// A path's steps, of which those in braces stand for any value: `records/{seq}`.
enum PathPattern {
    /// The first of these whose pattern fits a path as it is written, with the values of its steps in braces, decoded; nil:
    /// none does, or a value is empty or no UTF-8.
    static func first<Known>(
        of known: some Sequence<Known>, fitting path: String, pattern: (Known) -> String
    ) -> (known: Known, steps: [String: String])? {
        let written = path.split(separator: "/", omittingEmptySubsequences: false)
        for known in known {
            if let steps = steps(of: written, as: pattern(known)) { return (known, steps) }
        }
        return nil
    }

    private static func steps(of written: [Substring], as pattern: String) -> [String: String]? {
        let wanted = pattern.split(separator: "/", omittingEmptySubsequences: false)
        guard wanted.count == written.count else { return nil }
        var steps: [String: String] = [:]
        for (wanted, written) in zip(wanted, written) {
            guard wanted.hasPrefix("{") else {
                guard wanted == written else { return nil }
                continue
            }
            guard !written.isEmpty, let value = FormFields.decoded(written) else { return nil }
            steps[String(wanted.dropFirst().dropLast())] = value
        }
        return steps
    }
}
