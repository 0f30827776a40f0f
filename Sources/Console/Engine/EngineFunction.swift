import CSQLite

/// A function that statements can call beside SQLite's own. It reaches nothing but its arguments.
struct EngineFunction {
    let name: String
    /// How many arguments it takes; nil: any number.
    let arguments: Int?
    /// The same arguments give the same value, within a statement.
    let isConstant: Bool
    let body: (_ arguments: [ConsoleValue]) throws(ConsoleError) -> ConsoleValue

    init(
        _ name: String, _ arguments: Int?, isConstant: Bool = true,
        body: @escaping (_ arguments: [ConsoleValue]) throws(ConsoleError) -> ConsoleValue
    ) {
        self.name = name
        self.arguments = arguments
        self.isConstant = isConstant
        self.body = body
    }
}

extension SQLiteEngine {
    final class FunctionHandle {
        let function: EngineFunction
        unowned let engine: SQLiteEngine

        init(_ function: EngineFunction, _ engine: SQLiteEngine) {
            self.function = function
            self.engine = engine
        }
    }

    func add(_ function: EngineFunction) throws(ConsoleError) {
        let own = Unmanaged.passRetained(FunctionHandle(function, self))
        var flags = SQLITE_UTF8 | SQLITE_INNOCUOUS
        if function.isConstant { flags |= SQLITE_DETERMINISTIC }
        // SAFETY: SQLite releases the handle by the destructor, also where the call fails.
        let code = sqlite3_create_function_v2(
            handle, function.name, Int32(clamping: function.arguments ?? -1), flags, own.toOpaque(),
            { context, count, values in
                guard let kept = sqlite3_user_data(context) else { return sqlite3_result_null(context) }
                let own = Unmanaged<FunctionHandle>.fromOpaque(kept).takeUnretainedValue()
                // SAFETY: SQLite passes as many values as it says.
                let arguments = (0..<Int(count)).map { EngineValues.value(values?[$0]) }
                do throws(ConsoleError) {
                    EngineValues.give(try own.function.body(arguments), to: context)
                } catch {
                    own.engine.raised = error
                    sqlite3_result_error_code(context, SQLITE_ERROR)
                }
            }, nil, nil,
            { kept in if let kept { Unmanaged<FunctionHandle>.fromOpaque(kept).release() } })
        guard code == SQLITE_OK else { throw error(code) }
    }
}
