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
        RecordScanner.members(of: bytes) { name, value in
            members.append((name, value))
            return true
        }
    }
}
