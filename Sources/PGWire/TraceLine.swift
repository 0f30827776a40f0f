/// One line of a trace in the form of libpq's PQtrace: who sent, how long, what, and its fields.
package struct TraceLine: Equatable, Sendable {
    /// Who sent the message: `F` and `B` in the trace.
    package enum Side: String, Equatable, Sendable, CaseIterable {
        case frontend
        case backend

        package var other: Side {
            switch self {
            case .frontend: .backend
            case .backend: .frontend
            }
        }

        var letter: String {
            switch self {
            case .frontend: "F"
            case .backend: "B"
            }
        }
    }

    package let side: Side
    /// What the length word says: it counts itself and not the tag. 1 for the single byte that answers SSLRequest.
    package let length: Int
    /// The message's name in the protocol's documentation.
    package let name: String
    /// The fields, each behind a space; printable ASCII alone, whatever bytes came.
    package let fields: String
    /// The length says nothing (libpq's PQTRACE_REGRESS_MODE, for errors and notices).
    let suppressesLength: Bool

    init(_ side: Side, length: Int, _ name: String, fields: String = "", suppressesLength: Bool = false) {
        self.side = side
        self.length = length
        self.name = name
        self.fields = fields
        self.suppressesLength = suppressesLength
    }

    /// The line without its end.
    package var text: String {
        let start = "\(side.letter)\t\(suppressesLength ? "NN" : String(length))\t\(name)"
        return fields.isEmpty ? start : start + "\t" + fields
    }
}
