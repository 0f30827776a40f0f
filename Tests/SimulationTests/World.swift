import Audit
import Foundation
import Gateway
import GatewayConfiguration
import GatewayIdentity
import GatewayRouting
import Logging
import Seeded
import Synchronization
import Transport

/// A gateway with everything around it, of a seed: executors, replicas, network, disks, time. One thread runs all of it, an
/// event after the other; after each the two invariants are looked at (architecture.md).
final class World {
    enum Event {
        case turn(Int)
        /// A timer of the gateway is due.
        case timers
        case deliver(Wire)
        case collect(Wire)
        case log(String)
        case process(SimulatedBackend)
        case act(SimulatedExecutor)
        case arrive
        case probe
        case trouble
        /// What took long beside the workers is done.
        case beside(@Sendable () -> Void)
        case heal(() -> Void)
    }

    let scenario: Scenario
    let time = SimulatedTime()
    let folder: String
    var random: SeededGenerator
    let signer: TokenSigner
    let replicas = [
        SimulatedReplica("west", region: "eu-west-1", port: 5501, isPrimary: true),
        SimulatedReplica("central", region: "eu-central-1", port: 5502, isPrimary: false),
        SimulatedReplica("east", region: "us-east-1", port: 5503, isPrimary: false),
    ]
    let disks: [String: SimulatedDisk]
    let dialer = Dialer()
    private let beside = BesideWork()
    private(set) var executors: [SimulatedExecutor] = []
    private(set) var backends: [Int: SimulatedBackend] = [:]
    private(set) var violation: String?
    private(set) var steps = 0
    /// The run as a number: the same for the same seed.
    private(set) var fingerprint: UInt64 = 0xcbf2_9ce4_8422_2325
    private(set) var tally = Tally()
    private(set) var americaIsServed = true
    /// Sessions that a power cut ended: of those no end is recorded.
    private(set) var lostSessions: Set<String> = []

    private var agenda = Agenda<Event>()
    private(set) var life: GatewayLife
    private var wires: [Int: (wire: Wire, peer: Peer)] = [:]
    private var nextNumber = 0
    /// The earliest moments that are planned.
    private var turnsPlanned: [Int: Int64] = [:]
    private var logsPlanned: [String: Int64] = [:]
    /// Process ids that a cancel with the right key was asked for.
    private var cancelsAsked: Set<Int> = []

    enum Peer {
        case executor(SimulatedExecutor)
        case backend(SimulatedBackend)
        /// A connection that brought a CancelRequest.
        case canceller
    }

    /// What a run came to: a test that nothing happened in proves nothing.
    struct Tally {
        var logins = 0
        var refused = 0
        var frames = 0
        var answers = 0
        var cancels = 0
        var powerCuts = 0
        var reloads = 0
        var troubles = 0
        var revocations = 0
        var kills = 0
        /// Sessions of which each outcome was compared with what the server did.
        var compared = 0
        /// Sessions that shut their side, all of whose messages had to arrive.
        var arrived = 0
    }

