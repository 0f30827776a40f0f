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

    @Test func `Of too many named statements the oldest are forgotten`() {
        var texts = PreparedTexts()
        let text = GuardFixture.judged("SELECT 0")
        for message in 1...UInt64(PreparedTexts.limit + 1) {
            texts.note([text], of: message, isNamed: true, verdict: 1)
        }
        #expect(isUnknown(texts.find(1, verdict: 1)))
        #expect(isCurrent(texts.find(UInt64(PreparedTexts.limit + 1), verdict: 1)))
    }
}
