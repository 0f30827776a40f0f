import Foundation
import GatewayCredentials
import Synchronization
import Testing

@Suite("Passwords in files, while the gateway runs")
struct PasswordFilesTests {
    let files: AuthorityFiles
    init() throws { files = try AuthorityFiles() }

    /// What was told, in order.
    private final class Told: Sendable {
        let news = Mutex<[String]>([])
        func take() -> [String] {
            news.withLock { news in
                defer { news = [] }
                return news
            }
        }
    }

    private func watched(_ told: Told = Told()) -> PasswordFiles {
        PasswordFiles { file, reason in
            let name = file.split(separator: "/").last.map(String.init) ?? ""
            told.news.withLock { $0.append("\(name): \(reason ?? "taken")") }
        }
    }

    @Test(
        "Another password in the file is taken by the next look, with another number; the same one is no news"
    )
    func changes() throws {
        let told = Told()
        let passwords = watched(told)
        defer { passwords.stop() }
        try files.write("a", Array("first\n".utf8))
        try passwords.want([files.path("a")])
        let first = try #require(passwords.password(of: files.path("a")))
        #expect(first.secret.reveal() == "first")
        passwords.look()
        #expect(passwords.password(of: files.path("a"))?.version == first.version)
        try files.write("a", Array("second".utf8))
        passwords.look()
        let second = try #require(passwords.password(of: files.path("a")))
        #expect(second.secret.reveal() == "second")
        #expect(second.version != first.version)
        // Back again: keys of the second one must not be used for it either.
        try files.write("a", Array("first".utf8))
        passwords.look()
        #expect(passwords.password(of: files.path("a"))?.version != second.version)
        #expect(told.take() == ["a: taken", "a: taken"])
        #expect(passwords.password(of: files.path("b")) == nil)
    }

    @Test("Of a file that is gone, empty or open to others the last password goes on, which is said once")
    func faults() throws {
        let told = Told()
        let passwords = watched(told)
        defer { passwords.stop() }
        try files.write("a", Array("first".utf8))
        try passwords.want([files.path("a")])
        for (fault, reason) in [
            ("rm a", "cannot be opened: No such file or directory"),
            (": > a; chmod 600 a", "is empty; expected a password"),
            ("echo second > a; chmod 604 a", "is open to others than its owner; chmod 600 it"),
        ] {
            try files.shell(fault)
            passwords.look()
            passwords.look()
            #expect(passwords.password(of: files.path("a"))?.secret.reveal() == "first")
            #expect(told.take() == ["a: \(reason)"])
        }
        try files.shell("chmod 600 a")
        passwords.look()
        #expect(passwords.password(of: files.path("a"))?.secret.reveal() == "second")
        #expect(told.take() == ["a: taken"])
    }

    @Test(
        "Wanting another set is whole or nothing; a file that is wanted no more serves until the set after it"
    )
    func sets() throws {
        let passwords = watched()
        defer { passwords.stop() }
        try files.write("a", Array("pass-a".utf8))
        try files.write("b", Array("pass-b".utf8))
        try passwords.want([files.path("a")])
        try files.write("a", Array("newer".utf8))
        let mistake = PasswordFiles.Mistake(
            file: files.path("gone"), reason: "cannot be opened: No such file or directory")
        #expect(throws: mistake) {
            try passwords.want([files.path("a"), files.path("b"), files.path("gone")])
        }
        #expect(passwords.password(of: files.path("a"))?.secret.reveal() == "pass-a")
        #expect(passwords.password(of: files.path("b")) == nil)
        try passwords.want([files.path("b")])
        #expect(passwords.password(of: files.path("a"))?.secret.reveal() == "pass-a")
        #expect(passwords.password(of: files.path("b"))?.secret.reveal() == "pass-b")
        try passwords.want([files.path("b")])
        #expect(passwords.password(of: files.path("a")) == nil)
    }

    @Test("A file that is replaced by renaming, as mounted secrets are, is taken by the thread by itself")
    func thread() throws {
        let told = Told()
        let passwords = watched(told)
        try files.write("a.1", Array("first".utf8))
        try files.shell("ln -s a.1 a")
        try passwords.want([files.path("a")])
        try files.write("a.2", Array("second".utf8))
        try files.shell("ln -s a.2 b && mv -T b a")
        let deadline = ContinuousClock.now + .seconds(10)
        while passwords.password(of: files.path("a"))?.secret.reveal() == "first",
            ContinuousClock.now < deadline
        {
            usleep(5_000)
        }
        #expect(passwords.password(of: files.path("a"))?.secret.reveal() == "second")
        passwords.stop()
        #expect(told.take() == ["a: taken"])
    }
}
