import Gateway
import GatewayConfiguration
import GatewayPolicy
import GatewayRouting

/// What a running gateway knows: the configuration that new sessions get, and its replicas as its probes found them.
package struct GatewayGround: ExplanationGround {
    /// How long a catalogue is waited for that is being read.
    private static let patience: Duration = .seconds(2)

    private let gateway: Gateway
    private let generation: Generation

    package init(_ gateway: Gateway) {
        self.gateway = gateway
        generation = gateway.generation
    }

    package var configuration: Configuration { generation.configuration }
    package var policy: Policy { generation.policy }
    package var source: ExplanationReport.Source {
        ExplanationReport.Source(kind: .gateway, gateway: configuration.gateway)
    }

    package func principal(ofToken token: [UInt8]) async throws(ExplanationFailure) -> Principal {
        do throws(Refusal) {
            return try await gateway.verify(token).principal
        } catch {
            throw .refused(error, cause: "token refused: \(error.detail)")
        }
    }

    package func replicas(
        of database: Database
    ) async -> (statuses: [ReplicaID: ReplicaStatus], sessions: [ReplicaID: Int]) {
        let sessions = gateway.sessionsByReplica
        let known = database.replicas.map { ReplicaID(database: database.name, replica: $0.name) }
        // That there are none is known, too.
        return (
            gateway.replicaStatuses,
            Dictionary(known.map { ($0, sessions[$0] ?? 0) }) { first, _ in first }
        )
    }

    package func catalog(of replica: ReplicaID) async -> ExplainedCatalog {
        let state = await gateway.catalog(of: replica, within: GatewayGround.patience)
        return ExplainedCatalog(
            replica: replica, published: state?.published, age: state?.age,
            failure: state?.published == nil ? state?.failure?.description : nil)
    }
}

extension Gateway {
    /// Explains from what the gateway knows. That it was asked is recorded.
    package func explain(
        _ question: ExplanationQuestion, for asker: OperatorIdentity
    ) async throws(OperationFailure) -> ExplanationReport {
        guard recordRead("explain", by: asker) else { throw .notRecorded }
        do throws(ExplanationFailure) {
            return try await Explanation.explain(question, on: GatewayGround(self))
        } catch {
            switch error {
            case .question(let reason): throw .wrong(reason)
            case .refused(let refusal, _): throw .wrong(refusal.message)
            }
        }
    }
}
