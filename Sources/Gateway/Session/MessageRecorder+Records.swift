import Audit
import GatewayGuard
import PGWire
import SQLText

/// How a session's records are encoded, keys in interface.md's order.
extension MessageRecorder {
    /// Begins a record of the last message that names the whole session: its identity, its replica.
    private func beginIdentified(_ type: RecordType, in batch: inout RecordBatch) {
        batch.begin(type)
        batch.add(identity)
        batch.add("message", message)
    }

    /// Begins a record that names the session only; session.start has the identity.
    private func beginBrief(_ type: RecordType, message: UInt64?, in batch: inout RecordBatch) {
        batch.begin(type)
        batch.add("session", session)
        if let message { batch.add("message", message) }
    }

    /// A Query, with the verdict where it is refused.
    func recordQuery(_ sql: Span<UInt8>, into batch: inout RecordBatch) {
        beginIdentified(.query, in: &batch)
        let literals = addSQL(sql, to: &batch)
        addVerdict(to: &batch)
        add(literals, to: &batch)
        batch.end()
    }

    /// The verdict of a statement that goes on, where something is forbidden, or a rule that only observes would have
    /// refused it.
    private func addVerdict(to batch: inout RecordBatch) {
        guard let classes = (verdict ?? observed?.verdict)?.classes else { return }
        batch.beginObject("verdict")
        batch.add("allowed", true)
        batch.add("classes", classes)
        batch.add("reasons", [])
        guard let observed else { return batch.endObject() }
        batch.beginObject("observed")
        batch.add("rule", observed.rule)
        batch.add("allowed", false)
        batch.add("reasons", reasons(of: observed.verdict))
        batch.endObject()
        batch.endObject()
    }

    func recordParse(
        name: Span<UInt8>, sql: Span<UInt8>, parameterTypes: [UInt32], into batch: inout RecordBatch
    ) {
        beginIdentified(.parse, in: &batch)
        let literals = addSQL(sql, to: &batch)
        batch.add("statement_name", bytes: name)
        addVerdict(to: &batch)
        if !parameterTypes.isEmpty {
            batch.beginArray("parameter_types")
            for type in parameterTypes { batch.addElement(type) }
            batch.endArray()
        }
        add(literals, to: &batch)
        batch.end()
    }

    /// A message that is not forwarded: what it names, or its length, and why.
    func recordRefused(
        _ tag: FrontendTag, _ body: Span<UInt8>, bodyLength: Int, _ refused: Refused,
        into batch: inout RecordBatch
    ) {
        switch tag {
        case .query, .parse: beginIdentified(tag == .query ? .query : .parse, in: &batch)
        case .functionCall: beginBrief(.functionCall, message: message, in: &batch)
        case .execute: beginBrief(.execute, message: message, in: &batch)
        case .bind, .describe, .close, .sync, .flush, .copyData, .copyDone, .copyFail, .terminate, .password:
            beginBrief(.bind, message: message, in: &batch)
        }
        var literals: [MaskedText.Literal]?
        switch refused.record {
        case .length(let sqlBytes?): batch.add("sql_bytes", sqlBytes)
        case .length(nil): batch.add("bytes", bodyLength)
        case .whole: literals = addNames(tag, body, into: &batch)
        }
        batch.beginObject("verdict")
        batch.add("allowed", false)
        batch.add("classes", refused.verdict.classes)
        batch.add("reasons", reasons(of: refused.verdict))
        batch.endObject()
        add(literals, to: &batch)
        batch.end()
    }

    /// What a refused message names; nothing of its parameters, which went nowhere.
    ///
    /// - Returns: the constants of its text.
    private func addNames(
        _ tag: FrontendTag, _ body: Span<UInt8>, into batch: inout RecordBatch
    ) -> [MaskedText.Literal]? {
        switch tag {
        case .query:
            guard let query = try? long.query(body) else { return nil }
            return addSQL(body.extracting(query.sql), to: &batch)
        case .parse:
            guard let parse = try? long.parse(body) else { return nil }
            let literals = addSQL(body.extracting(parse.sql), to: &batch)
            batch.add("statement_name", bytes: body.extracting(parse.name))
            return literals
        case .bind:
            guard let head = try? ValueStream.Head.bind(body),
                case .bind(let portal, let statement) = head.target
            else { return nil }
            batch.add("statement_name", bytes: body.extracting(statement))
            batch.add("portal", bytes: body.extracting(portal))
        case .execute:
            guard let execute = try? Execute.decode(body) else { return nil }
            batch.add("portal", bytes: body.extracting(execute.portal))
        case .functionCall:
            guard let head = try? ValueStream.Head.functionCall(body),
                case .function(let function) = head.target
            else { return nil }
            batch.add("function_oid", UInt64(function))
        case .describe, .close, .sync, .flush, .copyData, .copyDone, .copyFail, .terminate, .password: break
        }
        return nil
    }

    /// A malformed message, forwarded for the replica to answer: what could be read of it is its length.
    func recordUnread(_ type: RecordType, bytes: Int, into batch: inout RecordBatch) {
        if type == .query || type == .parse {
            beginIdentified(type, in: &batch)
        } else {
            beginBrief(type, message: message, in: &batch)
        }
        batch.add("bytes", bytes)
        batch.add("reason", "malformed")
        batch.end()
    }

