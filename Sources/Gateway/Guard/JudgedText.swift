import GatewayCatalog
import SQLText

/// A text that was read and judged against one catalogue; shared by all that send it.
package final class JudgedText: Sendable {
    package enum Reading: Sendable {
        case facts(SQLFacts)
        /// The grammar does not take it: the parser's message.
        case syntaxError(String)
        /// Too deep, too long, or with too much in it.
        case tooComplex
    }

    package let reading: Reading
    package let judgement: Judgement
    /// Of the text itself, seeded for this process.
    package let identity: Int

    /// The grammar does not take it, and a server that does might do by it what is refused to everybody.
    package let mayDoForbidden: Bool

    private init(reading: Reading, judgement: Judgement, identity: Int) {
        self.reading = reading
        self.judgement = judgement
        self.identity = identity
        mayDoForbidden = false
    }

    /// The types that a Parse message tells of its parameters: a value of one is made by its input function.
    package convenience init(parameterTypes: [UInt32], catalog: CatalogSnapshot?) {
        var facts = SQLFacts()
        facts.typeOIDs = parameterTypes
        self.init(
            reading: .facts(facts), judgement: StatementJudge.judge(facts, catalog: catalog),
            identity: parameterTypes.hashValue)
    }

    package init(
        _ sql: Span<UInt8>, conformingStrings: Bool, catalog: CatalogSnapshot?, identity: Int
    ) {
        self.identity = identity
        switch SQLText.read(sql, conformingStrings: conformingStrings) {
        case .facts(let facts):
            reading = .facts(facts)
            judgement = StatementJudge.judge(facts, catalog: catalog)
            mayDoForbidden = false
        case .syntaxError(let message, _):
            reading = .syntaxError(message)
            judgement = Judgement()
            mayDoForbidden = QuickScan.mayDoForbidden(sql)
        case .tooComplex:
            reading = .tooComplex
            judgement = Judgement()
            mayDoForbidden = false
        }
    }

    /// The same text against another catalogue.
    package func again(catalog: CatalogSnapshot?) -> JudgedText {
        guard case .facts(let facts) = reading else { return self }
        return JudgedText(
            reading: reading, judgement: StatementJudge.judge(facts, catalog: catalog), identity: identity)
    }

    /// What a name stands for: running it prepares nothing and runs nothing by name.
    var prepared: JudgedText {
        guard !judgement.prepared.isEmpty || !judgement.executed.isEmpty else { return self }
        var alone = judgement
        alone.prepared = []
        alone.executed = []
        return JudgedText(reading: reading, judgement: alone, identity: identity)
    }
}
