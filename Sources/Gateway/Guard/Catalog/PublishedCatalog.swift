import SQLText

/// A snapshot as workers see it, with a number that no other snapshot of the process has: what was judged against one
/// tells by it whether another holds now.
package final class PublishedCatalog: Sendable {
    package let number: Int
    package let snapshot: CatalogSnapshot

    package init(number: Int, snapshot: CatalogSnapshot) {
        self.number = number
        self.snapshot = snapshot
    }

    /// Nil where it was read from another server than the one that says at login whose grammar it has: the replica has
    /// been replaced since, and what is known of it is of no account (F-GRD-01).
    package func read(from grammar: GrammarVersion?) -> PublishedCatalog? {
        grammar.map { $0 == snapshot.grammar } ?? true ? self : nil
    }
}
