/// What the names of prepared statements and portals mean in one session: the number of the Parse message
/// behind each.
///
/// There are two views. The *known* one rests on the replica's answers. The *expected* one is for messages
/// that are being sent while earlier ones are unanswered: it takes the known one and adds what the unanswered
/// messages do if they succeed. When one fails, `Pipeline` forgets the expectations and adds those of the
/// messages still to be run again.
///
/// A name is nil for the unnamed statement or portal. What only the text of SQL says stays unseen: after
/// `DEALLOCATE x` the name keeps its meaning until it is defined again (a Bind of it fails, so nothing runs
/// under the wrong text); if SQL's PREPARE follows, all names that a Parse defined are forgotten, for one of
/// them may have changed hands. The same holds for `CLOSE` and `DECLARE CURSOR` of portals. Dynamic SQL in a
/// function can do both without a sign.
struct PreparedStatements {
    /// The most names of a kind that are remembered; further ones are unknown until there is room.
    static let maximumNames = 65_536

    /// What an unanswered message makes of a name: nil for no meaning.
    private struct Pending {
        var by: UInt64
        var meaning: UInt64?
    }

    private struct Names {
        var unnamed: UInt64?
        var named: [PipelineText: UInt64] = [:] { didSet { changes &+= 1 } }
        var expectedUnnamed: Pending?
        var expectedNamed: [PipelineText: Pending] = [:] { didSet { changes &+= 1 } }
        /// How often what names mean has changed.
        private(set) var changes: UInt64 = 0

        func known(_ name: PipelineText?) -> UInt64? {
            guard let name else { return unnamed }
            return named.isEmpty ? nil : named[name]
        }

        func expected(_ name: PipelineText?) -> UInt64? {
            guard let name else {
                guard let expectedUnnamed else { return unnamed }
                return expectedUnnamed.meaning
            }
            if !expectedNamed.isEmpty, let pending = expectedNamed[name] { return pending.meaning }
            return named.isEmpty ? nil : named[name]
        }

        mutating func expect(_ name: PipelineText?, _ meaning: UInt64?, by message: UInt64) {
            guard let name else {
                expectedUnnamed = Pending(by: message, meaning: meaning)
                return
            }
            expectedNamed[name] = Pending(by: message, meaning: meaning)
        }

        /// The message `by` succeeded: what was expected of it is known now.
        mutating func set(_ name: PipelineText?, _ meaning: UInt64?, by message: UInt64) {
            guard let name else {
                unnamed = meaning
                if expectedUnnamed?.by == message { expectedUnnamed = nil }
                return
            }
            if let meaning {
                if named.count < PreparedStatements.maximumNames || named[name] != nil {
                    named[name] = meaning
                }
            } else if !named.isEmpty {
                named.removeValue(forKey: name)
            }
            if !expectedNamed.isEmpty, expectedNamed[name]?.by == message {
                expectedNamed.removeValue(forKey: name)
            }
        }

        mutating func forgetExpectations() {
            expectedUnnamed = nil
            if !expectedNamed.isEmpty { expectedNamed.removeAll(keepingCapacity: true) }
        }

        mutating func forgetNamed() {
            if !named.isEmpty { named.removeAll(keepingCapacity: named.count <= 1_024) }
        }
    }

    private var statements = Names()
    private var portals = Names()
    private var unnamedPortal = UnnamedPortal()
    /// What the statement that was asked for last is expected to mean, until names change: most sessions use one many times,
    /// and each use asks twice. One at most; in an array, since a session without such a name needs no room for it.
    private var found: ContiguousArray<(name: PipelineText, meaning: UInt64?, changes: UInt64)> = []
    /// Parses of names that have a meaning already: they fail (42P05) unless SQL took the name back unseen.
    private var redefinitions: ContiguousArray<(name: PipelineText, by: UInt64, before: Pending?)> =
        []
    private var mayHaveDeallocated = false
    private var mayHaveClosedPortal = false

    // MARK: What messages do if they succeed

