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

/// The cancel keys that executors hold: the process id is the replica's own, as programs compare it with
/// `pg_backend_pid()` and the sender of a notification; the secret is ours, never the replica's (F-WIRE-13), random, and
/// compared in constant time (F-WIRE-16). Processes of several replicas may have one id: the secret tells them apart.
package final class CancelRegistry: Sendable {
    package struct Entry: Sendable {
        package let address: SessionAddress
        package let secret: [UInt8]
    }

    private struct State {
        var entries: [Int32: [Entry]] = [:]
        var random = SystemRandomNumberGenerator()
    }

    private let state = Mutex(State())

    package init() {}

    /// Makes a key (process id, secret) for a session.
    ///
    /// - Parameters:
    ///   - backend: the replica's process id; 0 where it told none: one is made up.
    ///   - length: bytes of the secret: 4 for protocol 3.0, 32 for 3.2.
    package func register(
        _ address: SessionAddress, backend: Int32, length: Int
    ) -> (processID: Int32, secret: [UInt8]) {
        state.withLock { state in
            let processID = backend != 0 ? backend : Int32.random(in: 1...Int32.max, using: &state.random)
            var secret: [UInt8]
            repeat {
                secret = RandomBytes.make(length)
            } while state.entries[processID]?.contains { $0.secret == secret } ?? false
            state.entries[processID, default: []].append(Entry(address: address, secret: secret))
            return (processID, secret)
        }
    }

    package func remove(_ processID: Int32, of address: SessionAddress) {
        state.withLock { state in
            state.entries[processID]?.removeAll { $0.address == address }
            if state.entries[processID]?.isEmpty ?? false { state.entries[processID] = nil }
        }
    }

    /// The session that this key belongs to; nil where there is none.
    package func find(processID: Int32, secret: [UInt8]) -> Entry? {
        let entries = state.withLock { $0.entries[processID] } ?? []
        var found: Entry?
        for entry in entries where CancelRegistry.isEqual(entry.secret, secret) { found = entry }
        return found
    }

    /// Time depends on the lengths alone.
    private static func isEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        guard left.count == right.count else { return false }
        var difference: UInt8 = 0
        for index in left.indices { difference |= left[index] ^ right[index] }
        return difference == 0
    }
}
