import PGWire

/// A statement that has begun to give rows: of a Query, a portal, or a COPY.
final class Execution {
    enum Step: Equatable {
        /// No row is left.
        case finished
        /// As many rows as were asked for; there may be more.
        case suspended
        /// The piece is full.
        case full
    }

    private let statement: EngineStatement
    private(set) var columns: [ResultColumn]
    private let copy: ConsoleCommand.CopyForm?
    private(set) var rows = 0
    /// A row was read and not written.
    private var holdsRow = false
    private var isAtEnd = false

    /// Reads the first row, by which the types of expressions show.
    ///
    /// - Parameters:
    ///   - types: of the columns, as far as they are known.
    ///   - copy: rows go as lines of COPY.
    init(
        _ statement: EngineStatement, columns: [(name: String, type: ConsoleType?)], formats: FormatCodes,
        copy: ConsoleCommand.CopyForm?
    ) throws(ConsoleError) {
        self.statement = statement
        self.copy = copy
        holdsRow = try statement.step()
        isAtEnd = !holdsRow
        var made: [ResultColumn] = []
        for (at, column) in columns.enumerated() {
            let shown = holdsRow ? statement.type(at) : nil
            guard let format = formats.code(at: at), format == 0 || format == 1 else {
                throw ConsoleError("08P01", "the result formats do not fit the statement's columns")
            }
            made.append(ResultColumn(name: column.name, type: column.type ?? shown ?? .text, format: format))
        }
        self.columns = made
    }

    /// Writes rows until one of the steps.
    ///
    /// - Parameter most: rows that are wanted; 0: all.
    func run(most: Int, piece: Int, into bytes: inout [UInt8]) throws(ConsoleError) -> Step {
        let encoder = RowEncoder(columns: columns)
        var written = 0
        while true {
            if !holdsRow, !isAtEnd {
                holdsRow = try statement.step()
                isAtEnd = !holdsRow
            }
            guard holdsRow else { return .finished }
            if most > 0, written == most { return .suspended }
            if bytes.count >= piece {
                pending = most > 0 ? most - written : 0
                return .full
            }
            let start = bytes.count
            do throws(ConsoleError) {
                if let copy {
                    try encoder.appendLine(of: statement, copy, to: &bytes)
                } else {
                    try encoder.appendRow(of: statement, to: &bytes)
                }
            } catch {
                // No half of a message goes out.
                bytes.removeLast(bytes.count - start)
                throw error
            }
            holdsRow = false
            rows += 1
            written += 1
        }
    }

    /// What was left of `most` when the piece was full.
    private(set) var pending = 0
}
