import Audit
import GatewayPolicy
import PGWire

/// The relay's records, keys in interface.md's order. All of them go into the region's batch of this turn.
extension Relay {
    /// Begins a record that names the whole session: its identity, its replica.
    func beginIdentified(_ type: RecordType, message: UInt64?) {
        region.batch.begin(type)
        region.batch.add(session.encodedIdentity)
        if let message { region.batch.add("message", message) }
    }

    /// Begins a record that names the session only; session.start has the identity.
    private func beginBrief(_ type: RecordType, message: UInt64?) {
        region.batch.begin(type)
        region.batch.add("session", session.name)
        if let message { region.batch.add("message", message) }
    }

    /// A Query, with the verdict where it is refused.
    func recordQuery(_ sql: Span<UInt8>) {
        beginIdentified(.query, message: message)
        region.batch.addSQL(sql, clientEncoding: clientEncoding, of: message)
        region.batch.end()
        worker.awaitReceipt(session, region)
    }

    func recordParse(name: Span<UInt8>, sql: Span<UInt8>, parameterTypes: [UInt32]) {
        beginIdentified(.parse, message: message)
        region.batch.addSQL(sql, clientEncoding: clientEncoding, of: message)
        region.batch.add("statement_name", bytes: name)
        if !parameterTypes.isEmpty {
            region.batch.beginArray("parameter_types")
            for type in parameterTypes { region.batch.addElement(type) }
            region.batch.endArray()
        }
        region.batch.end()
        worker.awaitReceipt(session, region)
    }

    /// A statement that is not forwarded: its length, or its message's, and why.
    func recordRefused(_ type: RecordType, sqlBytes: Int?, bytes: Int, refusal: Refusal) {
        beginIdentified(type, message: message)
        if let sqlBytes {
            region.batch.add("sql_bytes", sqlBytes)
        } else {
            region.batch.add("bytes", bytes)
        }
        region.batch.beginObject("verdict")
        region.batch.add("allowed", false)
        region.batch.add("classes", [String]())
        region.batch.add("reasons", [refusal.message])
        region.batch.endObject()
        region.batch.end()
        worker.awaitReceipt(session, region)
    }

    /// A malformed message, forwarded for the replica to answer: what could be read of it is its length.
    func recordUnread(_ type: RecordType, bytes: Int) {
        if type == .query || type == .parse {
            beginIdentified(type, message: message)
        } else {
            beginBrief(type, message: message)
        }
        region.batch.add("bytes", bytes)
        region.batch.add("reason", "malformed")
        region.batch.end()
        worker.awaitReceipt(session, region)
    }

    func recordBind(_ bind: Bind, in body: Span<UInt8>, statement: UInt64?) {
        beginBrief(.bind, message: message)
        region.batch.add("statement_name", bytes: body.extracting(bind.statement))
        if let statement { region.batch.add("statement", statement) }
        region.batch.add("portal", bytes: body.extracting(bind.portal))
        recordParameters(
            bind.parameters, formats: bind.parameterFormats, types: declaredTypes.types(of: statement),
            in: body)
        region.batch.end()
        worker.awaitReceipt(session, region)
    }

    /// A Bind that was forwarded as it came; its last bytes wait for this.
    func recordLargeBind(portal: [UInt8], statement: [UInt8], parse: UInt64?, _ parameters: RecordFragment) {
        beginBrief(.bind, message: message)
        region.batch.add("statement_name", bytes: statement)
        if let parse { region.batch.add("statement", parse) }
        region.batch.add("portal", bytes: portal)
        region.batch.add(parameters)
        region.batch.end()
        worker.awaitReceipt(session, region)
    }

    func recordLargeFunctionCall(_ function: UInt32, _ parameters: RecordFragment) {
        beginBrief(.functionCall, message: message)
        region.batch.add("function_oid", UInt64(function))
        region.batch.add(parameters)
        region.batch.end()
        worker.awaitReceipt(session, region)
    }

    func recordExecute(portal: Span<UInt8>, maxRows: Int32, statement: UInt64?) {
        beginBrief(.execute, message: message)
        if let statement { region.batch.add("statement", statement) }
        region.batch.add("portal", bytes: portal)
        region.batch.add("max_rows", Int(maxRows))
        region.batch.end()
        worker.awaitReceipt(session, region)
    }

    func recordFunctionCall(_ call: FunctionCall, in body: Span<UInt8>) {
        beginBrief(.functionCall, message: message)
        region.batch.add("function_oid", UInt64(call.function))
        recordParameters(call.arguments, formats: call.argumentFormats, types: [], in: body)
        region.batch.end()
        worker.awaitReceipt(session, region)
    }

    private func recordParameters(
        _ ranges: [Range<Int>?], formats: FormatCodes, types: [UInt32], in body: Span<UInt8>
    ) {
        guard !ranges.isEmpty else { return }
        var list = region.batch.beginParameters(capture)
        for (index, range) in ranges.enumerated() {
            let format = formats.code(at: index) ?? 0
            let type = index < types.count ? types[index] : nil
            if let range {
                list.add(format: format, type: type, value: body.extracting(range), to: &region.batch)
            } else {
                list.addNull(format: format, type: type, to: &region.batch)
            }
        }
        region.batch.endParameters(list)
    }

    /// How a statement ended; written with the next write.
    func recordOutcome(_ outcome: Pipeline.Outcome) {
        if let copy = outcome.copy {
            beginBrief(.copy, message: nil)
            region.batch.add("of", copy.of)
            switch copy.direction {
            case .in: region.batch.add("direction", "in")
            case .out: region.batch.add("direction", "out")
            case .both: region.batch.add("direction", "both")
            }
            region.batch.add("bytes", copy.bytes)
            region.batch.end()
        }
        beginBrief(.outcome, message: nil)
        region.batch.add("of", outcome.of)
        region.batch.add("index", outcome.index)
        if outcome.isRestated {
            if let statement = outcome.statement {
                region.batch.add("statement", statement)
            } else {
                region.batch.addNull("statement")
            }
        }
        if let tag = outcome.tag {
            region.batch.add("tag", tag.description)
        } else if outcome.ending == .suspended {
            region.batch.add("tag", "PortalSuspended")
        }
        if let rows = outcome.rows { region.batch.add("rows", rows) }
        region.batch.add("bytes", outcome.bytes)
        region.batch.add("duration_us", outcome.durationMicroseconds)
        if let sqlstate = outcome.sqlstate { region.batch.add("sqlstate", sqlstate.description) }
        region.batch.end()
        worker.recordSoon(region)
    }

    /// A message that came and never ran: `skipped` after an error before it, `lost` with the connection,
    /// `not_forwarded` because its record could not be written.
    func recordUnrun(_ message: UInt64, reason: String) {
        beginBrief(.outcome, message: nil)
        region.batch.add("of", message)
        region.batch.add("index", 0)
        region.batch.add("reason", reason)
        region.batch.end()
        worker.recordSoon(region)
    }

    func recordCancel(verdict: String, client: String) {
        region.batch.begin(.cancel)
        region.batch.add("session", session.name)
        region.batch.add("client", client)
        region.batch.add("target", session.name)
        region.batch.add("verdict", verdict)
        region.batch.end()
        worker.recordSoon(region)
    }
}
