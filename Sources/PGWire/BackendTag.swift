/// The types of the messages that a replica sends; the values are those of PostgreSQL's `protocol.h`.
package enum BackendTag: UInt8, CaseIterable, Sendable {
    case authentication = 0x52  // R
    case backendKeyData = 0x4b  // K
    case bindComplete = 0x32  // 2
    case closeComplete = 0x33  // 3
    case commandComplete = 0x43  // C
    case copyBothResponse = 0x57  // W
    case copyData = 0x64  // d
    case copyDone = 0x63  // c
    case copyInResponse = 0x47  // G
    case copyOutResponse = 0x48  // H
    case dataRow = 0x44  // D
    case emptyQueryResponse = 0x49  // I
    case errorResponse = 0x45  // E
    case functionCallResponse = 0x56  // V
    case negotiateProtocolVersion = 0x76  // v
    case noData = 0x6e  // n
    case noticeResponse = 0x4e  // N
    case notificationResponse = 0x41  // A
    case parameterDescription = 0x74  // t
    case parameterStatus = 0x53  // S
    case parseComplete = 0x31  // 1
    case portalSuspended = 0x73  // s
    case readyForQuery = 0x5a  // Z
    case rowDescription = 0x54  // T

    /// The longest frame of this type, length word included. ParameterDescription may be longer than libpq
    /// takes: 65,535 parameters have 262,140 bytes of types.
    package var limit: Int {
        switch self {
        case .dataRow, .copyData, .rowDescription, .functionCallResponse, .errorResponse, .noticeResponse,
            .notificationResponse, .parameterDescription:
            WireLimits.largeMessage
        case .parameterStatus: WireLimits.parameterStatus
        case .authentication, .backendKeyData, .bindComplete, .closeComplete, .commandComplete,
            .copyBothResponse,
            .copyDone, .copyInResponse, .copyOutResponse, .emptyQueryResponse, .negotiateProtocolVersion,
            .noData,
            .parseComplete, .portalSuspended, .readyForQuery:
            WireLimits.shortAnswer
        }
    }
}
