import Audit
import GatewayCatalog
import GatewayGuard
import GatewayPolicy
import PGWire
import SQLText

/// Statements are judged before they are forwarded (guard.md).
extension Relay {
    /// What becomes of a frame.
    enum Guarded {
        case passes
        case refused(Refused)
        /// It is being read on another thread.
        case later
    }

    /// What a text came to.
    private enum Judgment {
        case allowed([JudgedText])
        case refused(Refused)
        case later
    }

    enum LongStatement {
        case reading
        case read([JudgedText])
    }

    /// What goes on with the frame that is cut next, and is told to the guard once it has its number.
    enum Judged {
        case query([JudgedText])
        case parse([JudgedText], name: [UInt8])
    }

    /// Looks at a whole frame before it is recorded and forwarded. What cannot be decoded goes on: the replica refuses
    /// it.
    func guarded(_ header: FrameHeader, _ tag: FrontendTag) -> Guarded {
        judged = nil
        recorder.observed = nil
        recorder.verdict = nil
        recorder.description = nil
        let start = frontend.scanned + WireLimits.frameHeader
        let found = fromExecutor.withBytes(start..<(start + header.bodyLength)) { body in guarded(tag, body) }
        switch found {
        case .passes, .refused: unknownSince = nil
        case .later: break
        }
        return found
    }

    private func guarded(_ tag: FrontendTag, _ body: Span<UInt8>) -> Guarded {
        var refused: Refused?
        switch tag {
        case .query:
            guard let query = try? Query.decode(body) else { return .passes }
            switch judge(body.extracting(query.sql)) {
            case .allowed(let texts): judged = .query(texts)
            case .refused(let found): refused = found
            case .later: return .later
            }
        case .parse:
            guard let parse = try? Parse.decode(body) else { return .passes }
            switch judge(body.extracting(parse.sql), parse.parameterTypes) {
            case .allowed(let texts): judged = .parse(texts, name: body.bytes(in: parse.name))
            case .refused(let found): refused = found
            case .later: return .later
            }
        case .bind:
            guard guardian.rules.isGuarded, let statement = try? Bind.statement(of: body) else {
                return .passes
            }
            let name = body.extracting(statement)
            refused = refusal(ofStatement: recorder.pipeline.expectedStatement(name), name: name)
        case .execute:
            guard guardian.rules.isGuarded, let execute = try? Execute.decode(body) else { return .passes }
            let portal = body.extracting(execute.portal)
            if let statement = recorder.pipeline.expectedStatement(ofPortal: portal) {
                refused = refusal(ofStatement: statement, name: portal)
            }
        case .functionCall:
            if let call = try? FunctionCall.decode(body) { refused = refusal(ofFunction: call.function) }
        case .describe, .close, .sync, .flush, .copyData, .copyDone, .copyFail, .terminate, .password: break
        }
        return refused.map { .refused($0) } ?? .passes
    }

    /// The head of a message that passes in pieces.
    func guardedHead(_ header: FrameHeader, _ tag: FrontendTag, available: Int) -> Refused? {
        let start = frontend.scanned + WireLimits.frameHeader
        return fromExecutor.withBytes(start..<(frontend.scanned + available)) { body in
            guard
                let head = try? tag == .bind
                    ? ValueStream.Head.bind(body) : ValueStream.Head.functionCall(body)
            else { return nil }
            switch head.target {
            case .function(let function): return refusal(ofFunction: function)
            case .bind(_, let statement):
                let name = body.extracting(statement)
                return refusal(ofStatement: recorder.pipeline.expectedStatement(name), name: name)
            }
        }
    }

    /// The frame has its number and its record.
    func noteForwarded(_ tag: FrontendTag) {
        switch tag {
        // Functions run at a Parse (of constants) and at a Bind (when it is planned), too.
        case .query, .parse, .bind, .execute, .functionCall: mayHaveChangedLexer = true
        case .describe, .close, .sync, .flush, .copyData, .copyDone, .copyFail, .terminate, .password: break
        }
        switch judged {
        case .query(let texts):
            for text in texts { note(text) }
        case .parse(let texts, let name): noteParsed(texts, name: name)
        case nil: break
        }
        judged = nil
    }

