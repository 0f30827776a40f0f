/// SSLRequest: asks for TLS before the startup packet. Answered by one byte, `S` or `N`.
package enum SSLRequest {
    package static func encode(into bytes: inout [UInt8]) {
        MessageWriter.append(UInt32(8), to: &bytes)
        MessageWriter.append(StartupRequest.sslCode, to: &bytes)
    }
}
