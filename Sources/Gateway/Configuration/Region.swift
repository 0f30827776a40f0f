package struct Region: Sendable, Hashable {
    package var name: String
    package var jurisdiction: String
    /// Folder of the region's audit log.
    package var audit: String
    /// Where its servers may be; empty: anywhere.
    package var networks: [Network]

    package init(name: String, jurisdiction: String, audit: String, networks: [Network]) {
        self.name = name
        self.jurisdiction = jurisdiction
        self.audit = audit
        self.networks = networks
    }
}

/// A CIDR block of IPv4 (4 bytes) or IPv6 (16 bytes).
package struct Network: Sendable, Hashable {
    package var address: [UInt8]
    package var prefix: Int

    package init(address: [UInt8], prefix: Int) {
        self.address = address
        self.prefix = prefix
    }

    /// Whether an address (4 or 16 bytes, network order) lies in the block. `::ffff:a.b.c.d` counts as IPv4.
    package func contains(_ candidate: [UInt8]) -> Bool {
        let mapped: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff]
        let other =
            candidate.count == 16 && candidate.starts(with: mapped) ? Array(candidate[12...]) : candidate
        guard other.count == address.count, prefix >= 0, prefix <= address.count * 8 else { return false }
        let whole = prefix / 8
        guard other.prefix(whole) == address.prefix(whole) else { return false }
        let rest = prefix % 8
        guard rest > 0 else { return true }
        let mask = UInt8(truncatingIfNeeded: 0xff00 >> rest)
        return other[whole] & mask == address[whole] & mask
    }
}
