import PipelineModel

/// The two invariants (architecture.md, "Two invariants, and how the code keeps them"), and that nothing is lost, made up
/// or put in another place on the way.
extension World {
    /// No out-of-region byte.
    func checkRegion(_ executor: SimulatedExecutor, _ replica: SimulatedReplica, _ what: String) {
        guard regions(of: executor).contains(replica.region) else {
            return violated("\(what) of \(executor.name), of \(executor.group), came to \(replica.region)")
        }
    }

    func regions(of executor: SimulatedExecutor) -> Set<String> {
        executor.group == .america && !americaIsServed ? [] : executor.group.regions
    }

    /// No unrecorded query: what arrives at a replica is in the region's log, and on disk where it has to be.
    func frameArrived(_ frame: Frame, number: Int, at backend: SimulatedBackend) {
        guard let executor = backend.executor else { return }
        count { $0.frames += 1 }
        // What went before a session had to end may still arrive; its bytes are counted (`Wire.budget`).
        if backend.wire.budget == nil { checkRegion(executor, backend.replica, "\(frame.kind)") }
        if backend.wasRefused {
            violated("\(frame.kind) of \(executor.name) came to a server that is another")
        }
        guard executor.sent.indices.contains(number - 1),
            executor.sent[number - 1] == frame || backend.isRefusal(frame, of: executor.sent[number - 1])
        else {
            return violated(
                "frame \(number) at \(backend.replica.id), a \(frame.kind), is not what \(executor.name) sent"
            )
        }
        guard let message = executor.message(number), let type = message.recordType else { return }
        if executor.isRevoked, backend.wire.budget == nil {
            violated("\(type) \(number) of \(executor.name) arrived, though its tokens are revoked")
        }
        if let end = self.record(backend, "session.end", 0) {
            violated(
                "\(type) \(number) of \(executor.name) arrived behind the end of its session: \(end.line)")
        }
        guard let record = record(backend, type, UInt64(number)) else {
            return violated("\(type) \(number) of \(executor.name) reached \(backend.replica.id) unrecorded")
        }
        if scenario.durability == "strict", !isDurable(record, backend) {
            violated(
                "\(type) \(number) of \(executor.name) reached \(backend.replica.id) before the disk had its record"
            )
        }
        if type == "query" || type == "parse" { checkText(record, frame, type) }
    }

    private func checkText(_ record: SeenRecord, _ frame: Frame, _ type: String) {
        let words = frame.body.split(separator: 0, omittingEmptySubsequences: false)
        let sent = text(words[type == "query" ? 0 : 1])
        guard let sql = record.sql, !sql.isEmpty || sent.isEmpty, sent.hasPrefix(sql) else {
            return violated("the record of \(sent.prefix(60)) says \(record.sql?.prefix(60) ?? "nothing")")
        }
    }

    /// No answer before the disk has the record of what it answers.
    func answerArrived(_ message: UInt64, from backend: SimulatedBackend, at executor: SimulatedExecutor) {
        count { $0.answers += 1 }
        guard scenario.durability != "buffered" else { return }
        var number = message
        while number > 0, executor.message(Int(number))?.recordType == nil { number -= 1 }
        guard number > 0, let type = executor.message(Int(number))?.recordType else { return }
        guard let record = record(backend, type, number), isDurable(record, backend) else {
            return violated("\(executor.name) got an answer before the disk had \(type) \(number)")
        }
    }

    /// Who is told that it was revoked or killed was: others are left alone.
    func tookLeave(_ executor: SimulatedExecutor, _ words: String) {
        if words.contains("access was revoked"), !executor.isRevoked {
            violated("\(executor.name) was told that it is revoked, and nobody did that")
        }
        if words.contains("killed by an operator"), !executor.isKilled {
            violated("\(executor.name) was told that it is killed, and nobody did that")
        }
    }

    /// Nobody hears AuthenticationOk before the session is on record.
    func sessionBegan(_ executor: SimulatedExecutor) {
        guard let backend = executor.backend else { return }
        count { $0.logins += 1 }
        guard let record = record(backend, "session.start", 0) else {
            return violated("\(executor.name) was let in without a record")
        }
        if scenario.durability != "buffered", !isDurable(record, backend) {
            violated("\(executor.name) was let in before the disk had its record")
        }
    }

