/// Bytes in a buffer that may not go on before the log is durable up to a number.
///
/// Pieces are added in order, each with the number (`AuditReceipt.end`) it waits for; 0 waits for nothing. The sum of
/// what was released and not yet taken is `released`.
package struct HoldQueue {
    private struct Piece {
        var bytes: Int
        var waitsFor: UInt64
        /// The piece ends where a frame does.
        var endsFrame: Bool
    }

    private var pieces: [Piece] = []
    private var first = 0
    /// Bytes that may go, counted from the buffer's first.
    package private(set) var released = 0
    /// What was released so far ends where a frame does.
    package private(set) var releasedEndsFrame = true
    /// Bytes that wait.
    package private(set) var held = 0

    package init() {}

    package var isHolding: Bool { held > 0 }

    /// Adds bytes behind those already there.
    package mutating func add(_ bytes: Int, waitsFor number: UInt64, durable: UInt64, endsFrame: Bool) {
        guard bytes > 0 else { return }
        if held == 0, number <= durable {
            released += bytes
            releasedEndsFrame = endsFrame
            return
        }
        held += bytes
        if let last = pieces.indices.last, last >= first, pieces[last].waitsFor >= number {
            pieces[last].bytes += bytes
            pieces[last].endsFrame = endsFrame
        } else {
            pieces.append(Piece(bytes: bytes, waitsFor: number, endsFrame: endsFrame))
        }
    }

    /// Releases what waited for numbers up to `durable`.
    package mutating func release(durable: UInt64) {
        while first < pieces.count, pieces[first].waitsFor <= durable {
            released += pieces[first].bytes
            held -= pieces[first].bytes
            releasedEndsFrame = pieces[first].endsFrame
            first += 1
        }
        if first == pieces.count {
            pieces.removeAll(keepingCapacity: true)
            first = 0
        } else if first > 64, first * 2 > pieces.count {
            // A session that always holds something must not keep what it has released.
            pieces.removeFirst(first)
            first = 0
        }
    }

    /// So many released bytes left the buffer.
    package mutating func took(_ bytes: Int) {
        precondition(bytes <= released)
        released -= bytes
    }

    /// Forgets what waits; the caller drops the bytes behind `released`.
    package mutating func dropHeld() {
        pieces.removeAll()
        first = 0
        held = 0
    }
}
