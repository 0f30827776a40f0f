import Audit
import GatewayCatalog
import GatewayGuard
import PGWire
import SQLText

/// A Query's or Parse's text that was looked through on another thread than its worker's: all of it that takes longer the longer
/// the text is.
final class LongText: Sendable {
    /// Bytes of a text beyond which a worker does not look through it itself: at that length all of it takes some 0.3 ms.
    static let bytes = 64 << 10

    /// The message as it was decoded, which takes a look at each byte of it.
    enum Message: Sendable {
        case query(Query)
        case parse(Parse)
        case malformed(MessageError)
    }

    let message: Message
    let terms: TextTerms
    /// The policy that said what of it is kept.
    let generation: UInt64
    /// See `QuickScan.needsReading`.
    let needsReading: Bool
    let hasLongOperatorRun: Bool
    let holdsHighBytes: Bool
    /// What is refused to everybody, where it was not read, or may be read in another way by the replica.
    let mayDoForbidden: Bool
    /// What it was read as; nil where it was not read, since nobody asks or it is too long.
    let texts: [JudgedText]?
    let record: LongRecord
    let constants: [MaskedText.Literal]?

    /// What a text is looked through for.
    struct Question: Sendable {
        let terms: TextTerms
        let generation: UInt64
        let session: String
        let recordLimit: Int
        /// Bytes of the record before its text, at most.
        let head: Int
        /// It is read whatever is in it.
        let isGuarded: Bool
        /// How its strings are to be read: under either setting where that may be changing.
        let conformingStrings: [Bool]
        let catalog: PublishedCatalog?
        let describes: Bool
    }

    /// What is looked through of a message that cannot be decoded is of no account: its record has its length alone.
    init(_ tag: FrontendTag, _ body: Span<UInt8>, _ question: Question) {
        var found = 0..<0
        do throws(MessageError) {
            if tag == .parse {
                let parse = try Parse.decode(body)
                found = parse.sql
                message = .parse(parse)
            } else {
                let query = try Query.decode(body)
                found = query.sql
                message = .query(query)
            }
        } catch {
            message = .malformed(error)
        }
        let sql = body.extracting(found)
        terms = question.terms
        generation = question.generation
        needsReading = QuickScan.needsReading(sql)
        hasLongOperatorRun = SQLText.hasLongOperatorRun(sql)
        holdsHighBytes = sql.holdsHighBytes
        mayDoForbidden = LongText.mayDoForbidden(
            sql, question, needsReading: needsReading, holdsHighBytes: holdsHighBytes,
            hasLongOperatorRun: hasLongOperatorRun)
        let isRead = question.isGuarded || needsReading
        texts = isRead && sql.count <= LongStatements.readBytes ? LongText.texts(sql, question) : nil
        var constants: [MaskedText.Literal]?
        record = RecordBatch.long(
            recordLimit: question.recordLimit, head: question.head, session: question.session
        ) { constants = question.terms.add(sql, to: &$0) }
        self.constants = constants
    }

    /// What the text was read as is judged anew: all else is as it was.
    init(_ found: LongText, texts: [JudgedText]) {
        message = found.message
        terms = found.terms
        generation = found.generation
        needsReading = found.needsReading
        hasLongOperatorRun = found.hasLongOperatorRun
        holdsHighBytes = found.holdsHighBytes
        mayDoForbidden = found.mayDoForbidden
        self.texts = texts
        record = found.record
        constants = found.constants
    }
}

extension LongText {
    private static func texts(_ sql: Span<UInt8>, _ question: Question) -> [JudgedText] {
        let texts = question.conformingStrings.map {
            JudgedText(sql, conformingStrings: $0, catalog: question.catalog, describes: question.describes)
        }
        // Under the setting that does not hold it may be no SQL at all.
        let readable = texts.filter { if case .facts = $0.reading { true } else { false } }
        return readable.isEmpty ? texts : readable
    }

    private static func mayDoForbidden(
        _ sql: Span<UInt8>, _ question: Question, needsReading: Bool, holdsHighBytes: Bool,
        hasLongOperatorRun: Bool
    ) -> Bool {
        guard needsReading, !question.isGuarded, !hasLongOperatorRun else { return false }
        if question.terms.hasUnsafeEncoding, holdsHighBytes { return QuickScan.mayDoForbidden(sql) }
        guard sql.count > LongStatements.readBytes else { return false }
        return question.conformingStrings.contains {
            LongTextScan.mayDoForbidden(sql, conformingStrings: $0)
        }
    }
}

extension LongText? {
    /// The Query of the message that is at hand, decoded here where it was not.
    func query(_ body: Span<UInt8>) throws(MessageError) -> Query {
        switch self?.message {
        case .query(let query): return query
        case .malformed(let error): throw error
        case .parse, nil: return try Query.decode(body)
        }
    }

    /// The Parse, likewise.
    func parse(_ body: Span<UInt8>) throws(MessageError) -> Parse {
        switch self?.message {
        case .parse(let parse): return parse
        case .malformed(let error): throw error
        case .query, nil: return try Parse.decode(body)
        }
    }
}

/// A record with a long text on its way into a log: the record itself first, then its `text` records, a piece a turn, so that
/// neither the worker's other sessions nor the log's other workers wait for all of it.
final class LongWrite {
    let session: Session
    /// What is written next.
    var batch: RecordBatch
    /// The `text` records that are left, the next ones last: what is written takes no memory.
    private var pieces: [LongRecord.Piece]
    /// The log must be durable up to this number before the next piece is written: the end of the last piece but one.
    private(set) var syncedFirst: UInt64 = 0
    private var lastEnd: UInt64 = 0

    /// - Parameter batch: holds the record without its `text` records.
    init(session: Session, batch: consuming RecordBatch, record: LongRecord) {
        self.session = session
        self.batch = batch
        pieces = record.pieces.reversed()
    }

    /// Puts the next piece into the batch, which was written.
    ///
    /// - Parameter end: one past its last record.
    /// - Returns: false where nothing is left.
    func advance(written end: UInt64) -> Bool {
        syncedFirst = lastEnd
        lastEnd = end
        guard let piece = pieces.popLast() else { return false }
        batch.append(piece)
        return true
    }
}
