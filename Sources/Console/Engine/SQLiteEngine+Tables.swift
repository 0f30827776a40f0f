import CSQLite

/// The session's tables as SQLite's virtual tables, each there under its name without having been created.
extension SQLiteEngine {
    /// Keeps what SQLite passes to the callbacks.
    final class TableHandle {
        let table: any ConsoleTable
        unowned let engine: SQLiteEngine

        init(_ table: any ConsoleTable, _ engine: SQLiteEngine) {
            self.table = table
            self.engine = engine
        }
    }

    /// An open table.
    final class CursorHandle {
        let owner: TableHandle
        var cursor: (any TableCursor)?
        var isAtEnd = true
        var row: Int64 = 0

        init(_ owner: TableHandle) { self.owner = owner }

        func advance() -> Int32 {
            do throws(ConsoleError) {
                if let reason = owner.engine.watch.reason { throw reason }
                isAtEnd = try !(cursor?.next() ?? false)
                row += 1
                return SQLITE_OK
            } catch {
                owner.engine.raised = error
                isAtEnd = true
                return SQLITE_ERROR
            }
        }
    }

    var tableNames: Set<String> { names }

    func add(_ table: any ConsoleTable) throws(ConsoleError) {
        names.insert(table.name)
        let handle = Unmanaged.passRetained(TableHandle(table, self))
        // SAFETY: SQLite releases it by the destructor, also where the call fails.
        let code = sqlite3_create_module_v2(
            self.handle, table.name, TableModule.pointer, handle.toOpaque(),
            { pointer in
                if let pointer { Unmanaged<TableHandle>.fromOpaque(pointer).release() }
            })
        guard code == SQLITE_OK else { throw error(code) }
    }
}

/// SQLite's table of callbacks.
enum TableModule {
    // SAFETY: made once, never changed and never freed; SQLite only reads it.
    nonisolated(unsafe) static let pointer: UnsafeMutablePointer<sqlite3_module> = {
        let module = UnsafeMutablePointer<sqlite3_module>.allocate(capacity: 1)
        var callbacks = sqlite3_module()
        callbacks.iVersion = 1
        // Without xCreate: there under its name, and nobody can make another one.
        callbacks.xConnect = TableModule.connect
        callbacks.xDisconnect = TableModule.disconnect
        callbacks.xDestroy = TableModule.disconnect
        callbacks.xBestIndex = TableModule.bestIndex
        callbacks.xOpen = TableModule.open
        callbacks.xClose = TableModule.close
        callbacks.xFilter = TableModule.filter
        callbacks.xNext = { cursor in TableModule.handle(cursor)?.advance() ?? SQLITE_ERROR }
        callbacks.xEof = { cursor in TableModule.handle(cursor)?.isAtEnd ?? true ? 1 : 0 }
        callbacks.xColumn = TableModule.column
        callbacks.xRowid = { cursor, row in
            row?.pointee = TableModule.handle(cursor)?.row ?? 0
            return SQLITE_OK
        }
        module.initialize(to: callbacks)
        return module
    }()

    // SAFETY: SQLite passes only what `connect` and `open` have made, until `disconnect` and `close`.
    private static func handle(_ cursor: UnsafeMutablePointer<sqlite3_vtab_cursor>?) -> SQLiteEngine
        .CursorHandle?
    {
        guard let cursor else { return nil }
        let own = UnsafeMutableRawPointer(cursor).assumingMemoryBound(to: csqlite_cursor.self)
        return own.pointee.cursor.map {
            Unmanaged<SQLiteEngine.CursorHandle>.fromOpaque($0).takeUnretainedValue()
        }
    }

    private static func handle(_ table: UnsafeMutablePointer<sqlite3_vtab>?) -> SQLiteEngine.TableHandle? {
        guard let table else { return nil }
        let own = UnsafeMutableRawPointer(table).assumingMemoryBound(to: csqlite_table.self)
        return own.pointee.table.map {
            Unmanaged<SQLiteEngine.TableHandle>.fromOpaque($0).takeUnretainedValue()
        }
    }

