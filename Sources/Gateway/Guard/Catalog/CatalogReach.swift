/// What using an object of the catalogue can lead to, directly or through whatever it uses (guard.md, "The catalogue
/// snapshot").
package struct CatalogReach: OptionSet, Sendable, Hashable {
    package let rawValue: UInt16

    package init(rawValue: UInt16) { self.rawValue = rawValue }

    /// Data leaves or enters the server: foreign tables, dblink, the server's files.
    package static let egress = CatalogReach(rawValue: 1)
    /// A body that cannot be followed, or a function that runs text.
    package static let opaque = CatalogReach(rawValue: 2)
    /// Could set a configuration parameter, and so leave read_only or forge `domicile.*`.
    package static let settings = CatalogReach(rawValue: 4)
    /// Runs with another role's rights: SECURITY DEFINER, SET ROLE.
    package static let roleChange = CatalogReach(rawValue: 8)
    /// Shows or touches other sessions.
    package static let peers = CatalogReach(rawValue: 16)
    /// A program of unknown doing: an untrusted language, or C that nobody reviewed. Comes with `egress`.
    package static let program = CatalogReach(rawValue: 32)

    /// Each of them alone, the gravest first.
    package static let each: [CatalogReach] = [.program, .egress, .roleChange, .settings, .peers, .opaque]
}

/// One kind of reach and why an object has it.
package struct CatalogReason: Sendable, Hashable {
    /// One kind alone.
    package let reach: CatalogReach
    /// What the object does, to follow its name: "reaches the foreign table public.far through the view public.near".
    package let text: String

    package init(reach: CatalogReach, text: String) {
        self.reach = reach
        self.text = text
    }
}
