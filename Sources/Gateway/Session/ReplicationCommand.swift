/// Commands of the replication protocol (protocol, "Streaming Replication Protocol"): in a session with
/// `replication=…` they are no SQL.
package enum ReplicationCommand {
    /// Whether a Query's text begins with one.
    package static func begins(_ sql: Span<UInt8>) -> Bool {
        var word = ""
        for index in 0..<min(sql.count, 32) {
            let byte = sql[index]
            guard (0x41...0x5a).contains(byte & ~0x20) || byte == 0x5f else { break }
            word.unicodeScalars.append(Unicode.Scalar(byte & ~0x20))
        }
        return commands.contains(word)
    }

    /// Folded by the same mask as the bytes of a text: `_` has no case and becomes DEL.
    private static let commands: Set<String> = Set(
        [
            "IDENTIFY_SYSTEM", "BASE_BACKUP", "START_REPLICATION", "CREATE_REPLICATION_SLOT",
            "DROP_REPLICATION_SLOT", "ALTER_REPLICATION_SLOT", "READ_REPLICATION_SLOT", "TIMELINE_HISTORY",
        ].map { name in
            var folded = ""
            for byte in name.utf8 { folded.unicodeScalars.append(Unicode.Scalar(byte & ~0x20)) }
            return folded
        })
}
