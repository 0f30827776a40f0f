import Audit
import GatewayGuard
import SQLText

/// What of a text stands in the log (`capture.literals`), and what is known of it.
extension MessageRecorder {
    /// Adds `sql` as it may be recorded, and what the text is.
    ///
    /// - Returns: the constants that gave way, which stand at the record's end; nil where constants are kept.
    func addSQL(_ sql: Span<UInt8>, to batch: inout RecordBatch) -> [MaskedText.Literal]? {
        var masked: MaskedText?
        switch literals {
        case .keep: addUnmasked(sql, to: &batch)
        case .hash, .drop:
            masked = LiteralMasking.mask(sql, strings: strings, isSafeEncoding: isSafelyEncoded(sql))
            addMasked(sql, masked, to: &batch)
        }
        if let description {
            batch.add(description, orLeaveOut: ["fingerprint", "class", "relations"])
        }
        return masked?.literals
    }

    private func addUnmasked(_ sql: Span<UInt8>, to batch: inout RecordBatch) {
        let edited = PasswordRedaction.redact(
            sql, strings: strings, isSafeEncoding: isSafelyEncoded(sql))
        guard let edited else { return batch.addSQL(sql, clientEncoding: clientEncoding, of: message) }
        batch.addSQL(edited.bytes.span, clientEncoding: clientEncoding, of: message)
        batch.add("redacted", edited.count)
    }

    private func addMasked(_ sql: Span<UInt8>, _ masked: MaskedText?, to batch: inout RecordBatch) {
        guard let masked else {
            // What in it is a constant cannot be told: nothing of it stands.
            batch.add("sql_bytes", sql.count)
            if case .hash(let key) = literals { batch.add("sql_digest", key.digest(of: sql)) }
            return
        }
        batch.addSQL(masked.bytes.span, clientEncoding: clientEncoding, of: message)
        if masked.redacted > 0 { batch.add("redacted", masked.redacted) }
    }

    /// Takes passwords out of parameters' values.
    static let redaction: ParameterRedaction = { value in
        PasswordRedaction.redact(value: value).map { ($0.bytes, $0.count) }
    }

    /// Adds what is kept of constants: a digest and the length of each, or how many there were.
    func add(_ constants: [MaskedText.Literal]?, to batch: inout RecordBatch) {
        guard let constants, !constants.isEmpty else { return }
        switch literals {
        case .keep: return
        case .drop: batch.add("literals", constants.count)
        case .hash:
            var list = batch.beginLiterals(literals)
            for constant in constants {
                if constant.isPassword {
                    list.addRedactedLiteral(to: &batch)
                } else {
                    list.add(literal: constant.value.span, to: &batch)
                }
            }
            batch.endParameters(list)
        }
    }

    /// Why a statement is refused, without what constants say where they are not kept.
    func reasons(of verdict: StatementVerdict) -> [String] {
        switch literals {
        case .keep: verdict.reasons
        case .hash, .drop: verdict.plainReasons
        }
    }
}
