/// Messages as lines in the form of libpq's PQtrace (`fe-trace.c` of PostgreSQL 15; names of authentication requests,
/// of answers to SSLRequest and of packets without a type as PostgreSQL 18 prints them).
///
/// Two things are never printed: what an executor answers to an authentication request (the password, the token, the
/// proof), and the secret half of a cancel key. A body that is not of its type's form gives a line too, which says why.
package struct WireTrace: Sendable {
    /// libpq's `PQtraceSetFlags`, but for time stamps: those stand before a line, and who knows the time writes them.
    package struct Flags: OptionSet, Sendable {
        package let rawValue: Int

        package init(rawValue: Int) { self.rawValue = rawValue }

        /// What differs from server to server or from run to run is `NNNN`: OIDs, process ids, and of errors the length
        /// and the source file, line and routine.
        package static let regress = Flags(rawValue: 1)
    }

    /// What a `p` answers; the message itself does not say.
    package enum PasswordKind: Equatable, Sendable {
        case password, saslInitialResponse, saslResponse, gssResponse

        var name: String {
            switch self {
            case .password: "PasswordMessage"
            case .saslInitialResponse: "SASLInitialResponse"
            case .saslResponse: "SASLResponse"
            case .gssResponse: "GSSResponse"
            }
        }
    }

    /// The request that a single byte answers.
    package enum EncryptionRequest: Equatable, Sendable { case ssl, gssenc }

    package let flags: Flags

    package init(flags: Flags = []) {
        self.flags = flags
    }

    static let redacted = "<redacted>"
    static let suppressed = "NNNN"

    /// A packet without a type byte, without its length word.
    package func startupPacket(_ packet: Span<UInt8>) -> TraceLine {
        let length = packet.count &+ 4
        var fields = TraceFields()
        do throws(StartupError) {
            switch try StartupRequest.decode(packet) {
            case .sslRequest:
                code(StartupRequest.sslCode, &fields)
                return TraceLine(.frontend, length: length, "SSLRequest", fields: fields.text)
            case .gssencRequest:
                code(StartupRequest.gssencCode, &fields)
                return TraceLine(.frontend, length: length, "GSSENCRequest", fields: fields.text)
            case .cancelRequest(let request):
                code(StartupRequest.cancelCode, &fields)
                fields.word(processID(request.processID))
                fields.word(Self.suppressed)
                return TraceLine(.frontend, length: length, "CancelRequest", fields: fields.text)
            case .startupMessage(let message):
                return startup(message, length: length)
            }
        } catch {
            fields.word("<\(error)>")
            return TraceLine(.frontend, length: length, "StartupMessage", fields: fields.text)
        }
    }

    /// The single byte that answers SSLRequest or GSSENCRequest.
    package func encryptionAnswer(_ answer: UInt8, to request: EncryptionRequest) -> TraceLine {
        var fields = TraceFields()
        fields.byte(answer)
        let name =
            switch request {
            case .ssl: "SSLResponse"
            case .gssenc: "GSSENCResponse"
            }
        return TraceLine(.backend, length: 1, name, fields: fields.text)
    }

    /// The only message of protocol 2.0 that is still sent: the refusal of a version below 3.0, a string up to a NUL.
    package func errorOfProtocol2(_ message: [UInt8]) -> TraceLine {
        var fields = TraceFields()
        fields.string(message)
        return TraceLine(
            .backend, length: message.count &+ 1, "ErrorResponse", fields: fields.text,
            suppressesLength: flags.contains(.regress))
    }

    private func startup(_ message: StartupMessage, length: Int) -> TraceLine {
        var fields = TraceFields()
        code(message.version.code, &fields)
        for parameter in message.parameters + message.protocolOptions {
            fields.string(parameter.name)
            fields.string(parameter.value)
        }
        return TraceLine(.frontend, length: length, "StartupMessage", fields: fields.text)
    }

    /// A version or a request's code, as two numbers.
    private func code(_ code: UInt32, _ fields: inout TraceFields) {
        fields.number(code &>> 16)
        fields.number(code & 0xffff)
    }

    func processID(_ value: Int32) -> String {
        flags.contains(.regress) ? Self.suppressed : String(value)
    }

    func oid(_ value: UInt32) -> String {
        // libpq prints OIDs as signed numbers.
        flags.contains(.regress) ? Self.suppressed : String(Int32(bitPattern: value))
    }

    /// A line for a body of known form, or one that says why it has not that form.
    func line(
        _ side: TraceLine.Side, _ name: String, _ body: Span<UInt8>, suppressesLength: Bool = false,
        _ write: (Span<UInt8>, inout TraceFields) throws(MessageError) -> Void
    ) -> TraceLine {
        var fields = TraceFields()
        do throws(MessageError) {
            try write(body, &fields)
        } catch {
            fields = TraceFields()
            fields.word("<\(error)>")
        }
        return TraceLine(
            side, length: body.count &+ 4, name, fields: fields.text, suppressesLength: suppressesLength)
    }
}
