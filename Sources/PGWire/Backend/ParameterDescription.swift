/// ParameterDescription (`t`): the types of a prepared statement's parameters.
package struct ParameterDescription: Equatable, Sendable {
    package let types: [UInt32]

    package init(types: [UInt32]) {
        self.types = types
    }

    package static func decode(_ body: Span<UInt8>) throws(MessageError) -> ParameterDescription {
        var reader = MessageReader()
        let count = Int(try reader.uint16(body))
        let list = body.extracting(try reader.bytes(count &* 4, body))
        try reader.finish(body)
        var listReader = MessageReader()
        var types: [UInt32] = []
        types.reserveCapacity(count)
        for _ in 0..<count { types.append(try listReader.uint32(list)) }
        return ParameterDescription(types: types)
    }

    package func encode(into bytes: inout [UInt8]) throws(MessageError) {
        try MessageWriter.message(BackendTag.parameterDescription.rawValue, into: &bytes) {
            (bytes) throws(MessageError) in
            MessageWriter.append(try MessageWriter.count(types.count), to: &bytes)
            for type in types { MessageWriter.append(type, to: &bytes) }
        }
    }
}
