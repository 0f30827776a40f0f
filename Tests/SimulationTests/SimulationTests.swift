import Foundation
import Testing

/// Whole sessions on simulated time, network and disk. What is tried, and what holds after every step, is World's.
@Suite struct SimulationTests {
    /// DOMICILE_SIMULATE_SEED=N runs that seed alone, DOMICILE_SIMULATE_SEEDS=A..<B all of a range.
    private static let seeds: Range<UInt64> = {
        let environment = ProcessInfo.processInfo.environment
        if let one = environment["DOMICILE_SIMULATE_SEED"].flatMap(UInt64.init) { return one..<(one + 1) }
        let ends =
            environment["DOMICILE_SIMULATE_SEEDS"]?.split(separator: "..<").compactMap { UInt64($0) } ?? []
        return ends.count == 2 && ends[0] < ends[1] ? ends[0]..<ends[1] : 0..<200
    }()

    @Test("No byte out of region, no query unrecorded, nothing lost or made up, whatever fails and whenever")
    func invariants() async throws {
        var whole = World.Tally()
        var broken: [String] = []
        for seed in SimulationTests.seeds {
            let world = try await World(seed: seed, signer: TokenSigner())
            do {
                try await world.run()
            } catch {
                world.violated("\(error)")
            }
            whole.add(world.tally)
            if let violation = world.violation { broken.append("seed \(seed): \(violation)") }
        }
        print("simulated \(SimulationTests.seeds): \(whole)")
        for line in broken { print(line) }
        #expect(broken.isEmpty, "\(broken.prefix(5))")
        // Nothing was tried where nothing happened.
        if SimulationTests.seeds.count >= 200 {
            #expect(whole.logins > 100)
            #expect(whole.frames > 5_000)
            #expect(whole.compared > 30)
            #expect(whole.arrived > 5)
            #expect(whole.powerCuts > 5)
            #expect(whole.reloads > 5)
            #expect(whole.cancels > 1)
            #expect(whole.revocations > 5)
            #expect(whole.kills > 1)
        }
    }

    @Test("The same seed is the same run, event by event")
    func repeatable() async throws {
        for seed: UInt64 in [1, 2, 3] {
            let first = try await World(seed: seed, signer: TokenSigner())
            try await first.run()
            let second = try await World(seed: seed, signer: TokenSigner())
            try await second.run()
            #expect(first.fingerprint == second.fingerprint, "seed \(seed)")
            #expect(first.steps == second.steps, "seed \(seed)")
            #expect(first.steps > 100, "seed \(seed)")
        }
    }
}

extension World.Tally {
    mutating func add(_ other: World.Tally) {
        logins += other.logins
        refused += other.refused
        frames += other.frames
        answers += other.answers
        cancels += other.cancels
        powerCuts += other.powerCuts
        reloads += other.reloads
        troubles += other.troubles
        revocations += other.revocations
        kills += other.kills
        compared += other.compared
        arrived += other.arrived
    }
}
