import GatewayCatalog
import GatewayConfiguration
import GatewayGuard

/// What has to be known beside a catalogue to conclude from it.
package struct CatalogKnowledge: Sendable {
    /// What the server's own functions reach.
    package var builtIns: BuiltInReach
    /// Reads the text of SQL functions.
    package var body: BodyReader
    /// How many rows of a catalogue are read, and how many bytes.
    package var rows: Int
    package var bytes: Int
    /// How long at least a snapshot holds that nobody can confirm; longer where three intervals are.
    package var kept: Duration

    /// The server's functions as they were reviewed, and bodies by PostgreSQL's grammar.
    package static let reviewed = CatalogKnowledge(builtIns: BuiltInFunctions.reach, body: SQLBody.reader)

    package init(
        builtIns: @escaping BuiltInReach, body: @escaping BodyReader, rows: Int = CatalogLimits.rows,
        bytes: Int = CatalogLimits.bytes, kept: Duration = .seconds(10)
    ) {
        self.builtIns = builtIns
        self.body = body
        self.rows = rows
        self.bytes = bytes
        self.kept = kept
    }
}

extension DeclaredHarmless {
    init(_ code: HarmlessCode) { self.init(libraries: code.libraries, functions: code.functions) }
}

/// Times of reading catalogues, in nanoseconds.
enum CatalogTimes {
    /// What one reading may take, the server's and the gateway's part together.
    static let deadline: Int64 = 60_000_000_000
    /// After a failure it is tried again so soon, or after the interval where that is shorter.
    static let pauseAfterFailure: Int64 = 5_000_000_000
    /// Looks come no oftener than this, whoever asks.
    static let spacing: Int64 = 100_000_000
    /// A look is followed by at least so many times its length without one, where nobody asks and where somebody does.
    static let share: Int64 = 20
    static let shareAsked: Int64 = 3
    /// Intervals after which a snapshot that was not confirmed is given up.
    static let intervalsKept: Int64 = 3
}
