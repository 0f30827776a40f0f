/// How much of a catalogue is read and followed.
package enum CatalogLimits {
    /// The first OID of what is not the server's own (`FirstNormalObjectId`).
    package static let firstOID: UInt32 = 16_384
    /// Bytes of a function's body; a longer one cannot be followed.
    package static let body = 65_536
    /// Rows of a catalogue; more than that is no snapshot.
    package static let rows = 4_000_000
    /// Bytes of its values together.
    package static let bytes = 512 << 20
    /// Bytes of a run of operator characters in a body; a longer one cannot be read.
    static let operatorRun = 24
    /// Objects that a reason names on the way.
    static let steps = 4
}
