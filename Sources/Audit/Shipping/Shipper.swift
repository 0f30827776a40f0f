import Foundation
import GatewayServers
import Logging
import Synchronization

/// What became of one log at one destination.
package struct ShippingStatus: Sendable {
    /// Since this shipper was started: rows that the destination acknowledged, and their bytes as they were sent.
    package var rows: UInt64 = 0
    package var bytes: UInt64 = 0
    /// One past the newest record that is known to be there; nil: nothing is known yet.
    package var reached: UInt64?
    /// Records that it lacks for ever: the log began behind them.
    package var passedOver: UInt64 = 0
    /// It is connected and takes records.
    package var isUp = false
    /// Why it does not; nil: it does, or was not tried yet.
    package var failure: ShipFailure?
    /// Why nothing is sent before somebody mends it.
    package var stop: ShipMachine.Stop?
    /// Failures since this shipper was started, by the label of why (a closed set).
    package var failures: [String: Int] = [:]

    package init() {}
}

/// One log on its way to one destination: a thread that reads the log's segments as any reader does and takes none of the
/// writer's locks while it reads or sends. A destination that hangs costs that thread sleeping.
final class Shipper: Sendable {
    private struct Requests {
        /// When it gives up what is under way; nil: it is not to end.
        var deadline: Int64?
        var status = ShippingStatus()
    }

    let target: ShipTarget
    let log: ShippingService.Log
    let resolver: NameResolver
    let wakePipe: WakePipe
    let logger: Logger
    private let state = Mutex(Requests())
    private let thread = ServerThread()

    /// Nil where the process has no descriptors left.
    init?(_ target: ShipTarget, log: ShippingService.Log, lookup: @escaping NameLookup, logger: Logger) {
        guard let wakePipe = WakePipe() else { return nil }
        self.target = target
        self.log = log
        self.wakePipe = wakePipe
        resolver = NameResolver(host: target.destination.host, lookup: lookup)
        var logger = logger
        logger[metadataKey: "destination"] = "\(target.destination.name)"
        logger[metadataKey: "log"] = "\(target.log)"
        self.logger = logger
    }

    func start() {
        thread.start(name: "ship", stackSize: ShippingLimits.stackSize) { [self] in ShipLoop(self).run() }
    }

    /// Sends what is there, ends by itself when that is done, and begins nothing behind the deadline.
    func close(by deadline: Int64) {
        state.withLock { $0.deadline = deadline }
        wakePipe.wake()
    }

    /// Waits for the thread's end. False where it did not come in time.
    func join(until deadline: Int64) -> Bool { thread.join(until: deadline) }

    /// When it gives up what is under way; nil: it is not to end.
    var deadline: Int64? { state.withLock { $0.deadline } }

    var status: ShippingStatus { state.withLock { $0.status } }

    func publish(_ change: (inout ShippingStatus) -> Void) { state.withLock { change(&$0.status) } }
}
