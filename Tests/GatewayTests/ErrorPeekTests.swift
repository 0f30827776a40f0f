import Gateway
import PGWire
import Testing

@Suite struct ErrorPeekTests {
    /// An ErrorResponse's body as PostgreSQL 15 sends it, with a message in another language.
    private static let body =
        Array("SFATAL\0VFATAL\0C57P01\0Mterminating\0Fpostgres.c\0L3212\0RProcessInterrupts\0".utf8) + [0]

    private func read(_ body: [UInt8]) -> ErrorPeek { ErrorPeek(body.span) }

    @Test("Severity and SQLSTATE are read from the first bytes, whatever follows or is still to come")
    func truncated() {
        for count in 0...ErrorPeekTests.body.count {
            let peek = read(Array(ErrorPeekTests.body.prefix(count)))
            #expect(peek.isFatal == (count >= 14), "\(count) bytes")
            #expect(peek.sqlstate == (count >= 21 ? "57P01" : nil), "\(count) bytes")
        }
    }

    @Test(
        "FATAL and PANIC end a session, other severities do not; the translated one does not count",
        arguments: [
            ("FATAL", true), ("PANIC", true), ("ERROR", false), ("WARNING", false), ("fatal", false),
            ("FATALX", false),
        ])
    func severity(text: String, isFatal: Bool) {
        let body = Array("SFEHLER\0V\(text)\0C42601\0".utf8) + [0]
        #expect(read(body).isFatal == isFatal)
        #expect(read(body).sqlstate == "42601")
    }

    @Test("The translated severity alone ends no session")
    func localizedOnly() {
        let body = Array("SFATAL\0C42601\0".utf8) + [0]
        #expect(!read(body).isFatal)
    }

    @Test(
        "Bytes that are no ErrorResponse say nothing and are no trap",
        arguments: [
            [], [0], [0x56], [0xff], [0x56, 0xff, 0xfe, 0], [0, 0x56, 0x46, 0x41, 0x54, 0x41, 0x4c, 0],
            [0x43, 0],
        ] as [[UInt8]])
    func garbage(bytes: [UInt8]) {
        let peek = read(bytes)
        #expect(!peek.isFatal)
        #expect(peek.sqlstate ?? "" == "")
    }
}