    func recordBind(_ bind: Bind, in body: Span<UInt8>, statement: UInt64?, into batch: inout RecordBatch) {
        beginBrief(.bind, message: message, in: &batch)
        batch.add("statement_name", bytes: body.extracting(bind.statement))
        if let statement { batch.add("statement", statement) }
        batch.add("portal", bytes: body.extracting(bind.portal))
        recordParameters(
            bind.parameters, formats: bind.parameterFormats, types: declaredTypes.types(of: statement),
            isSecret: declaredTypes.isSecret(statement), in: body, into: &batch)
        batch.end()
    }

    /// A Bind that was forwarded as it came; its last bytes wait for this.
    func recordLargeBind(
        portal: [UInt8], statement: [UInt8], parse: UInt64?, _ parameters: RecordFragment,
        into batch: inout RecordBatch
    ) {
        beginBrief(.bind, message: message, in: &batch)
        batch.add("statement_name", bytes: statement)
        if let parse { batch.add("statement", parse) }
        batch.add("portal", bytes: portal)
        batch.add(parameters)
        batch.end()
    }

    func recordLargeFunctionCall(
        _ function: UInt32, _ parameters: RecordFragment, into batch: inout RecordBatch
    ) {
        beginBrief(.functionCall, message: message, in: &batch)
        batch.add("function_oid", UInt64(function))
        batch.add(parameters)
        batch.end()
    }

    func recordExecute(portal: Span<UInt8>, maxRows: Int32, statement: UInt64?, into batch: inout RecordBatch)
    {
        beginBrief(.execute, message: message, in: &batch)
        if let statement { batch.add("statement", statement) }
        batch.add("portal", bytes: portal)
        batch.add("max_rows", Int(maxRows))
        batch.end()
    }

    func recordFunctionCall(_ call: FunctionCall, in body: Span<UInt8>, into batch: inout RecordBatch) {
        beginBrief(.functionCall, message: message, in: &batch)
        batch.add("function_oid", UInt64(call.function))
        recordParameters(
            call.arguments, formats: call.argumentFormats, types: [], isSecret: false, in: body, into: &batch)
        batch.end()
    }

    private func recordParameters(
        _ values: MessageValues, formats: FormatCodes, types: [UInt32], isSecret: Bool,
        in body: Span<UInt8>, into batch: inout RecordBatch
    ) {
        guard !values.isEmpty else { return }
        var list = batch.beginParameters(
            capture, redaction: MessageRecorder.redaction, isSecret: isSecret)
        values.forEach(in: body) { index, range in
            let format = formats.code(at: index) ?? 0
            let type = index < types.count ? types[index] : nil
            if let range {
                list.add(format: format, type: type, value: body.extracting(range), to: &batch)
            } else {
                list.addNull(format: format, type: type, to: &batch)
            }
        }
        batch.endParameters(list)
    }

    private mutating func noteTransaction(_ outcome: Pipeline.Outcome) {
        let message = outcome.kind == .query ? outcome.of : outcome.statement ?? outcome.of
        switch outcome.tag?.description {
        case "PREPARE TRANSACTION":
            transactionTags.append(TransactionTexts.Tag(message: message, isPrepared: true))
        case "COMMIT PREPARED", "ROLLBACK PREPARED":
            transactionTags.append(TransactionTexts.Tag(message: message, isPrepared: false))
        default: break
        }
    }

    /// How a statement ended; written with the next write.
    mutating func recordOutcome(_ outcome: Pipeline.Outcome, into batch: inout RecordBatch) {
        if watchesTransactions { noteTransaction(outcome) }
        let isDigested = copyDigests != nil && outcome.copy?.direction != .both
        let digest = copyDigests?.ended(outcome.of, outcome.copy)
        if let copy = outcome.copy {
            beginBrief(.copy, message: nil, in: &batch)
            batch.add("of", copy.of)
            switch copy.direction {
            case .in: batch.add("direction", "in")
            case .out: batch.add("direction", "out")
            case .both: batch.add("direction", "both")
            }
            batch.add("bytes", copy.bytes)
            if let digest {
                batch.add("digest", digest)
            } else if isDigested {
                batch.addNull("digest")
            }
            batch.end()
        }
        beginBrief(.outcome, message: nil, in: &batch)
        batch.add("of", outcome.of)
        batch.add("index", outcome.index)
        if outcome.isRestated {
            if let statement = outcome.statement {
                batch.add("statement", statement)
            } else {
                batch.addNull("statement")
            }
        }
        if let tag = outcome.tag {
            batch.add("tag", count: tag.count) { tag[$0] }
        } else if outcome.ending == .suspended {
            batch.add("tag", "PortalSuspended")
        }
        if let rows = outcome.rows { batch.add("rows", rows) }
        batch.add("bytes", outcome.bytes)
        batch.add("duration_us", outcome.durationMicroseconds)
        if let sqlstate = outcome.sqlstate { batch.add("sqlstate", sqlstate.description) }
        batch.end()
    }

    /// A message that came and never ran: `skipped` after an error before it, `lost` with the connection,
    /// `not_forwarded` because its record could not be written.
    func recordUnrun(_ message: UInt64, reason: String, into batch: inout RecordBatch) {
        beginBrief(.outcome, message: nil, in: &batch)
        batch.add("of", message)
        batch.add("index", 0)
        batch.add("reason", reason)
        batch.end()
    }

    /// A CancelRequest of this session, from `client` (`address:port`).
    package func recordCancel(verdict: String, client: String, into batch: inout RecordBatch) {
        batch.begin(.cancel)
        batch.add("session", session)
        batch.add("client", client)
        batch.add("target", session)
        batch.add("verdict", verdict)
        batch.end()
    }
}
