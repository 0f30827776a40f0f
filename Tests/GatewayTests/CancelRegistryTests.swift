import Gateway
import Testing

@Suite struct CancelRegistryTests {
    private let registry = CancelRegistry()

    private func register(
        _ worker: Int = 0, backend: Int32 = 0, length: Int = 32
    ) -> (processID: Int32, secret: [UInt8]) {
        registry.register(SessionAddress(worker: worker, token: 9), backend: backend, length: length)
    }

    @Test("F-WIRE-12: the right key finds its session, at 4 bytes and at 32", arguments: [4, 32])
    func right(length: Int) throws {
        let key = register(3, length: length)
        #expect(key.secret.count == length)
        #expect(key.processID > 0)
        let entry = try #require(registry.find(processID: key.processID, secret: key.secret))
        #expect(entry.address == SessionAddress(worker: 3, token: 9))
    }

    @Test("F-WIRE-16: a key with one bit wrong, anywhere, finds nothing")
    func wrong() {
        let key = register()
        for index in key.secret.indices {
            for bit in 0..<8 {
                var secret = key.secret
                secret[index] ^= 1 << UInt8(bit)
                #expect(registry.find(processID: key.processID, secret: secret) == nil)
            }
        }
        #expect(registry.find(processID: key.processID &+ 1, secret: key.secret) == nil)
        #expect(registry.find(processID: 0, secret: key.secret) == nil)
        #expect(registry.find(processID: -1, secret: key.secret) == nil)
    }

    @Test("F-WIRE-15: keys that are short, long or empty find nothing", arguments: [0, 1, 4, 31, 33, 256])
    func wrongLength(length: Int) {
        let key = register()
        let secret = Array((key.secret + [UInt8](repeating: 0, count: 256)).prefix(length))
        #expect(registry.find(processID: key.processID, secret: secret) == nil)
    }

    @Test("A key of a session that ended finds nothing, and others stay")
    func removed() {
        let first = register(1)
        let second = register(2)
        registry.remove(first.processID, of: SessionAddress(worker: 1, token: 9))
        registry.remove(first.processID, of: SessionAddress(worker: 1, token: 9))
        #expect(registry.find(processID: first.processID, secret: first.secret) == nil)
        #expect(registry.find(processID: second.processID, secret: second.secret)?.address.worker == 2)
        #expect(registry.find(processID: second.processID, secret: first.secret) == nil)
    }

    @Test("The process id is the replica's own; sessions of two replicas that share one are told apart")
    func sharedProcessID() {
        let first = register(1, backend: 4711, length: 4)
        let second = register(2, backend: 4711, length: 4)
        #expect(first.processID == 4711)
        #expect(second.processID == 4711)
        #expect(first.secret != second.secret)
        #expect(registry.find(processID: 4711, secret: first.secret)?.address.worker == 1)
        #expect(registry.find(processID: 4711, secret: second.secret)?.address.worker == 2)
        registry.remove(4711, of: SessionAddress(worker: 1, token: 9))
        #expect(registry.find(processID: 4711, secret: first.secret) == nil)
        #expect(registry.find(processID: 4711, secret: second.secret)?.address.worker == 2)
    }

    @Test("Thousands of keys differ, in process id and in secret")
    func unlike() {
        let keys = (0..<5_000).map { _ in register(length: 8) }
        #expect(Set(keys.map(\.processID)).count == 5_000)
        #expect(Set(keys.map(\.secret)).count == 5_000)
    }
}
