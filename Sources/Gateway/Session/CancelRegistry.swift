import Synchronization

/// Names a session to other workers.
package struct SessionAddress: Sendable, Hashable {
    package let worker: Int
    /// Slot and generation of the slot: an address of a session that ended fits no later one.
    package let token: UInt64

    package init(worker: Int, token: UInt64) {
        self.worker = worker
        self.token = token
    }
}

/// The cancel keys that executors hold: ours, never a replica's (F-WIRE-13). Keys are random, and compared in constant
/// time (F-WIRE-16).
package final class CancelRegistry: Sendable {
    package struct Entry: Sendable {
        package let address: SessionAddress
        package let secret: [UInt8]
        /// The session's name in records.
        package let session: String
        /// Index of the log that the session writes to.
        package let region: String
    }

    private struct State {
        var entries: [Int32: Entry] = [:]
        var random = SystemRandomNumberGenerator()
    }

    private let state = Mutex(State())

    package init() {}

    /// Makes a key (process id, secret) for a session.
    ///
    /// - Parameter length: bytes of the secret: 4 for protocol 3.0, 32 for 3.2.
    package func register(
        _ address: SessionAddress, session: String, region: String, length: Int
    ) -> (processID: Int32, secret: [UInt8]) {
        state.withLock { state in
            var processID: Int32
            repeat {
                processID = Int32.random(in: 1...Int32.max, using: &state.random)
            } while state.entries[processID] != nil
            var secret: [UInt8] = []
            for _ in 0..<length { secret.append(UInt8.random(in: 0...255, using: &state.random)) }
            state.entries[processID] = Entry(
                address: address, secret: secret, session: session, region: region)
            return (processID, secret)
        }
    }

    package func remove(_ processID: Int32) {
        state.withLock { state in _ = state.entries.removeValue(forKey: processID) }
    }

    /// The session that this key belongs to; nil where there is none.
    package func find(processID: Int32, secret: [UInt8]) -> Entry? {
        let entry = state.withLock { $0.entries[processID] }
        guard let entry else { return nil }
        return CancelRegistry.isEqual(entry.secret, secret) ? entry : nil
    }

    /// Time depends on the lengths alone.
    private static func isEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        guard left.count == right.count else { return false }
        var difference: UInt8 = 0
        for index in left.indices { difference |= left[index] ^ right[index] }
        return difference == 0
    }
}
