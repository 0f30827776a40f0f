import Testing
import Transport

@Suite struct SocketAddressTests {
    @Test(
        "Literals of both families are read, and written back in their usual form",
        arguments: [
            ("127.0.0.1", 5_432, "127.0.0.1:5432", "127.0.0.1"),
            ("255.255.255.255", 65_535, "255.255.255.255:65535", "255.255.255.255"),
            ("0.0.0.0", 0, "0.0.0.0:0", "0.0.0.0"),
            ("::1", 5_432, "[::1]:5432", "::1"),
            ("::", 1, "[::]:1", "::"),
            ("2001:DB8:0:0:0:0:0:1", 9, "[2001:db8::1]:9", "2001:db8::1"),
        ])
    func literals(text: String, port: Int, description: String, host: String) throws {
        let address = try #require(SocketAddress(literal: text, port: port))
        #expect(address.description == description)
        #expect(address.host == host)
    }

    @Test("F-OPS-16: an IPv4-mapped IPv6 address is its IPv4 address, equal and of the same bytes")
    func mapped() throws {
        let mapped = try #require(SocketAddress(literal: "::ffff:10.1.2.3", port: 7))
        let plain = try #require(SocketAddress(literal: "10.1.2.3", port: 7))
        #expect(mapped == plain)
        #expect(mapped.hostBytes == [10, 1, 2, 3])
        #expect(mapped.description == "10.1.2.3:7")
        let bytes: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 1, 2, 3]
        #expect(SocketAddress(ip: bytes, port: 7) == plain)
    }

    @Test(
        "F-OPS-16: addresses that only look like mapped ones stay IPv6",
        arguments: [
            "::10.1.2.3", "::fffe:10.1.2.3", "::ffff:0:10.1.2.3", "64:ff9b::10.1.2.3",
        ])
    func notMapped(text: String) throws {
        let address = try #require(SocketAddress(literal: text, port: 7))
        #expect(address.hostBytes.count == 16)
    }

    @Test(
        "Texts that are no literal address make none",
        arguments: [
            "", "localhost", "127.1", "127.0.0.01", "127.0.0.256", " 127.0.0.1", "127.0.0.1 ",
            "127.0.0.1:5432",
            "0x7f.0.0.1", "2130706433", "[::1]", "fe80::1%lo", ":::1", "1:2:3:4:5:6:7:8:9", "::ffff:1.2.3",
            "127.0.0.1\u{0}.example.com", "\u{FF11}27.0.0.1",
        ])
    func noLiterals(text: String) {
        #expect(SocketAddress(literal: text, port: 1) == nil)
    }

    @Test(
        "Bytes of an address that are too few or too many make one all the same",
        arguments: [0, 1, 4, 5, 15, 16, 17, 300])
    func lengths(count: Int) {
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 + 1) }
        let kept = count < 16 ? 4 : 16
        #expect(
            SocketAddress(ip: bytes, port: 1).hostBytes
                == Array((bytes + [UInt8](repeating: 0, count: 16)).prefix(kept)))
    }

    @Test("Ports beyond 16 bits make no address", arguments: [-1, 65_536, Int.max, Int.min])
    func ports(port: Int) {
        #expect(SocketAddress(literal: "127.0.0.1", port: port) == nil)
    }

    @Test("A Unix socket is described by its path, one without a path as unix, and counts for no address")
    func unix() {
        #expect(SocketAddress(unix: "/run/x.sock").description == "/run/x.sock")
        #expect(SocketAddress(unix: "").description == "unix")
        #expect(SocketAddress(unix: "/run/x.sock").hostBytes == [])
    }
}
