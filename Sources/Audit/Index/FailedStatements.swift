import Audit

/// The statements of which outcomes in a part of a log have an SQLSTATE that is asked for. Outcomes stand behind their
/// statements, which is why that part is read once before it is searched.
struct FailedStatements {
    private struct Statement: Hashable {
        let session: UInt64
        let message: UInt64
    }

    private var statements: Set<Statement> = []
    /// There were more than are remembered.
    private(set) var isCut = false

    var sessions: Set<UInt64> { Set(statements.map(\.session)) }

    func contains(_ session: UInt64, _ message: UInt64) -> Bool {
        statements.contains(Statement(session: session, message: message))
    }

    /// - Parameters:
    ///   - place: where the part begins; it goes to the log's end.
    ///   - execution: the message of the Parse that a Bind or Execute before that part was of.
    init(
        log: String, from place: LogPlace, _ conditions: SearchConditions, progress: (Int) -> Void,
        execution: (UInt64, UInt64) -> UInt64?
    ) throws(AuditError) {
        let reader = try AuditReader(folder: log, at: place)
        var scanner = RecordScanner()
        var sessions: [UInt64: LiveSession] = [:]
        while let line = try reader.next() {
            progress(line.bytes.count + 1)
            guard line.seq != nil, scanner.scan(line.bytes), let session = scanner.sessionSum else {
                continue
            }
            if let message = scanner.unsigned(.message) {
                guard let statement = scanner.unsigned(.statement) else { continue }
                if sessions.count >= IndexLimits.liveSessions { sessions.removeAll() }
                let live = sessions[session] ?? LiveSession(number: 0, terms: [], isIdentified: false)
                sessions[session] = live
                live.note(execution: message, of: statement)
                continue
            }
            guard let message = scanner.unsigned(.of), scanner.text(.type) == "outcome" else {
                if scanner.text(.type) == "session.end" { sessions[session] = nil }
                continue
            }
            if let state = scanner.text(.sqlstate), conditions.fits(.sqlstate, state) {
                var statement =
                    sessions[session]?.statement(ofExecution: message) ?? execution(session, message)
                if scanner.has(.statement) { statement = scanner.unsigned(.statement) }
                insert(Statement(session: session, message: statement ?? message))
            }
            sessions[session]?.answered(message)
        }
    }

    private mutating func insert(_ statement: Statement) {
        guard statements.count < IndexLimits.failedStatements else {
            isCut = true
            return
        }
        statements.insert(statement)
    }
}
