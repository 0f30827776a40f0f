import GatewayCatalog
import SQLText
import Testing

@Suite struct PublishedCatalogTests {
    @Test(
        "F-GRD-01: what was read from a server of another version is no knowledge of the one that was logged in to"
    )
    func version() {
        let published = PublishedCatalog(
            number: 3, snapshot: CatalogSnapshot(serverVersion: 150_020, relations: []))
        #expect(published.read(from: GrammarVersion(serverVersion: "15.4".utf8))?.number == 3)
        #expect(published.read(from: GrammarVersion(serverVersion: "16.0".utf8)) == nil)
        #expect(published.read(from: GrammarVersion(serverVersion: "14.9".utf8)) == nil)
        // It does not say; that it is the replica's server was attested.
        #expect(published.read(from: nil)?.number == 3)
    }
}
