import CPGQuery

/// Which PostgreSQL's grammar: of a major version.
package struct GrammarVersion: Sendable, Hashable, Comparable, CustomStringConvertible {
    package let major: Int

    /// The one that texts are read by here.
    package static let own = GrammarVersion(serverVersionNumber: Int(sqltext_grammar()))

    /// - Parameter serverVersionNumber: as `server_version_num` has it: 150020, 90624.
    package init(serverVersionNumber: Int) { major = serverVersionNumber / 10_000 }

    /// - Parameter serverVersion: as the ParameterStatus `server_version` has it: `15.20 (Debian …)`, `17beta1`, `9.6.24`.
    package init?(serverVersion: some Sequence<UInt8>) {
        var major = 0
        var digits = 0
        for byte in serverVersion {
            guard (0x30...0x39).contains(byte) else { break }
            digits += 1
            guard digits <= GrammarVersion.digitLimit else { return nil }
            major = major * 10 + Int(byte - 0x30)
        }
        guard digits > 0 else { return nil }
        self.major = major
    }

    private static let digitLimit = 4

    package static func < (one: GrammarVersion, other: GrammarVersion) -> Bool { one.major < other.major }

    package var description: String { "PostgreSQL \(major)" }
}
