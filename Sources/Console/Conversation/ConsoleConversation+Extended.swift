import PGWire

/// The extended protocol. An error has everything passed over up to the next Sync.
extension ConsoleConversation {
    private func attempt(_ body: () throws(ConsoleError) -> Void) {
        do throws(ConsoleError) {
            try body()
        } catch {
            fail(error)
            isSkipping = true
        }
    }

    func parse(_ body: [UInt8], _ message: Parse) {
        let name = Array(body[message.name])
        let sql = Array(body[message.sql])
        attempt { () throws(ConsoleError) in
            guard sql.count <= ConsoleLimits.statement else { throw .statementTooLong }
            guard String(validating: sql, as: UTF8.self) != nil else {
                throw ConsoleError("22021", "invalid byte sequence for encoding \"UTF8\"")
            }
            if name.isEmpty { statements[[]] = nil }
            guard statements[name] == nil else {
                let shown = String(decoding: name, as: UTF8.self)
                throw ConsoleError("42P05", "prepared statement \"\(shown)\" already exists")
            }
            guard statements.count < ConsoleLimits.prepared else {
                throw ConsoleError(
                    "53400", "too many prepared statements",
                    detail: "A session may have \(ConsoleLimits.prepared).")
            }
            statements[name] = try prepared(sql, types: message.parameterTypes)
            ParseComplete.encode(into: &out)
        }
    }

    private func prepared(_ sql: [UInt8], types: [UInt32]) throws(ConsoleError) -> PreparedStatement {
        let found = try CommandParser.statements(sql)
        guard let tokens = found.first else { return PreparedStatement(source: sql, command: nil) }
        guard found.count == 1 else {
            throw ConsoleError("42601", "cannot insert multiple commands into a prepared statement")
        }
        let command = try CommandParser.command(tokens, of: sql)
        guard mayRun(command) else { throw .aborted }
        let query: [SQLToken]
        switch command {
        case .query(let tokens): query = tokens
        case .showTable(let name): query = try shown(name)
        case .copy(let tokens, _): query = tokens
        case .showSetting(let name):
            _ = try settings.show(name)
            return PreparedStatement(source: sql, command: command, columns: [(name, .text)])
        case .set, .reset, .begin, .commit, .rollback, .nothing, .deallocate, .kill, .revoke, .reload:
            return PreparedStatement(source: sql, command: command)
        }
        watch.statementBegins()
        let (statement, translation, columns) = try prepare(query, of: sql)
        let places = try statement.parameterPlaces()
        let guessed = SelectList(query, columnTypes: columnTypes).parameterTypes
        let count = max(places.keys.max() ?? 0, types.count)
        guard count <= Int(ConsoleLimits.parameters) else {
            throw ConsoleError("54000", "too many parameters")
        }
        let parameterTypes = (0..<count).map { at in
            let said = types.indices.contains(at) ? types[at] : 0
            return said != 0 ? said : (guessed[at + 1] ?? .text).oid
        }
        return PreparedStatement(
            source: sql, command: command, translation: translation, columns: columns,
            parameterTypes: parameterTypes, parameterPlaces: places)
    }

    func bind(_ body: [UInt8], _ message: Bind) {
        let name = Array(body[message.portal])
        let statementName = Array(body[message.statement])
        attempt { () throws(ConsoleError) in
            guard let statement = statements[statementName] else {
                let shown = String(decoding: statementName, as: UTF8.self)
                throw ConsoleError("26000", "prepared statement \"\(shown)\" does not exist")
            }
            if let command = statement.command { guard mayRun(command) else { throw .aborted } }
            if name.isEmpty { portals[[]] = nil }
            guard portals[name] == nil else {
                let shown = String(decoding: name, as: UTF8.self)
                throw ConsoleError("42P03", "portal \"\(shown)\" already exists")
            }
            guard portals.count < ConsoleLimits.prepared else {
                throw ConsoleError(
                    "53400", "too many portals", detail: "A session may have \(ConsoleLimits.prepared).")
            }
            let wanted = statement.parameterTypes.count
            guard message.parameters.count == wanted else {
                throw ConsoleError(
                    "08P01",
                    "bind message supplies \(message.parameters.count) parameters, but the statement requires \(wanted)"
                )
            }
            var values: [ConsoleValue] = []
            for (at, range) in message.parameters.places(in: body.span).enumerated() {
                values.append(
                    try ParameterDecoder.value(
                        range.map { Array(body[$0]) }, type: statement.parameterTypes[at],
                        format: message.parameterFormats.code(at: at) ?? 0, number: at + 1))
            }
            portals[name] = Portal(statement: statement, values: values, formats: message.resultFormats)
            BindComplete.encode(into: &out)
        }
    }

    func describe(_ body: [UInt8], _ message: Describe) {
        let name = Array(body[message.name])
        attempt { () throws(ConsoleError) in
            switch message.subject {
            case .statement: try describeStatement(name)
            case .portal: try describePortal(name)
            }
        }
    }

