/// RowDescription (`T`): the columns of the rows that follow.
package struct RowDescription: Equatable, Sendable {
    package struct Column: Equatable, Sendable {
        package let name: [UInt8]
        /// The table's OID and the column's number in it; 0 where it is no table's column.
        package let table: UInt32
        package let attribute: Int16
        package let type: UInt32
        /// `pg_type.typlen`; negative for types of variable size.
        package let typeSize: Int16
        package let typeModifier: Int32
        /// 0 text, 1 binary; 0 where it is not known yet (Describe of a statement).
        package let format: Int16

        package init(
            name: [UInt8], table: UInt32, attribute: Int16, type: UInt32, typeSize: Int16,
            typeModifier: Int32,
            format: Int16
        ) {
            self.name = name
            self.table = table
            self.attribute = attribute
            self.type = type
            self.typeSize = typeSize
            self.typeModifier = typeModifier
            self.format = format
        }
    }

    package let columns: [Column]

    package init(columns: [Column]) {
        self.columns = columns
    }

    package static func decode(_ body: Span<UInt8>) throws(MessageError) -> RowDescription {
        var reader = MessageReader()
        let count = Int(try reader.uint16(body))
        var columns: [Column] = []
        for _ in 0..<count {
            let name = try reader.string(body)
            columns.append(
                Column(
                    name: body.bytes(in: name), table: try reader.uint32(body),
                    attribute: try reader.int16(body),
                    type: try reader.uint32(body), typeSize: try reader.int16(body),
                    typeModifier: try reader.int32(body), format: try reader.int16(body)))
        }
        try reader.finish(body)
        return RowDescription(columns: columns)
    }

    package func encode(into bytes: inout [UInt8]) throws(MessageError) {
        try MessageWriter.message(BackendTag.rowDescription.rawValue, into: &bytes) {
            (bytes) throws(MessageError) in
            MessageWriter.append(try MessageWriter.count(columns.count), to: &bytes)
            for column in columns {
                try MessageWriter.append(string: column.name, to: &bytes)
                MessageWriter.append(column.table, to: &bytes)
                MessageWriter.append(column.attribute, to: &bytes)
                MessageWriter.append(column.type, to: &bytes)
                MessageWriter.append(column.typeSize, to: &bytes)
                MessageWriter.append(column.typeModifier, to: &bytes)
                MessageWriter.append(column.format, to: &bytes)
            }
        }
    }
}
