/// Configuration parameters that decide what a session may do, or how its text is read.
package enum WatchedSettings {
    /// The function that sets whichever parameter its argument names.
    static let function = "set_config"

    /// What setting a parameter reaches; names are compared without case ("Setting Parameters").
    package static func reach(ofSetting name: String) -> [CatalogReach] {
        let folded = String(decoding: name.utf8.map(folded), as: UTF8.self)
        switch folded {
        case "role", "session_authorization": return [.roleChange, .settings]
        case "transaction_read_only", "default_transaction_read_only", "standard_conforming_strings",
            "backslash_quote":
            return [.settings]
        // The text behind it in a pipeline is read in it before the server tells of it (F-GRD-10).
        case "client_encoding": return [.opaque, .settings]
        default: return folded.hasPrefix("domicile.") ? [.settings] : []
        }
    }

    private static func folded(_ byte: UInt8) -> UInt8 {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
    }
}