    private func refusal(ofFunction function: UInt32) -> Refused? {
        let classes = FunctionCalls.classes(of: function)
        guard !classes.isDisjoint(with: guardian.rules.refused) else { return nil }
        let reason = "a FunctionCall of the function \(function) is not known to be harmless"
        return forbidden(StatementVerdict(isAllowed: false, classes: classes.names, reasons: [reason]))
    }

    private func forbidden(_ verdict: StatementVerdict) -> Refused {
        Refused(.statementForbidden(rule: ruleName, reasons: verdict.reasons), verdict)
    }

    /// A Parse's text and the types of its parameters, which name no type and run its functions all the same.
    private func judge(_ sql: Span<UInt8>, _ types: [UInt32]) -> Judgment {
        let judgment = judge(sql)
        guard guardian.rules.isGuarded, case .allowed(let texts) = judgment,
            types.contains(where: { $0 >= CatalogLimits.firstOID })
        else { return judgment }
        switch judge([JudgedText(parameterTypes: types, catalog: catalog)]) {
        case .allowed(let typed): return .allowed(texts + typed)
        case .refused(let refused): return .refused(refused)
        case .later: return .later
        }
    }

    /// A Query's or Parse's text.
    private func judge(_ sql: Span<UInt8>) -> Judgment {
        // A text that is read is looked through for runs of operators where it is.
        let isRead = guardian.rules.isGuarded || QuickScan.needsReading(sql)
        guard isRead, !isReplicationCommand(sql) else {
            let runs = SQLText.operatorRuns(sql)
            if runs == .tooLong { return .refused(Refused(.statementTooComplex)) }
            return .allowed(observedTexts(sql, isQuick: JudgedText.isQuick(sql, runs)))
        }
        if guardian.rules.isGuarded, hasUnsafeEncoding, sql.holdsHighBytes {
            let reason = "in client_encoding \(recorder.clientEncoding) it can be read in two ways"
            return .refused(forbidden(StatementVerdict(isAllowed: false, classes: [], reasons: [reason])))
        }
        if !JudgedText.isQuick(sql) { return judgeLong(sql) }
        let texts = worker.statements.judge(
            sql, conformingStrings: conformingStrings, mayChange: mayHaveChangedLexer, catalog: catalog,
            describes: describes)
        return judge(texts)
    }

    private func judgeLong(_ sql: Span<UInt8>) -> Judgment {
        switch longStatement {
        case .reading: return .later
        case .read(let texts):
            longStatement = nil
            guard texts.allSatisfy(\.isQuicklyJudged) else { return judge(texts, mayWait: false) }
            // The catalogue may have moved since it began to be read.
            let again = texts.map { $0.again(catalog: catalog) }
            let judgment = judge(again)
            if case .later = judgment { longStatement = .read(again) }
            return judgment
        case nil: break
        }
        guard sql.count <= LongStatements.readBytes else {
            // Where nothing is forbidden, what is refused to everybody is not looked for in it.
            guard !guardian.rules.isGuarded, !SQLText.hasLongOperatorRun(sql) else {
                return .refused(Refused(.statementTooComplex))
            }
            observe(refused: Refusal.statementTooComplex.message)
            return .allowed([])
        }
        let address = session.address
        let context = worker.context
        let job = LongStatements.Job(
            sql: sql.bytes(in: 0..<sql.count),
            conformingStrings: mayHaveChangedLexer ? [true, false] : [conformingStrings],
            catalog: catalog, describes: describes
        ) { texts in
            // Under the setting that does not hold it may be no SQL at all.
            let readable = texts.filter(\.isReadable)
            context.post(
                .statementRead(address, readable.isEmpty ? texts : readable), to: address.worker)
        }
        guard context.longStatements.begin(job) else { return .refused(Refused(.statementTooComplex)) }
        longStatement = .reading
        return .later
    }

