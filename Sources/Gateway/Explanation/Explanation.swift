import Gateway
import GatewayConfiguration
import GatewayPolicy
import GatewayRouting

/// Answers why a login would be allowed or refused, and where it would go: rule by rule, check by check, replica by
/// replica; and what would become of a statement there.
package enum Explanation {
    /// - Throws: the question cannot be read. A refused login is an answer.
    package static func explain(
        _ question: ExplanationQuestion, on ground: some ExplanationGround
    ) async throws(ExplanationFailure) -> ExplanationReport {
        do throws(ExplanationFailure) {
            return try await explained(question, on: ground)
        } catch {
            switch error {
            case .refused(let refusal, let cause):
                return ExplanationReport(refused: refusal, cause: cause, on: ground)
            case .question: throw error
            }
        }
    }

    private static func explained(
        _ question: ExplanationQuestion, on ground: some ExplanationGround
    ) async throws(ExplanationFailure) -> ExplanationReport {
        let principal: Principal
        var report = ExplanationReport(on: ground)
        switch question.identity {
        case .token(let token):
            principal = try await ground.principal(ofToken: token)
            report.show(principal, verified: true, source: nil)
        case .claims(let claims, let source):
            principal = try ClaimedPrincipal.principal(
                of: claims, source: source, configuration: ground.configuration)
            report.show(principal, verified: false, source: source)
        }
        let request = try question.request(of: principal)
        let trace = ground.policy.explain(request)
        report.show(request, trace)
        guard case .success(let decision) = trace.outcome else { return report }
        let selected = await select(for: decision, on: ground, &report)
        guard let statement = question.statement else { return report }
        var catalog = ExplainedCatalog(replica: nil, failure: "no replica is selected")
        if let selected { catalog = await ground.catalog(of: selected) }
        let explanation = StatementExplanation(
            statement: statement, decision: decision, request: request, configuration: ground.configuration)
        report.statement = await explanation.report(catalog: catalog)
        if let observation = trace.observation, case .success(let other) = observation.outcome {
            let observed = StatementExplanation(
                statement: statement, decision: other, request: request, configuration: ground.configuration)
            let found = await observed.report(catalog: catalog)
            report.observed?.statementReasons = found.allowed ? nil : found.reasons
        }
        return report
    }

    /// The replica that would serve, with why each other one would not.
    private static func select(
        for decision: Decision, on ground: some ExplanationGround, _ report: inout ExplanationReport
    ) async -> ReplicaID? {
        let configuration = ground.configuration
        guard let database = configuration.database(named: decision.database) else { return nil }
        let (statuses, sessions) = await ground.replicas(of: database)
        let selection = ReplicaSelection.select(
            decision: decision, configuration: configuration, statuses: statuses, sessions: sessions)
        let order = selection.candidates.map(\.target.id)
        report.replicas = database.replicas.map { replica in
            let id = ReplicaID(database: database.name, replica: replica.name)
            var line = ExplanationReport.Replica(
                name: replica.name, region: replica.region, status: statuses[id] ?? ReplicaStatus(),
                sessions: sessions[id])
            if let passed = selection.passedOver.first(where: { $0.replica == id }) {
                line.outcome = .passedOver
                line.reason = passed.why.reason
            } else if order.first == id {
                line.outcome = .selected
            } else {
                line.reason = "comes behind \(order.first?.replica ?? "the one selected")"
            }
            return line
        }
        guard let first = order.first else {
            let passedOver = (report.replicas ?? []).map { "\($0.name): \($0.reason ?? "passed over")" }
            report.refusal = ExecutorError(
                .noReplica(database: decision.database, regions: decision.regions, passedOver: passedOver))
            return nil
        }
        return first
    }
}
