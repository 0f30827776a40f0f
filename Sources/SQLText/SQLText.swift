import CPGQuery

/// PostgreSQL's own grammar (libpg_query's raw parse), for texts from outside.
package enum SQLText {
    package enum Reading: Sendable {
        case facts(SQLFacts)
        /// The grammar does not take it.
        ///
        /// - position: the character, from 1; nil where unknown.
        case syntaxError(message: String, position: Int?)
        /// Deeper than 2,000 nodes, or with more in it than is looked at.
        case tooComplex
    }

    /// Bytes of operator characters in a row that PostgreSQL's lexer takes quadratic time for.
    package static let operatorRunLimit = Int(SQLOperatorRunLimit)
    /// Bytes of the longest text that gets a fingerprint.
    package static let fingerprintBytes = Int(SQLFingerprintBytes)
    /// Nodes above a node.
    package static let depthLimit = Int(SQLDepthLimit)

    /// What runs of operator characters in a text cost PostgreSQL's lexer.
    package enum OperatorRuns: Sendable {
        case cheap
        /// Together, more than some three quarters of a millisecond.
        case costly
        /// One has more than `operatorRunLimit`: on a server, too, it would take its time and answer no cancel meanwhile.
        case tooLong
    }

    /// The sum of the squares of the runs' lengths up to which they are cheap: one run at the limit.
    package static let cheapRuns = UInt64(operatorRunLimit * operatorRunLimit)

    package static func operatorRuns(_ sql: Span<UInt8>) -> OperatorRuns {
        sql.withUnsafeBufferPointer { bytes in
            bytes.withMemoryRebound(to: CChar.self) { text in
                guard let first = text.baseAddress else { return .cheap }
                let runs = sqltext_runs(first, Int64(text.count))
                return runs.isTooLong ? .tooLong : runs.squares > cheapRuns ? .costly : .cheap
            }
        }
    }

    package static func hasLongOperatorRun(_ sql: Span<UInt8>) -> Bool { operatorRuns(sql) == .tooLong }

    /// Reads a text.
    ///
    /// - Parameters:
    ///   - sql: without a NUL in it; what follows one is not read, as in a message.
    ///   - conformingStrings: the session's standard_conforming_strings: off makes `\` an escape in plain literals.
    ///   - fingerprint: whether the facts have one; a text that is long or deep has none all the same.
    package static func read(
        _ sql: Span<UInt8>, conformingStrings: Bool = true, fingerprint: Bool = false
    ) -> Reading {
        guard !hasLongOperatorRun(sql) else { return .tooComplex }
        return withText(sql) { text in
            var reading = sqltext_read(text, conformingStrings, fingerprint)
            defer { sqltext_end(&reading) }
            switch reading.status {
            case .read: return .facts(facts(of: reading))
            case .syntaxError:
                return .syntaxError(
                    message: reading.message.map { String(cString: $0) } ?? "syntax error",
                    position: reading.position > 0 ? Int(reading.position) : nil)
            case .tooComplex: return .tooComplex
            }
        }
    }

    /// A parser's message without what it quotes of the text: `syntax error`.
    package static func withoutQuotation(_ message: String) -> String {
        let end = message.firstRange(of: " at or near")?.lowerBound ?? message.endIndex
        return String(message[..<end].prefix { $0 != "\"" })
    }

    /// For texts of our own side: a function's body.
    package static func read(_ sql: String) -> Reading { read(Array(sql.utf8).span) }

    private static func facts(of reading: SQLReading) -> SQLFacts {
        var facts = SQLFacts()
        if reading.hasFingerprint { facts.fingerprint = reading.fingerprint }
        for fact in UnsafeBufferPointer(start: reading.facts, count: Int(reading.count)) { facts.add(fact) }
        return facts
    }
}

extension SQLFacts {
    mutating func add(_ fact: SQLFact) {
        let schema = fact.schema.map { String(cString: $0) }
        let name = fact.name.map { String(cString: $0) }
        if SQLFacts.isBeyondASCII(fact) { namesBeyondASCII = true }
        switch fact.kind {
        case .statement: addStatement(fact)
        case .relation:
            guard let name else { return }
            let use = RelationUse(rawValue: UInt16(fact.flags) | (fact.detail & 0xff) << 8)
            relations.append(Relation(schema: schema, name: name, use: use))
        case .function:
            guard let name else { return }
            functions.append(
                Function(
                    schema: schema, name: name, arguments: Int(fact.detail),
                    isCalled: fact.flags & UInt8(SQLFunctionIsCalled) != 0,
                    isUsed: fact.flags & UInt8(SQLFunctionIsUsed) != 0,
                    isMade: fact.flags & UInt8(SQLRelationMade) != 0))
        case .attribute: if let name { attributes.append(name) }
        case .operator: if let name { operators.append(Name(fact, schema: schema, name: name)) }
        case .type: if let name { types.append(Name(fact, schema: schema, name: name)) }
        case .setting:
            guard let action = SettingAction(rawValue: fact.detail) else { return }
            settings.append(
                Setting(action: action, name: name, value: fact.value.map { String(cString: $0) }))
        case .deed: if let deed = Deed(rawValue: fact.detail) { deeds.append(deed) }
        case .body: bodies.append(Body(language: name, text: fact.value.map { String(cString: $0) }))
        case .prepared: addPrepared(name ?? "", fact.detail)
        case .schema: if let name { schemas.append(name) }
        case .role: roles.append(name)
        case .database: if let name { databases.append(name) }
        case .unknown: unknownNodes.append(Int(fact.detail))
        }
    }

    private static func isBeyondASCII(_ fact: SQLFact) -> Bool {
        switch fact.kind {
        case .relation, .function, .attribute, .operator, .type, .schema:
            sqltext_is_beyond_ascii(fact.schema) || sqltext_is_beyond_ascii(fact.name)
        case .statement, .setting, .deed, .body, .prepared, .role, .database, .unknown: false
        }
    }

    private mutating func addStatement(_ fact: SQLFact) {
        let isTop = fact.flags & UInt8(SQLStatementIsTop) != 0
        let start = Int(fact.location)
        statements.append(
            Statement(
                kind: StatementKind(rawValue: fact.detail) ?? .unknown,
                range: isTop ? start..<(start + max(0, Int(fact.length))) : nil))
    }

    private mutating func addPrepared(_ name: String, _ detail: UInt16) {
        switch detail {
        case 0: prepared.append(name)
        case 1: executed.append(name)
        default: transactions.append(name)
        }
    }
}

extension SQLFacts.Name {
    fileprivate init(_ fact: SQLFact, schema: String?, name: String) {
        self.init(
            schema: schema, name: name, isMade: fact.flags & UInt8(SQLRelationMade) != 0,
            isOption: fact.flags & UInt8(SQLNameIsOption) != 0)
    }
}
