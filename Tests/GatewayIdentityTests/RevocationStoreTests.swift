import Foundation
import GatewayIdentity
import Synchronization
import Testing

@Suite struct RevocationStoreTests {
    private static let issuer = "https://id.example.com"

    private static func subject(_ name: String, _ time: Int64 = 1_000) throws -> Revocation {
        try Revocation(issuer: issuer, scope: .subject(name), time: time)
    }

    /// A folder of its own, for as long as `body` runs.
    private func withFolder(_ body: (String) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try body(folder.path)
    }

    private func contents(_ folder: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: URL(fileURLWithPath: folder + "/revocations")))
    }

    private func write(_ bytes: [UInt8], _ folder: String) throws {
        try Data(bytes).write(to: URL(fileURLWithPath: folder + "/revocations"))
    }

    /// Three revocations in a folder's file.
    private func fill(_ folder: String) throws {
        let store = try RevocationStore(folder: folder, now: 1_000)
        try store.store(try Self.subject("one"), now: 1_000)
        try store.store(
            try Revocation(issuer: Self.issuer, scope: .tokenID("j \"1\""), time: 1_001), now: 1_001)
        try store.store(try Revocation(issuer: Self.issuer, scope: .issuer, time: 1_002), now: 1_002)
    }

    @Test(
        "F-ID-15: what was stored is there when the folder is opened again, every kind with all that it says")
    func survives() throws {
        try withFolder { folder in
            try fill(folder)
            let store = try RevocationStore(folder: folder, now: 2_000)
            #expect(
                store.all == [
                    try Self.subject("one"),
                    try Revocation(issuer: Self.issuer, scope: .tokenID("j \"1\""), time: 1_001),
                    try Revocation(issuer: Self.issuer, scope: .issuer, time: 1_002),
                ])
            #expect(store.tornBytes == 0)
            let attributes = try FileManager.default.attributesOfItem(atPath: folder + "/revocations")
            #expect((attributes[.posixPermissions] as? NSNumber)?.intValue == 0o600)
        }
    }

    @Test("F-ID-15: a file cut at any byte opens with exactly the lines that are whole, and takes more")
    func tornTail() throws {
        try withFolder { folder in
            try fill(folder)
            let whole = try contents(folder)
            let ends = whole.indices.filter { whole[$0] == 0x0a }
            try #require(ends.count == 4)
            for cut in (ends[0] + 1)...whole.count {
                try write(Array(whole[..<cut]), folder)
                do {
                    let store = try RevocationStore(folder: folder, now: 2_000)
                    #expect(store.count == ends.dropFirst().count { $0 < cut })
                    try store.store(try Self.subject("after"), now: 2_000)
                }
                let again = try RevocationStore(folder: folder, now: 2_000)
                #expect(again.tornBytes == 0)
                #expect(again.all.contains(try Self.subject("after")), "cut at \(cut)")
            }
        }
    }

    @Test("Blocks of zeros behind the last line are what a power failure leaves, and are cut off")
    func zeros() throws {
        try withFolder { folder in
            try fill(folder)
            try write(try contents(folder) + [UInt8](repeating: 0, count: 100) + [0x0a], folder)
            let store = try RevocationStore(folder: folder, now: 2_000)
            #expect(store.count == 3)
            #expect(store.tornBytes == 101)
        }
    }

    @Test(
        "F-ID-15: any byte of a whole line changed, a line left out, doubled or moved: the store does not open"
    )
    func damage() throws {
        try withFolder { folder in
            try fill(folder)
            let whole = try contents(folder)
            for index in whole.indices where whole[index] != 0x0a {
                var changed = whole
                changed[index] ^= 1
                // What becomes a line end or a zero is another case.
                guard changed[index] != 0x0a, changed[index] != 0 else { continue }
                try write(changed, folder)
                #expect(throws: RevocationStoreError.self, "byte \(index)") {
                    try RevocationStore(folder: folder, now: 2_000)
                }
            }
            let lines = whole.split(separator: 0x0a).map { Array($0) + [0x0a] }
            for order in [[0, 2, 3], [0, 1, 3], [0, 1, 1, 2, 3], [0, 2, 1, 3], [1, 2, 3], []] {
                try write(order.flatMap { lines[$0] }, folder)
                #expect(throws: RevocationStoreError.self, "\(order)") {
                    try RevocationStore(folder: folder, now: 2_000)
                }
            }
        }
    }

    @Test(
        "F-ID-15: a lifted revocation is off the disk when lifting returns, the others stay, and more can be added"
    )
    func lift() throws {
        try withFolder { folder in
            try fill(folder)
            do {
                let store = try RevocationStore(folder: folder, now: 2_000)
                let one = try #require(store.revocation(of: .subject("one"), issuer: Self.issuer))
                try store.lift(one, now: 2_000)
                #expect(store.count == 2 && store.revocation(of: .subject("one"), issuer: Self.issuer) == nil)
                try store.store(try Self.subject("two", 2_001), now: 2_001)
            }
            let again = try RevocationStore(folder: folder, now: 3_000)
            #expect(
                again.all == [
                    try Revocation(issuer: Self.issuer, scope: .tokenID("j \"1\""), time: 1_001),
                    try Revocation(issuer: Self.issuer, scope: .issuer, time: 1_002),
                    try Self.subject("two", 2_001),
                ])
        }
    }

    @Test(
        "The list can be read beside the gateway that has it; where there is none it is nil, a damaged one an error"
    )
    func readBeside() throws {
        try withFolder { folder in
            #expect(try RevocationStore.list(folder: folder, now: 1_000) == nil)
            try fill(folder)
            let store = try RevocationStore(folder: folder, now: 2_000)
            let list = try #require(try RevocationStore.list(folder: folder, now: 2_000))
            #expect(list.all == store.all && list.count == 3)
            // Half a line is being written by the gateway: whoever reads beside it changes nothing.
            let whole = try contents(folder)
            try write(whole + Array("0123".utf8), folder)
            #expect(try RevocationStore.list(folder: folder, now: 2_000)?.count == 3)
            #expect(try contents(folder) == whole + Array("0123".utf8))
            try write(Array("x\n".utf8), folder)
            #expect(throws: RevocationStoreError.self) {
                try RevocationStore.list(folder: folder, now: 2_000)
            }
        }
    }

    @Test("A second process on the folder is refused; when the first has let go of it, it is not")
    func lock() throws {
        try withFolder { folder in
            do {
                let first = try RevocationStore(folder: folder, now: 1)
                #expect(throws: RevocationStoreError.locked(path: folder + "/revocations.lock")) {
                    try RevocationStore(folder: folder, now: 1)
                }
                #expect(first.count == 0)
            }
            #expect(throws: Never.self) { try RevocationStore(folder: folder, now: 1) }
        }
    }

    @Test("A symbolic link in the file's place is not followed")
    func link() throws {
        try withFolder { folder in
            try FileManager.default.createSymbolicLink(
                atPath: folder + "/revocations", withDestinationPath: "/etc/passwd")
            #expect(throws: RevocationStoreError.self) { try RevocationStore(folder: folder, now: 1) }
        }
    }

    /// A file in memory that fails when it is told to.
    private final class MemoryFile: RevocationFiles {
        struct State {
            var bytes: [UInt8]?
            var failsAppend = false
            var failsReplace = false
            var appends = 0
            var replaces = 0
        }
        let state = Mutex(State())
        static let failure = RevocationStoreError.system(operation: "write", path: "x", code: 28)

        func read(limit: Int) throws(RevocationStoreError) -> [UInt8]? { state.withLock { $0.bytes } }

        func append(_ bytes: [UInt8]) throws(RevocationStoreError) {
            let fails = state.withLock { state in
                state.appends += 1
                // Half of it is there.
                state.bytes? += state.failsAppend ? Array(bytes.prefix(bytes.count / 2)) : bytes
                return state.failsAppend
            }
            if fails { throw Self.failure }
        }

        func replace(_ bytes: [UInt8]) throws(RevocationStoreError) {
            let fails = state.withLock { state in
                state.replaces += 1
                if !state.failsReplace { state.bytes = bytes }
                return state.failsReplace
            }
            if fails { throw Self.failure }
        }

        func truncate(to length: Int) throws(RevocationStoreError) {
            state.withLock { $0.bytes = $0.bytes.map { Array($0.prefix(length)) } }
        }
    }

    private func open(_ file: MemoryFile) throws -> RevocationStore {
        try RevocationStore(files: file, path: "revocations", now: 1_000)
    }

    @Test("Where a line cannot be added whole, the whole list takes the file's place, and it is confirmed")
    func failedAppend() throws {
        let file = MemoryFile()
        let store = try open(file)
        try store.store(try Self.subject("one"), now: 1_000)
        file.state.withLock { $0.failsAppend = true }
        try store.store(try Self.subject("two"), now: 1_000)
        file.state.withLock { $0.failsAppend = false }
        try store.store(try Self.subject("three"), now: 1_000)
        #expect(
            Set(try open(file).all)
                == Set([try Self.subject("one"), try Self.subject("two"), try Self.subject("three")]))
    }

    @Test("On a disk that takes nothing a lifted revocation holds on, in memory and in the file")
    func failedLift() throws {
        let file = MemoryFile()
        let store = try open(file)
        try store.store(try Self.subject("one"), now: 1_000)
        file.state.withLock { $0.failsReplace = true }
        #expect(throws: MemoryFile.failure) { try store.lift(try Self.subject("one"), now: 1_000) }
        #expect(store.all == [try Self.subject("one")])
        #expect(try open(file).all == [try Self.subject("one")])
        file.state.withLock { $0.failsReplace = false }
        try store.lift(try Self.subject("one"), now: 1_000)
        #expect(store.count == 0)
        #expect(try open(file).count == 0)
    }

    @Test("On a disk that takes nothing it is an error, it holds all the same, and the next call stores both")
    func failedDisk() throws {
        let file = MemoryFile()
        let store = try open(file)
        file.state.withLock { state in
            state.failsAppend = true
            state.failsReplace = true
        }
        #expect(throws: MemoryFile.failure) { try store.store(try Self.subject("one"), now: 1_000) }
        #expect(store.all == [try Self.subject("one")])
        #expect(try open(file).count == 0)
        file.state.withLock { state in
            state.failsAppend = false
            state.failsReplace = false
        }
        try store.store(try Self.subject("two"), now: 1_000)
        #expect(Set(try open(file).all) == Set([try Self.subject("one"), try Self.subject("two")]))
    }

    @Test("The file is written anew when most of its lines count no more, and what has expired is left out")
    func compaction() throws {
        let file = MemoryFile()
        let store = try open(file)
        try store.store(
            try Revocation(issuer: Self.issuer, scope: .tokenID("gone"), time: 1_000, expires: 1_500),
            now: 1_000)
        for time in 0..<1_100 { try store.store(try Self.subject("one", 2_000 + Int64(time)), now: 2_000) }
        #expect(file.state.withLock { $0.replaces } == 2)
        let bytes = file.state.withLock { $0.bytes ?? [] }
        #expect(bytes.count { $0 == 0x0a } < 200)
        #expect(try open(file).all == [try Self.subject("one", 3_099)])
    }

    @Test("F-ID-14: a token is revoked from the moment that it is held, before anything is on disk")
    func holdFirst() async throws {
        let file = MemoryFile()
        let store = try open(file)
        let issuer = try TokenFixtures.all.issuer("main")
        let keys = try #require(try TokenFixtures.all.keySet(of: "main"))
        let service = IdentityService(
            issuers: [issuer], leeway: .seconds(30), tokenLimit: 16384, logger: silent,
            fetch: { _ in .success(keys) }, uptime: { .zero })
        let verification = await service.login(
            try TokenFixtures.all.token("good-es256"), now: TokenFixtures.all.now)
        let token = try #require(verification.token)
        #expect(!store.revokes(token, leeway: .seconds(30)))
        try store.hold(
            try Revocation(
                issuer: token.issuer, scope: .subject(token.principal.subject), time: TokenFixtures.all.now))
        #expect(store.revokes(token, leeway: .seconds(30)))
        #expect(file.state.withLock { $0.appends } == 0)
    }
}