    /// - Parameter mayWait: for the catalogue, where it has not been read.
    private func judge(_ texts: [JudgedText], mayWait: Bool = true) -> Judgment {
        describe(texts)
        if guardian.rules.isGuarded { worker.context.counters.judgedStatements.increase() }
        for text in texts {
            if text.isReadable {
                let verdict = guardian.verdict(text, ownsTransaction: ownsTransaction)
                guard verdict.isAllowed else {
                    let waits = mayWait && (waitsForCatalog() || waitsForLook(text.judgement))
                    return waits ? .later : .refused(forbidden(verdict))
                }
                if guardian.rules.isGuarded, text.judgement.namesBeyondASCII, !isEncodedInUTF8 {
                    let reason =
                        "in client_encoding \(recorder.clientEncoding) a name beyond ASCII is not followed"
                    return .refused(
                        forbidden(StatementVerdict(isAllowed: false, classes: [], reasons: [reason])))
                }
                if guardian.rules.isGuarded, recorder.verdict == nil { recorder.verdict = verdict }
                continue
            }
            switch text.reading {
            case .facts: break
            case .tooComplex: return .refused(Refused(.statementTooComplex))
            case .syntaxError(let message):
                let quoteless = SQLText.withoutQuotation(message)
                // The server may have a newer grammar: forwarded where nothing is forbidden.
                if guardian.rules.isGuarded {
                    let verdict = StatementVerdict(isAllowed: false, classes: [], reasons: [quoteless])
                    return .refused(Refused(.statementUnreadable(message), verdict))
                }
                if text.mayDoForbidden {
                    let reason = "it cannot be read, and has words of what no session may do: \(quoteless)"
                    return .refused(
                        forbidden(StatementVerdict(isAllowed: false, classes: [], reasons: [reason])))
                }
            }
        }
        observe(texts)
        return .allowed(texts)
    }

    /// Names are compared with the catalogue's in UTF-8. While an answer to what sets the encoding is outstanding, it is
    /// not known.
    private var isEncodedInUTF8: Bool {
        recorder.clientEncoding == "UTF8" && !mayHaveChangedEncoding
    }

    /// Without the catalogue hardly anything is allowed. It is read when the first session needs it: what came before it
    /// waits for a moment, once.
    private func waitsForCatalog() -> Bool {
        guard guardian.rules.isGuarded, catalog == nil else {
            catalogWaits = 0
            return false
        }
        guard catalogWaits < Relay.catalogWaitLimit else { return false }
        if catalogWaits == 0 { worker.context.health.refreshCatalog(of: connection.attested.id) }
        catalogWaits += 1
        session.schedule(.catalog, after: .milliseconds(50))
        return true
    }

    /// A name that the catalogue does not know may be of something that was made since: before it is refused the catalogue
    /// is looked at again, once.
    private func waitsForLook(_ judgement: Judgement) -> Bool {
        guard judgement.namesUnknown, let catalog else { return false }
        let replica = connection.attested.id
        let now = worker.loop.now
        if let unknownSince {
            let state = worker.context.health.catalogState(of: replica)
            let seenAt = state?.confirmedAt ?? 0
            let isSeen = seenAt > 0 && UInt64(seenAt) >= unknownSince && state?.number == catalog.number
            guard !isSeen, now &- unknownSince < Relay.lookPatience.nanoseconds else { return false }
        } else {
            unknownSince = now
            worker.context.health.refreshCatalog(of: replica)
        }
        session.schedule(.catalog, after: .milliseconds(20))
        return true
    }

    private static let lookPatience = Duration.seconds(2)

    /// Times that a statement is judged again while there is no catalogue: some five seconds.
    private static let catalogWaitLimit = 100

    private var ruleName: String { session.identity.decision?.rule ?? "" }

