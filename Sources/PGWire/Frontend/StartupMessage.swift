/// StartupMessage: the protocol's version and the session's parameters, in the order they came.
package struct StartupMessage: Equatable, Sendable {
    package struct Parameter: Equatable, Sendable {
        package let name: [UInt8]
        package let value: [UInt8]

        package init(name: [UInt8], value: [UInt8]) {
            self.name = name
            self.value = value
        }

        package init(_ name: String, _ value: String) {
            self.init(name: Array(name.utf8), value: Array(value.utf8))
        }
    }

    package let version: ProtocolVersion
    /// All but the protocol's own options. A name may stand twice: the last one counts.
    package let parameters: [Parameter]
    /// Those whose name begins with `_pq_.`, which belong to the protocol and not to the session. The gateway
    /// knows none.
    package let protocolOptions: [Parameter]

    package init(version: ProtocolVersion, parameters: [Parameter], protocolOptions: [Parameter] = []) {
        self.version = version
        self.parameters = parameters
        self.protocolOptions = protocolOptions
    }

    /// The value of the last parameter of exactly this name, as PostgreSQL looks for `user`, `database`,
    /// `options` and `replication`; nil where there is none.
    package func value(of name: String) -> [UInt8]? {
        parameters.last { $0.name.elementsEqual(name.utf8) }?.value
    }

    /// The role asked for; nil if it is missing or empty, which PostgreSQL refuses with 28000.
    package var user: [UInt8]? { value(of: "user").flatMap { $0.isEmpty ? nil : $0 } }

    /// The database asked for: the user's name where there is none.
    package var database: [UInt8]? { value(of: "database").flatMap { $0.isEmpty ? nil : $0 } ?? user }

    /// The newest version that both sides speak.
    package var negotiatedVersion: ProtocolVersion { min(version, .newest) }

    /// What the executor must be told before anything else, if it asked for a newer version or for options of
    /// the protocol; nil if it asked for nothing that is not spoken (F-WIRE-12).
    package var negotiation: NegotiateProtocolVersion? {
        guard version > .newest || !protocolOptions.isEmpty else { return nil }
        return NegotiateProtocolVersion(
            version: negotiatedVersion, unrecognizedOptions: protocolOptions.map(\.name))
    }

    /// Decodes a packet without its length word, as strictly as PostgreSQL: pairs of strings, then a NUL that
    /// is the packet's last byte (F-WIRE-32).
    package static func decode(_ packet: Span<UInt8>) throws(StartupError) -> StartupMessage {
        var reader = MessageReader()
        guard let code = try? reader.uint32(packet) else { throw .invalidLength(packet.count &+ 4) }
        let version = ProtocolVersion(code: code)
        guard version.major == 3 else {
            throw .unsupportedProtocol(major: Int(version.major), minor: Int(version.minor))
        }
        var parameters: [Parameter] = []
        var protocolOptions: [Parameter] = []
        while true {
            guard let name = try? reader.string(packet) else { throw .invalidLayout }
            if name.isEmpty { break }
            guard let value = try? reader.string(packet) else { throw .invalidLayout }
            let parameter = Parameter(name: packet.bytes(in: name), value: packet.bytes(in: value))
            if parameter.name.starts(with: "_pq_.".utf8) {
                protocolOptions.append(parameter)
            } else {
                parameters.append(parameter)
            }
        }
        guard reader.isAtEnd(packet) else { throw .invalidLayout }
        return StartupMessage(version: version, parameters: parameters, protocolOptions: protocolOptions)
    }

    package func encode(into bytes: inout [UInt8]) throws(MessageError) {
        let start = bytes.count
        try MessageWriter.message(nil, into: &bytes) { (bytes) throws(MessageError) in
            MessageWriter.append(version.code, to: &bytes)
            for parameter in parameters + protocolOptions {
                // An empty name would end the list, and what follows would be read as something else.
                guard !parameter.name.isEmpty else { throw .unterminatedString }
                try MessageWriter.append(string: parameter.name, to: &bytes)
                try MessageWriter.append(string: parameter.value, to: &bytes)
            }
            bytes.append(0)
        }
        let length = bytes.count &- start
        guard length <= WireLimits.startupPacket &+ 4 else {
            bytes.removeLast(length)
            throw .tooLong(length)
        }
    }
}
