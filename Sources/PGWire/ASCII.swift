/// The parts of ASCII that the protocol's texts rest on. PostgreSQL compares names of settings without regard
/// to the case of A to Z alone.
enum ASCII {
    static func lowercased(_ byte: UInt8) -> UInt8 {
        (0x41...0x5a).contains(byte) ? byte | 0x20 : byte
    }

    /// What `isspace` says in the C locale: space, and tab to carriage return.
    static func isSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || (0x09...0x0d).contains(byte)
    }
}
