/// What is wrong with bytes at each stage of a connection, a case each; `AbuseStageTests` counts and sends them.
struct AbuseCase: Sendable, Hashable {
    let name: String
    let bytes: [UInt8]

    init(_ name: String, _ bytes: [UInt8]) {
        self.name = name
        self.bytes = bytes
    }
}

extension AbuseCase {
    private typealias Bytes = AbuseFrames

    static let named = [("user", "tester"), ("database", "scratch")]

    // MARK: The first packet

    /// None of them is a whole startup packet that a server would ask the token for.
    static let startup: [AbuseCase] = lengths + truncated + versions + strings + foreign + cancels

    private static let lengths: [AbuseCase] =
        ([0, 1, 2, 3, 5, 6, 7, 10_001, 10_005, 65_536, 0xff_ffff, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff]
        as [UInt32]).map {
            AbuseCase("a length of \($0)", Bytes.number($0) + [0, 3, 0, 0])
        }

    private static let truncated: [AbuseCase] = {
        let whole = Bytes.startup(named)
        return (0..<whole.count).map { AbuseCase("\($0) bytes of a startup packet", Array(whole.prefix($0))) }
    }()

    private static let versions: [AbuseCase] =
        ([
            0, 1, 0x1_0000, 0x2_0000, 0x2_ffff, 0x4_0000, 0x5_0000, 0x7fff_ffff, 0xffff_ffff, 80_877_101,
            80_877_105,
        ] as [UInt32]).map { AbuseCase("version \($0)", Bytes.startup(named, version: $0)) }

    private static let strings: [AbuseCase] = [
        AbuseCase("no terminator", Bytes.startup(named, end: [])),
        AbuseCase("two terminators", Bytes.startup(named, end: [0, 0])),
        AbuseCase("a name without a value", Bytes.startup(named, end: Bytes.text("datestyle") + [0])),
        AbuseCase("a name and no NUL", Bytes.startup(named, end: Array("datestyle".utf8))),
        AbuseCase("junk behind the terminator", Bytes.startup(named, end: [0, 106, 117])),
        AbuseCase("an open string", Bytes.startup([("user", "tester")], end: [100, 97])),
        AbuseCase("no user", Bytes.startup([("database", "scratch")])),
        AbuseCase("an empty user", Bytes.startup([("user", "")])),
        AbuseCase("no parameters", Bytes.startup([])),
        AbuseCase("nothing but a version", [0, 0, 0, 8, 0, 3, 0, 0]),
    ]

    private static let foreign: [AbuseCase] = [
        "GET / HTTP/1.1\r\n\r\n", "POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "SSH-2.0-OpenSSH_9.2\r\n", "EHLO example\r\n", "a1 LOGIN a b\r\n",
        "*1\r\n$4\r\nPING\r\n", "stats\r\n", "<?xml version='1.0'?>", "OPTIONS sip:a SIP/2.0\r\n\r\n",
        "\r\n\r\n",
        "PROXY TCP4 1.2.3.4 5.6.7.8 9 10\r\n", "PROXY UNKNOWN\r\n", String(repeating: "A", count: 20_000),
        String(repeating: "\0", count: 100), String(repeating: " ", count: 9),
    ].map { AbuseCase("\($0.prefix(12).debugDescription) of \($0.utf8.count) bytes", Array($0.utf8)) }

    private static let cancels: [AbuseCase] = [0, 1, 2, 3, 257, 300, 4_000].map {
        AbuseCase(
            "a cancel key of \($0) bytes", Bytes.cancelRequest([0, 0, 0, 1] + Array(repeating: 1, count: $0)))
    }

    // MARK: TLS

    /// A ClientHello of TLS 1.3 as RFC 8446, 4.1.2 has it, in one record, with no key share: it cannot end in a session.
    private static let hello: [UInt8] = {
        let versions: [UInt8] = [0, 43, 0, 3, 2, 3, 4]
        let groups: [UInt8] = [0, 10, 0, 4, 0, 2, 0, 29]
        let signatures: [UInt8] = [0, 13, 0, 4, 0, 2, 8, 4]
        let extensions = versions + groups + signatures
        var body: [UInt8] = [3, 3] + Array(repeating: 7, count: 32) + [0, 0, 2, 0x13, 1, 1, 0]
        body += Bytes.short(UInt16(extensions.count)) + extensions
        let handshake = [1, 0] + Bytes.short(UInt16(body.count)) + body
        return [0x16, 3, 1] + Bytes.short(UInt16(handshake.count)) + handshake
    }()

