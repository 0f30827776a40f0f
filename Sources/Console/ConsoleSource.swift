/// What the gateway shows and does for an operator's session. Called on a thread of the console's, which it may block.
package protocol ConsoleSource: Sendable {
    /// The folder of the log of the gateway's own region.
    var folder: String { get }
    /// Keeps the log's search index up to date.
    var keeper: IndexKeeper { get }
    /// The tables beside `records`, each with its rows as they are when it is read.
    var tables: [SourceTable] { get }
    /// The operator, as `current_user` says it.
    var subject: String { get }
    var serverVersion: String { get }

    /// Ends a session. - Returns: what the operator is told.
    func kill(_ session: String, reason: String?) throws(ConsoleError) -> String?
    func revoke(_ revocation: ConsoleRevocation, reason: String?) throws(ConsoleError) -> String?
    func reload() throws(ConsoleError) -> String?
}

/// Whom an operator revokes.
package enum ConsoleRevocation: Sendable, Equatable {
    case subject(String, issuer: String?)
    case token(String, issuer: String?)
    case issuer(String)
}

package struct SourceTable: Sendable {
    package let name: String
    package let columns: [TableColumn]
    package let rows: @Sendable () throws(ConsoleError) -> [[ConsoleValue]]

    package init(
        _ name: String, _ columns: [TableColumn],
        rows: @escaping @Sendable () throws(ConsoleError) -> [[ConsoleValue]]
    ) {
        self.name = name
        self.columns = columns
        self.rows = rows
    }
}
