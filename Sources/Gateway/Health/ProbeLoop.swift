import Foundation
import GatewayRouting
import GatewayServers

/// The work of one probe's thread: waits, probes, keeps the connection in between, ends backends.
final class ProbeLoop {
    private let probe: ReplicaProbe
    private var connection: ServerConnection?
    private var nextProbe: Int64
    /// How long the next one may take.
    private var patience: Duration
    private var lastStart: Int64?
    private var terminations: [BackendTermination] = []
    private var nextTermination = Int64.max
    private var lastFailure: ProbeFailure?
    /// Probes that the kept connection has answered.
    private var answered = 0

    /// A server that takes no new connection may still answer on an old one: after so many probes the connection is
    /// made anew (F-POL-07).
    private static let probesPerConnection = 5

    init(_ probe: ReplicaProbe) {
        self.probe = probe
        nextProbe = ServerClock.now()
        patience = probe.settings.timing.timeout
    }

    func run() {
        while true {
            waitForWork()
            let requests = probe.takeRequests()
            if !requests.terminations.isEmpty {
                terminations += requests.terminations
                nextTermination = ServerClock.now()
            }
            guard !requests.stopping else { break }
            if requests.anew { answered = ProbeLoop.probesPerConnection }
            if requests.hurried { nextProbe = max(ServerClock.now(), (lastStart ?? 0) &+ spacing) }
            if ServerClock.now() >= nextProbe {
                guard conclude() else { break }
            }
            endBackends()
        }
        connection?.close()
        for termination in terminations { termination.completion(.unknownReplica) }
    }

    /// Until the next probe is due, someone asks for something, or the server speaks unasked: it goes down, or its
    /// recovery state changed. Then the probe comes early, though no oftener than ten times an interval.
    private func waitForWork() {
        var entries = [pollfd(fd: probe.wakePipe.descriptor, events: Int16(POLLIN), revents: 0)]
        if let connection {
            entries.append(pollfd(fd: connection.descriptor, events: Int16(POLLIN), revents: 0))
        }
        guard ServerClock.wait(&entries, until: min(nextProbe, nextTermination)) else { return }
        probe.wakePipe.drain()
        if entries.count > 1, entries[1].revents != 0, let connection {
            if !connection.absorb() { drop() }
            nextProbe = min(nextProbe, max(ServerClock.now(), (lastStart ?? 0) &+ spacing))
        }
    }

    /// Probes come no oftener than this, whoever hurries.
    private var spacing: Int64 { probe.settings.timing.interval.wholeNanoseconds / 10 }

    /// Probes once. False where the monitor no longer wants to know.
    private func conclude() -> Bool {
        let startedAt = ServerClock.now()
        lastStart = startedAt
        let outcome: ProbeOutcome
        do throws(ServerFault) {
            outcome = .report(try ask(until: startedAt &+ patience.wholeNanoseconds))
            lastFailure = nil
        } catch {
            drop()
            if case .failure(let failure) = error { lastFailure = failure }
            outcome = .fault(error)
        }
        guard let next = probe.conclude(outcome, startedAt: startedAt) else { return false }
        nextProbe = next.nextProbe
        patience = next.patience
        return true
    }

    /// The kept connection first; one that broke since the last probe (a restart) is no failure yet.
    private func ask(until deadline: Int64) throws(ServerFault) -> ProbeReport {
        if answered >= ProbeLoop.probesPerConnection, connection != nil { try logInAnew(until: deadline) }
        if let kept = connection {
            do throws(ServerFault) {
                let report = try ask(kept, until: deadline)
                answered += 1
                return report
            } catch {
                guard error == .failure(.lost) else { throw error }
                drop()
            }
        }
        let fresh = try connect(until: deadline)
        connection = fresh
        answered = 1
        return try ask(fresh, until: deadline)
    }

    private func ask(_ connection: ServerConnection, until deadline: Int64) throws(ServerFault) -> ProbeReport
    {
        let asked = ServerClock.now()
        let rows = try connection.query(ProbeQuery.sql, until: deadline)
        return try ProbeQuery.report(
            rows, backendPID: connection.backendPID, spki: connection.spki(), address: connection.address,
            roundTrip: .nanoseconds(ServerClock.now() - asked))
    }

    /// Makes a new connection and gives the old one up; where there is no slot for another one, the old one serves on.
    private func logInAnew(until deadline: Int64) throws(ServerFault) {
        answered = 0
        let fresh: ServerConnection
        do throws(ServerFault) {
            fresh = try connect(until: deadline)
        } catch {
            guard error == .failure(.serverFull) else { throw error }
            return
        }
        connection?.close()
        connection = fresh
    }

    private func connect(until deadline: Int64) throws(ServerFault) -> ServerConnection {
        try ServerConnection.connect(
            to: ServerLogin(to: probe.target, as: probe.settings, purpose: .probe), by: probe.resolver,
            until: deadline)
    }

    private func drop() {
        connection?.abandon()
        connection = nil
    }

    /// One round over the backends that are to end; those that still live are looked at again soon.
    private func endBackends() {
        let now = ServerClock.now()
        guard !terminations.isEmpty, now >= nextTermination else { return }
        let round = terminations
        terminations = []
        let limit = probe.settings.timing.timeout.wholeNanoseconds
        var pause = BackendTermination.pause
        for termination in round {
            do throws(ServerFault) {
                let deadline = max(now, min(now &+ limit, termination.deadline))
                if connection == nil { connection = try connect(until: deadline) }
                if let connection, let outcome = try termination.attempt(on: connection, until: deadline) {
                    termination.completion(outcome)
                    continue
                }
            } catch {
                if case .failure(let failure) = error { lastFailure = failure }
                drop()
                pause = BackendTermination.pauseAfterFault
            }
            if ServerClock.now() >= termination.deadline {
                termination.completion(.notInTime(lastFailure))
            } else {
                terminations.append(termination)
            }
        }
        nextTermination = terminations.isEmpty ? Int64.max : ServerClock.now() &+ pause
    }
}
