import CLinux
import Glibc

/// What a loop tells its owner. All calls come on the loop's own thread.
package protocol LoopOwner: AnyObject {
    associatedtype TimerPayload
    /// The descriptor registered with `token` changed: edge-triggered, so a condition is told once.
    func ready(_ token: UInt64, _ readiness: Readiness)
    func timerFired(_ payload: TimerPayload)
    /// The mailbox has messages.
    func mailArrived()
    /// Everything that was ready in this turn has been told.
    func turnEnded()
    /// A turn that waits for nothing found nothing ready.
    /// - Returns: false where another thread runs the loop by now: this one must touch nothing more of it.
    func nothingReady() -> Bool
}

/// What epoll says of a descriptor.
package struct Readiness: Sendable {
    package let isReadable: Bool
    package let isWritable: Bool
    /// The peer closed its writing side, or the connection failed: reads go on until they say so.
    package let isHungUp: Bool

    package init(isReadable: Bool, isWritable: Bool, isHungUp: Bool) {
        self.isReadable = isReadable
        self.isWritable = isWritable
        self.isHungUp = isHungUp
    }
}

/// One thread's epoll loop with its timers. Descriptors are registered once, edge-triggered, for both directions: the
/// hot path has no epoll_ctl. Confined to the thread that runs it.
package final class Loop<Owner: LoopOwner> {
    private static var mailToken: UInt64 { .max }
    private static var eventsPerTurn: Int { 256 }

    private let epoll: Int32
    private let clock: @Sendable () -> UInt64
    private var events = [clinux_event](repeating: clinux_event(), count: Loop.eventsPerTurn)
    private var timers = TimerQueue<Owner.TimerPayload>()
    private var isStopping = false
    private var isAwaited = true
    private var isPolling = true
    /// Monotonic nanoseconds at the start of this turn.
    package private(set) var now: UInt64
    /// Turns so far: a loop whose count stands still hangs.
    package private(set) var turns: UInt64 = 0

    /// - Parameter clock: monotonic nanoseconds.
    package init(
        mailDescriptor: Int32, clock: @escaping @Sendable () -> UInt64 = Clock.monotonic
    ) throws(TransportError) {
        self.clock = clock
        now = clock()
        epoll = epoll_create1(Int32(EPOLL_CLOEXEC))
        guard epoll >= 0 else { throw .system(call: "epoll_create1", code: errno) }
        guard clinux_epoll_add(epoll, mailDescriptor, .max, EPOLLIN.rawValue) == 0 else {
            throw .system(call: "epoll_ctl", code: errno)
        }
    }

    deinit { close(epoll) }

    /// Watches a descriptor until it is closed.
    package func add(_ descriptor: Int32, token: UInt64) throws(TransportError) {
        let interest = EPOLLIN.rawValue | EPOLLOUT.rawValue | EPOLLRDHUP.rawValue | EPOLLET.rawValue
        guard clinux_epoll_add(epoll, descriptor, token, interest) == 0 else {
            throw .system(call: "epoll_ctl", code: errno)
        }
    }

    /// Watches a listening socket: told again as long as connections wait.
    package func addListener(_ descriptor: Int32, token: UInt64) throws(TransportError) {
        guard clinux_epoll_add(epoll, descriptor, token, EPOLLIN.rawValue) == 0 else {
            throw .system(call: "epoll_ctl", code: errno)
        }
    }

    /// Stops watching a descriptor that stays open.
    package func remove(_ descriptor: Int32) { epoll_ctl(epoll, EPOLL_CTL_DEL, descriptor, nil) }

    package func schedule(_ payload: Owner.TimerPayload, at deadline: UInt64) -> TimerID {
        timers.schedule(payload, at: deadline)
    }

    package func cancel(_ timer: TimerID) { timers.cancel(timer) }

    package func stop() { isStopping = true }

    /// The next turn begins without waiting: the owner has work that no descriptor will tell of.
    package func runAgain() {
        isAwaited = false
        isPolling = true
    }

    /// So, and without asking whether something is ready: all that the owner waits for is what it does next. Others'
    /// `runAgain` of the same turn goes before.
    package func runAgainAtOnce() {
        isPolling = isPolling && !isAwaited
        isAwaited = false
    }

    /// Runs turns until `stop`.
    /// - Returns: false where another thread runs the loop by now.
    package func run(_ owner: Owner) -> Bool {
        while !isStopping {
            guard turn(owner, timeout: timeout()) else { return false }
        }
        return true
    }

    /// One turn that waits for nothing, where another than this loop decides when turns are.
    package func turn(_ owner: Owner) { _ = turn(owner, timeout: 0) }

    /// When the next timer is due; nil without one.
    package var nextTimer: UInt64? { timers.earliest }

    /// A turn would find something to do now, timers apart.
    package var isDue: Bool {
        var entry = pollfd(fd: epoll, events: Int16(POLLIN), revents: 0)
        return !isAwaited || poll(&entry, 1, 0) > 0
    }

    private func turn(_ owner: Owner, timeout: Int32) -> Bool {
        let count =
            isPolling ? clinux_epoll_wait(epoll, &events, Int32(Loop.eventsPerTurn), timeout) : 0
        now = clock()
        turns &+= 1
        isAwaited = true
        isPolling = true
        if count == 0, timeout == 0 {
            guard owner.nothingReady() else { return false }
            now = clock()
        }
        for index in 0..<max(0, Int(count)) { dispatch(events[index], to: owner) }
        while let payload = timers.popDue(now: now) { owner.timerFired(payload) }
        owner.turnEnded()
        return true
    }

    private func dispatch(_ event: clinux_event, to owner: Owner) {
        if event.data == Loop.mailToken { return owner.mailArrived() }
        let failed = event.events & (EPOLLERR.rawValue | EPOLLHUP.rawValue) != 0
        owner.ready(
            event.data,
            Readiness(
                isReadable: failed || event.events & (EPOLLIN.rawValue | EPOLLRDHUP.rawValue) != 0,
                isWritable: failed || event.events & EPOLLOUT.rawValue != 0,
                isHungUp: failed || event.events & EPOLLRDHUP.rawValue != 0))
    }

    /// Milliseconds until the next timer, rounded up; -1 without one.
    private func timeout() -> Int32 {
        guard isAwaited else { return 0 }
        guard let earliest = timers.earliest else { return -1 }
        let now = clock()
        guard earliest > now else { return 0 }
        return Int32(min((earliest - now + 999_999) / 1_000_000, 3_600_000))
    }
}
