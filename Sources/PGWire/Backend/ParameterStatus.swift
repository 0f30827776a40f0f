/// ParameterStatus (`S`): the value of a setting that is reported, at login and whenever it changes.
package struct ParameterStatus: Equatable, Sendable {
    package let name: [UInt8]
    package let value: [UInt8]

    package init(name: [UInt8], value: [UInt8]) {
        self.name = name
        self.value = value
    }

    package static func decode(_ body: Span<UInt8>) throws(MessageError) -> ParameterStatus {
        var reader = MessageReader()
        let name = try reader.string(body)
        let value = try reader.string(body)
        try reader.finish(body)
        return ParameterStatus(name: body.bytes(in: name), value: body.bytes(in: value))
    }

    package func encode(into bytes: inout [UInt8]) throws(MessageError) {
        try MessageWriter.message(BackendTag.parameterStatus.rawValue, into: &bytes) {
            (bytes) throws(MessageError) in
            try MessageWriter.append(string: name, to: &bytes)
            try MessageWriter.append(string: value, to: &bytes)
        }
    }
}