    /// What the replica's catalogue says, as it was read last. Looked up once for the frames that are cut together.
    func lookUpCatalog() {
        catalog = needsCatalog ? worker.catalog(of: connection.attested.id) : nil
        guardian.catalog = catalog
    }

    private var needsCatalog: Bool { guardian.rules.isGuarded || observed?.rules.isGuarded == true }

    /// A walsender's commands are not SQL.
    func isReplicationCommand(_ sql: Span<UInt8>) -> Bool {
        session.isReplication && ReplicationCommand.begins(sql)
    }

    // MARK: What was prepared

    private func noteParsed(_ texts: [JudgedText], name: [UInt8]) {
        guard !texts.isEmpty else { return }
        prepared.note(texts, of: recorder.message, isNamed: !name.isEmpty, verdict: verdictNumber)
        for text in texts {
            note(text)
            if !name.isEmpty { guardian.note(text, preparedAs: Relay.cutName(name.span)) }
        }
    }

    /// What a text makes, prepares and changes is known once it goes on.
    private func note(_ text: JudgedText) {
        guard !text.leavesNothing else { return }
        guardian.note(text)
        noteTransactions(text)
        if text.judgement.setsEncoding { mayHaveChangedEncoding = true }
        if text.judgement.findings.contains(where: { $0.classes.contains(.ddl) }) {
            mayHaveChangedSchema = true
        }
    }

    func ownsTransaction(_ name: String) -> Bool {
        guard let principal = session.identity.principal else { return false }
        return worker.context.preparedTransactions.isOwned(
            name, database: connection.replica.dbname, by: principal)
    }

    private func noteTransactions(_ text: JudgedText) {
        guard let principal = session.identity.principal else { return }
        let (transactions, database) = (worker.context.preparedTransactions, connection.replica.dbname)
        for name in text.judgement.preparedTransactions {
            transactions.note(name, database: database, of: principal)
        }
        for name in text.judgement.endedTransactions { transactions.forget(name, database: database) }
    }

    /// PostgreSQL cuts names to 63 bytes.
    private static func cutName(_ name: Span<UInt8>) -> String {
        String(decoding: name.bytes(in: 0..<min(name.count, 63)), as: UTF8.self)
    }

    /// Moves whenever a verdict may be another: a new policy or catalogue.
    private var verdictNumber: UInt64 {
        UInt64(session.generation.number) << 32 | UInt64(truncatingIfNeeded: catalog?.number ?? 0)
            & 0xffff_ffff
    }

    /// A Bind or Execute of what was judged under another policy or catalogue is judged again (F-GRD-09). Nil: it may go.
    private func refusal(ofStatement statement: UInt64?, name: Span<UInt8>) -> Refused? {
        guard guardian.rules.isGuarded else { return nil }
        guard let statement else {
            // SQL's PREPARE, or a name that nothing is known of.
            guard !name.isEmpty else { return nil }
            let verdict = guardian.verdict(ofPrepared: Relay.cutName(name))
            return verdict.isAllowed ? nil : forbidden(verdict)
        }
        switch prepared.find(statement, verdict: verdictNumber) {
        case .current: return nil
        case .earlier(let texts):
            // What its names mean may have changed, or what is forbidden.
            guard texts.allSatisfy(\.isQuicklyJudged) else {
                let reason =
                    "the catalogue or the policy changed since it was prepared, and it names too much to be "
                    + "judged again here; prepare it again"
                return forbidden(StatementVerdict(isAllowed: false, classes: [], reasons: [reason]))
            }
            let again = texts.map { $0.again(catalog: catalog) }
            switch judge(again, mayWait: false) {
            case .allowed:
                prepared.renew(statement, again, verdict: verdictNumber)
                return nil
            case .refused(let refused): return refused
            case .later: return Refused(.statementTooComplex)
            }
        case .unknown:
            let reason = "it was prepared before anything was forbidden; prepare it again"
            return forbidden(StatementVerdict(isAllowed: false, classes: [], reasons: [reason]))
        }
    }
}
