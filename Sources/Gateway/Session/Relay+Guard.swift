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
            guard let query = try? longText.query(body) else { return .passes }
            switch judge(body.extracting(query.sql)) {
            case .allowed(let texts): judged = .query(texts)
            case .refused(let found): refused = found
            case .later: return .later
            }
        case .parse:
            guard let parse = try? longText.parse(body) else { return .passes }
            switch judge(body.extracting(parse.sql), parse.parameterTypes) {
            case .allowed(let texts): judged = .parse(texts, name: body.bytes(in: parse.name))
            case .refused(let found): refused = found
            case .later: return .later
            }
        case .bind:
            guard guardian.isGuarded, let statement = try? Bind.statement(of: body) else {
                return .passes
            }
            let name = body.extracting(statement)
            refused = refusal(ofStatement: recorder.pipeline.expectedStatement(name), name: name)
        case .execute:
            guard guardian.isGuarded, let execute = try? Execute.decode(body) else { return .passes }
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
            for text in texts { note(text, isQuery: true) }
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
        guard guardian.isGuarded, case .allowed(let texts) = judgment,
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
        let long = longText
        let isRead = guardian.isGuarded || long?.needsReading ?? QuickScan.needsReading(sql)
        guard isRead, !isReplicationCommand(sql) else {
            // A long one was looked through elsewhere, and is not read where nobody needs it.
            let runs = long == nil ? SQLText.operatorRuns(sql) : .costly
            if long?.hasLongOperatorRun ?? (runs == .tooLong) {
                return .refused(Refused(.statementTooComplex))
            }
            return .allowed(observedTexts(sql, isQuick: JudgedText.isQuick(sql, runs)))
        }
        if hasUnsafeEncoding, long?.holdsHighBytes ?? sql.holdsHighBytes,
            guardian.isGuarded || long?.mayDoForbidden ?? QuickScan.mayDoForbidden(sql)
        {
            let reason = "in client_encoding \(recorder.clientEncoding) it can be read in two ways"
            return .refused(forbidden(StatementVerdict(isAllowed: false, classes: [], reasons: [reason])))
        }
        if long != nil || !JudgedText.isQuick(sql) { return judgeLong(sql) }
        let texts = worker.statements.judge(
            sql, conformingStrings: conformingStrings, mayChange: mayHaveChangedLexer, catalog: catalog,
            describes: describes)
        return judge(texts)
    }

    private func judgeLong(_ sql: Span<UInt8>) -> Judgment {
        if isLookedThrough { return .later }
        guard let text = longText else {
            // Short, and with operators in it that take long.
            var body = sql.bytes(in: 0..<sql.count)
            body.append(0)
            begin(.query, [body])
            return longText == nil ? .later : judgeLong(sql)
        }
        guard let texts = text.texts else { return tooLongToRead(text) }
        guard texts.allSatisfy(\.isQuicklyJudged) else { return judge(texts, mayWait: false) }
        // The catalogue may have moved since it began to be read.
        let again = texts.map { $0.again(catalog: catalog) }
        longLook.replace(text.terms.message, LongText(text, texts: again))
        return judge(again)
    }

    /// Where nothing is forbidden it goes, unless it may do what is refused to everybody.
    private func tooLongToRead(_ text: LongText) -> Judgment {
        guard !guardian.isGuarded, !text.hasLongOperatorRun, !text.mayDoForbidden else {
            return .refused(Refused(.statementTooComplex))
        }
        observe(refused: Refusal.statementTooComplex.message)
        recorder.description = TextDescription.unparsed
        return .allowed([])
    }

    /// - Parameter mayWait: for the catalogue, where it has not been read.
    private func judge(_ texts: [JudgedText], mayWait: Bool = true) -> Judgment {
        describe(texts)
        if guardian.isGuarded { worker.context.counters.judgedStatements.increase() }
        for text in texts {
            if text.isReadable {
                // Whose it is depends on an answer that is on its way.
                if mayWait, transactions.isWaited, !recorder.pipeline.isIdle,
                    transactions.isPreparing(text.judgement.endedTransactions)
                {
                    return .later
                }
                let verdict = guardian.verdict(text, ownsTransaction: ownsTransaction)
                guard verdict.isAllowed else {
                    let waits = mayWait && (waitsForCatalog() || waitsForLook(text.judgement))
                    return waits ? .later : .refused(forbidden(verdict))
                }
                if guardian.isGuarded, text.judgement.namesBeyondASCII, !isEncodedInUTF8 {
                    let reason =
                        "in client_encoding \(recorder.clientEncoding) a name beyond ASCII is not followed"
                    return .refused(
                        forbidden(StatementVerdict(isAllowed: false, classes: [], reasons: [reason])))
                }
                if guardian.isGuarded, recorder.verdict == nil { recorder.verdict = verdict }
                continue
            }
            switch text.reading {
            case .facts: break
            case .tooComplex: return .refused(Refused(.statementTooComplex))
            case .syntaxError(let message):
                let quoteless = SQLText.withoutQuotation(message)
                // The server may have a newer grammar: forwarded where nothing is forbidden.
                if guardian.isGuarded {
                    let verdict = StatementVerdict(isAllowed: false, classes: [], reasons: [quoteless])
                    return .refused(Refused(.statementUnreadable(message, replica: serverGrammar), verdict))
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
        guard guardian.isGuarded, catalog == nil else {
            catalogWaits = 0
            return false
        }
        guard catalogWaits < Relay.catalogWaitLimit else { return false }
        if catalogWaits == 0 { worker.context.health.refreshCatalog(of: connection.id) }
        catalogWaits += 1
        session.schedule(.catalog, after: .milliseconds(50))
        return true
    }

    /// A name that the catalogue does not know may be of something that was made since: before it is refused the catalogue
    /// is looked at again, once.
    private func waitsForLook(_ judgement: Judgement) -> Bool {
        guard judgement.namesUnknown, let catalog else { return false }
        let replica = connection.id
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

    /// What the replica's catalogue says, as it was read last. It lies behind locks: the session holds what it found for a
    /// while, which is short beside the time between two readings.
    func lookUpCatalog() {
        let now = worker.loop.now
        if catalog != nil, now < catalogHeldUntil { return }
        catalog =
            needsCatalog
            ? worker.context.health.catalog(of: connection.id)?.read(from: serverGrammar) : nil
        guardian.catalog = catalog
        catalogHeldUntil = now &+ Relay.catalogHold
    }

    /// Nanoseconds.
    private static let catalogHold: UInt64 = 10_000_000

    private var needsCatalog: Bool { guardian.isGuarded || observed?.rules.isGuarded == true }

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
    private func note(_ text: JudgedText, isQuery: Bool = false) {
        guard !text.leavesNothing else { return }
        guardian.note(text)
        noteTransactions(text, isQuery: isQuery)
        if text.judgement.setsEncoding { mayHaveChangedEncoding = true }
        if text.judgement.findings.contains(where: { $0.classes.contains(.ddl) }) {
            mayHaveChangedSchema = true
        }
    }

    func ownsTransaction(_ name: String) -> Bool {
        guard let principal = session.identity.principal else { return false }
        return worker.context.preparedTransactions.isOwned(
            name, database: connection.dbname, by: principal)
    }

    /// A text that prepares two-phase transactions or ends them: what becomes of it the answers say.
    private func noteTransactions(_ text: JudgedText, isQuery: Bool) {
        let (prepared, ended) = (text.judgement.preparedTransactions, text.judgement.endedTransactions)
        guard !prepared.isEmpty || !ended.isEmpty else { return }
        transactions.note(recorder.message, isQuery: isQuery, prepared: prepared, ended: ended)
        recorder.watchesTransactions = true
    }

    /// The replica has answered: a transaction is its session's, and its principal's, from when it was prepared.
    func settleTransactions() {
        guard !recorder.transactionTags.isEmpty else { return }
        let (owners, database) = (worker.context.preparedTransactions, connection.dbname)
        for tag in recorder.transactionTags {
            guard let name = transactions.settle(tag) else { continue }
            guard tag.isPrepared else {
                guardian.disowns(transaction: name)
                owners.forget(name, database: database)
                continue
            }
            guardian.owns(transaction: name)
            if let principal = session.identity.principal {
                owners.note(name, database: database, of: principal)
            }
        }
        recorder.transactionTags.removeAll()
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
        guard guardian.isGuarded else { return nil }
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
