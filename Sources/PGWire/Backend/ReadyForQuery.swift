/// ReadyForQuery (`Z`): the end of the answer to a Query or a Sync, and of the login.
package struct ReadyForQuery: Equatable, Sendable {
    package let status: TransactionStatus

    package init(status: TransactionStatus) {
        self.status = status
    }

    package static func decode(_ body: Span<UInt8>) throws(MessageError) -> ReadyForQuery {
        var reader = MessageReader()
        let code = try reader.uint8(body)
        try reader.finish(body)
        guard let status = TransactionStatus(rawValue: code) else { throw .invalidCode(Int(code)) }
        return ReadyForQuery(status: status)
    }

    package func encode(into bytes: inout [UInt8]) {
        bytes.append(contentsOf: [BackendTag.readyForQuery.rawValue, 0, 0, 0, 5, status.rawValue])
    }
}
