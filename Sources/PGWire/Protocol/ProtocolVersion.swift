/// A version of the protocol as a startup packet names it.
package struct ProtocolVersion: Equatable, Comparable, Sendable {
    package let major: UInt16
    package let minor: UInt16

    package init(major: UInt16, minor: UInt16) {
        self.major = major
        self.minor = minor
    }

    package init(code: UInt32) {
        major = UInt16(truncatingIfNeeded: code &>> 16)
        minor = UInt16(truncatingIfNeeded: code)
    }

    package var code: UInt32 { UInt32(major) &<< 16 | UInt32(minor) }

    /// What every PostgreSQL since 7.4 speaks.
    package static let v30 = ProtocolVersion(major: 3, minor: 0)
    /// Cancel keys longer than four bytes (PostgreSQL 18).
    package static let v32 = ProtocolVersion(major: 3, minor: 2)
    /// The newest that the gateway speaks with executors.
    package static let newest = v32

    /// Whether a cancel key may be longer than four bytes.
    package var hasLongCancelKeys: Bool { self >= .v32 }

    package static func < (left: ProtocolVersion, right: ProtocolVersion) -> Bool { left.code < right.code }
}