    static let tls: [AbuseCase] = helloTruncated + helloChanged + noHello

    private static let helloTruncated: [AbuseCase] = (1..<hello.count).map { count in
        AbuseCase("\(count) bytes of a ClientHello", Array(hello.prefix(count)))
    }

    private static let helloChanged: [AbuseCase] = (0..<9).flatMap { place -> [AbuseCase] in
        [UInt8(0), UInt8(0xff)].map { value in
            var bytes = hello
            bytes[place] = value
            return AbuseCase("a ClientHello with \(value) at \(place)", bytes)
        }
    }

    private static let noHello: [AbuseCase] = [
        AbuseCase("a startup packet", Bytes.startup(named)),
        AbuseCase("a Query", Bytes.query("select 1")),
        AbuseCase("another SSLRequest", Bytes.sslRequest),
        AbuseCase("HTTP", Array("GET / HTTP/1.1\r\n\r\n".utf8)),
        AbuseCase("an alert", [0x15, 3, 3, 0, 2, 2, 40]),
        AbuseCase("a close_notify", [0x15, 3, 3, 0, 2, 1, 0]),
        AbuseCase("application data", [0x17, 3, 3, 0, 5, 1, 2, 3, 4, 5]),
        AbuseCase("ChangeCipherSpec", [0x14, 3, 3, 0, 1, 1]),
        AbuseCase("a heartbeat", [0x18, 3, 3, 0, 3, 1, 0x40, 0]),
        AbuseCase("SSL 2.0", [0x80, 0x2e, 1, 0, 2, 0, 21, 0, 0, 0, 16]),
        AbuseCase("a record of 65,535 bytes", Bytes.repeated([0x16, 3, 1, 0xff, 0xff], 13_107)),
        AbuseCase("empty records", Bytes.repeated([0x16, 3, 1, 0, 0], 2_000)),
    ]

    // MARK: The token

    /// All of them are 08P01.
    static let authentication: [AbuseCase] = otherTypes + tokenLengths + tokenForms

    private static let otherTypes: [AbuseCase] = types(but: "p")

    /// A frame without a body of each type but these.
    private static func types(but known: String) -> [AbuseCase] {
        (UInt8.min...UInt8.max).filter { !known.utf8.contains($0) }.map { type in
            AbuseCase("type \(type)", [type, 0, 0, 0, 4])
        }
    }

    private static let tokenLengths: [AbuseCase] =
        ([0, 1, 2, 3, 65_542, 0xff_ffff, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff] as [UInt32]).map { length in
            AbuseCase("a length of \(length)", Bytes.header("p", length: length))
        }

    private static let tokenForms: [AbuseCase] = [
        AbuseCase("no NUL", Bytes.frame("p", [97])),
        AbuseCase("two NULs", Bytes.frame("p", [97, 0, 0])),
        AbuseCase("a NUL inside", Bytes.frame("p", [97, 0, 98, 0])),
        AbuseCase("no body", Bytes.frame("p")),
        AbuseCase("65,537 bytes", Bytes.password(String(repeating: "x", count: 65_537))),
        AbuseCase("an SSLRequest", Bytes.sslRequest),
        AbuseCase("startup again", Bytes.startup(named)),
    ]

    // MARK: A session

    /// All of them are 08P01 and end the session.
    static let session: [AbuseCase] = sessionTypes + sessionLengths

    static let sessionTypes: [AbuseCase] = types(but: "BCDEFHPQSXcdf")

