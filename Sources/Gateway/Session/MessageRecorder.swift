import Audit
import GatewayGuard
import PGWire
import SQLText

/// What the messages of one session leave in the log: numbers the executor's, matches the replica's answers with them
/// and encodes the records of both, keys in interface.md's order, into the batch it is handed.
///
/// It forwards nothing and knows no socket or clock: the relay drives it, and so does a capture that is replayed. Times
/// are a monotonic clock's nanoseconds. A record that a frame waits for is told by the method's result.
package struct MessageRecorder: ~Copyable {
    /// The session's name.
    let session: String
    /// What statements say of the session, its name included; a reload changes it.
    var identity: RecordFragment
    /// Only a walsender begins a COPY in both directions (protocol, "Streaming Replication Protocol").
    let isReplication: Bool
    /// What parameters leave in the log; a reload changes it.
    var capture: ParameterCapture
    /// What constants in SQL leave there; a reload changes it, too.
    var literals: ParameterCapture
    /// What a rule that only observes would refuse of the Query or Parse that is recorded next.
    var observed: ObservedVerdict?
    /// What it was judged as, where something is forbidden to the session and it goes on.
    var verdict: StatementVerdict?
    /// What the text is: `fingerprint`, `class`, `relations`.
    var description: RecordFragment?
    /// Tags of two-phase transactions are kept, for who must know of them.
    var watchesTransactions = false
    var transactionTags: [TransactionTexts.Tag] = []
    /// The text that is recorded next was encoded on another thread; its `text` records are not the recorder's.
    var long: LongText?
    /// As the replica's ParameterStatus has it.
    private(set) var clientEncoding: String
    /// It is one whose characters may end in an ASCII byte.
    private(set) var hasUnsafeEncoding: Bool
    /// standard_conforming_strings, as the replica told it last.
    private var conformingStrings: Bool
    package internal(set) var pipeline = Pipeline()
    /// The number of the last frontend message; the startup packet was 0.
    private(set) var message: UInt64 = 0
    private(set) var statements = 0
    var declaredTypes = DeclaredTypes()
    /// Where a rule asks for digests of what COPYs carry.
    var copyDigests: CopyDigests?

    package init(
        session: String, identity: RecordFragment, isReplication: Bool, capture: ParameterCapture,
        literals: ParameterCapture = .keep, clientEncoding: String, conformingStrings: Bool = true
    ) {
        self.session = session
        self.identity = identity
        self.isReplication = isReplication
        self.capture = capture
        self.literals = literals
        self.clientEncoding = clientEncoding
        hasUnsafeEncoding = SettingJudge.isUnsafe(encoding: clientEncoding)
        self.conformingStrings = conformingStrings
    }

    /// From the next COPY on, what it carries leaves its digest in the log, or does not.
    mutating func digestCopies(_ isAsked: Bool) {
        guard isAsked != (copyDigests != nil) else { return }
        copyDigests = isAsked ? CopyDigests() : nil
    }

    /// The replica told a setting's value.
    package mutating func parameterChanged(_ name: String, _ value: String) {
        if name == "client_encoding" {
            clientEncoding = value
            hasUnsafeEncoding = hasUnsafeEncoding || SettingJudge.isUnsafe(encoding: value)
        }
        if name == "standard_conforming_strings" { conformingStrings = value == "on" }
    }

    /// How the string constants of the text that comes next are read.
    var strings: SQLText.Strings {
        guard pipeline.isIdle else { return .either }
        return conformingStrings ? .conforming : .escaping
    }
}

// MARK: - The executor's messages, in their order

extension MessageRecorder {
    /// A Query, Parse, Bind, Execute, FunctionCall, Describe or Close is there whole. What a malformed one holds cannot
    /// be named, but that it came is recorded: the replica answers it as it sees fit (08P01, the session lives).
    ///
    /// - Returns: whether it has a record, which must be written before it is forwarded.
    package mutating func received(
        _ tag: FrontendTag, _ body: Span<UInt8>, now: UInt64, into batch: inout RecordBatch
    ) -> Bool {
        message &+= 1
        copyDigests?.received(tag, message: message)
        do throws(MessageError) {
            return try read(tag, body, now: now, into: &batch)
        } catch {
            return unread(tag, bytes: body.count, now: now, into: &batch)
        }
    }

    /// A CopyData, CopyDone, CopyFail, Sync, Flush or Terminate: its type and length say all. It has no record.
    package mutating func passed(_ tag: FrontendTag, bodyLength: Int, now: UInt64) {
        message &+= 1
        copyDigests?.received(tag, message: message)
        switch tag {
        case .copyData: pipeline.copyDataSent(bytes: bodyLength)
        case .copyDone: pipeline.copyDoneSent()
        case .copyFail: pipeline.copyFailSent()
        case .sync: pipeline.syncSent(message: message, now: now)
        case .flush: pipeline.flushSent(message: message, isWellFormed: bodyLength == 0, now: now)
        case .terminate, .password, .query, .parse, .bind, .execute, .functionCall, .describe, .close: break
        }
    }

