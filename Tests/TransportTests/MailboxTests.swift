import Glibc
import Testing
import Transport

@Suite struct MailboxTests {
    private func isReadable(_ descriptor: Int32) -> Bool {
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&entry, 1, 0) == 1
    }

    @Test("Messages come in the order they were posted, once")
    func order() throws {
        let mailbox = try Mailbox<Int>()
        mailbox.post(1)
        mailbox.post(2)
        #expect(mailbox.take() == [1, 2])
        #expect(mailbox.take() == [])
    }

    @Test("The descriptor is readable while messages wait, and not after they were taken")
    func wakes() throws {
        let mailbox = try Mailbox<Int>()
        #expect(!isReadable(mailbox.descriptor))
        mailbox.post(1)
        #expect(isReadable(mailbox.descriptor))
        _ = mailbox.take()
        #expect(!isReadable(mailbox.descriptor))
        mailbox.post(2)
        #expect(isReadable(mailbox.descriptor))
    }

    @Test(
        "What four threads post at once arrives whole and in each thread's order, with a wake-up for the last"
    )
    func manyThreads() throws {
        struct Message: Sendable, Equatable {
            let thread: Int
            let number: Int
        }
        let mailbox = try Mailbox<Message>()
        let perThread = 20_000
        var threads: [Thread] = []
        for thread in 0..<4 {
            threads.append(
                try Thread(name: "post-\(thread)") {
                    for number in 0..<perThread { mailbox.post(Message(thread: thread, number: number)) }
                })
        }
        var next = [0, 0, 0, 0]
        var isInOrder = true
        while next.reduce(0, +) < 4 * perThread {
            var entry = pollfd(fd: mailbox.descriptor, events: Int16(POLLIN), revents: 0)
            try #require(poll(&entry, 1, 10_000) == 1, "no wake-up although messages are missing")
            for message in mailbox.take() {
                isInOrder = isInOrder && message.number == next[message.thread]
                next[message.thread] += 1
            }
        }
        for thread in threads { thread.join() }
        #expect(isInOrder)
        #expect(next == [perThread, perThread, perThread, perThread])
        #expect(mailbox.take() == [])
    }
}
