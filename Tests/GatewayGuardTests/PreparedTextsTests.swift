import GatewayGuard
import Testing

@Suite struct PreparedTextsTests {
    private func isCurrent(_ found: PreparedTexts.Found) -> Bool {
        if case .current = found { true } else { false }
    }

    private func isUnknown(_ found: PreparedTexts.Found) -> Bool {
        if case .unknown = found { true } else { false }
    }

    @Test
    func `An unnamed statement is known behind as many others as a server may pass over, named ones longer`()
    {
        var texts = PreparedTexts()
        texts.note([GuardFixture.judged("SELECT 0")], of: 1, isNamed: true, verdict: 7)
        for message in 2...UInt64(PreparedTexts.unnamedLimit + 1) {
            texts.note([GuardFixture.judged("SELECT 1")], of: message, isNamed: false, verdict: 7)
        }
        #expect(isCurrent(texts.find(2, verdict: 7)))
        texts.note([GuardFixture.judged("SELECT 2")], of: 1_000, isNamed: false, verdict: 7)
        #expect(isUnknown(texts.find(2, verdict: 7)))
        #expect(isCurrent(texts.find(1, verdict: 7)))
        #expect(isCurrent(texts.find(1_000, verdict: 7)))
        guard case .earlier = texts.find(1, verdict: 8) else {
            Issue.record("judged under another policy")
            return
        }
    }

    @Test func `Of too many named statements those go that were not used for longest`() {
        var texts = PreparedTexts()
        let text = GuardFixture.judged("SELECT 0")
        for message in 1...UInt64(PreparedTexts.limit + 1) {
            texts.note([text], of: message, isNamed: true, verdict: 1)
            // A driver's first statement is often the one that it runs all the time.
            #expect(isCurrent(texts.find(1, verdict: 1)))
        }
        #expect(isUnknown(texts.find(2, verdict: 1)))
        #expect(isCurrent(texts.find(UInt64(PreparedTexts.limit + 1), verdict: 1)))
    }

    @Test
    func `The texts of prepared statements take no more memory than their limit, and the last is known`() {
        var texts = PreparedTexts()
        var session = GuardFixture.session(GuardFixture.rules([.egress]))
        let long = GuardFixture.judged("SELECT 1 /*" + String(repeating: "x", count: 1 << 20) + "*/")
        let fit = PreparedTexts.byteLimit / long.bytes
        #expect(fit == 3)
        for message in 1...4 {
            for isNamed in [true, false] {
                texts.note([long], of: UInt64(isNamed ? message : message + 10), isNamed: isNamed, verdict: 1)
            }
            session.note(long, preparedAs: "q\(message)")
        }
        #expect(isUnknown(texts.find(1, verdict: 1)) && isUnknown(texts.find(11, verdict: 1)))
        #expect(isCurrent(texts.find(4, verdict: 1)) && isCurrent(texts.find(14, verdict: 1)))
        #expect(session.verdict(ofPrepared: "q3").isAllowed)
        #expect(!session.verdict(ofPrepared: "q4").isAllowed)
    }

    @Test func `F-GRD-09: what was found last is not current under another policy or catalogue`() {
        var texts = PreparedTexts()
        texts.note([GuardFixture.judged("SELECT 0")], of: 1, isNamed: true, verdict: 7)
        #expect(isCurrent(texts.find(1, verdict: 7)) && isCurrent(texts.find(1, verdict: 7)))
        guard case .earlier = texts.find(1, verdict: 8) else {
            Issue.record("judged under another policy")
            return
        }
        #expect(isUnknown(texts.find(2, verdict: 7)))
    }

    @Test func `What was judged again is known under the new policy, and only where it was known`() {
        var texts = PreparedTexts()
        let text = GuardFixture.judged("SELECT 0")
        texts.note([text], of: 1, isNamed: true, verdict: 7)
        texts.note([text], of: 2, isNamed: false, verdict: 7)
        for message: UInt64 in 1...3 { texts.renew(message, [text], verdict: 8) }
        #expect(isCurrent(texts.find(1, verdict: 8)) && isCurrent(texts.find(2, verdict: 8)))
        #expect(isUnknown(texts.find(3, verdict: 8)))
    }
}
