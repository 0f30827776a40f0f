import Audit
import GatewayHealth
import GatewayPolicy

/// The records of a session as a whole.
extension Session {
    /// The keys that name the session, in interface.md's order from `session` to `rule`.
    func addIdentity(to batch: inout RecordBatch) {
        batch.add("session", name)
        batch.add("gateway", generation.configuration.gateway)
        batch.add("region", identity.region ?? generation.configuration.region)
        batch.add("replica", identity.replica?.replica)
        batch.add("database", identity.database)
        batch.add("role", identity.decision?.role)
        batch.add("issuer", identity.principal?.issuer)
        batch.add("subject", identity.principal?.subject)
        batch.add("planner", identity.principal?.planner)
        batch.add("task", identity.principal?.task)
        batch.add("token_id", identity.principal?.tokenID)
        batch.add("client", client.description)
        if let application = identity.application { batch.add("application", bytes: application) }
        batch.add("rule", identity.decision?.rule ?? identity.rule)
    }

    /// What the decision was made upon: what was asked for, and the claims that the policy looks at.
    func addQuestion(to batch: inout RecordBatch) {
        if let asked = identity.asked {
            batch.beginObject("asked")
            batch.add("database", asked.database)
            batch.add("regions", asked.regions)
            batch.add("role", asked.role)
            batch.add("replication", asked.replication)
            // Decisions count the gateway's own region.
            batch.add("gateway_region", generation.configuration.region)
            batch.endObject()
        }
        if let principal = identity.principal { generation.claims.add(of: principal, to: &batch) }
    }

    /// `session.start`, in the log of the replica's region. The executor's AuthenticationOk waits for it.
    func recordStart(_ region: RegionLog, _ connection: UpstreamConnection) {
        let before = region.batch.byteCount
        defer { charge(region.batch.byteCount - before - Session.ownRecord, to: logBudget) }
        region.batch.begin(.sessionStart)
        addIdentity(to: &region.batch)
        addQuestion(to: &region.batch)
        if let decision = identity.decision {
            region.batch.beginObject("decision")
            region.batch.add("regions", decision.regions)
            region.batch.add("role", decision.role)
            region.batch.add("access", decision.access.rawValue)
            region.batch.add("forbid", decision.forbid.map(\.rawValue).sorted())
            region.batch.add("policy", generation.configuration.digest)
            addObservation(to: &region.batch)
            region.batch.endObject()
        }
        addAttestation(of: connection, to: &region.batch)
        region.batch.end()
        outboundWaitsFor = .max
        worker.awaitReceipt(self, region)
    }

    /// What the replica was found to be, on the very connection that the session has.
    private func addAttestation(of connection: UpstreamConnection, to batch: inout RecordBatch) {
        batch.beginObject("attested")
        batch.add("address", connection.relayed.address.description)
        batch.add("recovery", connection.facts.recovery.rawValue)
        batch.add("system_identifier", connection.facts.systemIdentifier)
        batch.add("cluster_name", connection.facts.clusterName)
        batch.add("tls_spki", connection.facts.spki)
        batch.endObject()
    }

    /// What a rule with `mode: observe` would have decided.
    private func addObservation(to batch: inout RecordBatch) {
        guard let observation = identity.observation else { return }
        batch.beginObject("observed")
        batch.add("rule", observation.rule)
        switch observation.outcome {
        case .success(let decision):
            batch.add("allowed", true)
            batch.add("regions", decision.regions)
            batch.add("role", decision.role)
            batch.add("access", decision.access.rawValue)
            batch.add("forbid", decision.forbid.map(\.rawValue).sorted())
        case .failure(let found):
            let refusal = Refusal.policy(found)
            batch.add("allowed", false)
            batch.add("sqlstate", refusal.sqlstate)
            batch.add("reason", refusal.message + ": " + refusal.detail)
        }
        batch.endObject()
    }

    /// `session.refused`, in the log of the gateway's own region. Connections that never sent a startup packet leave
    /// none: they are counted.
    func recordRefused(_ refusal: Refusal) {
        context.counters.countRefusal(refusal.sqlstate)
        logger.info(
            "session refused",
            metadata: [
                "sqlstate": "\(refusal.sqlstate)", "reason": "\(refusal.message)",
                "detail": "\(refusal.detail)",
            ])
        // Beyond the rate of its address: nothing of what it asked for was looked at.
        if case .tooManyLogins = refusal { return worker.sumUp(refusal, from: client) }
        guard identity.database != nil, let home = worker.regionLog(generation.configuration.region) else {
            return
        }
        guard let budget = budgetForRefusal() else { return worker.sumUp(refusal, from: client) }
        let before = home.batch.byteCount
        defer { charge(home.batch.byteCount - before - LogAllowance.refusalBytes, to: budget) }
        // A replica that was tried and not reached is not where the session was.
        identity.replica = nil
        identity.region = nil
        home.batch.begin(.sessionRefused)
        addIdentity(to: &home.batch)
        addQuestion(to: &home.batch)
        home.batch.beginObject("decision")
        home.batch.add("allowed", false)
        home.batch.add("policy", generation.configuration.digest)
        addObservation(to: &home.batch)
        home.batch.endObject()
        home.batch.add("sqlstate", refusal.sqlstate)
        home.batch.add("reason", refusal.message + ": " + refusal.detail)
        home.batch.add("duration_us", (worker.loop.now &- started) / 1000)
        home.batch.end()
        home.mustWrite = true
    }

    /// `session.end`, behind the outcomes of everything that was still unanswered.
    ///
    /// - Parameter backend: what became of the replica's backend, where it had to be ended.
    func recordEnd(_ ending: Ending, backend: TerminationOutcome?) {
        guard !hasRecordedEnd else { return }
        hasRecordedEnd = true
        let relay = ending.relay
        relay.abandonUnanswered()
        let batch = relay.region
        let before = batch.batch.byteCount
        defer { charge(batch.batch.byteCount - before - Session.ownRecord, to: logBudget) }
        batch.batch.begin(.sessionEnd)
        addIdentity(to: &batch.batch)
        batch.batch.add("sqlstate", ending.sqlstate)
        batch.batch.add("reason", ending.reason)
        batch.batch.add("backend", backend?.name)
        batch.batch.add("duration_us", (worker.loop.now &- started) / 1000)
        batch.batch.add("statements", relay.recorder.statements)
        batch.batch.add("bytes_in", executor.bytesRead)
        batch.batch.add("bytes_out", executor.bytesWritten)
        batch.batch.end()
        batch.mustWrite = true
        context.counters.sessionsEnded.increase()
        context.counters.statements.increase(relay.recorder.statements)
        context.counters.bytesIn.increase(Int(truncatingIfNeeded: executor.bytesRead))
        context.counters.bytesOut.increase(Int(truncatingIfNeeded: executor.bytesWritten))
        if let replica = identity.replica { context.admission.leave(replica: replica) }
        if let sqlstate = ending.sqlstate { context.counters.countRefusal(sqlstate) }
    }

    /// A CancelRequest that fits no session, in the log of the gateway's own region.
    func recordCancel(verdict: String) {
        guard let home = worker.regionLog(generation.configuration.region) else { return }
        home.batch.begin(.cancel)
        home.batch.add("gateway", generation.configuration.gateway)
        home.batch.add("region", generation.configuration.region)
        home.batch.add("client", client.description)
        home.batch.add("verdict", verdict)
        home.batch.end()
        worker.recordSoon(home)
    }
}
