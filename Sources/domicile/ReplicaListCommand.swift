import Admin
import ArgumentParser
import Foundation

/// `domicile replica list`: every replica, and what a running gateway knows of it.
struct ReplicaListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "Show every replica and what the gateway knows of it.",
        discussion: """
            The gateway is asked through its admin socket; it answers what its probes found, and asks no replica \
            for it. That it was asked is recorded (admin, read).
            """)

    @OptionGroup var gateway: AdminCallOptions

    func run() async throws {
        let data = try await gateway.call.send("GET", "replicas")
        guard let report = try gateway.report(ReplicasReport.self, data) else { return }
        for line in ReplicaListCommand.lines(report.replicas) { print(line) }
    }

    /// A line for each replica under a line of titles, in columns.
    static func lines(_ replicas: [ReplicasReport.Replica]) -> [String] {
        var rows = [
            [
                "REPLICA", "DATABASE", "REGION", "RECOVERY", "STATE", "LAG", "ROUND TRIP", "TIMELINE",
                "SESSIONS",
                "PROBED", "WHY",
            ]
        ]
        for replica in replicas {
            rows.append(
                [
                    replica.replica, replica.database, replica.region, replica.recovery ?? "?",
                    state(of: replica), lag(of: replica),
                    replica.roundTripUs.map { "\(Double($0 / 10) / 100) ms" },
                    replica.timeline.map(String.init), String(replica.sessions),
                    replica.probeAgeSeconds.map { "\($0) s ago" }, reason(of: replica),
                ].map { $0 ?? "-" })
        }
        return Columns.lines(rows)
    }

    /// The word that says whether it is used.
    private static func state(of replica: ReplicasReport.Replica) -> String {
        if replica.quarantine != nil { return "quarantined" }
        if replica.maintenance { return "maintenance" }
        if replica.difference != nil { return "not attested" }
        guard replica.health == "up" else { return replica.health }
        return replica.attested ? "up" : "not attested"
    }

    private static func lag(of replica: ReplicasReport.Replica) -> String? {
        guard let seconds = replica.lagSeconds else { return nil }
        return replica.lagBytes.map { "\(seconds) s, \($0) B" } ?? "\(seconds) s"
    }

    /// Why it is not used, or will not be much longer.
    private static func reason(of replica: ReplicasReport.Replica) -> String? {
        if let reason = replica.quarantineReason { return reason }
        if let reason = replica.differenceReason { return reason }
        guard let reason = replica.failureReason else { return nil }
        return replica.failure.map { "\($0): \(reason)" } ?? reason
    }
}
