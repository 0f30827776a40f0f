/// The types of the messages that an executor sends after its startup packet; the values are those of
/// PostgreSQL's `protocol.h`.
package enum FrontendTag: UInt8, CaseIterable, Sendable {
    case query = 0x51  // Q
    case parse = 0x50  // P
    case bind = 0x42  // B
    case describe = 0x44  // D
    case execute = 0x45  // E
    case close = 0x43  // C
    case sync = 0x53  // S
    case flush = 0x48  // H
    case functionCall = 0x46  // F
    case copyData = 0x64  // d
    case copyDone = 0x63  // c
    case copyFail = 0x66  // f
    /// PasswordMessage, SASLInitialResponse, SASLResponse, GSSResponse: only what was asked says which.
    case password = 0x70  // p
    case terminate = 0x58  // X

    /// The longest frame of this type after login, length word included; nil where the type has no place
    /// there.
    package var limit: Int? {
        switch self {
        case .query, .parse, .bind, .functionCall, .copyData: WireLimits.largeMessage
        case .describe, .execute, .close, .sync, .flush, .copyDone, .copyFail, .terminate:
            WireLimits.smallMessage
        case .password: nil
        }
    }
}
