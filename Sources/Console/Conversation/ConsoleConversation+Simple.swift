import PGWire

/// The simple protocol: a text of statements, each answered in turn.
extension ConsoleConversation {
    func query(_ body: [UInt8], _ query: Query) {
        // A Query outside the extended protocol's order ends what it skipped: PostgreSQL waits for the Sync.
        guard !isSkipping else { return }
        statements[[]] = nil
        portals[[]] = nil
        let sql = Array(body[query.sql])
        do throws(ConsoleError) {
            guard sql.count <= ConsoleLimits.statement else { throw .statementTooLong }
            guard String(validating: sql, as: UTF8.self) != nil else {
                throw ConsoleError("22021", "invalid byte sequence for encoding \"UTF8\"")
            }
            let found = try CommandParser.statements(sql)
            if found.isEmpty {
                EmptyQueryResponse.encode(into: &out)
                return ready()
            }
            running = .simple(found, of: sql, nil, nil)
        } catch {
            fail(error)
            ready()
        }
    }

    /// Goes on with the statement that gives rows, or begins the next.
    func simple(
        _ rest: [[SQLToken]], of source: [UInt8], _ execution: Execution?, _ command: ConsoleCommand?
    ) {
        do throws(ConsoleError) {
            if let execution, let command {
                guard try execution.run(most: 0, piece: ConsoleLimits.slice, into: &out) == .finished else {
                    return
                }
                finish(execution, command)
                running = .simple(rest, of: source, nil, nil)
            } else if let first = rest.first {
                let command = try CommandParser.command(first, of: source)
                guard mayRun(command) else { throw .aborted }
                if command.reads, !isAnnounced {
                    isAnnounced = true
                    return announce(
                        ConsoleAccess(operation: "read", target: nil, sql: text(of: first, in: source)))
                }
                isAnnounced = false
                running = .simple(Array(rest.dropFirst()), of: source, nil, nil)
                try begin(command, text(of: first, in: source), of: source)
            } else {
                running = nil
                ready()
            }
        } catch {
            running = nil
            isAnnounced = false
            fail(error)
            ready()
        }
    }

    private func begin(
        _ command: ConsoleCommand, _ sql: [UInt8], of source: [UInt8]
    ) throws(ConsoleError) {
        guard case .simple(let rest, _, _, _) = running else { return }
        switch command {
        case .query(let query):
            try select(query, of: source, command: command, rest: rest)
        case .showTable(let name):
            try select(try shown(name), of: source, command: command, rest: rest)
        case .copy(let query, let form):
            let (statement, _, columns) = try prepare(query, of: source)
            let execution = try Execution(statement, columns: columns, formats: .allText, copy: form)
            try? CopyOutResponse(
                formats: CopyFormats(isBinary: false, columns: columns.map { _ in 0 })
            ).encode(into: &out)
            if form.hasHeader {
                try? CopyData.encode(
                    data: RowEncoder(columns: execution.columns).headerLine(form), into: &out)
            }
            running = .simple(rest, of: source, execution, command)
        case .showSetting(let name):
            let value = try settings.show(name)
            describeText(name)
            try? DataRow.encode(values: [Array(value.utf8)], into: &out)
            complete("SHOW")
        case .set, .reset, .begin, .commit, .rollback, .nothing, .deallocate, .kill, .revoke, .reload:
            complete(try perform(command, sql: sql))
        }
    }

    private func select(
        _ tokens: [SQLToken], of source: [UInt8], command: ConsoleCommand, rest: [[SQLToken]]
    ) throws(ConsoleError) {
        let (statement, _, columns) = try prepare(tokens, of: source)
        guard try statement.parameterPlaces().isEmpty else {
            throw ConsoleError("42P02", "there is no parameter $1")
        }
        let execution = try Execution(statement, columns: columns, formats: .allText, copy: nil)
        try? RowDescription(columns: execution.columns.map(\.described)).encode(into: &out)
        running = .simple(rest, of: source, execution, command)
    }

    func shown(_ name: String) throws(ConsoleError) -> [SQLToken] {
        try SQLLexer.tokens(Array((ConsoleCommand.shown[name] ?? "").utf8))
    }

    func describeText(_ name: String, format: Int16 = 0) {
        let column = ResultColumn(name: name, type: .text, format: format)
        try? RowDescription(columns: [column.described]).encode(into: &out)
    }

