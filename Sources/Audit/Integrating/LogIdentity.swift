import AuditTree

/// What a log's `log.json` says: whose log it is, and who signs it.
package struct LogIdentity: Sendable, Equatable {
    /// A key that signs checkpoints of more than `from` records, until the next one does.
    package struct Key: Sendable, Equatable {
        package let key: VerifierKey
        package let from: UInt64

        package init(key: VerifierKey, from: UInt64) {
            self.key = key
            self.from = from
        }
    }

    /// The sealed log that this one goes on from.
    package struct Predecessor: Sendable, Equatable {
        /// Its folder's name, beside this one's.
        package let folder: String
        package let origin: String
        package let size: UInt64

        package init(folder: String, origin: String, size: UInt64) {
            self.folder = folder
            self.origin = origin
            self.size = size
        }
    }

    static let format = 1
    /// Bytes that a `log.json` may have.
    static let limit = 1 << 16
    static let file = "log.json"

    package var region: String
    /// When it was made: RFC 3339.
    package var created: String
    /// The name of the log in its checkpoints; nil where nobody signs it.
    package var origin: String?
    /// Those that signed it, the oldest first.
    package var keys: [Key]
    package var follows: Predecessor?
    /// When the log was closed for ever: RFC 3339.
    package var sealed: String?

    package init(region: String, created: String) {
        self.region = region
        self.created = created
        keys = []
    }

    /// Reads the `log.json` of a folder; nil where there is none.
    package static func read(folder: String) throws(AuditError) -> LogIdentity? {
        guard let (region, value) = try describe(folder) else { return nil }
        let path = folder + "/" + file
        var identity = LogIdentity(region: region, created: value["created"]?.string ?? "")
        identity.origin = value["origin"]?.string
        for entry in value["keys"]?.list ?? [] {
            guard let text = entry["key"]?.string, let key = VerifierKey(text),
                let from = entry["from"]?.unsigned
            else { throw .notALog(path: path, reason: "has a key that is no verifier key") }
            identity.keys.append(Key(key: key, from: from))
        }
        if let follows = value["follows"] {
            guard let folder = follows["folder"]?.string, let origin = follows["origin"]?.string,
                let size = follows["size"]?.unsigned
            else { throw .notALog(path: path, reason: "does not say which log it follows") }
            identity.follows = Predecessor(folder: folder, origin: origin, size: size)
        }
        identity.sealed = value["sealed"]?.string
        return identity
    }

    /// The region that the `log.json` of a folder names, whatever else it says; nil where there is none.
    static func region(of folder: String) throws(AuditError) -> String? { try describe(folder)?.region }

    private static func describe(_ folder: String) throws(AuditError) -> (region: String, value: JSONValue)? {
        let path = folder + "/" + file
        guard let bytes = try FolderPath.read(path, limit: limit) else { return nil }
        guard let value = JSONValue(bytes), let version = value["format"]?.unsigned,
            let region = value["region"]?.string
        else { throw .notALog(path: path, reason: "is no description of a log") }
        guard version == UInt64(format) else {
            throw .notALog(path: path, reason: "has format \(version), expected \(format)")
        }
        return (region, value)
    }

    package var bytes: [UInt8] {
        var out: [UInt8] = []
        JSONText.append(plain: "{\"format\":1", to: &out)
        LogIdentity.append("region", region, to: &out)
        LogIdentity.append("created", created, to: &out)
        if let origin { LogIdentity.append("origin", origin, to: &out) }
        if !keys.isEmpty {
            JSONText.append(plain: ",\"keys\":[", to: &out)
            for (at, key) in keys.enumerated() {
                if at > 0 { out.append(0x2c) }
                JSONText.append(plain: "{\"key\":", to: &out)
                JSONText.appendQuoted(key.key.description.utf8.span, to: &out)
                JSONText.append(plain: ",\"from\":", to: &out)
                JSONText.append(key.from, to: &out)
                out.append(0x7d)
            }
            out.append(0x5d)
        }
        if let follows {
            JSONText.append(plain: ",\"follows\":{\"folder\":", to: &out)
            JSONText.appendQuoted(follows.folder.utf8.span, to: &out)
            LogIdentity.append("origin", follows.origin, to: &out)
            JSONText.append(plain: ",\"size\":", to: &out)
            JSONText.append(follows.size, to: &out)
            out.append(0x7d)
        }
        if let sealed { LogIdentity.append("sealed", sealed, to: &out) }
        JSONText.append(plain: "}\n", to: &out)
        return out
    }

    private static func append(_ name: StaticString, _ value: String, to out: inout [UInt8]) {
        JSONText.append(plain: ",\"", to: &out)
        JSONText.append(plain: name, to: &out)
        JSONText.append(plain: "\":", to: &out)
        JSONText.appendQuoted(value.utf8.span, to: &out)
    }

    /// Whether a log of this origin is one of `base`: that itself, or a successor of a sealed one, `base/2` and on.
    static func isOrigin(_ origin: String, of base: String) -> Bool {
        if origin == base { return true }
        guard origin.hasPrefix(base + "/") else { return false }
        let rest = origin.utf8.dropFirst(base.utf8.count + 1)
        return !rest.isEmpty && rest.count < 10 && rest.allSatisfy { (0x30...0x39).contains($0) }
    }
}
