/// One thing that a call of the admin endpoint takes: its routing checks it, and its description says it.
package struct AdminParameter: Sendable, Hashable {
    package enum Place: String, Sendable, Hashable {
        /// A step of the path.
        case path
        case query
        /// A member of the body's JSON object.
        case body
    }

    package enum Kind: Sendable, Hashable {
        case text
        /// A whole number, both ends included.
        case number(ClosedRange<Int>)
        case flag
        case choice([String])
        case object
    }

    package let name: String
    package let place: Place
    package let kind: Kind
    package let isRequired: Bool
    package let summary: String

    init(
        _ name: String, _ place: Place, kind: Kind = .text, isRequired: Bool = false, _ summary: String
    ) {
        self.name = name
        self.place = place
        self.kind = kind
        self.isRequired = isRequired
        self.summary = summary
    }
}

extension AdminParameter {
    /// Why a query's value is none of this parameter's; nil where it is one.
    func mistake(in value: String) -> String? {
        switch kind {
        case .text, .object: return nil
        case .number(let range):
            guard let number = Int(value), range.contains(number) else {
                return "\(name) is expected to be a number from \(range.lowerBound) to \(range.upperBound)"
            }
            return nil
        case .flag:
            return ["true", "false"].contains(value) ? nil : "\(name) is expected to be true or false"
        case .choice(let words):
            guard !words.contains(value) else { return nil }
            return "\(name) is expected to be \(words.joined(separator: " or "))"
        }
    }
}
