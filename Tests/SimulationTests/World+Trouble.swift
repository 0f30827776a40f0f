import Foundation
import GatewayIdentity

/// What goes wrong.
extension World {
    enum Trouble: CaseIterable {
        case executorCut, backendCut, freeze, disk, another, policy, cancel, power, replicaDown, replicaSilent
        case revocation, kill

        /// Those that leave most standing come more often.
        static let likely =
            allCases + [
                .cancel, .cancel, .freeze, .disk, .disk, .executorCut, .backendCut, .revocation, .revocation,
                .kill,
            ]
    }

    func makeTrouble() async throws {
        count { $0.troubles += 1 }
        switch Trouble.likely.randomElement(using: &random) ?? .cancel {
        case .executorCut:
            executors.filter { !$0.isDone }.randomElement(using: &random)?.ended()
            planTurns()
        case .backendCut:
            liveBackends.randomElement(using: &random)?.ended()
            planTurns()
        case .freeze:
            openWires.randomElement(using: &random)?.freeze(
                until: time.now + Int64(random.skewed(1, 12_000_000)))
        case .disk:
            guard let disk = disks[anyRegion()] else { return }
            disk.fault = SimulatedDisk.Fault.allCases.randomElement(using: &random) ?? .full
            heal { disk.fault = .none }
        case .another: exchange(anyReplica())
        case .policy: try withdrawAmerica()
        case .cancel: for _ in 0..<random.number(1..<4) { askCancel() }
        case .power: try await cutPower()
        case .replicaDown:
            let replica = anyReplica()
            replica.isDown = true
            dialer.refusing.insert(replica.port)
            for backend in liveBackends where backend.replica === replica { backend.ended() }
            heal { [dialer] in
                replica.isDown = false
                dialer.refusing.remove(replica.port)
            }
        case .replicaSilent:
            let replica = anyReplica()
            replica.isSilent = true
            heal { replica.isSilent = false }
        case .revocation: try revoke()
        case .kill: kill()
        }
    }

    private func anyRegion() -> String { disks.keys.sorted().randomElement(using: &random) ?? "" }
    private func anyReplica() -> SimulatedReplica { replicas[random.number(0..<replicas.count)] }

    private var liveBackends: [SimulatedBackend] {
        backends.keys.sorted().compactMap { backends[$0] }.filter { !$0.wire.isClosed }
    }

    /// Another server answers at the replica's address. A probe finds out: not a byte more goes there.
    private func exchange(_ replica: SimulatedReplica) {
        replica.isAnother = true
        probe(replica)
        turnAll()
        stop(liveBackends.filter { $0.replica === replica && $0.phase == .relaying })
    }

    /// A reload takes a rule away: of its sessions not a byte more goes out.
    private func withdrawAmerica() throws {
        guard americaIsServed else { return }
        _ = try life.gateway.reload(
            GatewayLife.read(scenario.configuration(americaIsServed: false), folder: folder))
        count { $0.reloads += 1 }
        turnAll()
        withdraw()
        for replica in replicas { probe(replica) }
        stop(liveBackends.filter { $0.executor?.group == .america && $0.phase == .relaying })
    }

    /// An operator revokes an executor's tokens, at whatever it is: nothing more of it goes out.
    private func revoke() throws {
        guard let target = executors.filter({ !$0.isDone }).randomElement(using: &random) else { return }
        try life.turns.revoke(
            Revocation(
                issuer: "https://id.example.com", scope: .subject(target.name), time: time.wall / 1_000_000))
        target.isRevoked = true
        count { $0.revocations += 1 }
        endNow { $0.executor === target }
    }

    /// An operator ends one session; what its executor does next is its own business.
    private func kill() {
        let begun = executors.filter { $0.phase == .relaying && !$0.isDone }
        guard let target = begun.randomElement(using: &random), let backend = target.backend else { return }
        life.turns.kill(session: backend.session)
        target.isKilled = true
        count { $0.kills += 1 }
        endNow { $0 === backend }
    }

    private func endNow(_ isMeant: (SimulatedBackend) -> Bool) {
        turnAll()
        stop(liveBackends.filter { isMeant($0) && $0.phase == .relaying })
    }

    private func turnAll() {
        for _ in 0..<3 { for worker in 0..<life.turns.count { life.turns.turn(worker) } }
    }

    private func stop(_ backends: [SimulatedBackend]) {
        for backend in backends { backend.wire.budget = backend.wire.collected + backend.wire.waiting }
    }

    /// A CancelRequest: with a session's key, with a wrong one, or of nobody.
    private func askCancel() {
        let target = executors.filter { $0.phase == .relaying }.randomElement(using: &random)
        var key = target?.key ?? [1, 2, 3, 4]
        if random.chance(2) {
            key[0] ^= 1
        } else if let backend = target?.backend {
            noteCancel(backend.processID)
        }
        guard let wire = newCanceller() else { return }
        wire.send(Packet.cancel(target?.processID ?? 77, key))
    }

    func cancelArrived(at replica: SimulatedReplica, processID: Int, key: [UInt8]) {
        count { $0.cancels += 1 }
        guard let backend = backends[processID], backend.replica === replica, backend.key == key else {
            return violated(
                "a CancelRequest for process \(processID) at \(replica.id), which is no session's")
        }
        guard wasAsked(processID) else {
            return violated("a cancel of \(processID) that nobody with its key asked for")
        }
    }

    /// The machine loses power: what the disks have is what is left, and all that counted as safe is among it.
    private func cutPower() async throws {
        count { $0.powerCuts += 1 }
        var safe: [String: [String]] = [:]
        for (region, disk) in disks {
            safe[region] = disk.look { $0.all }.filter { disk.isDurable($0) }.map(\.line)
        }
        for disk in disks.values { try disk.cutPower() }
        try await beginNewLife()
        for (region, lines) in safe {
            let left = Set(disks[region]?.look { $0.all.map(\.line) } ?? [])
            if let lost = lines.first(where: { !left.contains($0) }) {
                violated("the disk of \(region) had it, and recovery lost it: \(lost)")
            }
        }
        for replica in replicas { probe(replica) }
    }
}
