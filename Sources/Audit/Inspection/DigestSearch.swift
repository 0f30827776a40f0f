import Glibc

/// The digests that a value has in records, and the records that have one of them.
package struct DigestSearch: Sendable {
    /// One digest of the value.
    package struct Digest: Sendable, Equatable {
        /// The key's id, or `sha256`.
        package let key: String
        /// Of which of the value's forms.
        package let form: String
        /// As records have it.
        package let text: String
    }

    /// A record that has one of the digests.
    package struct Finding: Sendable, Equatable {
        /// `parameter 1`, `literal 1`, `sql`, `copy`.
        package let place: String
        package let digest: Digest
    }

    package let digests: [Digest]
    private let byText: [String: [Digest]]

    /// - Parameter keys: all that are known.
    package init(of value: [UInt8], keys: [CaptureKey]) {
        let forms = ValueForm.all(of: value)
        var digests = keys.flatMap { key in
            forms.map { Digest(key: key.id, form: $0.name, text: key.digest(of: $0.bytes.span)) }
        }
        // What was kept and did not fit its record has the plain hash, and so has a COPY's data.
        for form in forms {
            var hex: [UInt8] = []
            JSONText.appendHex(Audit.Digest.sha256(form.bytes.span), to: &hex)
            let text = String(decoding: hex, as: UTF8.self)
            digests.append(Digest(key: "sha256", form: form.name, text: "sha256:" + text.prefix(32)))
            if form.name == "text" {
                digests.append(Digest(key: "sha256", form: "data of a COPY", text: "sha256:" + text))
            }
        }
        self.digests = digests
        byText = Dictionary(grouping: digests, by: \.text)
    }

    /// Gives each record of a log that has one of the digests, with where it has them.
    package func records(
        in folder: String, visit: (RecordLine, JSONValue, [Finding]) throws -> Void
    ) throws {
        let reader = try AuditReader(folder: folder)
        while let line = try reader.next() {
            guard hasOne(line.bytes), let value = JSONValue(line.bytes) else { continue }
            let found = findings(in: value)
            if !found.isEmpty { try visit(line, value, found) }
        }
    }

    /// Where a record has them.
    package func findings(in record: JSONValue) -> [Finding] {
        var found: [Finding] = []
        func look(_ value: JSONValue?, _ place: String) {
            guard let text = value?.string, let digests = byText[text] else { return }
            found += digests.map { Finding(place: place, digest: $0) }
        }
        for (list, name) in [("parameters", "parameter"), ("literals", "literal")] {
            for (index, element) in (record[list]?.list ?? []).enumerated() {
                look(element["digest"], "\(name) \(index + 1)")
            }
        }
        look(record["sql_digest"], "sql")
        look(record["digest"], "copy")
        return found
    }

    private static let name = Array("digest\":\"".utf8)
    /// Where in the name the letter stands that is looked for: `g`, the rarest.
    private static let rarest = 2
    /// Bytes of the longest digest.
    private static let longest = 80

    /// Whether the line has one of the digests, without reading it as JSON.
    private func hasOne(_ line: [UInt8]) -> Bool {
        // SAFETY: the pointers are used only inside the closures, and for bytes that are within both buffers.
        line.withUnsafeBytes { bytes in
            DigestSearch.name.withUnsafeBytes { name in
                guard let base = bytes.baseAddress, let needle = name.baseAddress else { return false }
                var at = DigestSearch.rarest
                while at < bytes.count,
                    let hit = memchr(base + at, Int32(name[DigestSearch.rarest]), bytes.count - at)
                {
                    let start = UnsafeRawPointer(hit) - base - DigestSearch.rarest
                    at = start + DigestSearch.rarest + 1
                    guard start + name.count <= bytes.count, memcmp(base + start, needle, name.count) == 0
                    else {
                        continue
                    }
                    let rest = bytes[(start + name.count)...].prefix(DigestSearch.longest)
                    let text = String(decoding: rest.prefix { $0 != 0x22 }, as: UTF8.self)
                    if byText[text] != nil { return true }
                }
                return false
            }
        }
    }
}