    static let sessionLengths: [AbuseCase] = "QPBEDCSHdcfFX".flatMap { type -> [AbuseCase] in
        let beyond: UInt32 = "QPBFd".contains(type) ? 0x3fff_ffff : 10_001
        let lengths: [UInt32] = [0, 3, beyond, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff]
        return lengths.map { AbuseCase("\(type) of \($0)", Bytes.header(type, length: $0)) }
    }

    // MARK: A replica

    /// Frames that begin with a length that cannot be.
    private static func lengths(of types: String) -> [[UInt8]] {
        types.flatMap { type -> [[UInt8]] in
            ([0, 3, 0x7fff_ffff, 0xffff_ffff] as [UInt32]).map { Bytes.header(type, length: $0) }
        }
    }

    /// Every third type that is none of these.
    private static func someTypes(but known: String) -> [[UInt8]] {
        stride(from: UInt8(0), through: 251, by: 3).filter { !known.utf8.contains($0) }.map {
            [$0, 0, 0, 0, 4]
        }
    }

    private static let ok = Bytes.frame("R", [0, 0, 0, 0])

    private static let loginForms: [[UInt8]] = [
        Bytes.frame("R"), Bytes.frame("R", [0, 0, 0, 0, 0]), Bytes.frame("R", [0, 0, 0, 2]),
        Bytes.frame("R", [0, 0, 0, 3]), Bytes.frame("R", [0, 0, 0, 5, 1, 2, 3, 4]),
        Bytes.frame("R", [0, 0, 0, 10, 0]), Bytes.frame("R", [0, 0, 0, 99]), Bytes.frame("Z", [73]),
        Bytes.frame("K", [0, 0, 0, 1, 0, 0, 0, 2]), ok + ok, ok + Bytes.frame("K", [0, 0, 0, 1]),
        ok + Bytes.frame("Z", [84]), ok + Bytes.frame("S", [97]), ok + Bytes.frame("D", [0, 0]),
        ok + Bytes.frame("A", [0, 0, 0, 1, 99, 0, 0]), Bytes.frame("E", [0]),
    ]

    /// What a replica says in place of a frame of its login: the login is refused with 08001.
    static let replicaAtLogin: [HostileReplica.Plan] = {
        let all = someTypes(but: "RENSKZv") + lengths(of: "RSKZENv") + loginForms
        var plans = all.map { HostileReplica.Plan(.login, after: 0, $0, .stall) }
        for count in 1...12 {
            plans.append(HostileReplica.Plan(.login, after: count, [], .close))
            plans.append(HostileReplica.Plan(.login, after: count, [82, 0], .reset))
        }
        return plans
    }()

    private static let wrongAnswers: [[UInt8]] = "123tnsVcdW".map { Bytes.frame($0, [0, 0, 0, 0]) }

    private static let answerForms: [[UInt8]] = [
        Bytes.frame("Z"), Bytes.frame("Z", [0]), Bytes.frame("Z", [73, 73]), Bytes.frame("Z", [73]),
        Bytes.frame("C", [65]), Bytes.frame("C"), Bytes.frame("S", [97]), Bytes.frame("S", [97, 0]),
        Bytes.frame("H", [0, 0, 0]) + Bytes.frame("G", [0, 0, 0]),
        Bytes.frame("E", Bytes.text("SERROR") + Bytes.text("C22012") + [0]) + Bytes.frame("D", [0, 0]),
    ]

    /// What a replica answers to a Query inside of a transaction: the session ends with 08006. A message of the login
    /// (R, K, v) would quarantine the replica; that is a test of its own.
    static let replicaInSession: [HostileReplica.Plan] = {
        let types = someTypes(but: "123ACDEGHIKNRSTVWZcdnstv")
        let all = types + lengths(of: "CDEZTSN1I") + wrongAnswers + answerForms
        var plans = all.map { HostileReplica.Plan(.session, after: 0, $0, .stall) }
        let pieces: [[UInt8]] = [
            [], [68], Bytes.header("D", length: 100), Bytes.header("D", length: 0x3000_0000) + [1],
        ]
        for piece in pieces {
            plans.append(HostileReplica.Plan(.session, after: 0, piece, .close))
            plans.append(HostileReplica.Plan(.session, after: 0, piece, .reset))
        }
        return plans
    }()
}