    init(seed: UInt64, signer: TokenSigner) async throws {
        var random = SeededGenerator(seed: seed)
        scenario = Scenario(seed: seed, random: &random)
        self.random = random
        self.signer = signer
        folder = "/dev/shm/domicile-simulation-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        var disks: [String: SimulatedDisk] = [:]
        for (index, replica) in replicas.enumerated() {
            disks[replica.region] = SimulatedDisk(
                region: replica.region, folder: folder + "/" + replica.region,
                seed: seed &* 31 &+ UInt64(index), time: time, syncTime: scenario.syncTime)
        }
        self.disks = disks
        life = try await GatewayLife(
            scenario: scenario, time: time, disks: disks, folder: folder, signer: signer, dialer: dialer,
            beside: beside)
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    func violated(_ what: String) {
        if violation == nil { violation = "at \(time.now) µs, step \(steps): \(what)" }
    }

    // MARK: Who is there

    func executor(named name: String?) -> SimulatedExecutor? { executors.first { $0.name == name } }
    func backend(_ processID: Int) -> SimulatedBackend? { backends[processID] }

    func token(of executor: SimulatedExecutor) -> String {
        let now = time.wall / 1_000_000
        let token = try? signer.token(
            subject: executor.name, group: executor.group.rawValue, issued: now,
            expires: (time.wall + scenario.tokenLife) / 1_000_000)
        return token ?? ""
    }

    var connections: Int { life.turns.connections }
    var openWires: [Wire] { wires.keys.sorted().compactMap { wires[$0]?.wire } }
    func count(_ what: (inout Tally) -> Void) { what(&tally) }
    func withdraw() { americaIsServed = false }
    func noteCancel(_ processID: Int) { cancelsAsked.insert(processID) }
    func wasAsked(_ processID: Int) -> Bool { cancelsAsked.contains(processID) }

    func probe(_ replica: SimulatedReplica) {
        life.health.probed(replica.id, replica.report, now: nanoseconds)
    }

    /// What went wrong is right again, some time later.
    func heal(_ body: @escaping () -> Void) {
        agenda.plan(.heal(body), at: time.now + Int64(random.skewed(1, 12_000_000)))
    }

    // MARK: The run

    /// Runs to the end of everything, or to the first violation.
    func run() async throws {
        for replica in replicas { life.health.probed(replica.id, replica.report, now: nanoseconds) }
        var moment: Int64 = 0
        for _ in 0..<scenario.executors {
            agenda.plan(.arrive, at: moment)
            moment += Int64(random.skewed(0, 3_000_000))
        }
        if scenario.hasFaults {
            for _ in 0..<random.number(1..<13) {
                agenda.plan(.trouble, at: Int64(random.number(1..<20_000_000)))
            }
        }
        agenda.plan(.probe, at: 2_000_000)
        try await live(until: 60_000_000)
        for executor in executors where !executor.isDone { executor.ended() }
        try await live(until: time.now + 20_000_000)
        life.gateway.stopNow()
        try await live(until: time.now + 10_000_000)
        life.closeLogs()
        judgeTrees()
        if violation == nil { judgeEnd() }
    }

    private var nanoseconds: Int64 { Int64(time.monotonicNanoseconds) }

    private func live(until end: Int64) async throws {
        planTurns()
        while violation == nil, let (moment, event) = next(until: end) {
            steps += 1
            time.advance(to: moment)
            fingerprint = (fingerprint ^ UInt64(moment)) &* 0x100_0000_01b3
            try await happen(event)
            if violation == nil { afterwards() }
            if steps > 400_000 { return violated("no end after 400,000 steps") }
        }
        time.advance(to: end)
    }

    private func next(until end: Int64) -> (Int64, Event)? {
        let timer = life.turns.nextTimer.map { max(time.moment(ofNanoseconds: $0), time.now) } ?? .max
        let moment = agenda.moment ?? .max
        guard min(timer, moment) <= end else { return nil }
        return timer < moment ? (timer, .timers) : agenda.next()
    }

    private func happen(_ event: Event) async throws {
        switch event {
        case .turn(let worker):
            guard let planned = turnsPlanned[worker], planned <= time.now else { return }
            turnsPlanned[worker] = nil
            life.turns.turn(worker)
            planLogs()
        case .timers:
            for worker in 0..<life.turns.count { life.turns.turn(worker) }
            planLogs()
        case .deliver(let wire): deliver(wire)
        case .collect(let wire): collect(wire)
        case .log(let region):
            guard let planned = logsPlanned[region], planned <= time.now else { return }
            logsPlanned[region] = nil
            turn(log: region)
        case .process(let backend):
            backend.isProcessingPlanned = false
            if backend.process() { planProcessing(backend) }
        case .act(let executor):
            executor.isActPlanned = false
            if executor.act() { planAct(executor) }
        case .arrive: arrive()
        case .probe:
            for replica in replicas { probe(replica) }
            agenda.plan(.probe, at: time.now + 2_000_000)
        case .trouble: try await makeTrouble()
        case .heal(let heal): heal()
        case .beside(let work): work()
        }
    }

    /// The log's writer does what is due; workers are told where that changed something.
    private func turn(log region: String) {
        guard let log = life.logs[region] else { return }
        let before = (log.durable, log.failure == nil)
        let pauses = [log.turn(), log.turnTree()]
        if before != (log.durable, log.failure == nil) { planTurns() }
        for case .some(let pause) in pauses where pause >= 0 {
            plan(log: region, at: time.now + max(1, pause))
        }
    }

    // MARK: Plans

    private func soon() -> Int64 { time.now + Int64(random.skewed(1, scenario.latency)) }

    func planTurns() {
        for worker in 0..<life.turns.count {
            let moment = time.now + Int64(random.skewed(1, 100))
            if let planned = turnsPlanned[worker], planned <= moment { continue }
            turnsPlanned[worker] = moment
            agenda.plan(.turn(worker), at: moment)
        }
    }

    private func planLogs() {
        for region in disks.keys.sorted() {
            guard let log = life.logs[region], log.written > log.durable else { continue }
            plan(log: region, at: time.now + Int64(random.skewed(1, scenario.diskLatency)))
        }
    }

    private func plan(log region: String, at moment: Int64) {
        if let planned = logsPlanned[region], planned <= moment { return }
        logsPlanned[region] = moment
        agenda.plan(.log(region), at: moment)
    }

    func planProcessing(_ backend: SimulatedBackend) {
        backend.isProcessingPlanned = true
        // A statement takes long, now and then.
        let work = random.chance(10) ? Int64(random.skewed(1, 3_000_000)) : 0
        agenda.plan(.process(backend), at: soon() + work)
    }

    func planAct(_ executor: SimulatedExecutor) {
        guard !executor.isActPlanned else { return }
        executor.isActPlanned = true
        // It thinks, now and then.
        let thought = random.chance(8) ? Int64(random.skewed(1, 4_000_000)) : 0
        agenda.plan(.act(executor), at: soon() + thought)
    }

    /// What an event led to: connections, bytes, terminations.
    private func afterwards() {
        for dialed in dialer.take() { connect(dialed) }
        for work in beside.take() {
            agenda.plan(.beside(work), at: time.now + Int64(random.skewed(1, 3_000_000)))
        }
        for termination in life.health.takeTerminations() {
            if let backend = backends[Int(termination.processID)] { backend.ended() }
            termination.completion(.gone)
        }
        if life.turns.isDue { planTurns() }
        for number in wires.keys.sorted() {
            guard let (wire, _) = wires[number] else { continue }
            if wire.isClosed {
                wires[number] = nil
                planTurns()
                continue
            }
            if wire.hasTowards, !wire.isDeliveryPlanned {
                wire.isDeliveryPlanned = true
                agenda.plan(.deliver(wire), at: max(soon(), wire.frozenUntil))
            }
            if !wire.isCollectionPlanned, !wire.isAtEnd, reads(wire), wire.isReady {
                wire.isCollectionPlanned = true
                agenda.plan(.collect(wire), at: max(soon(), wire.frozenUntil))
            }
        }
    }

    /// Whoever holds the far end reads what comes.
    private func reads(_ wire: Wire) -> Bool {
        guard case .executor(let executor)? = wires[wire.number]?.peer else { return true }
        return !(executor.manner == .stopped && executor.heard > 3)
    }

    // MARK: Bytes

    private func deliver(_ wire: Wire) {
        wire.isDeliveryPlanned = false

        if !wire.deliver(random.skewed(1, 70_000)) { wire.frozenUntil = time.now + 1_000 }
        planTurns()
    }

    private func collect(_ wire: Wire) {
        wire.isCollectionPlanned = false
        guard let peer = wires[wire.number]?.peer else { return }
        let bytes = wire.collect(random.skewed(1, 70_000))
        planTurns()
        if let budget = wire.budget, wire.collected > budget {
            return violated("\(wire.collected - budget) bytes went on after their session had to end")
        }
        switch (peer, bytes) {
        case (.executor(let executor), let bytes?): executor.received(bytes)
        case (.executor(let executor), nil):
            executor.sawTheEnd = true
            executor.ended()
        case (.backend(let backend), let bytes?): backend.received(bytes)
        case (.backend(let backend), nil): backend.inputEnded()
        case (.canceller, nil): wire.cut()
        case (.canceller, let bytes?):
            // The packet may have been on its way for longer than a login may take; else there is no answer, ever.
            if !bytes.isEmpty, !wire.wasFrozen {

                violated("a CancelRequest was answered with \(text(bytes))")
            }
        }
    }

    private func newWire() -> Wire? {
        nextNumber += 1
        guard let (wire, end) = Wire.make(number: nextNumber, buffer: Int32(random.skewed(4_096, 200_000)))
        else {
            violated("no socket pair")
            return nil
        }
        life.turns.accept(end, from: SocketAddress(ip: [127, 0, 0, 1], port: 40_000 + nextNumber))
        planTurns()
        return wire
    }

    func newCanceller() -> Wire? {
        guard let wire = newWire() else { return nil }
        wires[wire.number] = (wire, .canceller)

        return wire
    }

    private func arrive() {
        guard let wire = newWire() else { return }
        let group = Group.allCases.randomElement(using: &random) ?? .europe
        let executor = SimulatedExecutor("e\(executors.count)", group: group, wire: wire, world: self)
        executors.append(executor)
        wires[wire.number] = (wire, .executor(executor))
        executor.begin()
    }

    private func connect(_ dialed: Dialer.Dialed) {
        guard let replica = replicas.first(where: { $0.port == dialed.port }) else {
            return violated("a connection to port \(dialed.port), where no replica is")
        }
        let key = be32(random.number(0..<(1 << 32)))
        let backend = SimulatedBackend(
            replica, wire: dialed.wire, processID: 10_000 + dialed.wire.number, key: key, world: self)
        backends[backend.processID] = backend
        wires[dialed.wire.number] = (dialed.wire, .backend(backend))
    }

    /// The gateway's process is gone, and another one starts on what the disks kept.
    func beginNewLife() async throws {
        for backend in backends.values { lostSessions.insert(backend.session) }
        for executor in executors where !executor.isDone { executor.ended() }
        for number in wires.keys.sorted() { wires[number]?.wire.cut() }
        wires = [:]
        // Its descriptors have to be closed; what else it does is of a dead process, and reaches no disk.
        for _ in 0..<20 where life.turns.connections > 0 {
            for worker in 0..<life.turns.count { life.turns.turn(worker) }
            for dialed in dialer.take() { dialed.wire.cut() }
            _ = beside.take()
            time.advance(to: time.now + 3_000_000)
        }
        if life.turns.connections > 0 {
            violated("a dead gateway keeps \(life.turns.connections) connections")
        }
        life.closeLogs()
        turnsPlanned = [:]
        logsPlanned = [:]
        americaIsServed = true
        life = try await GatewayLife(
            scenario: scenario, time: time, disks: disks, folder: folder, signer: signer, dialer: dialer,
            beside: beside)
        planTurns()
        planLogs()
    }
}
