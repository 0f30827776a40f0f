import Foundation
import Seeded
import Testing

/// PostgreSQL as the judge of the log: random traffic straight at a server and through the gateway is answered alike, and
/// the records say of each message what the server's own answers say.
///
/// `DOMICILE_TRAFFIC_SEEDS=FIRST-LAST` plays other seeds than CI's.
@Suite(.serialized)
struct WireRecordTests {
    private let testbed: Testbed
    private static let messages = 150
    /// Sessions of one gateway and log.
    private static let block = 100

    init() throws { testbed = try Testbed() }

    private static func seeds() throws -> ClosedRange<UInt64> {
        guard let text = ProcessInfo.processInfo.environment["DOMICILE_TRAFFIC_SEEDS"] else { return 1...60 }
        let ends = text.split(separator: "-").compactMap { UInt64($0) }
        guard let first = ends.first, let last = ends.last, first <= last else {
            throw RawClient.Failure(description: "DOMICILE_TRAFFIC_SEEDS is FIRST-LAST, not \(text)")
        }
        return first...last
    }

    /// A session that was played, and what its records must be.
    private struct Played {
        let seed: UInt64
        let application: String
        let traffic: WireTraffic
        let account: WireAccount
    }

    @Test(
        "F-WIRE-22, F-WIRE-24, F-AUD-23: of random traffic each message's records say what a server asked directly says of it"
    )
    func randomTraffic() throws {
        let seeds = try WireRecordTests.seeds()
        var (messages, statements, restated, ended, failed) = (0, 0, 0, 0, [UInt64]())
        for first in stride(from: seeds.lowerBound, through: seeds.upperBound, by: WireRecordTests.block) {
            let last = min(seeds.upperBound, first + UInt64(WireRecordTests.block) - 1)
            let own = try OwnGateway(
                testbed, edit: { $0.replacingOccurrences(of: "parameters: hash", with: "parameters: keep") })
            defer { own.remove() }
            var played: [Played] = []
            for seed in first...last {
                do {
                    switch try play(seed, own.testbed) {
                    case .played(let one): played.append(one)
                    case .differs: failed.append(seed)
                    case .endedByServer: ended += 1
                    }
                } catch {
                    Issue.record("seed \(seed): \(error)")
                    failed.append(seed)
                }
            }
            try own.testbed.eventually("all sessions have ended in the log") {
                try own.testbed.log("eu-west-1").records.count { $0.type == "session.end" } >= played.count
            }
            let log = try own.testbed.log("eu-west-1")
            #expect(log.isGapFree)
            let bySession = Dictionary(grouping: log.records, by: \.session)
            for one in played {
                let session = try #require(log.sessions(application: one.application).first)
                let records = bySession[session] ?? []
                restated += records.count { $0.type == "outcome" && $0.keys["statement"] is Int }
                let findings = WireRecords(records).differences(
                    from: one.account, one.traffic)
                if !findings.isEmpty { failed.append(one.seed) }
                #expect(findings.isEmpty, "seed \(one.seed): \(findings.prefix(5))")
                messages += one.traffic.messages.count
                statements += one.account.outcomes.count
            }
        }
        #expect(failed.isEmpty, "DOMICILE_TRAFFIC_SEEDS=N-N with N of \(failed)")
        print(
            "random traffic: \(messages) messages, \(statements) outcomes, \(restated) of another text than was expected"
        )
        #expect(messages >= WireRecordTests.messages * (seeds.count - ended))
        #expect(ended <= 1 + seeds.count / 100)
        #expect(statements > 10 * (seeds.count - ended))
    }

    private enum Play {
        case played(Played)
        case differs
        /// PostgreSQL 15 ends a session at some SAVEPOINTs and BEGINs behind half a pipeline ("unexpected state STARTED"): it did
        /// so on both sides.
        case endedByServer
    }

    /// Sends the same to both, in the same portions.
    private func play(_ seed: UInt64, _ testbed: Testbed) throws -> Play {
        let traffic = WireTraffic(seed: seed, messages: WireRecordTests.messages)
        let application = "seed \(seed)"
        let direct = try RawClient.direct(parameters: [("application_name", application)])
        let relayed = try RawClient.through(testbed, application: application)
        defer {
            direct.close()
            relayed.close()
        }
        var random = SeededGenerator(seed: seed ^ 0x5eed)
        var (theirs, ours): ([RawClient.Frame], [RawClient.Frame]) = ([], [])
        var account: WireAccount?
        var sent = 0
        for stop in traffic.stops where stop > sent {
            // Who does not wait sends several portions at once, or all.
            let isLast = stop == traffic.messages.count
            if !traffic.waits, !isLast, seed % 4 == 1 || Int.random(in: 0..<3, using: &random) > 0 {
                continue
            }
            let bytes = traffic.messages[sent..<stop].flatMap(\.bytes)
            try direct.send(bytes)
            try send(bytes, to: relayed, inPieces: seed % 3 == 0, &random)
            sent = stop
            account = WireAccount.of(traffic.messages[..<sent], theirs)
            // An error may be all that comes: what follows it up to the Sync has no answer.
            while account == nil, let frame = try direct.readFrame() {
                theirs.append(WireComparisonTests.comparable(frame))
                if "ZE".contains(frame.letter) {
                    account = WireAccount.of(traffic.messages[..<sent], theirs)
                }
            }
            while ours.count < theirs.count, let frame = try relayed.readFrame() {
                ours.append(WireComparisonTests.comparable(frame))
            }
            if ours == theirs, account == nil, theirs.last?.field("V") == "FATAL" { return .endedByServer }
            guard ours == theirs, let account, account.problem == nil else {
                let place = zip(ours, theirs).prefix { $0 == $1 }.count
                let (got, due) = (ours.dropFirst(place).first, theirs.dropFirst(place).first)
                Issue.record(
                    "seed \(seed), frame \(place): \(String(describing: got)) instead of \(String(describing: due)); \(account?.problem ?? "")"
                )
                return .differs
            }
        }
        try relayed.send(AbuseFrames.terminate)
        #expect(try relayed.readFrame() == nil, "seed \(seed)")
        guard let account else { return .differs }
        return .played(Played(seed: seed, application: application, traffic: traffic, account: account))
    }

    /// Pieces cut frames anywhere.
    private func send(
        _ bytes: [UInt8], to client: RawClient, inPieces: Bool, _ random: inout SeededGenerator
    ) throws {
        var rest = bytes[...]
        while inPieces, rest.count > 1, Int.random(in: 0..<20, using: &random) > 0 {
            let count = Int.random(in: 1...min(rest.count, 40), using: &random)
            try client.send(Array(rest.prefix(count)))
            rest = rest.dropFirst(count)
        }
        try client.send(Array(rest))
    }
}
