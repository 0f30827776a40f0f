/// Every limit of reading captures. A file from elsewhere may claim anything; beyond a limit reading stops or something
/// is left out, and what was left out is said.
package enum CaptureLimits {
    /// The largest file, in bytes: it is read into memory whole, and its packets are ranges of it.
    package static let file = 256 << 20

    /// The longest packet, in bytes (libpcap's MAXIMUM_SNAPLEN).
    package static let packet = 262_144

    /// The longest block of a pcapng file, in bytes (libpcap's limit).
    package static let block = 16 << 20

    /// Interfaces of one section of a pcapng file.
    package static let interfaces = 1_024

    /// VLAN tags one behind the other.
    package static let vlanTags = 4

    /// Extension headers of one IPv6 packet.
    package static let extensionHeaders = 8

    /// TCP connections of one file; packets of further ones are passed over.
    package static let connections = 65_536

    /// Segments of one direction that wait for one before them. With more the missing one counts as lost.
    package static let waitingSegments = 4_096

    /// How far beyond what is expected next a segment may lie, in bytes: TCP's largest window (RFC 7323, section 2.3).
    package static let window = 1 << 30

    /// The longest body of a frame that is gathered, in bytes; of a longer one type and length are shown.
    package static let body = 16 << 20

    /// Messages and notes of one side of a connection; what follows is counted in bytes.
    package static let eventsOfSide = 1 << 20

    /// Messages and notes of one file; connections behind them are counted in bytes.
    package static let events = 1 << 22

    /// What can be found in one file; further findings are counted.
    package static let findings = 10_000
}
