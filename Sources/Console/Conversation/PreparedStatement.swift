/// A statement that Parse has prepared.
final class PreparedStatement {
    let source: [UInt8]
    /// Nil for an empty text.
    let command: ConsoleCommand?
    /// In SQLite's dialect, where it is a query.
    let translation: Translation?
    let columns: [(name: String, type: ConsoleType?)]
    /// By number, from 1.
    let parameterTypes: [UInt32]
    /// Where SQLite has them.
    let parameterPlaces: [Int: Int32]
    /// The client was told of the columns: a portal's are the same from then on.
    var isDescribed = false

    init(
        source: [UInt8], command: ConsoleCommand?, translation: Translation? = nil,
        columns: [(name: String, type: ConsoleType?)] = [], parameterTypes: [UInt32] = [],
        parameterPlaces: [Int: Int32] = [:]
    ) {
        self.source = source
        self.command = command
        self.translation = translation
        self.columns = columns
        self.parameterTypes = parameterTypes
        self.parameterPlaces = parameterPlaces
    }

    var givesRows: Bool { translation != nil }

    /// Of a portal's columns the types that hold.
    var portalColumns: [(name: String, type: ConsoleType?)] {
        isDescribed ? columns.map { ($0.name, $0.type ?? .text) } : columns
    }
}
