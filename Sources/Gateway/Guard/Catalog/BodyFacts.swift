/// What a function's body names and does, as far as its text says.
package struct BodyFacts: Sendable, Hashable {
    package struct Name: Sendable, Hashable {
        /// nil: as the search path has it, so any schema's.
        package var schema: String?
        package var name: String

        package init(schema: String? = nil, _ name: String) {
            self.schema = schema
            self.name = name
        }
    }

    /// Relations that it reads.
    package var reads: Set<Name> = []
    /// Relations that it writes.
    package var writes: Set<Name> = []
    /// Relations that it empties with those that refer to them.
    package var truncates: Set<Name> = []
    package var functions: Set<Name> = []
    package var operators: Set<Name> = []
    package var types: Set<Name> = []
    /// Names that may be any object's.
    package var mentions: Set<String> = []
    /// Relations among them are read only.
    package var mentionsAreRead = false
    /// What its statements do by themselves.
    package var own: [CatalogReason] = []

    package init() {}

    /// Adds one kind of what it does, with the reason that came first.
    package mutating func add(_ reach: CatalogReach, _ text: String) {
        guard !own.contains(where: { $0.reach == reach }) else { return }
        own.append(CatalogReason(reach: reach, text: text))
    }
}

/// Reads the text of an SQL function's body; nil: it cannot be followed.
package typealias BodyReader = @Sendable (String) -> BodyFacts?

/// What one of the server's own functions reaches, by its name.
package typealias BuiltInReach = @Sendable (String) -> CatalogReach
