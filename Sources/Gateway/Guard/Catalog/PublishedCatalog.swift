/// A snapshot as workers see it, with a number that no other snapshot of the process has: what was judged against one
/// tells by it whether another holds now.
package final class PublishedCatalog: Sendable {
    package let number: Int
    package let snapshot: CatalogSnapshot

    package init(number: Int, snapshot: CatalogSnapshot) {
        self.number = number
        self.snapshot = snapshot
    }
}
