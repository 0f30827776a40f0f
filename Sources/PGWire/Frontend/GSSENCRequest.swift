/// GSSENCRequest: asks for encryption by GSSAPI before the startup packet. The gateway answers `N`.
package enum GSSENCRequest {
    package static func encode(into bytes: inout [UInt8]) {
        MessageWriter.append(UInt32(8), to: &bytes)
        MessageWriter.append(StartupRequest.gssencCode, to: &bytes)
    }
}
