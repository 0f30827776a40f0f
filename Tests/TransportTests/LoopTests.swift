import Glibc
import Testing
import Transport

/// Notes what a loop tells, and stops it when told to.
private final class Recorder: LoopOwner {
    var told: [(token: UInt64, readiness: Readiness)] = []
    var fired: [Int] = []
    var mails = 0
    var turns = 0
    var onReady: (UInt64, Readiness) -> Void = { _, _ in }
    var onTimer: (Int) -> Void = { _ in }
    var onMail: () -> Void = {}
    var onNothingReady: () -> Bool = { true }
    var onTurn: (Int) -> Void = { _ in }

    func ready(_ token: UInt64, _ readiness: Readiness) {
        told.append((token, readiness))
        onReady(token, readiness)
    }

    func timerFired(_ payload: Int) {
        fired.append(payload)
        onTimer(payload)
    }

    func mailArrived() {
        mails += 1
        onMail()
    }

    func nothingReady() -> Bool { onNothingReady() }

    func turnEnded() {
        turns += 1
        onTurn(turns)
    }
}

@Suite struct LoopTests {
    private let mailbox: Mailbox<Int>
    private let loop: Loop<Recorder>
    private let recorder = Recorder()

    init() throws {
        mailbox = try Mailbox<Int>()
        loop = try Loop<Recorder>(mailDescriptor: mailbox.descriptor)
    }

    /// Runs so many turns without waiting.
    private func run(turns: Int) {
        let loop = loop
        recorder.onTurn = { turn in
            if turn >= turns { loop.stop() } else { loop.runAgain() }
        }
        loop.runAgain()
        #expect(loop.run(recorder))
    }

    @Test("Timers fire in order, a cancelled one never, one set by a timer in its turn")
    func timers() {
        let loop = loop
        let now = loop.now
        _ = loop.schedule(3, at: now + 3_000_000)
        _ = loop.schedule(1, at: now)
        let cancelled = loop.schedule(9, at: now + 1_000_000)
        _ = loop.schedule(2, at: now + 2_000_000)
        loop.cancel(cancelled)
        recorder.onTimer = { payload in
            if payload == 3 { _ = loop.schedule(4, at: loop.now + 1_000_000) }
            if payload == 4 { loop.stop() }
        }
        #expect(loop.run(recorder))
        #expect(recorder.fired == [1, 2, 3, 4])
        #expect(Clock.monotonic() >= now + 4_000_000)
        #expect(loop.turns >= 2)
    }

    @Test("Mail of another thread wakes a loop that has nothing else to wait for")
    func mail() throws {
        let (loop, mailbox) = (loop, mailbox)
        var taken: [Int] = []
        recorder.onMail = {
            taken += mailbox.take()
            if taken.count == 2 { loop.stop() }
        }
        let thread = try Thread(name: "post") {
            mailbox.post(1)
            mailbox.post(2)
        }
        #expect(loop.run(recorder))
        thread.join()
        #expect(taken == [1, 2])
    }

    @Test("A condition is told once, not in every turn, and again when it comes anew")
    func edgeTriggered() throws {
        let pair = try SocketPair()
        pair.noteReady()
        writeAll(pair.connecting, [1])
        try #require(Descriptor.waits(pair.accepting.descriptor, for: POLLIN))
        try loop.add(pair.accepting.descriptor, token: 5)
        run(turns: 5)
        #expect(recorder.told.map(\.token) == [5])
        #expect(recorder.told.first?.readiness.isReadable == true)
        #expect(recorder.told.first?.readiness.isWritable == true)
        #expect(recorder.told.first?.readiness.isHungUp == false)
    }

    @Test("New bytes behind unread ones are told again; the peer's end is told as a hang-up to be read")
    func toldAnew() throws {
        let pair = try SocketPair()
        pair.noteReady()
        try loop.add(pair.accepting.descriptor, token: 5)
        let loop = loop
        recorder.onReady = { [recorder] _, readiness in
            // Of the first telling: nothing to read yet.
            if recorder.told.count == 1 { writeAll(pair.connecting, [1]) }
            if recorder.told.count == 2 { writeAll(pair.connecting, [2]) }
            if recorder.told.count == 3 { pair.connecting.close() }
            if readiness.isHungUp { loop.stop() }
        }
        #expect(loop.run(recorder))
        #expect(recorder.told.map(\.readiness.isReadable) == [false, true, true, true])
        #expect(recorder.told.map(\.readiness.isHungUp) == [false, false, false, true])
    }

    @Test("A waiting connection is told in every turn until it is accepted")
    func listener() throws {
        let listener = try Socket.listen(on: try #require(SocketAddress(literal: "127.0.0.1", port: 0)))
        defer { Socket.close(listener) }
        let connection = Stream(descriptor: try Socket.connect(to: Socket.localAddress(of: listener)))
        try #require(Descriptor.waits(listener, for: POLLIN))
        try loop.addListener(listener, token: 8)
        run(turns: 3)
        #expect(recorder.told.map(\.token) == [8, 8, 8])
        connection.close()
    }

    @Test("A descriptor that was removed is told of no more")
    func removed() throws {
        let pair = try SocketPair()
        pair.noteReady()
        try loop.add(pair.accepting.descriptor, token: 5)
        loop.remove(pair.accepting.descriptor)
        writeAll(pair.connecting, [1])
        try #require(Descriptor.waits(pair.accepting.descriptor, for: POLLIN))
        run(turns: 3)
        #expect(recorder.told.isEmpty)
    }

    @Test("With runAgain the next turn comes without anything to wake it, and counts")
    func runAgain() {
        run(turns: 10)
        #expect(recorder.turns == 10)
        #expect(loop.turns == 10)
    }

    @Test("A descriptor that is none is refused with the call that failed")
    func badDescriptor() {
        #expect(throws: TransportError.system(call: "epoll_ctl", code: EBADF)) { try loop.add(-1, token: 1) }
    }

    @Test("Nothing is ready where a turn that was not to wait finds nothing, and no turn asks twice")
    func nothingReady() throws {
        let recorder = recorder
        var asked: [Int] = []
        recorder.onNothingReady = {
            asked.append(recorder.turns)
            return true
        }
        mailbox.post(1)
        recorder.onMail = { [mailbox] in _ = mailbox.take() }
        run(turns: 3)
        #expect(recorder.mails == 1 && asked == [1, 2], "the first turn had mail")
    }

    @Test("A turn at once does not look, unless somebody of the same turn wants it to")
    func atOnce() throws {
        let loop = loop
        let recorder = recorder
        recorder.onMail = { [mailbox] in _ = mailbox.take() }
        recorder.onTurn = { [mailbox] turn in
            switch turn {
            case 1:
                mailbox.post(1)
                loop.runAgainAtOnce()
            case 2:
                #expect(recorder.mails == 0)
                loop.runAgainAtOnce()
                loop.runAgain()
            default:
                #expect(recorder.mails == 1)
                loop.stop()
            }
        }
        loop.runAgain()
        #expect(loop.run(recorder))
    }

    @Test("A loop that another thread runs by now is left as it is")
    func lost() throws {
        recorder.onNothingReady = { false }
        loop.runAgain()
        #expect(!loop.run(recorder) && recorder.turns == 0)
    }
}
