import PGWire
import Testing

@Suite("The first packet of a connection")
struct StartupTests {
    /// A packet with its length word in front.
    static func packet(_ body: [UInt8]) -> [UInt8] {
        let length = body.count + 4
        return (0..<4).map { UInt8(truncatingIfNeeded: length >> (24 - 8 * $0)) } + body
    }

    static let v3: [UInt8] = [0, 3, 0, 0]

    private func read(_ bytes: [UInt8]) throws -> StartupRequest? {
        try StartupRequest.read(from: bytes.span)?.request
    }

    private func message(_ body: [UInt8]) throws -> StartupMessage {
        guard case .startupMessage(let message) = try StartupRequest.decode(body.span) else {
            throw StartupError.invalidLayout
        }
        return message
    }

    @Test("SSLRequest, GSSENCRequest and CancelRequest are told from a startup packet by their code")
    func requests() throws {
        #expect(try read([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f]) == .sslRequest)
        #expect(try read([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x30]) == .gssencRequest)
        let cancel: [UInt8] = [0, 0, 0, 16, 0x04, 0xd2, 0x16, 0x2e, 0, 0, 0x30, 0x39, 1, 2, 3, 4]
        #expect(try read(cancel) == .cancelRequest(CancelRequest(processID: 12_345, key: [1, 2, 3, 4])))
        var out: [UInt8] = []
        SSLRequest.encode(into: &out)
        GSSENCRequest.encode(into: &out)
        try CancelRequest(processID: 12_345, key: [1, 2, 3, 4]).encode(into: &out)
        #expect(out == [0, 0, 0, 8, 4, 0xd2, 0x16, 0x2f, 0, 0, 0, 8, 4, 0xd2, 0x16, 0x30] + cancel)
    }

    @Test("F-WIRE-01: reading says where the packet ends, so that bytes behind it are seen")
    func bytesBehind() throws {
        let bytes: [UInt8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f, 0x16]
        let read = try #require(try StartupRequest.read(from: bytes.span))
        #expect(read.request == .sslRequest)
        #expect(read.length == 8)
    }

    @Test("A packet that comes byte by byte is read with its last byte")
    func byteByByte() throws {
        let bytes = Self.packet(Self.v3 + wire("user", 0, "bob", 0, 0))
        for count in 0..<bytes.count { #expect(try read(Array(bytes.prefix(count))) == nil) }
        #expect(try read(bytes) != nil)
    }

    @Test("F-WIRE-08: a length that no startup packet has is refused with its fourth byte")
    func lengths() throws {
        for (bytes, length) in [
            ([0, 0, 0, 0], 0), ([0, 0, 0, 7], 7), ([0, 0, 0x27, 0x15], 10_005),
            ([0xff, 0xff, 0xff, 0xff], 0xffff_ffff), (wire("GET "), 0x4745_5420),
            ([0x16, 3, 1, 2], 0x1603_0102),
        ] as [([UInt8], Int)] {
            #expect(throws: StartupError.invalidLength(length)) { try read(bytes) }
        }
        // PostgreSQL 15 takes 10,000 bytes behind the length word.
        #expect(try StartupRequest.length(in: ([0, 0, 0x27, 0x14] as [UInt8]).span) == 10_004)
        #expect(try StartupRequest.length(in: ([0, 0, 0] as [UInt8]).span) == nil)
    }

    @Test("F-WIRE-16: a CancelRequest has a key of 4 to 256 bytes", arguments: [0, 3, 4, 32, 256, 257])
    func cancelKeys(count: Int) throws {
        let body: [UInt8] = [0x04, 0xd2, 0x16, 0x2e, 0, 0, 0, 1] + Array(repeating: 7, count: count)
        if (4...256).contains(count) {
            #expect(
                try read(Self.packet(body))
                    == .cancelRequest(.init(processID: 1, key: Array(body.dropFirst(8)))))
        } else {
            #expect(throws: StartupError.invalidLength(12 + count)) { try read(Self.packet(body)) }
        }
    }

