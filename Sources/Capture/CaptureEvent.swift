import PGWire

/// Something that a capture shows of one connection.
package struct CaptureEvent: Equatable, Sendable {
    package enum Content: Equatable, Sendable {
        case message(Message)
        case note(Note)
    }

    /// A message, and the bytes it was.
    package struct Message: Equatable, Sendable {
        package let line: TraceLine
        /// nil for a packet without a type: one of the startup phase, or the answer to SSLRequest.
        package let tag: UInt8?
        /// Without length word.
        package let body: [UInt8]
    }

    /// What is no message, or none that can be shown.
    package enum Note: Equatable, Sendable {
        /// Nothing of it is decoded from here on.
        case passed(Reason, bytes: Int, lost: Int)
        /// A frame of known type and length, whose body is not all there, or too long to be shown.
        case frame(tag: UInt8, length: Int, lost: Int)
        /// The stream ends within a frame or a packet.
        case incomplete(bytes: Int)
        /// The side sends no more.
        case closed
        case reset
    }

    package enum Reason: Equatable, Sendable {
        case encrypted(WireTrace.EncryptionRequest)
        case foreign(ForeignProtocol)
        /// SSLRequest or GSSENCRequest, and no answer was captured.
        case unanswered
        /// Behind a startup packet that is refused, or a CancelRequest.
        case behindLastPacket
        case noFrame(FrameError)
        /// Behind more messages than are shown.
        case tooMany
        /// Bytes are missing where a frame's header should be.
        case lost
    }

    /// Counted from 1.
    package let connection: Int
    /// The packet with which it was there.
    package let packet: Int
    package let side: TraceLine.Side
    package internal(set) var content: Content
}

extension CaptureEvent.Note: CustomStringConvertible {
    package var description: String {
        switch self {
        case .passed(let reason, let bytes, let lost):
            "\(reason): \(bytes) bytes" + (lost == 0 ? "" : ", and \(lost) that were not captured")
        case .frame(let tag, let length, let lost):
            lost == 0
                ? "a frame of type \(Self.type(tag)) and length \(length), too long to be shown"
                : "a frame of type \(Self.type(tag)) and length \(length), \(lost) bytes of which were not captured"
        case .incomplete(let bytes): "ends within a frame: \(bytes) bytes"
        case .closed: "closes"
        case .reset: "resets the connection"
        }
    }

    static func type(_ tag: UInt8) -> String {
        (0x21...0x7e).contains(tag) ? String(UnicodeScalar(tag)) : "0x" + String(tag, radix: 16)
    }
}

extension CaptureEvent.Reason: CustomStringConvertible {
    package var description: String {
        switch self {
        case .encrypted(.ssl): "TLS, not decoded"
        case .encrypted(.gssenc): "GSSAPI encryption, not decoded"
        case .foreign(let kind): "not PostgreSQL: \(kind.rawValue)"
        case .unanswered: "behind a request for encryption whose answer was not captured"
        case .behindLastPacket: "behind what ends a connection"
        case .noFrame(let error): "no frame (\(Self.text(error)))"
        case .tooMany: "too many messages to show them all"
        case .lost: "bytes were lost where a frame begins, so that further frames cannot be told"
        }
    }

    private static func text(_ error: FrameError) -> String {
        switch error {
        case .unexpectedTag(let tag): "type \(CaptureEvent.Note.type(tag)) is none of this side"
        case .lengthTooShort(let tag, let length):
            "type \(CaptureEvent.Note.type(tag)), length \(length): at least 4"
        case .lengthTooLong(let tag, let length, let limit):
            "type \(CaptureEvent.Note.type(tag)), length \(length): at most \(limit)"
        }
    }
}
