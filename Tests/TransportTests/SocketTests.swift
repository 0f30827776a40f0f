import Foundation
import Glibc
import Testing
import Transport

/// A folder of a test's own, removed with it.
final class TemporaryFolder {
    let path: String

    init() throws {
        // Short: a socket's path has at most 107 bytes.
        path = "/tmp/transport-\(UInt32.random(in: 0...UInt32.max))"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func file(_ name: String) -> String { path + "/" + name }
}

@Suite struct SocketTests {
    @Test(
        "Listening, connecting and accepting over IPv4 and IPv6 gives both ends' addresses",
        arguments: ["127.0.0.1", "::1"])
    func inet(host: String) throws {
        let pair = try SocketPair(on: SocketAddress(literal: host, port: 0))
        #expect(pair.peer == Socket.localAddress(of: pair.connecting.descriptor))
        #expect(pair.peer.host == host)
        #expect(Socket.connectError(pair.connecting.descriptor) == 0)
    }

    @Test("A port of 0 becomes one that the kernel chose")
    func anyPort() throws {
        let address = try #require(SocketAddress(literal: "127.0.0.1", port: 0))
        let listener = try Socket.listen(on: address)
        defer { Socket.close(listener) }
        guard case .ip(let bytes, let port) = Socket.localAddress(of: listener).kind else {
            Issue.record("no IP address")
            return
        }
        #expect(bytes == IPBytes([127, 0, 0, 1]))
        #expect(port > 0)
    }

    @Test("Descriptors are non-blocking and close-on-exec, accepted ones too")
    func flags() throws {
        let pair = try SocketPair()
        for descriptor in [pair.connecting.descriptor, pair.accepting.descriptor] {
            #expect(fcntl(descriptor, F_GETFL) & O_NONBLOCK != 0)
            #expect(fcntl(descriptor, F_GETFD) & FD_CLOEXEC != 0)
        }
    }

    @Test("An address in use is refused with the call that failed")
    func inUse() throws {
        let address = try #require(SocketAddress(literal: "127.0.0.1", port: 0))
        let listener = try Socket.listen(on: address)
        defer { Socket.close(listener) }
        let taken = Socket.localAddress(of: listener)
        #expect(throws: TransportError.system(call: "bind \(taken)", code: EADDRINUSE)) {
            try Socket.listen(on: taken)
        }
    }

    @Test("Nobody waiting means none, at once")
    func nobodyWaits() throws {
        let listener = try Socket.listen(on: try #require(SocketAddress(literal: "127.0.0.1", port: 0)))
        defer { Socket.close(listener) }
        guard case .none = Socket.accept(listener) else {
            Issue.record("accepted a connection that nobody made")
            return
        }
    }

    @Test("A port that nobody listens on shows as a pending error of the connection")
    func refused() throws {
        let listener = try Socket.listen(on: try #require(SocketAddress(literal: "127.0.0.1", port: 0)))
        let address = Socket.localAddress(of: listener)
        Socket.close(listener)
        let descriptor = try Socket.connect(to: address)
        defer { Socket.close(descriptor) }
        try #require(Descriptor.waits(descriptor, for: POLLOUT))
        #expect(Socket.connectError(descriptor) == ECONNREFUSED)
    }

    @Test("A Unix socket is listened on and connected to, open to every user, and its peer has no address")
    func unix() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("s")
        let pair = try SocketPair(on: SocketAddress(unix: path))
        #expect(pair.peer.hostBytes == [])
        #expect(pair.peer.description == "unix")
        var information = stat()
        #expect(lstat(path, &information) == 0)
        #expect(information.st_mode & 0o777 == 0o666)
    }

    @Test("A Unix socket's file that nobody listens on any more is replaced")
    func staleFile() throws {
        let folder = try TemporaryFolder()
        let address = SocketAddress(unix: folder.file("s"))
        Socket.close(try Socket.listen(on: address))
        let listener = try Socket.listen(on: address)
        defer { Socket.close(listener) }
        let descriptor = try Socket.connect(to: address)
        Socket.close(descriptor)
    }

    @Test("A Unix socket that is in use is refused, and goes on to listen")
    func unixInUse() throws {
        let folder = try TemporaryFolder()
        let address = SocketAddress(unix: folder.file("s"))
        let listener = try Socket.listen(on: address)
        defer { Socket.close(listener) }
        #expect(throws: TransportError.system(call: "bind \(folder.file("s"))", code: EADDRINUSE)) {
            try Socket.listen(on: address)
        }
        Socket.close(try Socket.connect(to: address))
    }

    @Test("A file that is no socket, or a link, is refused and left as it is")
    func noSocketFile() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("s")
        try Data("keep".utf8).write(to: URL(fileURLWithPath: path))
        try FileManager.default.createSymbolicLink(atPath: folder.file("l"), withDestinationPath: "elsewhere")
        for name in ["s", "l"] {
            #expect(throws: TransportError.address("\(folder.file(name)) exists and is no socket")) {
                try Socket.listen(on: SocketAddress(unix: folder.file(name)))
            }
        }
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == Data("keep".utf8))
    }

    @Test("A path of 107 bytes is the longest that a Unix socket can have")
    func longPath() throws {
        let folder = try TemporaryFolder()
        let room = 107 - folder.path.utf8.count - 1
        let longest = folder.file(String(repeating: "x", count: room))
        Socket.close(try Socket.listen(on: SocketAddress(unix: longest)))
        #expect(throws: TransportError.address("socket path longer than 107 bytes")) {
            try Socket.listen(on: SocketAddress(unix: longest + "x"))
        }
    }
}