    mutating func expectParse(_ name: PipelineText?, message: UInt64) {
        if let name, expectedStatement(name) != nil, !mayHaveDeallocated,
            redefinitions.count < Pipeline.maximumOutstanding
        {
            redefinitions.append((name, message, statements.expectedNamed[name]))
        }
        statements.expect(name, message, by: message)
    }

    /// Gives the Parse that `statement` is expected to mean.
    mutating func expectBind(portal: PipelineText?, statement: PipelineText?, message: UInt64)
        -> UInt64?
    {
        let meaning = expectedStatement(statement)
        portals.expect(portal, meaning, by: message)
        if portal == nil { unnamedPortal.expect(.bind, by: message) }
        return meaning
    }

    var unnamedPortalUse: Pipeline.UnnamedPortalUse { unnamedPortal.use }

    mutating func expectedStatement(_ name: PipelineText?) -> UInt64? {
        guard let name else { return statements.expected(nil) }
        if let last = found.first, last.changes == statements.changes, last.name == name {
            return last.meaning
        }
        let meaning = statements.expected(name)
        if found.isEmpty {
            found.append((name, meaning, statements.changes))
        } else {
            found[0] = (name, meaning, statements.changes)
        }
        return meaning
    }

    func expectedStatement(ofPortal name: PipelineText?) -> UInt64? { portals.expected(name) }

    mutating func expectClose(statement name: PipelineText?, message: UInt64) {
        statements.expect(name, nil, by: message)
    }

    mutating func expectClose(portal name: PipelineText?, message: UInt64) {
        portals.expect(name, nil, by: message)
        if name == nil { unnamedPortal.expect(.nothing, by: message) }
    }

    /// A simple Query destroys the unnamed statement and the unnamed portal.
    mutating func expectQuery(message: UInt64) {
        statements.expect(nil, nil, by: message)
        portals.expect(nil, nil, by: message)
        unnamedPortal.expect(.query, by: message)
    }

    /// Behind a Sync, a Parse that cannot have succeeded no longer counts; up to it everything would be
    /// skipped.
    mutating func expectSync() {
        unnamedPortal.syncSent()
        guard !redefinitions.isEmpty else { return }
        for redefinition in redefinitions.reversed()
        where statements.expectedNamed[redefinition.name]?.by == redefinition.by {
            statements.expectedNamed[redefinition.name] = redefinition.before
        }
        redefinitions.removeAll(keepingCapacity: true)
    }

    /// A message failed: what is expected is what is known, until the messages still to be run are added
    /// again.
    mutating func forgetExpectations() {
        statements.forgetExpectations()
        portals.forgetExpectations()
        unnamedPortal.forgetExpectation()
        redefinitions.removeAll(keepingCapacity: true)
    }

    // MARK: What answers say

    func knownStatement(_ name: PipelineText?) -> UInt64? { statements.known(name) }
    func knownStatement(ofPortal name: PipelineText?) -> UInt64? { portals.known(name) }

    mutating func parseSucceeded(_ name: PipelineText?, message: UInt64) {
        statements.set(name, message, by: message)
    }

    /// A named statement keeps its meaning. The unnamed one is dropped before the new text is parsed, but
    /// after the message itself was read: it survives where the message was malformed or its text not in the
    /// right encoding.
    mutating func parseFailed(_ name: PipelineText?, sqlstate: Pipeline.SQLState?) {
        if name == nil, !Self.failedWhileReading(sqlstate) { statements.unnamed = nil }
    }

    mutating func bindSucceeded(portal: PipelineText?, statement: PipelineText?, message: UInt64) {
        portals.set(portal, statements.known(statement), by: message)
        if portal == nil { unnamedPortal.set(.bind, by: message) }
    }

    mutating func closeSucceeded(statement name: PipelineText?, message: UInt64) {
        statements.set(name, nil, by: message)
    }

    mutating func closeSucceeded(portal name: PipelineText?, message: UInt64) {
        portals.set(name, nil, by: message)
        if name == nil { unnamedPortal.set(.nothing, by: message) }
    }

