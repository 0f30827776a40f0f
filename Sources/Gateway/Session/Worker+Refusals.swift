import Audit
import Transport

/// Refusals that are many: statements in the operational log; logins that are only counted, beyond an address's rate or the budget of log bytes.
extension Worker {
    /// Lines of refused statements in the operational log, a second and worker: who sends nothing else fills no disk.
    static let toldRefusalsPerSecond = 20

    func tellsOfRefusal() -> Bool {
        toldRefusals.take(true, perSecond: Worker.toldRefusalsPerSecond, now: loop.now)
    }

    func sumUp(_ refusal: Refusal, from client: SocketAddress) {
        if refusals.isEmpty { _ = loop.schedule(.refusals, at: loop.now &+ RefusalSums.interval) }
        let host = client.host
        refusals.add(address: host.isEmpty ? "unix" : host, sqlstate: refusal.sqlstate)
        context.counters.summedRefusals.increase()
    }

    /// A record for each sum, in the log of the gateway's own region.
    func recordSums() {
        let configuration = generation.configuration
        let sums = refusals.take()
        guard !sums.isEmpty, let home = regionLog(configuration.region) else { return }
        for sum in sums {
            home.batch.begin(.sessionRefused)
            home.batch.add("gateway", configuration.gateway)
            home.batch.add("region", configuration.region)
            home.batch.add("client", sum.address)
            home.batch.add("sqlstate", sum.sqlstate)
            home.batch.add("reason", "refused logins without a record of their own")
            home.batch.add("count", sum.count)
            home.batch.end()
        }
        home.mustWrite = true
    }
}