    private func record(_ backend: SimulatedBackend, _ type: String, _ message: UInt64) -> SeenRecord? {
        disks[backend.replica.region]?.look { $0.find(backend.session, type, message) }
    }

    private func isDurable(_ record: SeenRecord, _ backend: SimulatedBackend) -> Bool {
        disks[backend.replica.region]?.isDurable(record) ?? false
    }

    // MARK: At the end

    /// A log that has ended is signed over all that is on disk. (That what was signed is what is there, each start compares.)
    func judgeTrees() {
        for (region, log) in life.logs.sorted(by: { $0.key < $1.key }) {
            let size = log.tree?.head?.size ?? 0
            if size != log.durable {
                violated("the log of \(region) has \(log.durable) records and is signed over \(size)")
            }
        }
    }

    func judgeEnd() {
        if connections != 0 { violated("\(connections) connections are left") }
        for region in disks.keys.sorted() {
            guard let view = disks[region]?.look({ $0 }) else { continue }
            if let broken = view.broken { violated("the log of \(region) is broken: \(broken)") }
            judge(view, of: region)
        }
        for executor in executors where executor.backend != nil {
            judgeArrival(executor)
            judgeOutcomes(executor)
        }
    }

    /// What an executor said before it shut its side came to the replica, where nothing went wrong and the gateway did not
    /// end the session for a reason of its own.
    private func judgeArrival(_ executor: SimulatedExecutor) {
        guard let backend = executor.backend, !scenario.hasFaults, executor.hasShutItsSide,
            executor.sawTheEnd,
            let end = record(backend, "session.end", 0)?.line, !end.contains("\"sqlstate\"")
        else { return }
        count { $0.arrived += 1 }
        guard backend.arrived != executor.sent.count else { return }
        let kinds = String(executor.sent.dropFirst(backend.arrived).map(\.kind))
        violated(
            "of \(executor.name) \(kinds) did not arrive behind \(backend.arrived) others; its end: \(end)")
    }

    private func judge(_ view: RecordView, of region: String) {
        var ended: Set<String> = []
        var answered: Set<String> = []
        for record in view.all {
            if record.type == "session.end", let session = record.session { ended.insert(session) }
            if record.type == "outcome", let session = record.session, let of = record.of {
                answered.insert("\(session) \(of)")
            }
        }
        let regions = Dictionary(
            backends.values.filter(\.isAttested).map { ($0.session, Set([$0.replica.region])) },
            uniquingKeysWith: { $0.union($1) })
        for record in view.all {
            if let named = record.region, named != region { violated("a record of \(named) is in \(region)") }
            guard let session = record.session, !lostSessions.contains(session) else { continue }
            switch record.type {
            case "session.start", "query", "parse", "bind", "execute", "function_call", "outcome", "copy":
                if regions[session]?.contains(region) != true {
                    violated("a \(record.type) of \(session) is in \(region)")
                }
            default: break
            }
            switch record.type {
            case "session.start" where !ended.contains(session):
                violated("\(session) has no end: \(record.line)")
            case "query", "execute", "function_call":
                guard let message = record.message, !answered.contains("\(session) \(message)") else {
                    continue
                }
                violated("\(record.type) \(message) of \(session) has no outcome")
            default: break
            }
        }
    }

    /// Where all that was said was heard, the log says what the server did.
    private func judgeOutcomes(_ executor: SimulatedExecutor) {

        guard let backend = executor.backend, !executor.syncsInCopy, backend.ranAll,
            executor.heard == backend.sent.count, !lostSessions.contains(backend.session),
            backend.arrived == executor.sent.count,
            let view = disks[backend.replica.region]?.look({ $0 })
        else { return }
        var outcomes: [String: SeenRecord] = [:]
        for record in view.all where record.type == "outcome" && record.session == backend.session {
            outcomes["\(record.of ?? 0).\(record.index ?? 0)"] = record
        }
        for end in backend.ends {
            guard let record = outcomes["\(end.of).\(end.index)"] else {
                violated("no outcome of \(end.of).\(end.index) of \(executor.name)")
                return
            }
            guard record.failed == end.failed, record.skipped == end.skipped,
                end.rows == nil || end.failed || record.rows == end.rows
            else {
                return violated("the outcome of \(end) of \(executor.name) is recorded as \(record.line)")
            }
        }
        count { $0.compared += 1 }
    }
}
