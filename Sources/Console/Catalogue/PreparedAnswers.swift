/// Queries of clients that no translation covers, by what they begin with: other ones with the same columns.
enum PreparedAnswers {
    /// The tokens to run in place of a query's; nil: the query itself.
    static func replaced(_ tokens: [SQLToken]) throws(ConsoleError) -> [SQLToken]? { nil }
}
