import GatewayIdentity
import Transport

/// The workers of a gateway that has no threads: whoever holds this gives each its turns and its connections. For
/// simulations, where turns, time and bytes follow from a seed.
package final class WorkerTurns {
    private let gateway: Gateway
    private let workers: [Worker]

    package init(of gateway: Gateway) throws(TransportError) {
        self.gateway = gateway
        var workers: [Worker] = []
        for index in 0..<gateway.context.workers { workers.append(try gateway.worker(index)) }
        self.workers = workers
    }

    package var count: Int { workers.count }

    /// A worker does what is there to do, and waits for nothing.
    package func turn(_ index: Int) { workers[index].turn() }

    /// A turn of some worker would find something to do now, timers apart.
    package var isDue: Bool { workers.contains { $0.loop.isDue } }

    /// Monotonic nanoseconds of the next timer of any worker.
    package var nextTimer: UInt64? { workers.compactMap(\.loop.nextTimer).min() }

    /// Hands over a connected, non-blocking descriptor as if the first listener had accepted it.
    package func accept(_ descriptor: Int32, from client: SocketAddress) {
        let context = gateway.context
        context.counters.connections.increase()
        let limit = Admission.connectionLimit(sessions: gateway.configuration.limits.sessions)
        guard context.admission.admitConnection(limit: limit) else { return Socket.close(descriptor) }
        context.post(.accepted(descriptor: descriptor, address: client, listener: 0), to: context.deal.deal())
    }

    /// Has the workers told of a revocation as `Gateway.revoke` does, without waiting for their answers.
    package func revoke(_ revocation: Revocation) throws(RevocationStoreError) {
        try gateway.context.revocations.hold(revocation)
        gateway.context.postToAll(.revocationsChanged(Gathering(workers: workers.count)))
    }

    /// Has them told of a kill as `Gateway.kill` does.
    package func kill(session: String) {
        gateway.context.postToAll(.kill(session: session, Gathering(workers: workers.count)))
    }

    /// Connections that are open.
    package var connections: Int { gateway.context.admission.connections }
}
