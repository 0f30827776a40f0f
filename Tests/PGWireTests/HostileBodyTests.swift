import PGWire
import Seeded
import Testing

@Suite("Bodies that are not what their type promises")
struct HostileBodyTests {
    static let samples = WireSample.frontend + WireSample.backend

    @Test("Every truncation of every message is refused", arguments: samples)
    func truncations(sample: WireSample) {
        for count in 0..<min(sample.body.count, sample.openFrom ?? Int.max) {
            #expect(throws: MessageError.self, "\(count) of \(sample.body.count) bytes") {
                try sample.reencode(Array(sample.body.prefix(count)))
            }
        }
    }

    @Test("Bytes left over behind a complete message are refused", arguments: samples)
    func trailingBytes(sample: WireSample) {
        guard sample.openFrom == nil else { return }
        for extra: UInt8 in [0, 1, 0xff] {
            #expect(throws: MessageError.self) { try sample.reencode(sample.body + [extra]) }
        }
    }

    /// What PostgreSQL 15 answers 08P01 to.
    static let refused: [(String, MessageError, @Sendable () throws -> Void)] = [
        ("a NUL inside a Query", .trailingBytes(2), { _ = try Query.decode(wire("a", 0, "b", 0).span) }),
        (
            "a value's length below -1", .invalidValueLength(-2),
            { _ = try Bind.decode(wire(0, 0, 0, 0, 0, 1, 0xff, 0xff, 0xff, 0xfe, 0, 0).span) }
        ),
        (
            "a value longer than the body", .insufficientData(needed: 0x7fff_ffff, left: 2),
            { _ = try Bind.decode(wire(0, 0, 0, 0, 0, 1, 0x7f, 0xff, 0xff, 0xff, 0, 0).span) }
        ),
        (
            "65,535 parameters announced, none there", .insufficientData(needed: 65_535 * 4, left: 2),
            { _ = try Bind.decode(wire(0, 0, 0, 0, 0xff, 0xff, 0, 0).span) }
        ),
        (
            "65,535 types announced, none there", .insufficientData(needed: 65_535 * 4, left: 0),
            { _ = try Parse.decode(wire(0, 0, 0xff, 0xff).span) }
        ),
        (
            "65,535 formats announced", .insufficientData(needed: 65_535 * 2, left: 0),
            { _ = try FunctionCall.decode(wire(0, 0, 0, 1, 0xff, 0xff).span) }
        ),
        (
            "F-WIRE-32: a password with a NUL inside", .trailingBytes(3),
            { _ = try PasswordMessage.decode(wire("a", 0, "bc", 0).span) }
        ),
        (
            "F-WIRE-32: a password without NUL", .unterminatedString,
            { _ = try PasswordMessage.decode(wire("a").span) }
        ),
        (
            "a transaction status that is none", .invalidCode(0x58),
            { _ = try ReadyForQuery.decode(wire("X").span) }
        ),
        (
            "a COPY format that is none", .invalidCode(2),
            { _ = try CopyInResponse.decode(wire(2, 0, 0).span) }
        ),
        (
            "a negative count of options", .invalidCount(-1),
            { _ = try NegotiateProtocolVersion.decode(wire(0, 3, 0, 0, 255, 255, 255, 255).span) }
        ),
        (
            "2^31 - 1 options announced", .unterminatedString,
            { _ = try NegotiateProtocolVersion.decode(wire(0, 3, 0, 0, 127, 255, 255, 255).span) }
        ),
        (
            "a cancel key of 257 bytes", .trailingBytes(1),
            { _ = try BackendKeyData.decode(Array(repeating: 1, count: 4 + 257).span) }
        ),
        (
            "F-WIRE-13: a cancel key of no bytes", .insufficientData(needed: 4, left: 0),
            { _ = try BackendKeyData.decode(wire(0, 0, 0, 1).span) }
        ),
    ]

    @Test("A body is refused for what is wrong with it", arguments: refused.indices)
    func refusals(index: Int) {
        let (name, error, decode) = Self.refused[index]
        #expect(throws: error, "\(name)") { try decode() }
    }

    @Test("Whatever bytes a body holds, no decoder traps, and what it takes it gives back")
    func randomBodies() {
        var random = SeededGenerator(seed: 20_261_124)
        let samples = Self.samples
        for round in 0..<140_000 {
            let sample = samples[round % samples.count]
            let body = random.body(like: sample.body)
            guard let frame = try? sample.reencode(body) else { continue }
            if sample.tag == "R" {
                // What an authentication request that nobody knows holds besides its code is not kept.
                #expect(body.starts(with: frame.dropFirst(5)), "\(sample.name)")
            } else {
                #expect(Array(frame.dropFirst(5)) == body, "\(sample.name)")
            }
        }
    }

    @Test("Whatever bytes come first, no startup decoder and no frame header traps")
    func randomStarts() throws {
        var random = SeededGenerator(seed: 7)
        let startup = wire(0, 0, 0, 31, 0, 3, 0, 0, "user", 0, "bob", 0, "_pq_.x", 0, "1", 0, 0)
        let cancel = wire(0, 0, 0, 16, 4, 0xd2, 0x16, 0x2e, 0, 0, 0, 1, 1, 2, 3, 4)
        let origins: [FrameHeader.Origin] = [.executorAtLogin, .executor, .replicaAtLogin, .replica]
        for round in 0..<60_000 {
            let bytes = random.body(like: round.isMultiple(of: 2) ? startup : cancel)
            if let read = try? StartupRequest.read(from: bytes.span) {
                #expect(read.length <= bytes.count)
                if case .startupMessage(let message) = read.request {
                    var out: [UInt8] = []
                    try message.encode(into: &out)
                    #expect(out.count == read.length)
                    _ = (message.user, message.database, message.replication, message.negotiation)
                }
            }
            _ = try? FrameHeader.read(from: bytes.span, at: round % 5, origin: origins[round % 4])
            if let options = try? StartupOptions.parse(bytes) {
                #expect(try StartupOptions.parse(options.encoded) == options)
            }
        }
    }

    @Test("F-WIRE-07: a length or count that its field cannot hold is an error, not a smaller one")
    func encoderLimits() throws {
        #expect(try MessageWriter.length(Int(Int32.max)) == 0x7fff_ffff)
        for length in [Int(Int32.max) + 1, 1 << 32, (1 << 32) + 9, -1] {
            #expect(throws: MessageError.tooLong(length)) { try MessageWriter.length(length) }
        }
        #expect(try MessageWriter.count(65_535) == 65_535)
        for count in [65_536, 65_537, 1 << 32, -1] {
            #expect(throws: MessageError.tooLong(count)) { try MessageWriter.count(count) }
        }
        var out: [UInt8] = [1]
        #expect(throws: MessageError.tooLong(65_536)) {
            try Parse.encode(
                name: [], sql: [], parameterTypes: Array(repeating: 0, count: 65_536), into: &out)
        }
        #expect(out == [1])
    }

    @Test("F-WIRE-36: a NUL in what is written as a string is an error, and nothing is written")
    func embeddedNUL() {
        var out: [UInt8] = [9]
        let hostile = wire("a", 0, "b")
        #expect(throws: MessageError.embeddedNUL) { try Query.encode(sql: hostile, into: &out) }
        #expect(throws: MessageError.embeddedNUL) { try Parse.encode(name: hostile, sql: [], into: &out) }
        #expect(throws: MessageError.embeddedNUL) {
            try PasswordMessage.encode(password: hostile, into: &out)
        }
        #expect(throws: MessageError.embeddedNUL) {
            try StartupMessage(version: .v30, parameters: [.init(name: hostile, value: [])]).encode(
                into: &out)
        }
        #expect(throws: MessageError.embeddedNUL) {
            try ParameterStatus(name: [], value: hostile).encode(into: &out)
        }
        #expect(out == [9])
    }
}

extension SeededGenerator {
    /// The sample with some bytes changed, cut or grown, or bytes of no kind.
    mutating func body(like sample: [UInt8]) -> [UInt8] {
        if Int.random(in: 0..<8, using: &self) == 0 {
            return (0..<Int.random(in: 0..<64, using: &self)).map { _ in
                UInt8.random(in: 0...255, using: &self)
            }
        }
        var body = sample
        for _ in 0..<Int.random(in: 0..<4, using: &self) {
            let value =
                [0, 1, 0x2d, 0x5c, 0x7f, 0x80, 0xff, UInt8.random(in: 0...255, using: &self)]
                .randomElement(using: &self) ?? 0
            switch Int.random(in: 0..<3, using: &self) {
            case 0 where !body.isEmpty: body[Int.random(in: 0..<body.count, using: &self)] = value
            case 1 where !body.isEmpty: body.remove(at: Int.random(in: 0..<body.count, using: &self))
            default: body.insert(value, at: Int.random(in: 0...body.count, using: &self))
            }
        }
        return body
    }
}
