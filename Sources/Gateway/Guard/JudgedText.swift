import Audit
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
    /// The grammar takes it: `reading` has its facts.
    package let isReadable: Bool
    /// Nothing that it does belongs to any class, or asks for what a session did before.
    let isHarmless: Bool
    /// A session that runs it has no more and no less than before: nothing of it must be known later.
    package let leavesNothing: Bool
    package let judgement: Judgement
    /// What its records say of it beside the text; nil where it could not be read.
    package let description: RecordFragment?
    /// Of the text and the way it was read, seeded for this process.
    package let identity: Int
    /// The number of the catalogue that it was judged against; 0: none had been read.
    private let catalog: Int
    /// Bytes of memory that it may take, an estimate: the facts hold the text's names, and a place for each.
    package let bytes: Int

    /// The grammar does not take it, and a server that does might do by it what is refused to everybody.
    package let mayDoForbidden: Bool

    private init(
        reading: Reading, judgement: Judgement, description: RecordFragment?, identity: Int, catalog: Int,
        bytes: Int
    ) {
        self.bytes = bytes
        self.reading = reading
        self.judgement = judgement
        isReadable = if case .facts = reading { true } else { false }
        isHarmless = judgement.isHarmless
        leavesNothing = judgement.leavesNothing
        self.description = description
        self.identity = identity
        self.catalog = catalog
        mayDoForbidden = false
    }

    /// The types that a Parse message tells of its parameters: a value of one is made by its input function.
    package convenience init(parameterTypes: [UInt32], catalog: PublishedCatalog?) {
        var facts = SQLFacts()
        facts.typeOIDs = parameterTypes
        self.init(
            reading: .facts(facts), judgement: StatementJudge.judge(facts, catalog: catalog?.snapshot),
            description: nil, identity: parameterTypes.hashValue, catalog: catalog?.number ?? 0,
            bytes: 8 * parameterTypes.count
        )
    }

    /// - Parameter describes: whether records say what the text is: its fingerprint takes longer than its verdict.
    package convenience init(
        _ sql: Span<UInt8>, conformingStrings: Bool, catalog: PublishedCatalog?, describes: Bool = false
    ) {
        self.init(
            sql, conformingStrings: conformingStrings, catalog: catalog, describes: describes,
            identity: JudgedText.identity(of: sql, conformingStrings: conformingStrings))
    }

    init(
        _ sql: Span<UInt8>, conformingStrings: Bool, catalog: PublishedCatalog?, describes: Bool,
        identity: Int
    ) {
        self.identity = identity
        self.catalog = catalog?.number ?? 0
        bytes = 5 * sql.count + 1152
        let catalog = catalog?.snapshot
        switch SQLText.read(sql, conformingStrings: conformingStrings, fingerprint: describes) {
        case .facts(let facts):
            reading = .facts(facts)
            isReadable = true
            judgement = StatementJudge.judge(facts, catalog: catalog)
            description = describes ? TextDescription.encode(facts) : nil
            mayDoForbidden = false
        case .syntaxError(let message, _):
            reading = .syntaxError(message)
            isReadable = false
            judgement = Judgement()
            description = TextDescription.unparsed
            mayDoForbidden = QuickScan.mayDoForbidden(sql)
        case .tooComplex:
            reading = .tooComplex
            isReadable = false
            judgement = Judgement()
            description = TextDescription.unparsed
            mayDoForbidden = false
        }
        isHarmless = judgement.isHarmless
        leavesNothing = judgement.leavesNothing
    }

    /// Bytes of a text that a worker reads itself: of that length none was found that takes three milliseconds.
    package static let quickBytes = 8 << 10

    /// Whether a worker may read a text itself, without holding up its other sessions.
    package static func isQuick(_ sql: Span<UInt8>) -> Bool {
        sql.count <= quickBytes && isQuick(sql, SQLText.operatorRuns(sql))
    }

    /// The same, where its runs of operators are known.
    package static func isQuick(_ sql: Span<UInt8>, _ runs: SQLText.OperatorRuns) -> Bool {
        sql.count <= quickBytes && runs != .costly
    }

    /// Names that a worker looks up again when the catalogue has moved; a text with more of them is read anew.
    package static let namesJudgedAgain = 2_000

    package var isQuicklyJudged: Bool {
        guard case .facts(let facts) = reading else { return true }
        return facts.names <= JudgedText.namesJudgedAgain
    }

    static func identity(of sql: Span<UInt8>, conformingStrings: Bool) -> Int {
        var hasher = Hasher()
        SQLBytes.hash(sql, into: &hasher)
        hasher.combine(conformingStrings)
        return hasher.finalize()
    }

    /// The same text against the catalogue that holds now.
    package func again(catalog: PublishedCatalog?) -> JudgedText {
        guard case .facts(let facts) = reading, self.catalog != catalog?.number ?? 0 else { return self }
        var judgement = StatementJudge.judge(facts, catalog: catalog?.snapshot)
        if self.judgement.prepared.isEmpty, self.judgement.executed.isEmpty {
            judgement.prepared = []
            judgement.executed = []
        }
        return JudgedText(
            reading: reading, judgement: judgement, description: description, identity: identity,
            catalog: catalog?.number ?? 0, bytes: bytes)
    }

    /// What a name stands for: running it prepares nothing and runs nothing by name.
    var prepared: JudgedText {
        guard !judgement.prepared.isEmpty || !judgement.executed.isEmpty else { return self }
        var alone = judgement
        alone.prepared = []
        alone.executed = []
        return JudgedText(
            reading: reading, judgement: alone, description: description, identity: identity,
            catalog: catalog, bytes: bytes)
    }
}
