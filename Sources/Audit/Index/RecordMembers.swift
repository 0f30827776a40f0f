/// Where all members of a record stand, in their order, without reading their values: for lines as the gateway writes
/// them. What it finds is read where it is needed.
package struct RecordMembers: Sendable {
    /// Of each member its name, without quotes, and its value.
    package private(set) var members: [(name: Range<Int>, value: Range<Int>)] = []
    package private(set) var line: [UInt8] = []

    package init() {}

    /// - Returns: whether the line is one object, as far as that shows without reading its values.
    package mutating func scan(_ line: [UInt8]) -> Bool {
        self.line = line
        members.removeAll(keepingCapacity: true)
        // SAFETY: the pointer is used only inside the closure; each index is compared with the count first.
        let isWhole = line.withUnsafeBufferPointer { scan($0) }
        if !isWhole { members.removeAll(keepingCapacity: true) }
        return isWhole
    }

    private mutating func scan(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        guard bytes.count >= 2, bytes[0] == 0x7b else { return false }
        if bytes[1] == 0x7d { return bytes.count == 2 }
        var at = 1
        while true {
            guard at < bytes.count, bytes[at] == 0x22, let close = RecordScanner.stringEnd(bytes, at),
                close + 1 < bytes.count, bytes[close + 1] == 0x3a,
                let end = RecordScanner.valueEnd(bytes, close + 2), end < bytes.count
            else { return false }
            members.append((at + 1..<close, close + 2..<end))
            if bytes[end] == 0x7d { return end + 1 == bytes.count }
            guard bytes[end] == 0x2c else { return false }
            at = end + 1
        }
    }
}