    private func describeStatement(_ name: [UInt8]) throws(ConsoleError) {
        guard let statement = statements[name] else {
            let shown = String(decoding: name, as: UTF8.self)
            throw ConsoleError("26000", "prepared statement \"\(shown)\" does not exist")
        }
        try? ParameterDescription(types: statement.parameterTypes).encode(into: &out)
        statement.isDescribed = true
        let columns = statement.portalColumns
        guard !columns.isEmpty, !isCopy(statement) else { return NoData.encode(into: &out) }
        try? RowDescription(
            columns: columns.map { ResultColumn(name: $0.name, type: $0.type ?? .text).described }
        ).encode(into: &out)
    }

    private func isCopy(_ statement: PreparedStatement) -> Bool {
        if case .copy? = statement.command { true } else { false }
    }

    private func describePortal(_ name: [UInt8]) throws(ConsoleError) {
        let portal = try portal(name)
        if case .showSetting(let setting)? = portal.statement.command {
            return describeText(setting, format: portal.formats.code(at: 0) ?? 0)
        }
        guard portal.statement.givesRows, !isCopy(portal.statement) else { return NoData.encode(into: &out) }
        guard isAnnounced(portal) else { return }
        let execution = try begin(portal)
        try? RowDescription(columns: execution.columns.map(\.described)).encode(into: &out)
    }

    private func portal(_ name: [UInt8]) throws(ConsoleError) -> Portal {
        guard let portal = portals[name] else {
            let shown = String(decoding: name, as: UTF8.self)
            throw ConsoleError("34000", "portal \"\(shown)\" does not exist")
        }
        return portal
    }

    /// False where what the portal reads is said only now: the frame comes again.
    private func isAnnounced(_ portal: Portal) -> Bool {
        guard !portal.isAnnounced else { return true }
        portal.isAnnounced = true
        announce(
            ConsoleAccess(
                operation: "read", target: nil, sql: portal.statement.source, parameters: portal.values))
        return false
    }

    /// Runs the portal's statement up to its first row, once.
    private func begin(_ portal: Portal) throws(ConsoleError) -> Execution {
        if let execution = portal.execution { return execution }
        guard let translation = portal.statement.translation else { throw .syntax("") }
        var form: ConsoleCommand.CopyForm?
        if case .copy(_, let copy)? = portal.statement.command { form = copy }
        let statement = try openEngine().prepare(translation.sql)
        for (number, place) in portal.statement.parameterPlaces where number <= portal.values.count {
            statement.bind(portal.values[number - 1], at: place)
        }
        let execution = try Execution(
            statement, columns: portal.statement.portalColumns,
            formats: form == nil ? portal.formats : .allText, copy: form)
        portal.execution = execution
        return execution
    }

    func execute(_ body: [UInt8], _ message: Execute) {
        attempt { () throws(ConsoleError) in
            let portal = try portal(Array(body[message.portal]))
            guard let command = portal.statement.command else { return EmptyQueryResponse.encode(into: &out) }
            guard mayRun(command) else { throw .aborted }
            if case .showSetting(let name) = command {
                try? DataRow.encode(values: [Array(try settings.show(name).utf8)], into: &out)
                return complete("SHOW")
            }
            guard portal.statement.givesRows else {
                return complete(try perform(command, sql: portal.statement.source))
            }
            guard !portal.isDone else {
                if isCopy(portal.statement) { throw ConsoleError("55000", "portal cannot be run anymore") }
                return complete("SELECT 0")
            }
            guard isAnnounced(portal) else { return }
            let isFirst = portal.execution == nil
            let execution = try begin(portal)
            portal.rowsBefore = execution.rows
            if isFirst, case .copy(_, let form) = command { beginCopy(execution, form) }
            running = .portal(portal, most: max(0, Int(message.maximumRows)))
        }
    }

    private func beginCopy(_ execution: Execution, _ form: ConsoleCommand.CopyForm) {
        let formats = CopyFormats(isBinary: false, columns: execution.columns.map { _ in 0 })
        try? CopyOutResponse(formats: formats).encode(into: &out)
        guard form.hasHeader else { return }
        try? CopyData.encode(data: RowEncoder(columns: execution.columns).headerLine(form), into: &out)
    }

    /// Goes on with an Execute.
    func run(_ portal: Portal, most: Int) {
        guard let execution = portal.execution else {
            running = nil
            return
        }
        attempt { () throws(ConsoleError) in
            let isTable = isCopy(portal.statement)
            switch try execution.run(most: isTable ? 0 : most, piece: ConsoleLimits.slice, into: &out) {
            case .full:
                running = .portal(portal, most: most == 0 ? 0 : execution.pending)
            case .suspended:
                running = nil
                PortalSuspended.encode(into: &out)
            case .finished:
                running = nil
                portal.isDone = true
                if isTable {
                    CopyDone.encode(into: &out)
                    complete("COPY \(execution.rows)")
                } else if case .showTable? = portal.statement.command {
                    complete("SHOW")
                } else {
                    complete("SELECT \(execution.rows - portal.rowsBefore)")
                }
            }
        }
        if isSkipping { running = nil }
    }

    func close(_ body: [UInt8], _ message: Close) {
        let name = Array(body[message.name])
        switch message.subject {
        case .statement: statements[name] = nil
        case .portal: portals[name] = nil
        }
        CloseComplete.encode(into: &out)
    }

    func sync() {
        isSkipping = false
        if status == .idle { portals = [:] }
        ready()
    }
}