    private static let connect:
        @convention(c) (
            OpaquePointer?, UnsafeMutableRawPointer?, Int32, UnsafePointer<UnsafePointer<CChar>?>?,
            UnsafeMutablePointer<UnsafeMutablePointer<sqlite3_vtab>?>?,
            UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
        ) -> Int32 = { database, auxiliary, _, _, result, _ in
            guard let auxiliary, let result else { return SQLITE_ERROR }
            // SAFETY: the module's own handle, which lives as long as the module.
            let handle = Unmanaged<SQLiteEngine.TableHandle>.fromOpaque(auxiliary)
            let own = handle.takeUnretainedValue()
            let columns = own.table.columns.map {
                "\"\($0.name)\" \($0.type.declared)\($0.isHidden ? " HIDDEN" : "")"
            }
            own.engine.isDeclaring = true
            let code = sqlite3_declare_vtab(database, "CREATE TABLE x(\(columns.joined(separator: ", ")))")
            own.engine.isDeclaring = false
            guard code == SQLITE_OK else { return code }
            // Read only, and by nothing that could be planted in a schema.
            let table = UnsafeMutablePointer<csqlite_table>.allocate(capacity: 1)
            table.initialize(to: csqlite_table(base: sqlite3_vtab(), table: auxiliary))
            // SAFETY: `base` stands first, as SQLite wants it.
            result.pointee = UnsafeMutableRawPointer(table).assumingMemoryBound(to: sqlite3_vtab.self)
            return SQLITE_OK
        }

    private static let disconnect: @convention(c) (UnsafeMutablePointer<sqlite3_vtab>?) -> Int32 = { table in
        // SAFETY: allocated by `connect`, and given back once.
        if let table {
            UnsafeMutableRawPointer(table).assumingMemoryBound(to: csqlite_table.self).deallocate()
        }
        return SQLITE_OK
    }

    private static let open:
        @convention(c) (
            UnsafeMutablePointer<sqlite3_vtab>?,
            UnsafeMutablePointer<UnsafeMutablePointer<sqlite3_vtab_cursor>?>?
        ) -> Int32 = { table, result in
            guard let owner = TableModule.handle(table), let result else { return SQLITE_ERROR }
            let own = Unmanaged.passRetained(SQLiteEngine.CursorHandle(owner))
            let cursor = UnsafeMutablePointer<csqlite_cursor>.allocate(capacity: 1)
            cursor.initialize(to: csqlite_cursor(base: sqlite3_vtab_cursor(), cursor: own.toOpaque()))
            // SAFETY: `base` stands first, as SQLite wants it.
            result.pointee = UnsafeMutableRawPointer(cursor).assumingMemoryBound(to: sqlite3_vtab_cursor.self)
            return SQLITE_OK
        }

    private static let close: @convention(c) (UnsafeMutablePointer<sqlite3_vtab_cursor>?) -> Int32 = {
        cursor in
        guard let cursor else { return SQLITE_OK }
        // SAFETY: allocated and retained by `open`, and given back once.
        let own = UnsafeMutableRawPointer(cursor).assumingMemoryBound(to: csqlite_cursor.self)
        if let kept = own.pointee.cursor { Unmanaged<SQLiteEngine.CursorHandle>.fromOpaque(kept).release() }
        own.deallocate()
        return SQLITE_OK
    }

    private static let column:
        @convention(c) (UnsafeMutablePointer<sqlite3_vtab_cursor>?, OpaquePointer?, Int32) -> Int32 = {
            cursor, context, at in
            guard let value = TableModule.handle(cursor)?.cursor?.value(Int(at)) else {
                sqlite3_result_null(context)
                return SQLITE_OK
            }
            EngineValues.give(value, to: context)
            return SQLITE_OK
        }

    // MARK: Conditions