    @Test("Bytes within an SSLRequest or GSSENCRequest besides its code are refused")
    func longRequests() {
        for code: UInt8 in [0x2f, 0x30] {
            #expect(throws: StartupError.invalidLength(12)) {
                try read([0, 0, 0, 12, 0x04, 0xd2, 0x16, code, 1, 2, 3, 4])
            }
        }
    }

    @Test("Parameters stay in order, and the last of a name counts")
    func parameters() throws {
        let body = Self.v3 + wire("user", 0, "nobody", 0, "a", 0, 0, "user", 0, "bob", 0, 0)
        let message = try message(body)
        #expect(message.version == .v30)
        #expect(message.parameters == [.init("user", "nobody"), .init("a", ""), .init("user", "bob")])
        #expect(message.user == Array("bob".utf8))
        #expect(message.database == Array("bob".utf8))
        #expect(message.negotiation == nil)
        var out: [UInt8] = []
        try message.encode(into: &out)
        #expect(out == Self.packet(body))
    }

    @Test("The database is the user's name where there is none; names are compared exactly")
    func databases() throws {
        let some = try message(Self.v3 + wire("user", 0, "bob", 0, "database", 0, "orders", 0, 0))
        #expect(some.database == Array("orders".utf8))
        let empty = try message(Self.v3 + wire("user", 0, "bob", 0, "database", 0, 0, 0))
        #expect(empty.database == Array("bob".utf8))
        let other = try message(Self.v3 + wire("USER", 0, "bob", 0, 0))
        #expect(other.user == nil)
        #expect(try message(Self.v3 + wire("user", 0, 0, 0)).user == nil)
    }

    /// Each was sent to PostgreSQL 15, which answered 08P01, "expected terminator as last byte".
    static let badLayouts: [[UInt8]] = [
        [],
        wire("user", 0, "bob", 0),
        wire("user", 0, 0),
        wire("user", 0, "bob", 0, "odd", 0),
        wire("user", 0, "bob", 0, "odd", 0, 0),
        wire("user", 0, "bob", 0, 0, "x"),
        wire("user", 0, "bob", 0, 0, 0),
        wire("user", 0, "bob"),
    ]

    @Test(
        "F-WIRE-32: a packet without terminator, with half a pair or with more behind it is refused",
        arguments: badLayouts)
    func layouts(parameters: [UInt8]) {
        #expect(throws: StartupError.invalidLayout) { try message(Self.v3 + parameters) }
    }

    @Test("F-WIRE-12: versions and options of the protocol are negotiated as PostgreSQL does")
    func negotiation() throws {
        let user = wire("user", 0, "bob", 0)
        func ask(_ minor: Int, _ options: [UInt8] = []) throws -> StartupMessage {
            try message([0, 3, UInt8(minor >> 8), UInt8(minor & 0xff)] + user + options + [0])
        }
        #expect(try ask(0).negotiation == nil)
        #expect(try ask(2).negotiation == nil)
        #expect(try ask(2).negotiatedVersion == .v32)
        #expect(try ask(0).negotiatedVersion.hasLongCancelKeys == false)
        #expect(try ask(2).negotiatedVersion.hasLongCancelKeys)
        #expect(try ask(9_999).negotiation == .init(version: .v32, unrecognizedOptions: []))
        let options = wire("_pq_.a", 0, "1", 0, "x", 0, "y", 0, "_pq_.b", 0, 0)
        let asked = try ask(0, options)
        #expect(asked.parameters == [.init("user", "bob"), .init("x", "y")])
        #expect(asked.protocolOptions == [.init("_pq_.a", "1"), .init("_pq_.b", "")])
        var out: [UInt8] = []
        StartupReply.negotiate(try #require(asked.negotiation), into: &out)
        // What PostgreSQL 15 answered to the same packet.
        #expect(out == wire("v", 0, 0, 0, 26, 0, 3, 0, 0, 0, 0, 0, 2, "_pq_.a", 0, "_pq_.b", 0))
    }

    @Test(
        "F-WIRE-12: other major versions are refused",
        arguments: [(0, 0), (1, 0), (2, 0), (4, 0), (1_234, 9)])
    func majors(major: Int, minor: Int) {
        let code = [UInt8(major >> 8), UInt8(major & 0xff), 0, UInt8(minor)]
        #expect(throws: StartupError.unsupportedProtocol(major: major, minor: minor)) {
            try message(code + wire("user", 0, "bob", 0, 0))
        }
    }

    static let replications: [(String, StartupMessage.Replication)] = [
        ("true", .physical), ("TRUE", .physical), ("t", .physical), ("tru", .physical), ("on", .physical),
        ("yes", .physical), ("Y", .physical), ("1", .physical), ("database", .logical),
        ("false", .none), ("f", .none), ("off", .none), ("of", .none), ("no", .none), ("0", .none),
        ("o", .invalid), ("2", .invalid), ("", .invalid), ("truee", .invalid), ("DATABASE", .invalid),
        ("10", .invalid),
    ]

    @Test("F-WIRE-28: replication is read in every spelling that PostgreSQL takes", arguments: replications)
    func replication(value: String, expected: StartupMessage.Replication) {
        let message = StartupMessage(
            version: .v30, parameters: [.init("user", "u"), .init("replication", value)])
        #expect(message.replication == expected)
    }

    @Test("F-WIRE-28: a second replication parameter does not hide the first")
    func replicationTwice() {
        func ask(_ values: String...) -> StartupMessage.Replication {
            StartupMessage(version: .v30, parameters: values.map { .init("replication", $0) }).replication
        }
        #expect(ask() == .none)
        #expect(ask("database", "true") == .logical)
        #expect(ask("true", "false") == .none)
        #expect(ask("nonsense", "false") == .invalid)
    }

    @Test("A startup message that cannot be sent is not written")
    func encoding() throws {
        var out: [UInt8] = [1]
        let long = StartupMessage.Parameter(name: Array("a".utf8), value: Array(repeating: 65, count: 9_992))
        #expect(throws: MessageError.tooLong(10_005)) {
            try StartupMessage(version: .v30, parameters: [.init(name: Array("aa".utf8), value: long.value)])
                .encode(into: &out)
        }
        #expect(throws: MessageError.unterminatedString) {
            try StartupMessage(version: .v30, parameters: [.init("", "x")]).encode(into: &out)
        }
        #expect(out == [1])
        try StartupMessage(version: .v30, parameters: [long]).encode(into: &out)
        #expect(out.count == 1 + 10_004)
    }

    @Test("The gateway's replies are PostgreSQL's bytes")
    func replies() {
        var out: [UInt8] = []
        StartupReply.authenticationCleartextPassword(into: &out)
        StartupReply.authenticationOk(into: &out)
        StartupReply.backendKeyData(processID: 12_345, key: [1, 2, 3, 4], into: &out)
        #expect(
            out
                == wire(
                    "R", 0, 0, 0, 8, 0, 0, 0, 3, "R", 0, 0, 0, 8, 0, 0, 0, 0, "K", 0, 0, 0, 12, 0, 0, 0x30,
                    0x39, 1, 2, 3, 4))
        out = []
        StartupReply.backendKeyData(processID: -1, key: Array(repeating: 9, count: 256), into: &out)
        #expect(out == wire("K", 0, 0, 1, 8, 255, 255, 255, 255) + Array(repeating: 9, count: 256))
        out = []
        StartupReply.fatal(sqlstate: "0A000", message: "no", hint: "yes", into: &out)
        #expect(out == wire("E", 0, 0, 0, 35, "SFATAL", 0, "VFATAL", 0, "C0A000", 0, "Mno", 0, "Hyes", 0, 0))
        out = []
        // What PostgreSQL 15 sends to a startup packet of protocol 2.0.
        StartupReply.fatalInProtocol2(
            message: "unsupported frontend protocol 2.0: server supports 3.0 to 3.0", into: &out)
        #expect(out == wire("EFATAL:  unsupported frontend protocol 2.0: server supports 3.0 to 3.0\n", 0))
        #expect(StartupReply.tlsAccepted == UInt8(ascii: "S"))
        #expect(StartupReply.encryptionRefused == UInt8(ascii: "N"))
    }
}
