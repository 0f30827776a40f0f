/// Why a body is not the message its type promises, or a message cannot be encoded.
///
/// What the decoders of frontend messages refuse, PostgreSQL refuses too, with 08P01: a frame whose body does
/// not decode may be forwarded as it is, and the replica's answer is the right one. (It does not look at the
/// bodies of CopyDone and Terminate, nor at any while it skips to the next Sync.)
package enum MessageError: Error, Equatable, Sendable {
    /// The body ends too early.
    case insufficientData(needed: Int, left: Int)
    /// A string without its NUL.
    case unterminatedString
    /// The message is complete, and there is more in the body.
    case trailingBytes(Int)
    /// The length of a value, below 0 and not -1.
    case invalidValueLength(Int)
    /// Describe or Close of something that is neither `S` nor `P`.
    case invalidSubtype(UInt8)
    /// More than one format, and not as many as values.
    case formatCount(formats: Int, values: Int)
    /// Two counts of one message differ (columns of a COPY, fields of a message).
    case invalidCount(Int)
    /// A code that the protocol does not define: transaction status, COPY format.
    case invalidCode(Int)
    /// Encoding: a NUL in a string.
    case embeddedNUL
    /// Encoding: a body or a count too large for its length word.
    case tooLong(Int)
}
