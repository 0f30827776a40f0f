import GatewayPolicy

/// One key of the configuration: the only place that says its type, default and meaning. Reading, `domicile
/// check` and docs/configuration.md all follow from it.
package struct ConfigurationKey: Sendable {
    /// What a value may be.
    package indirect enum Kind: Sendable {
        /// Any text of one line.
        case text
        /// Letters, digits, `_`, `.`, `-`.
        case name
        case secret
        /// A file that is there and can be read.
        case readableFile
        /// A file or folder that need not be there.
        case path
        case boolean
        case integer(ClosedRange<Int>)
        case integerOrAuto(ClosedRange<Int>)
        /// `500ms`, `30s`, `5m`, `8h`, `7d`; `zero` says what 0 means where it is allowed.
        case duration(ClosedRange<Duration>, zero: String?)
        /// `64KiB`, `10MiB`, `1GiB`, or bytes.
        case size(ClosedRange<Int>)
        case choice([String])
        /// One value is a list of one.
        case list(Kind)
        /// A mapping with the keys of the section named.
        case section(String)
        /// A list of such mappings.
        case sections(String)
        /// A path, or a list of such mappings.
        case pathOrSections(String)
        /// A mapping from names to such mappings.
        case namedSections(String)
        /// Read by its own code; the text says what is expected.
        case special(String)
    }

    package enum Presence: Sendable, Hashable {
        case required
        case optional
        /// The value where the key is absent, as it would be written.
        case fallback(String)
    }

    package let name: String
    package let kind: Kind
    package let presence: Presence
    package let meaning: String

    init(
        _ name: String, _ kind: Kind, _ presence: Presence, _ meaning: String
    ) {
        self.name = name
        self.kind = kind
        self.presence = presence
        self.meaning = meaning
    }

    static func required(_ name: String, _ kind: Kind, _ meaning: String) -> ConfigurationKey {
        ConfigurationKey(name, kind, .required, meaning)
    }

    static func optional(
        _ name: String, _ kind: Kind, _ meaning: String
    ) -> ConfigurationKey {
        ConfigurationKey(name, kind, .optional, meaning)
    }

    static func fallback(
        _ name: String, _ kind: Kind, _ value: String, _ meaning: String
    ) -> ConfigurationKey {
        ConfigurationKey(name, kind, .fallback(value), meaning)
    }
}

/// A mapping of the configuration and the keys it may have.
package struct ConfigurationSection: Sendable {
    /// Where it stands: empty for the file itself, `listen[]`, `databases.NAME.replicas[]`.
    package let path: String
    package let summary: String
    package let keys: [ConfigurationKey]

    init(_ path: String, _ summary: String, _ keys: [ConfigurationKey]) {
        self.path = path
        self.summary = summary
        self.keys = keys
    }

    func key(named name: String) -> ConfigurationKey? { keys.first { $0.name.hasSameBytes(as: name) } }
}

extension ConfigurationKey.Kind {
    /// The section of a list's mappings; nil for what is no such list.
    var elementSection: String? {
        switch self {
        case .sections(let path), .pathOrSections(let path): path
        case .text, .name, .secret, .readableFile, .path, .boolean, .integer, .integerOrAuto, .duration,
            .size,
            .choice, .list, .section, .namedSections, .special:
            nil
        }
    }
}
