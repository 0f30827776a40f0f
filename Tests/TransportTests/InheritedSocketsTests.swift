import Testing
import Transport

@Suite struct InheritedSocketsTests {
    @Test("Sockets that the environment gives to this process are counted; those of another are not taken")
    func owner() throws {
        #expect(try InheritedSockets.count(environment: [:], processID: 7) == 0)
        #expect(try InheritedSockets.count(environment: ["LISTEN_FDS": "1"], processID: 7) == 0)
        #expect(
            try InheritedSockets.count(environment: ["LISTEN_PID": "8", "LISTEN_FDS": "1"], processID: 7) == 0
        )
        #expect(
            try InheritedSockets.count(environment: ["LISTEN_PID": "7", "LISTEN_FDS": "2"], processID: 7) == 2
        )
        #expect(
            try InheritedSockets.count(environment: ["LISTEN_PID": "7", "LISTEN_FDS": "64"], processID: 7)
                == 64)
    }

    @Test("A count that is none is an error", arguments: ["", "-1", "65", "x", "1 ", "99999999999999999999"])
    func count(text: String) {
        #expect(throws: TransportError.self) {
            try InheritedSockets.count(environment: ["LISTEN_PID": "7", "LISTEN_FDS": text], processID: 7)
        }
    }

    @Test("A bound Unix socket says its path, so that it can be told which listener it is")
    func path() throws {
        let path = "/tmp/domicile-inherited-\(UInt32.random(in: 0...UInt32.max))"
        let descriptor = try Socket.listen(on: SocketAddress(unix: path))
        defer { Socket.close(descriptor) }
        #expect(Socket.localAddress(of: descriptor) == SocketAddress(unix: path))
    }
}
