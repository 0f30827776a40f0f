import PGWire
import Testing

@Suite("Cutting frames")
struct FrameHeaderTests {
    private func read(_ bytes: [UInt8], _ origin: FrameHeader.Origin) throws(FrameError) -> FrameHeader? {
        try FrameHeader.read(from: bytes.span, origin: origin)
    }

    @Test("A header is read with its fifth byte, not before, wherever it stands")
    func readsHeader() throws {
        let query: [UInt8] = [0x51, 0, 0, 0, 13, 0x53, 0x45]
        for count in 0..<5 { #expect(try read(Array(query.prefix(count)), .executor) == nil) }
        #expect(try read(Array(query.prefix(5)), .executor) == FrameHeader(tag: 0x51, bodyLength: 9))
        let shifted: [UInt8] = [9, 9] + query
        let header = try FrameHeader.read(from: shifted.span, at: 2, origin: .executor)
        #expect(header?.frontendTag == .query)
        #expect(header?.frameLength == 14)
        #expect(try FrameHeader.read(from: shifted.span, at: 9, origin: .executor) == nil)
        #expect(try FrameHeader.read(from: shifted.span, at: 10, origin: .executor) == nil)
        #expect(try FrameHeader.read(from: shifted.span, at: -1, origin: .executor) == nil)
    }

    /// Tag, origin, longest length that the sender may claim (PostgreSQL 15: PQ_SMALL_MESSAGE_LIMIT,
    /// PQ_LARGE_MESSAGE_LIMIT, PG_MAX_AUTH_TOKEN_LENGTH; libpq's 30,000).
    static let limits: [(Character, FrameHeader.Origin, UInt32)] = [
        ("Q", .executor, 0x3fff_fffe), ("P", .executor, 0x3fff_fffe), ("B", .executor, 0x3fff_fffe),
        ("F", .executor, 0x3fff_fffe), ("d", .executor, 0x3fff_fffe), ("D", .executor, 10_000),
        ("E", .executor, 10_000), ("C", .executor, 10_000), ("S", .executor, 10_000),
        ("H", .executor, 10_000),
        ("c", .executor, 10_000), ("f", .executor, 10_000), ("X", .executor, 10_000),
        ("p", .executorAtLogin, 65_541),
        ("R", .replicaAtLogin, 30_000), ("E", .replicaAtLogin, 30_000), ("D", .replicaAtLogin, 30_000),
        ("D", .replica, 0x3fff_fffe), ("E", .replica, 0x3fff_fffe), ("Z", .replica, 30_000),
        ("S", .replica, 1_048_576),
    ]

    @Test(
        "F-WIRE-07, F-WIRE-08: a length above its type's limit is refused with the fifth byte",
        arguments: limits)
    func lengthLimits(tag: Character, origin: FrameHeader.Origin, limit: UInt32) throws {
        func header(_ length: UInt32) -> [UInt8] {
            [tag.asciiValue ?? 0] + (0..<4).map { UInt8(truncatingIfNeeded: length >> (24 - 8 * $0)) }
        }
        let code = tag.asciiValue ?? 0
        #expect(try read(header(limit), origin)?.bodyLength == Int(limit) - 4)
        #expect(try read(header(4), origin)?.bodyLength == 0)
        for length in [limit + 1, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff] {
            #expect(throws: FrameError.lengthTooLong(tag: code, length: Int(length), limit: Int(limit))) {
                try read(header(length), origin)
            }
        }
        for length: UInt32 in 0..<4 {
            #expect(throws: FrameError.lengthTooShort(tag: code, length: Int(length))) {
                try read(header(length), origin)
            }
        }
    }

    @Test("F-WIRE-25: of all 256 types, an executor's first byte is taken only if PostgreSQL knows it")
    func frontendTypes() {
        for tag in UInt8.min...UInt8.max {
            let known = "QPBDECSHFdcfX".utf8.contains(tag)
            if known {
                #expect(throws: Never.self) { try read([tag], .executor) }
            } else {
                #expect(throws: FrameError.unexpectedTag(tag)) { try read([tag], .executor) }
            }
            if tag == UInt8(ascii: "p") {
                #expect(throws: Never.self) { try read([tag], .executorAtLogin) }
            } else {
                #expect(throws: FrameError.unexpectedTag(tag)) { try read([tag], .executorAtLogin) }
            }
        }
    }

    @Test("Of all 256 types, a replica's first byte is taken only if the protocol has it")
    func backendTypes() {
        for tag in UInt8.min...UInt8.max {
            let known = "RK23CWdcGHDIEVvnNAtS1sZT".utf8.contains(tag)
            for origin in [FrameHeader.Origin.replica, .replicaAtLogin] {
                if known {
                    #expect(throws: Never.self) { try read([tag], origin) }
                } else {
                    #expect(throws: FrameError.unexpectedTag(tag)) { try read([tag], origin) }
                }
            }
        }
    }

    @Test("F-WIRE-07: a length that is the low 32 bits of 4 GiB + n is that of n, and what follows is frames")
    func smuggling() throws {
        // 4 GiB + 9, narrowed by a careless encoder, is 9: a Query of five bytes, and the rest is what comes
        // next.
        let bytes: [UInt8] = [0x51, 0, 0, 0, 9, 0x53, 0x45, 0x4c, 0x20, 0, 0x58, 0, 0, 0, 4]
        let first = try #require(try read(bytes, .executor))
        #expect(first.frameLength == 10)
        let second = try FrameHeader.read(from: bytes.span, at: first.frameLength, origin: .executor)
        #expect(second?.frontendTag == .terminate)
    }
}
