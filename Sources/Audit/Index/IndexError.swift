import CSQLite

/// Why an index cannot be used. Searches go on without it: none of these ends one.
package enum IndexError: Error, Sendable, Hashable, CustomStringConvertible {
    /// SQLite says so; `code` is its primary result code.
    case sqlite(code: Int32, text: String)
    /// It is no index of this format, or not of this log as it is.
    case broken(reason: String)
    /// It cannot be made or opened where it should be.
    case unusable(path: String, reason: String)

    package var description: String {
        switch self {
        case .sqlite(let code, let text): "the search index: \(text) (SQLite \(code))"
        case .broken(let reason): "the search index \(reason)"
        case .unusable(let path, let reason): "\(path): \(reason)"
        }
    }

    /// It has to be made anew.
    var isBroken: Bool {
        switch self {
        case .sqlite(let code, _):
            [SQLITE_CORRUPT, SQLITE_NOTADB, SQLITE_ERROR, SQLITE_FORMAT].contains(code)
        case .broken: true
        case .unusable: false
        }
    }

    /// Another reading command is writing into it.
    var isBusy: Bool {
        switch self {
        case .sqlite(let code, _): code == SQLITE_BUSY || code == SQLITE_LOCKED
        case .broken, .unusable: false
        }
    }
}
