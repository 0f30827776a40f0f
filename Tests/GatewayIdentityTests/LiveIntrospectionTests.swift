import GatewayIdentity
import Testing

@Suite struct LiveIntrospectionTests {
    @Test("The next question comes when the last word counts no more, and never sooner than 5 s")
    func pause() {
        let machine = LiveIntrospection()
        #expect(machine.pause(remembered: .seconds(30)) == .seconds(30))
        #expect(machine.pause(remembered: .milliseconds(5_001)) == .milliseconds(5_001))
        #expect(machine.pause(remembered: .milliseconds(4_999)) == .seconds(5))
        #expect(machine.pause(remembered: .zero) == .seconds(5))
        // The issuer's entry has no introspection any more.
        #expect(machine.pause(remembered: nil) == .seconds(60))
    }

    @Test("Active goes on, inactive ends at once, whatever was said before")
    func answers() {
        var machine = LiveIntrospection()
        #expect(machine.answered(.said(.active)) == .goOn)
        #expect(machine.answered(.said(.unavailable)) == .tryAgain(after: .seconds(2)))
        #expect(machine.answered(.said(.inactive)) == .endInactive)
    }

    @Test(
        "F-ID-16: without an answer it is asked three times, 2 s apart, then the session ends; an answer begins anew"
    )
    func unanswered() {
        var machine = LiveIntrospection()
        for _ in 0..<2 {
            #expect(machine.answered(.said(.unavailable)) == .tryAgain(after: .seconds(2)))
            #expect(machine.answered(.said(.unavailable)) == .tryAgain(after: .seconds(2)))
            #expect(machine.answered(.said(.active)) == .goOn)
        }
        #expect(machine.answered(.said(.unavailable)) == .tryAgain(after: .seconds(2)))
        #expect(machine.answered(.said(.unavailable)) == .tryAgain(after: .seconds(2)))
        #expect(machine.answered(.said(.unavailable)) == .endUnanswered)
    }

    @Test(
        "Too many questions of the gateway's own are waited for up to 30 tries, and no silence of the issuer")
    func busy() {
        var machine = LiveIntrospection()
        for _ in 0..<29 { #expect(machine.answered(.busy) == .tryAgain(after: .seconds(2))) }
        #expect(machine.answered(.said(.unavailable)) == .tryAgain(after: .seconds(2)))
        #expect(machine.answered(.said(.active)) == .goOn)
        for _ in 0..<29 { #expect(machine.answered(.busy) == .tryAgain(after: .seconds(2))) }
        #expect(machine.answered(.busy) == .endUnanswered)
    }

    @Test("F-ID-11: a token that is kept to be asked about has no text form")
    func redacted() {
        let token = LiveToken(Array("abc.def.ghi".utf8))
        var dumped = ""
        dump(token, to: &dumped)
        for text in ["\(token)", String(reflecting: token), dumped] {
            #expect(text.contains("<redacted>"))
            #expect(!text.contains("abc") && !text.contains("97"))
        }
    }
}