    private static let bestIndex:
        @convention(c) (UnsafeMutablePointer<sqlite3_vtab>?, UnsafeMutablePointer<sqlite3_index_info>?) ->
            Int32 =
            { table, info in
                guard let owner = TableModule.handle(table), let info else { return SQLITE_ERROR }
                var shapes: [TableCondition.Shape] = []
                var places: [Int] = []
                for at in 0..<Int(info.pointee.nConstraint) {
                    // SAFETY: SQLite says how many there are.
                    guard let constraint = info.pointee.aConstraint?[at], constraint.usable != 0,
                        constraint.iColumn >= 0, let comparison = TableModule.comparison(constraint.op),
                        text(sqlite3_vtab_collation(info, Int32(at))) == "BINARY"
                    else { continue }
                    shapes.append(.init(column: Int(constraint.iColumn), comparison: comparison))
                    places.append(at)
                }
                var order: TableOrder?
                if info.pointee.nOrderBy == 1, let first = info.pointee.aOrderBy?[0], first.iColumn >= 0 {
                    order = TableOrder(column: Int(first.iColumn), isDescending: first.desc != 0)
                }
                let plan = owner.table.plan(shapes, order: order)
                var names = plan.isDescending ? "d" : "a"
                for (at, wanted) in plan.wanted.enumerated() where shapes.indices.contains(wanted) {
                    info.pointee.aConstraintUsage?[places[wanted]].argvIndex = Int32(clamping: at + 1)
                    if plan.decided.contains(wanted) {
                        info.pointee.aConstraintUsage?[places[wanted]].omit = 1
                    }
                    names += " \(shapes[wanted].comparison.rawValue)\(shapes[wanted].column)"
                }
                info.pointee.idxStr = csqlite_copy(names)
                info.pointee.needToFreeIdxStr = 1
                info.pointee.orderByConsumed = plan.isOrdered && order != nil ? 1 : 0
                info.pointee.estimatedRows = Int64(plan.rows)
                info.pointee.estimatedCost = Double(plan.rows)
                return SQLITE_OK
            }

    private static func comparison(_ operation: UInt8) -> TableCondition.Comparison? {
        switch Int32(operation) {
        case SQLITE_INDEX_CONSTRAINT_EQ: .equal
        case SQLITE_INDEX_CONSTRAINT_GT: .greater
        case SQLITE_INDEX_CONSTRAINT_GE: .greaterOrEqual
        case SQLITE_INDEX_CONSTRAINT_LT: .less
        case SQLITE_INDEX_CONSTRAINT_LE: .lessOrEqual
        default: nil
        }
    }

    private static let filter:
        @convention(c) (
            UnsafeMutablePointer<sqlite3_vtab_cursor>?, Int32, UnsafePointer<CChar>?, Int32,
            UnsafeMutablePointer<OpaquePointer?>?
        ) -> Int32 = { cursor, _, names, count, values in
            guard let own = TableModule.handle(cursor) else { return SQLITE_ERROR }
            let parts = (text(names) ?? "a").split(separator: " ")
            var conditions: [TableCondition] = []
            for (at, part) in parts.dropFirst().enumerated() where at < Int(count) {
                guard let first = part.first,
                    let comparison = TableCondition.Comparison(rawValue: String(first)),
                    let column = Int(part.dropFirst())
                else { continue }
                // SAFETY: SQLite passes as many values as `bestIndex` has asked for.
                conditions.append(
                    TableCondition(
                        shape: .init(column: column, comparison: comparison),
                        value: EngineValues.value(values?[at])))
            }
            do throws(ConsoleError) {
                own.cursor = try own.owner.table.open(conditions, isDescending: parts.first == "d")
                own.row = 0
                return own.advance()
            } catch {
                own.owner.engine.raised = error
                return SQLITE_ERROR
            }
        }
}

/// Values on their way into SQLite and out of it.
enum EngineValues {
    static func give(_ value: ConsoleValue, to context: OpaquePointer?) {
        switch value {
        case .null: sqlite3_result_null(context)
        case .integer(let number): sqlite3_result_int64(context, number)
        case .real(let number): sqlite3_result_double(context, number)
        case .text(var text):
            // SAFETY: SQLite copies the bytes before the call returns.
            text.withUTF8 { csqlite_result_text(context, $0.baseAddress, Int32(clamping: $0.count)) }
        case .blob(let bytes):
            bytes.withUnsafeBytes { csqlite_result_blob(context, $0.baseAddress, Int32(clamping: $0.count)) }
        }
    }

    static func value(_ value: OpaquePointer?) -> ConsoleValue {
        guard let value else { return .null }
        switch sqlite3_value_type(value) {
        case SQLITE_INTEGER: return .integer(sqlite3_value_int64(value))
        case SQLITE_FLOAT: return .real(sqlite3_value_double(value))
        case SQLITE_TEXT:
            guard let start = sqlite3_value_text(value) else { return .null }
            // SAFETY: SQLite says how many bytes there are; they are copied here.
            let bytes = UnsafeBufferPointer(start: start, count: Int(sqlite3_value_bytes(value)))
            return .text(String(decoding: bytes, as: UTF8.self))
        case SQLITE_BLOB:
            guard let start = sqlite3_value_blob(value) else { return .blob([]) }
            return .blob(Array(UnsafeRawBufferPointer(start: start, count: Int(sqlite3_value_bytes(value)))))
        default: return .null
        }
    }
}
