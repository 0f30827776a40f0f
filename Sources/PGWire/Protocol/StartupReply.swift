/// What the gateway itself writes to an executor before the relay begins. Nothing here can fail on what comes
/// from outside: what does not fit is left out or cut.
package enum StartupReply {
    /// To SSLRequest: TLS begins with the executor's next byte.
    package static let tlsAccepted: UInt8 = 0x53  // S
    /// To SSLRequest or GSSENCRequest: not that.
    package static let encryptionRefused: UInt8 = 0x4e  // N

    package static func authenticationCleartextPassword(into bytes: inout [UInt8]) {
        bytes.append(contentsOf: [0x52, 0, 0, 0, 8, 0, 0, 0, 3])
    }

    package static func authenticationOk(into bytes: inout [UInt8]) {
        bytes.append(contentsOf: [0x52, 0, 0, 0, 8, 0, 0, 0, 0])
    }

    /// The gateway's own key; its length must be one the executor's protocol version has: 4, or from 3.2 on
    /// up to 256.
    package static func backendKeyData(processID: Int32, key: [UInt8], into bytes: inout [UInt8]) {
        precondition(WireLimits.cancelKey.contains(key.count), "a cancel key has 4 to 256 bytes")
        bytes.append(BackendTag.backendKeyData.rawValue)
        MessageWriter.append(UInt32(8 &+ key.count), to: &bytes)
        MessageWriter.append(processID, to: &bytes)
        bytes.append(contentsOf: key)
    }

    /// Before anything else, where `StartupMessage.negotiation` asks for it.
    package static func negotiate(_ negotiation: NegotiateProtocolVersion, into bytes: inout [UInt8]) {
        // Only a body beyond 2 GiB or a NUL in a name could fail, and both come from a packet of 10,000 bytes
        // of strings.
        try? negotiation.encode(into: &bytes)
    }

    /// An ErrorResponse of severity FATAL; the connection is closed behind it.
    package static func fatal(
        sqlstate: String, message: String, detail: String? = nil, hint: String? = nil,
        into bytes: inout [UInt8]
    ) {
        diagnostics("FATAL", sqlstate, message, detail, hint, into: &bytes)
    }

    /// An ErrorResponse of severity ERROR: the session lives on.
    package static func error(
        sqlstate: String, message: String, detail: String? = nil, hint: String? = nil,
        into bytes: inout [UInt8]
    ) {
        diagnostics("ERROR", sqlstate, message, detail, hint, into: &bytes)
    }

    private static func diagnostics(
        _ severity: String, _ sqlstate: String, _ message: String, _ detail: String?, _ hint: String?,
        into bytes: inout [UInt8]
    ) {
        let fields = DiagnosticFields(
            severity: severity, sqlstate: sqlstate, message: message, detail: detail, hint: hint)
        // The texts are the gateway's own and hold no NUL; DiagnosticFields has seen to that.
        try? ErrorResponse(fields: fields).encode(into: &bytes)
    }

    /// The error of protocol 2.0 for those who ask for a version below 3: `E` and a text, without length.
    package static func fatalInProtocol2(message: String, into bytes: inout [UInt8]) {
        bytes.append(BackendTag.errorResponse.rawValue)
        bytes.append(contentsOf: "FATAL:  ".utf8)
        bytes.append(contentsOf: message.utf8.prefix { $0 != 0 })
        bytes.append(contentsOf: [0x0a, 0])
    }
}