    private mutating func read(
        _ tag: FrontendTag, _ body: Span<UInt8>, now: UInt64, into batch: inout RecordBatch
    ) throws(MessageError) -> Bool {
        switch tag {
        case .query:
            let query = try long.query(body)
            statements += 1
            recordQuery(body.extracting(query.sql), into: &batch)
            pipeline.querySent(message: message, now: now)
        case .parse:
            let parse = try long.parse(body)
            statements += 1
            let name = body.extracting(parse.name)
            recordParse(
                name: name, sql: body.extracting(parse.sql), parameterTypes: parse.parameterTypes,
                into: &batch)
            declaredTypes.note(parse.parameterTypes, of: message)
            if PasswordRedaction.takesPassword(body.extracting(parse.sql)) {
                declaredTypes.noteSecret(of: message)
            }
            pipeline.parseSent(message: message, name: name, now: now)
        case .bind:
            let bind = try Bind.decode(body)
            let statement = pipeline.bindSent(
                message: message, portal: body.extracting(bind.portal),
                statement: body.extracting(bind.statement), now: now)
            recordBind(bind, in: body, statement: statement, into: &batch)
        case .execute:
            let execute = try Execute.decode(body)
            let portal = body.extracting(execute.portal)
            let statement = pipeline.executeSent(message: message, portal: portal, now: now)
            recordExecute(portal: portal, maxRows: execute.maximumRows, statement: statement, into: &batch)
        case .functionCall:
            let call = try FunctionCall.decode(body)
            statements += 1
            recordFunctionCall(call, in: body, into: &batch)
            pipeline.functionCallSent(message: message, now: now)
        case .describe:
            let describe = try Describe.decode(body)
            pipeline.describeSent(
                message: message, target: describe.subject == .portal ? .portal : .statement, now: now)
            return false
        case .close:
            let close = try Close.decode(body)
            pipeline.closeSent(
                message: message, target: close.subject == .portal ? .portal : .statement,
                name: body.extracting(close.name), now: now)
            return false
        case .sync, .flush, .copyData, .copyDone, .copyFail, .terminate, .password: return false
        }
        return true
    }

    /// The message that was numbered last cannot be read; the replica will refuse it, and its record has its length
    /// alone.
    mutating func unread(
        _ tag: FrontendTag, bytes: Int, now: UInt64, into batch: inout RecordBatch
    ) -> Bool {
        let unnamed = [UInt8]().span
        switch tag {
        case .query:
            recordUnread(.query, bytes: bytes, into: &batch)
            pipeline.querySent(message: message, now: now)
        case .parse:
            recordUnread(.parse, bytes: bytes, into: &batch)
            pipeline.parseSent(message: message, name: unnamed, now: now)
        case .bind:
            recordUnread(.bind, bytes: bytes, into: &batch)
            _ = pipeline.bindSent(message: message, portal: unnamed, statement: unnamed, now: now)
        case .execute:
            recordUnread(.execute, bytes: bytes, into: &batch)
            _ = pipeline.executeSent(message: message, portal: unnamed, now: now)
        case .functionCall:
            recordUnread(.functionCall, bytes: bytes, into: &batch)
            pipeline.functionCallSent(message: message, now: now)
        case .describe:
            pipeline.describeSent(message: message, target: .statement, now: now)
            return false
        case .close:
            pipeline.closeSent(message: message, target: .statement, name: unnamed, now: now)
            return false
        case .sync, .flush, .copyData, .copyDone, .copyFail, .terminate, .password: return false
        }
        return true
    }

    // MARK: What the relay does in its own way

    /// The first bytes of a Bind or FunctionCall came that passes in pieces; one of the methods below ends it.
    mutating func largeBegan(_ tag: FrontendTag) {
        message &+= 1
        copyDigests?.received(tag, message: message)
    }

    mutating func largeBind(
        portal: [UInt8], statement: [UInt8], _ parameters: RecordFragment, now: UInt64,
        into batch: inout RecordBatch
    ) {
        let parse = pipeline.bindSent(
            message: message, portal: portal.span, statement: statement.span, now: now)
        recordLargeBind(
            portal: portal, statement: statement, parse: parse, parameters, into: &batch)
    }

    mutating func largeFunctionCall(
        _ function: UInt32, _ parameters: RecordFragment, now: UInt64, into batch: inout RecordBatch
    ) {
        statements += 1
        recordLargeFunctionCall(function, parameters, into: &batch)
        pipeline.functionCallSent(message: message, now: now)
    }

    /// A message that is refused; one that the replica is sure to fail goes in its place: of the same type for a Query
    /// and a FunctionCall, a Parse for all others.
    ///
    /// - Parameters:
    ///   - body: what is there of it.
    ///   - bodyLength: how long it is as a whole.
    ///   - name: the name of the Parse that goes in its place.
    mutating func refused(
        _ tag: FrontendTag, _ body: Span<UInt8>, bodyLength: Int, _ refused: Refused, as name: Span<UInt8>,
        now: UInt64, into batch: inout RecordBatch
    ) {
        message &+= 1
        copyDigests?.received(tag, message: message)
        recordRefused(tag, body, bodyLength: bodyLength, refused, into: &batch)
        switch tag {
        case .query: pipeline.querySent(message: message, now: now)
        case .functionCall: pipeline.functionCallSent(message: message, now: now)
        case .parse, .bind, .execute, .describe, .close, .sync, .flush, .copyData, .copyDone, .copyFail,
            .terminate, .password:
            pipeline.parseSent(message: message, name: name, now: now)
        }
    }

    /// An Execute of the unnamed portal in whose place one of a portal that is not there goes.
    mutating func refusedExecute(as portal: Span<UInt8>, now: UInt64, into batch: inout RecordBatch) {
        message &+= 1
        copyDigests?.received(.execute, message: message)
        recordExecute(portal: [UInt8]().span, maxRows: 0, statement: nil, into: &batch)
        _ = pipeline.executeSent(message: message, portal: portal, now: now)
    }
}
