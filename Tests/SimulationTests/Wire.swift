import Glibc

/// One connection of the gateway's as the network sees it: bytes that were sent and have not arrived, in both
/// directions. The last hop to the gateway is a real socket, of which this is the far end; when and how many bytes go
/// through it is the simulation's.
final class Wire {
    enum Ending {
        case open
        /// No more will be sent: FIN behind what is on its way.
        case finished
        /// Gone, and what was on its way with it.
        case cut
    }

    let number: Int
    /// The end that the simulation holds, -1 once it is closed.
    private(set) var descriptor: Int32
    /// On its way to the gateway.
    private var towards: [UInt8] = []
    private var ending = Ending.open
    /// Nothing moves until this moment.
    var frozenUntil: Int64 = 0
    private(set) var wasFrozen = false

    /// The gateway has shut its side, and all it sent came out.
    private(set) var isAtEnd = false
    /// Bytes that the gateway sent and that came out.
    private(set) var collected = 0
    /// More than this the gateway must not send any more; nil: as much as it likes.
    var budget: Int?
    var isDeliveryPlanned = false
    var isCollectionPlanned = false

    private init(number: Int, descriptor: Int32) {
        self.number = number
        self.descriptor = descriptor
    }

    deinit { close() }

    /// A wire, and the gateway's end of it.
    static func make(number: Int, buffer: Int32) -> (Wire, Int32)? {
        var ends: [Int32] = [-1, -1]
        let type = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, type, 0, &ends) == 0 else { return nil }
        for end in ends {
            var size = buffer
            setsockopt(end, SOL_SOCKET, SO_SNDBUF, &size, socklen_t(MemoryLayout<Int32>.size))
        }
        return (Wire(number: number, descriptor: ends[0]), ends[1])
    }

    /// Nothing moves for so long.
    func freeze(until moment: Int64) {
        frozenUntil = moment
        wasFrozen = true
    }

    var isClosed: Bool { descriptor < 0 }
    var hasTowards: Bool { !isClosed && (!towards.isEmpty || ending == .finished) }
    var onTheWay: Int { towards.count }

    func send(_ bytes: [UInt8]) {
        if ending == .open { towards += bytes }
    }

    func finish() {
        if ending == .open { ending = .finished }
    }

    /// - Parameter keeping: bytes that still arrive, of those on their way.
    func cut(keeping: Int = 0) {
        guard !isClosed else { return }
        towards.removeLast(max(0, towards.count - keeping))
        if !towards.isEmpty { _ = deliver(towards.count) }
        close()
    }

    /// Up to so many bytes arrive. False where the gateway's side takes none.
    func deliver(_ most: Int) -> Bool {
        guard !isClosed else { return false }
        if !towards.isEmpty {
            let count =
                towards.prefix(most).withContiguousStorageIfAvailable {
                    Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
                } ?? -1
            guard count > 0 else { return false }
            towards.removeFirst(count)

        }
        if towards.isEmpty, ending == .finished {
            ending = .cut
            shutdown(descriptor, Int32(SHUT_WR))
        }
        return true
    }

    /// Bytes that the gateway wrote and that have not come out.
    var waiting: Int {
        guard !isClosed else { return 0 }
        var count: Int32 = 0
        return ioctl(descriptor, UInt(FIONREAD), &count) == 0 ? Int(count) : 0
    }

    /// Something to collect: bytes, or the end.
    var isReady: Bool {
        guard !isClosed else { return false }
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&entry, 1, 0) > 0
    }

    /// Up to so many of the gateway's bytes; nil at the end.
    func collect(_ most: Int) -> [UInt8]? {
        guard !isClosed else { return [] }
        var bytes = [UInt8](repeating: 0, count: most)
        let count = recv(descriptor, &bytes, most, 0)
        if count > 0 {
            collected += count
            return Array(bytes[..<count])
        }
        if count < 0, errno == EAGAIN || errno == EINTR { return [] }
        isAtEnd = true
        return nil
    }

    private func close() {
        guard descriptor >= 0 else { return }
        Glibc.close(descriptor)
        descriptor = -1
    }
}
