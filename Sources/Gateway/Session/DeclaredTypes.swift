/// The types that Parse messages declared for their parameters, by the message's number, for the records of Binds.
///
/// A declaration that is forgotten is missing from records and nothing else.
package struct DeclaredTypes {
    /// Types that are remembered, of all statements together.
    package static let limit = 65_536

    private var byMessage: [UInt64: [UInt32]] = [:]
    private var count = 0

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

    /// The types of the statement that this Parse prepared; 0 where one was left to the server.
    package func types(of message: UInt64?) -> [UInt32] {
        guard !byMessage.isEmpty, let message else { return [] }
        return byMessage[message] ?? []
    }
}
