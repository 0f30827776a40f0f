import Foundation

/// Names of segments: the first record's number in 20 digits, and `.jsonl`.
package enum SegmentName {
    static let suffix = ".jsonl"
    static let draftSuffix = ".new"
    static let tornSuffix = ".torn"

    static func digits(_ first: UInt64) -> String {
        let digits = String(first)
        return String(repeating: "0", count: max(0, 20 - digits.count)) + digits
    }

    package static func text(_ first: UInt64) -> String { digits(first) + suffix }

    /// The first record's number; nil for the name of anything else.
    package static func first(of name: String) -> UInt64? {
        guard name.utf8.count == 20 + suffix.utf8.count, name.hasSuffix(suffix) else { return nil }
        let digits = name.utf8.prefix(20)
        guard digits.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else { return nil }
        return UInt64(name.dropLast(suffix.count))
    }

    /// As `first(of:)`, of a segment that is being written and has not taken its place yet.
    static func first(ofDraft name: String) -> UInt64? {
        guard name.hasSuffix(draftSuffix) else { return nil }
        return first(of: String(name.dropLast(draftSuffix.count)))
    }

    /// The number in the name of a file of bytes that a crash tore off; nil for the name of anything else.
    static func number(ofTorn name: String) -> UInt64? {
        guard name.utf8.count > 20, name.hasSuffix(tornSuffix),
            name.utf8.prefix(20).allSatisfy({ (0x30...0x39).contains($0) })
        else { return nil }
        return UInt64(name.prefix(20))
    }

    /// The first numbers of all segments in a folder, ascending.
    package static func list(_ folder: String) throws(AuditError) -> [UInt64] {
        try files(folder).compactMap { first(of: $0) }.sorted()
    }

    /// The names of everything in a folder.
    static func files(_ folder: String) throws(AuditError) -> [String] {
        do {
            return try FileManager.default.contentsOfDirectory(atPath: folder)
        } catch {
            let underlying = (error as NSError).userInfo[NSUnderlyingErrorKey] as? NSError
            throw .system(operation: "read", path: folder, code: Int32(underlying?.code ?? Int(ENOENT)))
        }
    }
}