    private func finish(_ execution: Execution, _ command: ConsoleCommand) {
        switch command {
        case .copy:
            CopyDone.encode(into: &out)
            complete("COPY \(execution.rows)")
        case .showTable: complete("SHOW")
        case .query, .showSetting, .set, .reset, .begin, .commit, .rollback, .nothing, .deallocate, .kill,
            .revoke, .reload:
            complete("SELECT \(execution.rows)")
        }
    }

    /// A statement's own text.
    func text(of tokens: [SQLToken], in source: [UInt8]) -> [UInt8] {
        guard let first = tokens.first, let last = tokens.last else { return [] }
        return Array(source[first.range.lowerBound..<last.range.upperBound])
    }

    /// In a failed transaction only its end may come.
    func mayRun(_ command: ConsoleCommand) -> Bool {
        guard status == .failed else { return true }
        switch command {
        case .commit, .rollback: return true
        case .query, .copy, .showTable, .showSetting, .set, .reset, .begin, .nothing, .deallocate, .kill,
            .revoke, .reload:
            return false
        }
    }

    /// What gives no rows. - Returns: its tag.
    func perform(_ command: ConsoleCommand, sql: [UInt8]) throws(ConsoleError) -> String {
        switch command {
        case .set(let name, let value):
            if let (name, value) = try settings.set(name, value) { report(name, value) }
            return "SET"
        case .reset(let name):
            settings.reset(name)
            return "RESET"
        case .begin:
            if status == .idle { status = .inTransaction }
            return "BEGIN"
        case .commit:
            let tag = status == .failed ? "ROLLBACK" : "COMMIT"
            endTransaction()
            return tag
        case .rollback:
            endTransaction()
            return "ROLLBACK"
        case .nothing(let tag): return tag
        case .deallocate(let name):
            guard let name else {
                statements = [:]
                portals = [:]
                settings.reset("all")
                return "DEALLOCATE ALL"
            }
            guard statements.removeValue(forKey: Array(name.utf8)) != nil else {
                throw ConsoleError("26000", "prepared statement \"\(name)\" does not exist")
            }
            return "DEALLOCATE"
        case .kill, .revoke, .reload: return try operate(command, sql: sql)
        case .query, .copy, .showTable, .showSetting: return ""
        }
    }

    private func endTransaction() {
        status = .idle
        portals = [:]
    }

    private func report(_ name: String, _ value: String) {
        try? ParameterStatus(name: Array(name.utf8), value: Array(value.utf8.filter { $0 != 0 })).encode(
            into: &out)
    }

    /// What operators do: the gateway records it as it records the same over the admin socket, before it is done. What
    /// was refused is recorded here.
    private func operate(_ command: ConsoleCommand, sql: [UInt8]) throws(ConsoleError) -> String {
        do throws(ConsoleError) {
            let told: String?
            switch command {
            case .kill(let session, let reason):
                told = try source.kill(session, reason: reason)
            case .revoke(let revoked, let reason):
                switch revoked {
                case .subject(let subject, let issuer):
                    told = try source.revoke(.subject(subject, issuer: issuer), reason: reason)
                case .token(let token, let issuer):
                    told = try source.revoke(.token(token, issuer: issuer), reason: reason)
                case .issuer(let issuer): told = try source.revoke(.issuer(issuer), reason: reason)
                }
            case .reload, .query, .copy, .showTable, .showSetting, .set, .reset, .begin, .commit, .rollback,
                .nothing, .deallocate:
                told = try source.reload()
            }
            if let told { notice(told) }
            return ConsoleConversation.operation(command).uppercased()
        } catch {
            record(
                ConsoleAccess(
                    operation: ConsoleConversation.operation(command),
                    target: ConsoleConversation.target(command),
                    sql: sql, sqlstate: error.sqlstate))
            throw error
        }
    }

    private static func operation(_ command: ConsoleCommand) -> String {
        switch command {
        case .kill: "kill"
        case .revoke: "revoke"
        case .reload, .query, .copy, .showTable, .showSetting, .set, .reset, .begin, .commit, .rollback,
            .nothing, .deallocate:
            "reload"
        }
    }

    private static func target(_ command: ConsoleCommand) -> String? {
        if case .kill(let session, _) = command { session } else { nil }
    }
}
