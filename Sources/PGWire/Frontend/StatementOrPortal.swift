/// What Describe and Close name.
package enum StatementOrPortal: UInt8, Sendable {
    case statement = 0x53  // S
    case portal = 0x50  // P
}
