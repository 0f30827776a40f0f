import Audit
import AuditTree
import GatewayRouting

/// What sends one log to one destination knows and decides: where it goes on, when it connects, when it gives up for a
/// while or until somebody mends the destination. It does nothing itself: no file, socket, clock or thread.
///
/// Each record gets there once. Where to go on is never remembered across a connection: the destination says which record is
/// its newest, and the next one follows. So a batch whose answer was lost is settled by asking; the table's primary key
/// stands behind that.
package struct ShipMachine: Sendable {
    package enum Action: Sendable, Equatable {
        /// Connect, ask for the newest row, and say `connected` or `failed`.
        case connect
        /// Send a batch of records: the first number, and as many behind it as fit, none of `below` and above. Say
        /// `acknowledged` or `failed`.
        case copy(from: UInt64, below: UInt64)
        /// Nothing before this time.
        case wait(until: Int64)
    }

    /// A row as the destination has it, or a record as the log has it.
    package struct Row: Sendable, Equatable {
        package let seq: UInt64
        package let leaf: TreeHash

        package init(seq: UInt64, leaf: TreeHash) {
            self.seq = seq
            self.leaf = leaf
        }
    }

    /// What a connection found.
    package struct Found: Sendable, Equatable {
        /// The destination's newest row of this log; nil: it has none.
        package var newest: Row?
        /// The leaf hash of the log's own record of that number; nil: the log does not have it (any more).
        package var own: TreeHash?
        /// The records that the log has and that may be sent.
        package var log: Range<UInt64>

        package init(newest: Row?, own: TreeHash?, log: Range<UInt64>) {
            self.newest = newest
            self.own = own
            self.log = log
        }
    }

    /// Why nothing is sent before somebody mends the destination.
    package enum Stop: Error, Sendable, Equatable, CustomStringConvertible {
        /// It has records that the log does not have.
        case ahead(seq: UInt64, end: UInt64)
        /// Its newest record is another one than the log's of that number.
        case anotherHistory(seq: UInt64)

        package var description: String {
            switch self {
            case .ahead(let seq, let end):
                "its newest record is \(seq), and the log ends before record \(end): another history is there"
            case .anotherHistory(let seq):
                "its record \(seq) is not the log's record \(seq): another history is there"
            }
        }
    }

    private enum State: Sendable {
        case apart(until: Int64)
        case connected(next: UInt64)
        case copying(from: UInt64, below: UInt64)
        case stopped(Stop, until: Int64)
    }

    private var state = State.apart(until: 0)
    private var pause: GrowingPause
    private let recheck: Int64
    private let interval: Int64

    /// One past the newest record that is known to be there; nil: nothing was asked yet.
    package private(set) var reached: UInt64?
    /// Records that the destination lacks for ever: the log began behind them.
    package private(set) var passedOver: UInt64 = 0

    /// - Parameters:
    ///   - pause: after failures in a row.
    ///   - recheck: until a destination that was stopped is looked at again, nanoseconds.
    ///   - interval: until it is looked again whether there is something to send, nanoseconds.
    package init(pause: GrowingPause, recheck: Int64, interval: Int64) {
        self.pause = pause
        self.recheck = recheck
        self.interval = interval
    }

    init() {
        self.init(
            pause: ShippingLimits.pause, recheck: ShippingLimits.recheck, interval: ShippingLimits.interval)
    }

    /// Why it stands still; nil: it does not, or for a failure only.
    package var stop: Stop? {
        switch state {
        case .stopped(let stop, _): stop
        case .apart, .connected, .copying: nil
        }
    }

    package var isConnected: Bool {
        switch state {
        case .connected, .copying: true
        case .apart, .stopped: false
        }
    }

    /// What to do now.
    ///
    /// - Parameter covered: one past the last record that may be sent.
    package mutating func next(covered: UInt64, now: Int64) -> Action {
        switch state {
        case .apart(let until), .stopped(_, let until):
            return now >= until ? .connect : .wait(until: until)
        case .connected(let next):
            guard next < covered else {
                // All is there: what comes next is another failure than the last one.
                pause.succeeded()
                return .wait(until: now &+ interval)
            }
            state = .copying(from: next, below: covered)
            return .copy(from: next, below: covered)
        case .copying(let from, let below):
            preconditionFailure("nothing was said of the batch \(from)..<\(below)")
        }
    }

    /// A connection is there, and what it found.
    package mutating func connected(_ found: Found, now: Int64) {
        precondition(!isConnected, "connected twice")
        guard let newest = found.newest else { return goOn(at: 0, found.log) }
        guard newest.seq < found.log.upperBound else {
            return halt(.ahead(seq: newest.seq, end: found.log.upperBound), now)
        }
        // What retention removed cannot be compared any more.
        if newest.seq >= found.log.lowerBound, found.own != newest.leaf {
            return halt(.anotherHistory(seq: newest.seq), now)
        }
        goOn(at: newest.seq + 1, found.log)
    }

    private mutating func goOn(at next: UInt64, _ log: Range<UInt64>) {
        let begin = max(next, log.lowerBound)
        passedOver += begin - next
        reached = begin
        state = .connected(next: begin)
    }

    private mutating func halt(_ stop: Stop, _ now: Int64) {
        state = .stopped(stop, until: now &+ recheck)
    }

    /// The destination has the batch, up to the record before `end`.
    package mutating func acknowledged(end: UInt64) {
        guard case .copying(let from, let below) = state, from < end, end <= below else {
            preconditionFailure("another batch was acknowledged")
        }
        pause.succeeded()
        reached = end
        state = .connected(next: end)
    }

    /// The connection is gone, or was never made: whether a batch that was under way is there, the next one asks.
    package mutating func failed(now: Int64) {
        state = .apart(until: now &+ pause.failed().wholeNanoseconds)
    }
}
