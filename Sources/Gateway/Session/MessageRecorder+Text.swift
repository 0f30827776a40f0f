import Audit
import GatewayGuard
import SQLText

/// How a text is recorded: what of it may stand in the log, and how it is read for that.
struct TextTerms: Sendable {
    let literals: ParameterCapture
    let strings: SQLText.Strings
    let hasUnsafeEncoding: Bool
    let clientEncoding: String
    /// The number of its message.
    let message: UInt64

    /// Adds `sql` as it may be recorded.
    ///
    /// - Returns: the constants that gave way, which stand at the record's end; nil where constants are kept.
    func add(_ sql: Span<UInt8>, to batch: inout RecordBatch) -> [MaskedText.Literal]? {
        switch literals {
        case .keep:
            addUnmasked(sql, to: &batch)
            return nil
        case .hash, .drop:
            let masked = LiteralMasking.mask(sql, strings: strings, isSafeEncoding: isSafelyEncoded(sql))
            addMasked(sql, masked, to: &batch)
            return masked?.literals
        }
    }

    private func isSafelyEncoded(_ sql: Span<UInt8>) -> Bool { !hasUnsafeEncoding || !sql.holdsHighBytes }

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

    /// Whether a text that was looked through on these terms is recorded as on the others. What is kept of constants is the
    /// policy's and not looked at.
    func readsAs(_ other: TextTerms) -> Bool {
        message == other.message && strings == other.strings && clientEncoding == other.clientEncoding
            && hasUnsafeEncoding == other.hasUnsafeEncoding
    }
}

/// What of a text stands in the log (`capture.literals`), and what is known of it.
extension MessageRecorder {
    /// Bytes that a record has before its text, at most: its type and times, and what says whose it is.
    var headBytes: Int { identity.byteCount + 256 }

    /// Of the text of this message.
    func terms(of message: UInt64) -> TextTerms {
        TextTerms(
            literals: literals, strings: strings, hasUnsafeEncoding: hasUnsafeEncoding,
            clientEncoding: clientEncoding, message: message)
    }

    /// Adds `sql` as it may be recorded, and what the text is.
    ///
    /// - Returns: the constants that gave way, which stand at the record's end; nil where constants are kept.
    func addSQL(_ sql: Span<UInt8>, to batch: inout RecordBatch) -> [MaskedText.Literal]? {
        let constants: [MaskedText.Literal]?
        if let long {
            batch.add(long.record)
            constants = long.constants
        } else {
            constants = terms(of: message).add(sql, to: &batch)
        }
        if let description {
            batch.add(description, orLeaveOut: ["fingerprint", "class", "relations", "unparsed"])
        }
        return constants
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
