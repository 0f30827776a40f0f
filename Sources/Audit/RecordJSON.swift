/// A JSON value on its way into a record, for what has no fixed shape. Bounded: what does not fit is no value at all.
package struct RecordJSON: Sendable {
    private(set) var bytes: [UInt8] = []
    private let limit: Int
    /// Nothing was left out.
    package private(set) var isWhole = true

    /// - Parameter limit: bytes that the value may take.
    package init(limit: Int) { self.limit = limit }

    /// Adds what JSON has for itself: brackets, commas, `null`, a number's text.
    package mutating func append(plain text: String) {
        guard isWhole, text.utf8.count <= limit - bytes.count else { return end() }
        bytes.append(contentsOf: text.utf8)
    }

    /// Adds a string in quotes, escaped as everything in a record is.
    package mutating func append(string text: String) {
        guard isWhole, text.utf8.count <= limit - bytes.count else { return end() }
        JSONText.appendQuoted(text.utf8.span, to: &bytes)
        if bytes.count > limit { end() }
    }

    private mutating func end() {
        isWhole = false
        bytes = []
    }
}

extension RecordBatch {
    /// Adds a whole value; one that is not whole, or that there is no room for, is left out.
    ///
    /// - Returns: whether it was added.
    package mutating func add(_ key: StaticString, json: RecordJSON) -> Bool {
        guard json.isWhole, !json.bytes.isEmpty, open(key, room: json.bytes.count) else { return false }
        bytes.append(contentsOf: json.bytes)
        return true
    }
}
