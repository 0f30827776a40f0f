import GatewayCatalog
import GatewayConfiguration
import GatewayPolicy
import GatewayRouting

/// What an explanation rests on: a running gateway, or a file and what can be found out from here.
package protocol ExplanationGround: Sendable {
    var configuration: Configuration { get }
    var policy: Policy { get }
    var source: ExplanationReport.Source { get }
    /// The principal of a token that is verified as at a login.
    func principal(ofToken token: [UInt8]) async throws(ExplanationFailure) -> Principal
    /// What is known of the database's replicas, and the sessions that each has.
    func replicas(
        of database: Database
    ) async -> (statuses: [ReplicaID: ReplicaStatus], sessions: [ReplicaID: Int])
    /// The catalogue of a replica's database.
    func catalog(of replica: ReplicaID) async -> ExplainedCatalog
}

/// A replica's catalogue, or why there is none.
package struct ExplainedCatalog: Sendable {
    package var replica: ReplicaID?
    package var published: PublishedCatalog?
    /// Since it was confirmed.
    package var age: Duration?
    /// Why there is none.
    package var failure: String?

    package init(
        replica: ReplicaID?, published: PublishedCatalog? = nil, age: Duration? = nil, failure: String? = nil
    ) {
        self.replica = replica
        self.published = published
        self.age = age
        self.failure = failure
    }
}
