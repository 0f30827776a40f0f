/// FunctionCall messages name a function by its OID; the server's own have the same one in every database
/// (`pg_proc.dat` of PostgreSQL 15). F-WIRE-26.
package enum FunctionCalls {
    /// What a call comes to: those that libpq's large objects use are known, all others hide what they do.
    package static func classes(of function: UInt32) -> GuardedClasses {
        if signals.contains(function) { return [.always, .peers] }
        if function == setConfig { return [.always, .hidden] }
        if readers.contains(function) { return [] }
        if writers.contains(function) { return .readOnly }
        return .hidden
    }

    private static let setConfig: UInt32 = 2078
    /// pg_terminate_backend, pg_cancel_backend.
    private static let signals: Set<UInt32> = [2096, 2171]
    /// lo_open, lo_close, loread, lo_lseek, lo_tell, lo_lseek64, lo_tell64.
    private static let readers: Set<UInt32> = [952, 953, 954, 956, 958, 3170, 3171]
    /// lowrite, lo_creat, lo_unlink, lo_create, lo_truncate, lo_truncate64.
    private static let writers: Set<UInt32> = [955, 957, 964, 715, 1004, 3172]
}
