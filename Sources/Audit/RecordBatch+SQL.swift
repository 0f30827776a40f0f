extension RecordBatch {
    /// Names of client encodings whose text is, or may be, UTF-8 as it comes.
    private static func isUTF8(encoding: String) -> Bool {
        switch encoding.uppercased() {
        case "UTF8", "UTF-8", "UNICODE", "SQL_ASCII": true
        default: false
        }
    }

    /// Adds the SQL of a Query or Parse message, whole: what does not fit the record continues in `text`
    /// records (`session`, `of`, `part` from 1 on, `sql`) that follow this one in the batch, and `sql_bytes`
    /// says the whole length in bytes as the executor sent them.
    ///
    /// Under a client encoding other than UTF-8, and where the bytes are no UTF-8, the keys are `sql_base64`
    /// and `client_encoding`; text that is all ASCII stays `sql`.
    /// - Parameter message: the frontend message's number in its session.
    package mutating func addSQL(_ sql: Span<UInt8>, clientEncoding: String = "UTF8", of message: UInt64) {
        let readable =
            clientEncoding == "UTF8" || RecordBatch.isUTF8(encoding: clientEncoding)
            ? JSONText.isUTF8(sql) : JSONText.isASCII(sql)
        // A quarter of the record is kept for the keys behind the SQL.
        let end = start + recordLimit - recordLimit / 4
        let room = max(end - bytes.count, RecordBatch.stringLimit)
        guard open(readable ? "sql" : "sql_base64", room: RecordBatch.stringLimit) else { return }
        var taken = RecordBatch.appendSQL(sql, readable: readable, to: &bytes, room: room)
        if !readable { add("client_encoding", clientEncoding) }
        guard taken < sql.count else { return }
        add("sql_bytes", sql.count)
        var part: UInt64 = 1
        while taken < sql.count {
            taken += appendPart(sql.extracting(taken...), readable: readable, of: message, part: part)
            part += 1
            if detached != nil, rest.count >= LongRecord.pieceBytes { detachParts() }
        }
    }

    /// Encodes one `text` record behind the open one.
    /// - Returns: how many bytes of the SQL it holds.
    private mutating func appendPart(
        _ sql: Span<UInt8>, readable: Bool, of message: UInt64, part: UInt64
    ) -> Int {
        let from = rest.count
        RecordBatch.open(.text, in: &rest, salts: &salts)
        if let name = session.map({ bytes[$0] }) ?? detached.map({ $0.session[...] }) {
            JSONText.append(plain: ",\"session\":\"", to: &rest)
            rest.append(contentsOf: name)
            rest.append(0x22)
        }
        JSONText.append(plain: ",\"of\":", to: &rest)
        JSONText.append(message, to: &rest)
        JSONText.append(plain: ",\"part\":", to: &rest)
        JSONText.append(part, to: &rest)
        JSONText.append(plain: readable ? ",\"sql\":" : ",\"sql_base64\":", to: &rest)
        let room = from + recordLimit - RecordBatch.closing - rest.count
        let taken = RecordBatch.appendSQL(sql, readable: readable, to: &rest, room: room)
        rest.append(0x7d)
        rest.append(0x0a)
        restEnds.append(rest.count)
        return taken
    }

    private static func appendSQL(
        _ sql: Span<UInt8>, readable: Bool, to out: inout [UInt8], room: Int
    ) -> Int {
        out.append(0x22)
        let taken: Int
        if readable {
            taken = JSONText.append(sql, to: &out, room: room)
        } else {
            // Whole groups of three bytes, so that the parts' base64 put together is the whole's.
            taken = min(sql.count, room / 4 * 3)
            JSONText.appendBase64(sql.extracting(0..<taken), to: &out)
        }
        out.append(0x22)
        return taken
    }
}
