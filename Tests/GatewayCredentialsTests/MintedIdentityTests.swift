import Foundation
import GatewayCredentials
import Testing
import Transport

/// Seconds since 1970: a minute ahead, so that every CA of these tests has begun.
private let now = Int64(Date().timeIntervalSince1970) + 60

@Suite("A role's minted certificate over time")
struct MintedIdentityTests {
    let files: AuthorityFiles
    let authority: SigningAuthority

    init() throws {
        files = try AuthorityFiles()
        try files.authority("ca", days: 1)
        authority = try SigningAuthority(
            certificateFile: files.path("ca.crt"), keyFile: files.path("ca.key"), now: now)
    }

    @Test("One certificate is shown until half of its life is over, another one from then on")
    func renewal() throws {
        let minted = MintedIdentity(authority: authority, role: "writer", lifetime: 600)
        let first = try minted.identity(now: now)
        #expect(try minted.identity(now: now) === first)
        #expect(try minted.identity(now: now + 299) === first)
        let second = try minted.identity(now: now + 300)
        #expect(second !== first)
        #expect(try minted.identity(now: now + 599) === second)
        #expect(try minted.identity(now: now + 10_000) !== second)
    }

    @Test(
        "A clock that went back beyond the beginning of the certificate gets another one, or none of the CA's time"
    )
    func clockBack() throws {
        let minted = MintedIdentity(authority: authority, role: "writer", lifetime: 600)
        let late = try minted.identity(now: now + 7_200)
        #expect(try minted.identity(now: now + 7_000) === late)
        #expect(try minted.identity(now: now + 3_600) !== late)
        #expect(throws: MintingFailure.authorityNotYetValid) { try minted.identity(now: now - 7_200) }
    }

    @Test("When the CA has ended there is nothing to show, and when it has not, what is shown ends with it")
    func authorityEnds() throws {
        let minted = MintedIdentity(authority: authority, role: "writer", lifetime: 600)
        let last = try minted.identity(now: authority.notAfter - 10)
        #expect(try minted.identity(now: authority.notAfter - 6) === last)
        #expect(try minted.identity(now: authority.notAfter - 5) !== last)
        #expect(throws: MintingFailure.authorityExpired) { try minted.identity(now: authority.notAfter) }
    }

    @Test("Many threads that ask at once all get a certificate, and agree on it when none is due")
    func threads() async throws {
        let minted = MintedIdentity(authority: authority, role: "writer", lifetime: 600)
        let first = try minted.identity(now: now)
        let later = now + 400
        try await withThrowingTaskGroup(of: TLSIdentity.self) { group in
            for _ in 0..<32 { group.addTask { try minted.identity(now: later) } }
            var seen: Set<ObjectIdentifier> = []
            for try await identity in group { seen.insert(ObjectIdentifier(identity)) }
            // The old one still holds for those that did not make the new one.
            #expect(seen.count <= 2)
            #expect(!seen.isEmpty)
        }
        let fresh = try minted.identity(now: later)
        #expect(fresh !== first)
        #expect(try minted.identity(now: later) === fresh)
    }
}
