import GatewayConfiguration

/// A numeric address that a replica's host name stood for when it was resolved.
package struct ResolvedAddress: Sendable, Hashable, CustomStringConvertible {
    /// Network order: 4 bytes (IPv4) or 16 (IPv6).
    package let bytes: [UInt8]
    /// The numeric form of the same address, as `inet_ntop` writes it.
    package let text: String

    package init(bytes: [UInt8], text: String) {
        self.bytes = bytes
        self.text = text
    }

    package var description: String { text }
}

extension [Network] {
    /// Whether an address may be connected to: it lies in one of a region's networks, or none is given.
    package func admit(_ address: ResolvedAddress) -> Bool {
        isEmpty || contains { $0.contains(address.bytes) }
    }
}
