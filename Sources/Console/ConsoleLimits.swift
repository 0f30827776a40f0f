/// Every limit of the console, the database `domicile`.
package enum ConsoleLimits {
    /// Sessions at a time; one more is refused with 53300.
    package static let sessions = 64

    /// Threads that run SQLite, for all sessions together. They have the lowest priority: executors come first.
    package static let threads = 2

    /// Bytes of such a thread's stack.
    static let stack = 4 << 20

    /// Bytes of a Query or Parse message's SQL; more is 54000.
    package static let statement = 64 << 10

    /// Bytes of any frame of a console's session: a statement, or parameters.
    package static let frame = 256 << 10

    /// Bytes of frames that wait while a statement runs; then the socket is not read.
    package static let waiting = 512 << 10

    /// Prepared statements, and portals, that a session may have; one more is 53400.
    package static let prepared = 256

    /// How long one statement may compute, not counting the time that the operator takes to read; then 57014.
    package static let time = Duration.seconds(60)

    /// Bytes that SQLite may take, for all sessions together; then 53200.
    package static let memory: Int64 = 192 << 20

    /// Bytes of answers that are made before others have their turn, and that wait unsent at most.
    package static let slice = 64 << 10

    /// Steps of SQLite's machine between two looks at whether a statement was cancelled.
    static let stepsBetweenLooks: Int32 = 1000

    /// Bytes of one value, and of one row.
    static let value: Int32 = 4 << 20
    static let columns: Int32 = 200
    /// Levels of an expression; more is 54001.
    static let expressionDepth: Int32 = 200
    static let compoundSelects: Int32 = 50
    /// Instructions of a prepared statement.
    static let instructions: Int32 = 250_000
    static let functionArguments: Int32 = 64
    static let parameters: Int32 = 1000
    /// Bytes of the pattern of LIKE, GLOB and REGEXP.
    static let pattern: Int32 = 1000
}
