extension StartupMessage {
    /// What `replication` asks for (F-WIRE-28).
    package enum Replication: Equatable, Sendable {
        case none
        /// A walsender without a database.
        case physical
        /// A walsender in a database.
        case logical
        /// No value that PostgreSQL takes: it answers 22023.
        case invalid
    }

    /// Read as PostgreSQL does: each `replication` in turn, `database` or a boolean in any of the spellings
    /// and abbreviations of `parse_bool`.
    package var replication: Replication {
        var isWalsender = false
        var isOfDatabase = false
        for parameter in parameters where parameter.name.elementsEqual("replication".utf8) {
            if parameter.value.elementsEqual("database".utf8) {
                isWalsender = true
                isOfDatabase = true
            } else if let value = Self.boolean(parameter.value) {
                isWalsender = value
            } else {
                return .invalid
            }
        }
        guard isWalsender else { return .none }
        return isOfDatabase ? .logical : .physical
    }

    /// PostgreSQL's `parse_bool`: a prefix of true, false, yes, no, or at least two letters of on, off; 1 or
    /// 0.
    private static func boolean(_ text: [UInt8]) -> Bool? {
        let folded = text.map(ASCII.lowercased)
        func isPrefix(of word: String, atLeast count: Int) -> Bool {
            folded.count >= count && folded.count <= word.utf8.count && word.utf8.starts(with: folded)
        }
        if isPrefix(of: "true", atLeast: 1) || isPrefix(of: "yes", atLeast: 1)
            || isPrefix(of: "on", atLeast: 2)
            || isPrefix(of: "1", atLeast: 1)
        {
            return true
        }
        if isPrefix(of: "false", atLeast: 1) || isPrefix(of: "no", atLeast: 1)
            || isPrefix(of: "off", atLeast: 2)
            || isPrefix(of: "0", atLeast: 1)
        {
            return false
        }
        return nil
    }
}
