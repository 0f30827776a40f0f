import PGWire
import Testing

@Suite("Messages, decoded and encoded")
struct MessageTests {
    @Test("A frontend message survives its codec byte for byte", arguments: WireSample.frontend)
    func frontendRoundTrip(sample: WireSample) throws {
        #expect(try sample.reencode(sample.body) == sample.frame)
        #expect(FrontendTag(rawValue: sample.frame[0]) != nil)
    }

    @Test("A backend message survives its codec byte for byte", arguments: WireSample.backend)
    func backendRoundTrip(sample: WireSample) throws {
        #expect(try sample.reencode(sample.body) == sample.frame)
        #expect(BackendTag(rawValue: sample.frame[0]) != nil)
    }

    @Test("Every type of both sides has a sample")
    func samplesAreComplete() {
        for tag in FrontendTag.allCases {
            #expect(WireSample.frontend.contains { $0.frame[0] == tag.rawValue })
        }
        let both: [UInt8] = [BackendTag.copyData.rawValue, BackendTag.copyDone.rawValue]
        for tag in BackendTag.allCases where !both.contains(tag.rawValue) {
            #expect(WireSample.backend.contains { $0.frame[0] == tag.rawValue })
        }
    }

    @Test("Parse says where name and text stand, and the types of its parameters")
    func parse() throws {
        let body = wire("s1", 0, "SELECT $1", 0, 0, 2, 0, 0, 0, 23, 0xff, 0, 0, 1)
        let message = try Parse.decode(body.span)
        #expect(message.name == 0..<2)
        #expect(message.sql == 3..<12)
        #expect(message.parameterTypes == [23, 0xff00_0001])
    }

    @Test("Bind says where each value stands; NULL is nil, an empty value is not")
    func bind() throws {
        let body = wire(
            "p", 0, "s", 0, 0, 1, 0, 1, 0, 3, 0, 0, 0, 2, "ab", 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 1, 0, 1
        )
        let message = try Bind.decode(body.span)
        #expect(message.portal == 0..<1)
        #expect(message.statement == 2..<3)
        #expect(message.parameterFormats == .all(1))
        #expect(message.parameters.places(in: body.span) == [14..<16, nil, 24..<24])
        #expect(message.resultFormats == .all(1))
        #expect((0..<3).map { message.parameterFormats.code(at: $0) } == [1, 1, 1])
    }

    @Test("Bind's counts are unsigned: 40,000 parameters are taken, as PostgreSQL does")
    func unsignedCounts() throws {
        var body: [UInt8] = [0, 0, 0, 0, 0x9c, 0x40]
        for _ in 0..<40_000 { body += [0xff, 0xff, 0xff, 0xff] }
        body += [0, 0]
        #expect(try Bind.decode(body.span).parameters.count == 40_000)
        var out: [UInt8] = []
        try Bind.encode(
            portal: [], statement: [], parameters: Array(repeating: nil, count: 40_000), into: &out)
        #expect(Array(out.dropFirst(5)) == body)
    }

    @Test("Format codes: none are text, one is for all, else one each")
    func formatCodes() throws {
        #expect(FormatCodes.allText.code(at: 70_000) == 0)
        #expect(FormatCodes.each([0, 1]).code(at: 1) == 1)
        #expect(FormatCodes.each([0, 1]).code(at: 2) == nil)
        let twoFormatsOneValue = wire(0, 0, 0, 2, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0)
        #expect(throws: MessageError.formatCount(formats: 2, values: 1)) {
            try Bind.decode(twoFormatsOneValue.span)
        }
    }

    @Test("Execute's row count and FunctionCall's OID are what the bytes say")
    func numbers() throws {
        #expect(try Execute.decode(wire("p", 0, 0, 0, 1, 2).span).maximumRows == 258)
        #expect(try Execute.decode(wire(0, 0x80, 0, 0, 0).span).maximumRows == Int32.min)
        let call = try FunctionCall.decode(wire(0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 1).span)
        #expect(call.function == 0xffff_ffff)
        #expect(call.resultFormat == 1)
    }

    @Test("Describe and Close name a statement or a portal and nothing else")
    func subjects() throws {
        #expect(try Describe.decode(wire("Sa", 0).span) == Describe.decode(wire("Sa", 0).span))
        #expect(try Describe.decode(wire("Sa", 0).span).subject == .statement)
        #expect(try Close.decode(wire("Pb", 0).span).subject == .portal)
        #expect(throws: MessageError.invalidSubtype(0x51)) { try Describe.decode(wire("Qa", 0).span) }
        #expect(throws: MessageError.invalidSubtype(0)) { try Close.decode(wire(0, 0).span) }
    }

    @Test("An ErrorResponse's fields are found by type, unknown ones are kept")
    func diagnostics() throws {
        let body = wire("SFEHLER", 0, "VERROR", 0, "C42601", 0, "Mfirst", 0, "Msecond", 0, "?new", 0, 0)
        let fields = try ErrorResponse.decode(body.span).fields
        #expect(fields.fields.count == 6)
        #expect(fields.text(.localizedSeverity) == "FEHLER")
        #expect(fields.text(.severity) == "ERROR")
        #expect(fields.text(.message) == "first")
        #expect(fields.text(.detail) == nil)
        let found = try DiagnosticFields.value(of: .sqlstate, in: body.span)
        #expect(found.map { body.slice($0) } == Array("42601".utf8))
        #expect(try DiagnosticFields.value(of: .hint, in: body.span) == nil)
    }

    @Test("The gateway's own errors hold severity twice, SQLSTATE, message, DETAIL, HINT, and no NUL inside")
    func ownDiagnostics() throws {
        var out: [UInt8] = []
        let fields = DiagnosticFields(
            severity: "FATAL", sqlstate: "28P01", message: "no\0t this", detail: "d", hint: "h")
        try ErrorResponse(fields: fields).encode(into: &out)
        let body = wire("SFATAL", 0, "VFATAL", 0, "C28P01", 0, "Mno", 0, "Dd", 0, "Hh", 0, 0)
        #expect(out == wire("E", 0, 0, 0, body.count + 4) + body)
    }
}