    /// A simple Query came to its end. `ranStatement` when it had at least one and this one was begun; else
    /// only the unnamed statement is gone, and not even that if reading the message failed (`sqlstate`).
    mutating func queryEnded(
        message: UInt64, ranStatement: Bool, failed: Bool, sqlstate: Pipeline.SQLState?
    ) {
        let statement = Self.failedWhileReading(sqlstate) && !ranStatement ? statements.unnamed : nil
        statements.set(nil, statement, by: message)
        portals.set(nil, ranStatement ? nil : portals.unnamed, by: message)
        unnamedPortal.set(failed ? .query : ranStatement ? .nothing : unnamedPortal.known, by: message)
    }

    /// ReadyForQuery with status `I`: no portal that a Bind made outlives its transaction.
    mutating func transactionEnded() {
        portals.unnamed = nil
        portals.forgetNamed()
        unnamedPortal.known = .nothing
        mayHaveClosedPortal = false
    }

    /// CLOSE ALL leaves the portal that runs it.
    private mutating func allPortalsClosed(but running: PipelineText??) {
        guard let name = running else { return transactionEnded() }
        let meaning = portals.known(name)
        let origin = unnamedPortal.known
        transactionEnded()
        if let name { portals.named[name] = meaning } else { portals.unnamed = meaning }
        if name == nil { unnamedPortal.known = origin }
    }

    /// What SQL itself does to names, as far as command tags tell. `running` is the portal of the Execute
    /// that ran it.
    mutating func commandCompleted(_ tag: PipelineText, running: PipelineText??) {
        switch tag[0] {
        case UInt8(ascii: "C"):
            if tag == Tag.commit { transactionEnded() }
            if tag == Tag.closeAll { allPortalsClosed(but: running) }
            if tag == Tag.close || tag == Tag.call { mayHaveClosedPortal = true }
        case UInt8(ascii: "D"):
            if tag == Tag.deallocateAll || tag == Tag.discardAll {
                statements.forgetNamed()
                mayHaveDeallocated = false
                if tag == Tag.discardAll { transactionEnded() }
            }
            if tag == Tag.deallocate { mayHaveDeallocated = true }
            if tag == Tag.block { mayHaveClosedPortal = true }
            if tag == Tag.declare, mayHaveClosedPortal { portals.forgetNamed() }
        case UInt8(ascii: "P"):
            if tag == Tag.prepareTransaction { transactionEnded() }
            if tag == Tag.prepare, mayHaveDeallocated { statements.forgetNamed() }
        case UInt8(ascii: "R"):
            // ROLLBACK TO has the same tag and leaves older portals alive: ReadyForQuery's status will tell.
            if tag == Tag.rollback { mayHaveClosedPortal = true }
        default:
            break
        }
    }

    /// Errors of the message's form (08P01) and of its encoding (22021, 22P05 and others of class 22).
    private static func failedWhileReading(_ sqlstate: Pipeline.SQLState?) -> Bool {
        guard let sqlstate else { return false }
        return sqlstate.isOfClass(0x32, 0x32) || sqlstate == malformed
    }

    private static let malformed = Pipeline.SQLState("08P01")

    /// The command tags that say something about names.
    private enum Tag {
        static let commit = PipelineText("COMMIT")
        static let rollback = PipelineText("ROLLBACK")
        static let prepareTransaction = PipelineText("PREPARE TRANSACTION")
        static let prepare = PipelineText("PREPARE")
        static let deallocate = PipelineText("DEALLOCATE")
        static let deallocateAll = PipelineText("DEALLOCATE ALL")
        static let discardAll = PipelineText("DISCARD ALL")
        static let declare = PipelineText("DECLARE CURSOR")
        static let close = PipelineText("CLOSE CURSOR")
        static let closeAll = PipelineText("CLOSE CURSOR ALL")
        static let call = PipelineText("CALL")
        static let block = PipelineText("DO")
    }
}
