/// The types that Parse messages declared for their parameters, by the message's number, for the records of Binds; and which of
/// them take a password.
///
/// A declaration that is forgotten is missing from records and nothing else. Statements that take passwords are not forgotten.
package struct DeclaredTypes {
    /// Types that are remembered, of all statements together.
    package static let limit = 65_536

    private var byMessage: [UInt64: [UInt32]] = [:]
    private var count = 0
    private var secrets: Set<UInt64> = []
    /// Beyond `limit` statements that take passwords, all that come take them.
    private var secretsFrom: UInt64?

    package init() {}

    package mutating func note(_ types: [UInt32], of message: UInt64) {
        guard types.contains(where: { $0 != 0 }) else { return }
        if count + types.count > DeclaredTypes.limit {
            byMessage.removeAll()
            count = 0
        }
        byMessage[message] = types
        count += types.count
    }

    /// What this Parse prepared takes passwords.
    package mutating func noteSecret(of message: UInt64) {
        if secrets.count < DeclaredTypes.limit {
            secrets.insert(message)
        } else {
            secretsFrom = secretsFrom ?? message
        }
    }

    /// Whether the statement that this Parse prepared takes passwords.
    package func isSecret(_ message: UInt64?) -> Bool {
        guard !secrets.isEmpty, let message else { return false }
        return secrets.contains(message) || secretsFrom.map { message >= $0 } ?? false
    }

    /// The types of the statement that this Parse prepared; 0 where one was left to the server.
    package func types(of message: UInt64?) -> [UInt32] {
        guard !byMessage.isEmpty, let message else { return [] }
        return byMessage[message] ?? []
    }
}
