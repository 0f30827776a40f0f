/// Statements of a log that have no outcome (yet): after a crash of the gateway there may be such.
struct OpenStatements {
    /// Sessions and statements that are remembered at once; beyond them the count is too low.
    private static let limit = 1 << 20

    private static let messageKey = Array(",\"message\":".utf8)
    private static let answeredKey = Array(",\"of\":".utf8)

    /// Messages without an outcome, by session.
    private var open: [ArraySlice<UInt8>: Set<UInt64>] = [:]
    private(set) var count = 0

    /// Takes a record in the form in which the log's writer makes it; others are passed over.
    mutating func take(_ line: [UInt8]) {
        guard let head = RecordHead(line), let session = head.session(in: line) else { return }
        switch head.type(in: line) {
        case "query", "execute", "function_call":
            guard open.count < OpenStatements.limit, count < OpenStatements.limit,
                let message = RecordHead.number(behind: OpenStatements.messageKey, in: line, from: head.end)
            else { return }
            if open[session, default: []].insert(message).inserted { count += 1 }
        case "outcome":
            guard
                let message = RecordHead.number(behind: OpenStatements.answeredKey, in: line, from: head.end),
                open[session]?.remove(message) != nil
            else { return }
            count -= 1
            if open[session]?.isEmpty == true { open[session] = nil }
        default: return
        }
    }
}
