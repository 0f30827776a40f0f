import Foundation
import Glibc
import Testing

/// What a gateway tells systemd (sd_notify(3)).
@Suite(.serialized)
struct ServiceManagerTests {
    let testbed: Testbed

    init() throws { testbed = try Testbed() }

    /// Waits until a datagram has come that has the text.
    private func hear(_ socket: NotifySocket, _ text: String) throws -> String {
        let deadline = Date().addingTimeInterval(10)
        while Date() < deadline {
            if let message = socket.next(within: 100), message.contains(text) { return message }
        }
        throw RawClient.Failure(description: "nothing with \(text) was told")
    }

    @Test(
        "F-OPS-03: READY=1 comes when executors may connect, WATCHDOG=1 in time, RELOADING=1 around a reload, STOPPING=1 at a drain"
    )
    func told() throws {
        let socket = try NotifySocket()
        defer { socket.remove() }
        let own = try OwnGateway(testbed)
        defer { own.remove() }
        // Nobody is told without a socket.
        #expect(socket.next(within: 50) == nil)
        try own.restart(
            SIGTERM, through: ["env", "NOTIFY_SOCKET=\(socket.path)", "WATCHDOG_USEC=600000"])
        #expect(try own.testbed.psql("select 1").text == "1")
        #expect(try hear(socket, "READY=1") == "READY=1\nSTATUS=serving")
        let start = Date()
        for _ in 0..<3 { _ = try hear(socket, "WATCHDOG=1") }
        // Three of them within once the time after which it would be ended.
        #expect(Date().timeIntervalSince(start) < 0.9)
        own.process.signal(SIGHUP)
        let reloading = try hear(socket, "RELOADING=1")
        #expect(reloading.contains("\nMONOTONIC_USEC="), "\(reloading)")
        _ = try hear(socket, "READY=1")
        own.process.signal(SIGTERM)
        let stopping = try hear(socket, "STOPPING=1")
        #expect(stopping.contains("\nEXTEND_TIMEOUT_USEC="), "\(stopping)")
        #expect(own.process.wait(timeout: 20).status == 0)
    }
}

/// A datagram socket as systemd has one.
private final class NotifySocket {
    let path: String
    private let descriptor: Int32

    init() throws {
        path = "/tmp/\(Testbed.unique("notify")).sock"
        descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        let status = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard status == 0 else { throw RawClient.Failure(description: "bind \(path): errno \(errno)") }
    }

    func remove() {
        close(descriptor)
        unlink(path)
    }

    /// The next message; nil where none comes within so many milliseconds.
    func next(within milliseconds: Int32) -> String? {
        var ready = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        guard poll(&ready, 1, milliseconds) > 0 else { return nil }
        var bytes = [UInt8](repeating: 0, count: 4_096)
        let count = recv(descriptor, &bytes, bytes.count, 0)
        return count > 0 ? String(decoding: bytes[..<count], as: UTF8.self) : nil
    }
}
