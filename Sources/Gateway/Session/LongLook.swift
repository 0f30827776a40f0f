/// A message with a long text, and what another thread finds in the text: what has come of it, that it is being looked through,
/// what was found. Messages go by their number: what belongs to one is never handed out for another, which matters where a
/// message was refused meanwhile.
package struct LongLook<Found: Sendable>: Sendable {
    private enum State {
        case none
        case gathering(message: UInt64, pieces: [[UInt8]], bytes: Int)
        case reading(message: UInt64)
        case read(message: UInt64, Found)
    }

    private var state = State.none

    package init() {}

    package func isReading(_ message: UInt64) -> Bool {
        guard case .reading(message) = state else { return false }
        return true
    }

    package func found(in message: UInt64) -> Found? {
        guard case .read(message, let found) = state else { return nil }
        return found
    }

    /// Bytes of the message that were kept.
    package func gathered(of message: UInt64) -> Int {
        guard case .gathering(message, _, let bytes) = state else { return 0 }
        return bytes
    }

    /// More of the message has come.
    package mutating func gather(_ piece: [UInt8], of message: UInt64) {
        guard case .gathering(message, var pieces, let bytes) = state else {
            state = .gathering(message: message, pieces: [piece], bytes: piece.count)
            return
        }
        state = .none
        pieces.append(piece)
        state = .gathering(message: message, pieces: pieces, bytes: bytes + piece.count)
    }

    /// All of the message has come.
    ///
    /// - Returns: what came of it, and nothing of another.
    package mutating func takePieces(of message: UInt64) -> [[UInt8]] {
        guard case .gathering(message, let pieces, _) = state else { return [] }
        state = .none
        return pieces
    }

    package mutating func begin(_ message: UInt64) { state = .reading(message: message) }

    /// What was found is kept where the message is still looked through.
    package mutating func end(_ message: UInt64, _ found: Found) {
        guard isReading(message) else { return }
        state = .read(message: message, found)
    }

    /// It was judged anew.
    package mutating func replace(_ message: UInt64, _ found: Found) {
        guard case .read(message, _) = state else { return }
        state = .read(message: message, found)
    }

    /// The message was cut: forwarded or refused.
    package mutating func forget() {
        if case .none = state { return }
        state = .none
    }
}
