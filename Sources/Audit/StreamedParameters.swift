/// The list `parameters` of a Bind or FunctionCall that is forwarded as it comes: what the record keeps of each value is
/// made while its pieces pass, so that a value of 1 GiB costs no more memory than a short one.
package struct StreamedParameters: ~Copyable {
    /// Values up to this many bytes are gathered: they may fit the record as they are.
    private static let gatheredBytes = 64 * 1024
    /// What the record has beside the parameters.
    private static let roomForOthers = 4096

    private var batch: RecordBatch
    private var list: ParameterList
    private let from: Int
    /// The value that is being gathered; nil where the open one is only digested.
    private var gathered: (bytes: [UInt8], format: Int16, type: UInt32?)?

    /// - Parameters: as of `RecordBatch.beginParameters`.
    package init(
        _ capture: ParameterCapture, recordLimit: Int, redaction: ParameterRedaction? = nil,
        isSecret: Bool = false
    ) {
        batch = RecordBatch(recordLimit: recordLimit - StreamedParameters.roomForOthers)
        batch.begin(.bind)
        from = batch.bytes.count
        list = batch.beginParameters(capture, redaction: redaction, isSecret: isSecret)
    }

    /// Begins a value; without a length it is NULL, and over.
    package mutating func begin(format: Int16, type: UInt32?, length: Int?) {
        guard let length else { return list.addNull(format: format, type: type, to: &batch) }
        if length <= StreamedParameters.gatheredBytes {
            gathered = ([], format, type)
        } else {
            list.begin(format: format, type: type, length: length, to: &batch)
        }
    }

    package mutating func append(_ piece: Span<UInt8>) {
        guard gathered != nil else { return list.update(piece) }
        // SAFETY: the pointer is used only inside the closure, for the span's own count of bytes.
        piece.withUnsafeBufferPointer { gathered?.bytes.append(contentsOf: $0) }
    }

    /// The value that was begun has come whole.
    package mutating func finishValue() {
        guard let whole = gathered else { return list.finish(in: &batch) }
        gathered = nil
        list.add(format: whole.format, type: whole.type, value: whole.bytes.span, to: &batch)
    }

    /// The list as a member of the record that it belongs to.
    package consuming func fragment() -> RecordFragment {
        var batch = self.batch
        batch.endParameters(self.list)
        return RecordFragment(bytes: Array(batch.bytes[from...]), session: nil)
    }
}
