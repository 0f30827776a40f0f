import PGWire

/// One frame of an operator's, cut but not read.
package struct ConsoleFrame: Sendable {
    package let tag: FrontendTag
    package let body: [UInt8]

    package init(tag: FrontendTag, body: [UInt8]) {
        self.tag = tag
        self.body = body
    }
}

/// What a turn of a conversation came to, in its order.
package struct ConsoleTurn: Sendable {
    package enum Output: Sendable {
        case bytes([UInt8])
        /// To be recorded before anything behind it goes out.
        case access(ConsoleAccess)
    }

    package var outputs: [Output] = []
    /// There is more to do without another frame: rows that had no room.
    package var hasMore = false
    /// A statement or transaction is under way.
    package var isBusy = false
    /// The conversation is over: the operator said goodbye, or broke the protocol.
    package var end: End?

    package enum End: Sendable, Equatable {
        case terminated
        case violation(String)
    }
}

/// What an operator looks at, or tried to do, as its `admin` record says it.
package struct ConsoleAccess: Sendable, Equatable {
    package var operation: String
    package var target: String?
    package var sql: [UInt8]
    package var parameters: [ConsoleValue] = []
    /// Of what was refused.
    package var sqlstate: String?
    /// The number of the frame in its session.
    package var message: UInt64 = 0

    package init(
        operation: String, target: String?, sql: [UInt8], parameters: [ConsoleValue] = [],
        sqlstate: String? = nil
    ) {
        self.operation = operation
        self.target = target
        self.sql = sql
        self.parameters = parameters
        self.sqlstate = sqlstate
    }
}
