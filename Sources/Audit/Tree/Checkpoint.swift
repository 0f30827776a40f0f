/// The head of a log's tree: C2SP tlog-checkpoint. Three lines: origin, size, base64 of the root.
package struct Checkpoint: Sendable, Hashable {
    package let origin: String
    /// Leaves: records that it covers.
    package let size: UInt64
    package let root: TreeHash

    package init(origin: String, size: UInt64, root: TreeHash) {
        self.origin = origin
        self.size = size
        self.root = root
    }

    /// Reads a note's text; lines behind the third are extensions and are passed over.
    package init?(text: [UInt8]) {
        guard text.last == 0x0a, let text = String(validating: text, as: UTF8.self) else { return nil }
        let lines = text.dropLast().split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.count >= 3, !lines[0].isEmpty, let size = Checkpoint.number(lines[1]),
            let bytes = Base64Text.bytes(lines[2]), let root = TreeHash(bytes)
        else { return nil }
        self.init(origin: String(lines[0]), size: size, root: root)
    }

    package var text: [UInt8] {
        Array("\(origin)\n\(size)\n\(Base64Text.of(root.bytes))\n".utf8)
    }

    /// Decimal digits without a leading zero.
    static func number(_ text: some StringProtocol) -> UInt64? {
        guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), text == "0" || text.first != "0" else {
            return nil
        }
        return UInt64(text)
    }
}
