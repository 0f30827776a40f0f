import SQLText
import Testing

@Suite struct GrammarVersionTests {
    @Test("F-GRD-01: whose grammar a server has is read from what it says at login, in every form there is")
    func login() {
        let said: [(String, Int?)] = [
            ("15.20 (Debian 15.20-0+deb12u1)", 15), ("17beta1", 17), ("18devel", 18), ("9.6.24", 9),
            ("16", 16),
            ("10.23", 10), ("", nil), ("devel", nil), (" 15.1", nil), ("-15", nil), ("9999", 9999),
            ("99999", nil),
            ("99999999999999999999999999", nil),
        ]
        for (text, major) in said {
            #expect(GrammarVersion(serverVersion: text.utf8)?.major == major, "\(text)")
        }
    }

    @Test("F-GRD-01: versions are compared by what takes a new grammar: the major one")
    func order() {
        #expect(GrammarVersion(serverVersionNumber: 150_020) == GrammarVersion(serverVersionNumber: 150_001))
        #expect(GrammarVersion(serverVersionNumber: 160_000) > GrammarVersion(serverVersionNumber: 150_020))
        #expect(GrammarVersion(serverVersionNumber: 90_624).major == 9)
        #expect(GrammarVersion(serverVersionNumber: 170_002).description == "PostgreSQL 17")
        // Debian 12's library.
        #expect(GrammarVersion.own.major == 15)
    }
}
