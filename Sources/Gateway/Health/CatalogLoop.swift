import Foundation
import GatewayCatalog
import GatewayRouting
import GatewayServers
import Synchronization

/// The work of a catalogue reader's thread: waits, looks whether the catalogue moved, reads it when it did.
final class CatalogLoop {
    private let reader: CatalogReader
    private var connection: ServerConnection?
    private var fingerprint: String?
    private var nextLook: Int64
    private var lastLook: Int64?
    /// How long the newest look took that found nothing new.
    private var took: Int64 = 0

    /// Snapshots that any reader of this process published.
    private static let numbers = Atomic<Int>(0)

    init(_ reader: CatalogReader) {
        self.reader = reader
        nextLook = ServerClock.now()
    }

    func run() {
        while true {
            let requests = reader.takeRequests()
            guard !requests.stopping else { break }
            if requests.soon { nextLook = min(nextLook, earliest) }
            if ServerClock.now() >= nextLook { look() }
            wait()
        }
        connection?.close()
        connection = nil
    }

    private var earliest: Int64 {
        lastLook.map { $0 &+ max(CatalogTimes.spacing, took &* CatalogTimes.shareAsked) } ?? ServerClock.now()
    }

    /// From one look to the next: a server that a look costs much is looked at less often.
    private var interval: Int64 {
        let wanted = reader.settings.catalogInterval.wholeNanoseconds
        return wanted == 0 ? 0 : max(wanted, took &* CatalogTimes.share)
    }

    /// Until the next look is due, or somebody asks.
    private func wait() {
        // A wait without end is one of an hour: poll(2) takes milliseconds.
        let longest = ServerClock.now() &+ 3_600_000_000_000
        guard ServerClock.wait(reader.wakePipe.descriptor, for: Int32(POLLIN), until: min(nextLook, longest))
        else {
            return
        }
        reader.wakePipe.drain()
    }

    /// Until when what was seen at a time holds, if nobody confirms it; nil: for ever.
    private func validUntil(_ seenAt: Int64) -> Int64? {
        guard interval > 0 else { return nil }
        return seenAt &+ max(reader.knowledge.kept.wholeNanoseconds, interval &* CatalogTimes.intervalsKept)
    }

    private func look() {
        let startedAt = ServerClock.now()
        lastLook = startedAt
        guard let status = reader.status(reader.target.id), status.health == .up, status.attested else {
            drop()
            // The monitor wakes this thread when the replica is back.
            nextLook = Int64.max
            return
        }
        do throws(CatalogFailure) {
            try read(status, until: startedAt &+ CatalogTimes.deadline)
            nextLook = interval == 0 ? Int64.max : startedAt &+ interval
        } catch {
            drop()
            reader.publish { $0.failure = error }
            let pause = CatalogTimes.pauseAfterFailure
            nextLook = ServerClock.now() &+ (interval == 0 ? pause : min(interval, pause))
        }
    }

    /// The kept connection first; one that broke since the last look is no failure yet.
    private func read(_ status: ReplicaStatus, until deadline: Int64) throws(CatalogFailure) {
        if let kept = connection {
            do throws(CatalogFailure) {
                return try read(kept, until: deadline)
            } catch {
                guard error == .replica(.lost) else { throw error }
                drop()
            }
        }
        let fresh = try connect(status)
        connection = fresh
        try read(fresh, until: deadline)
    }

    /// Both in one transaction, so that the fingerprint is that of the rows.
    private func read(_ connection: ServerConnection, until deadline: Int64) throws(CatalogFailure) {
        let reader = reader
        var allowance = ServerConnection.Allowance(
            rows: reader.knowledge.rows, bytes: reader.knowledge.bytes, deadline: deadline
        ) { reader.isWanted }
        let query = CatalogQuery(serverVersion: connection.serverVersion)
        try connection.read("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", &allowance)
        let seenAt = ServerClock.now()
        var found: String?
        try connection.read(query.fingerprint, &allowance) { cells in found = cells.first ?? nil }
        guard let found else { throw .unexpectedAnswer("no fingerprint") }
        guard found != fingerprint else {
            try connection.read("COMMIT", &allowance)
            took = ServerClock.now() &- seenAt
            let validUntil = validUntil(seenAt)
            return reader.publish { state in
                state.confirmedAt = seenAt
                state.validUntil = validUntil
                state.failure = nil
            }
        }
        let rows = try rows(connection, query, &allowance)
        try connection.read("COMMIT", &allowance)
        let snapshot = CatalogClosure.snapshot(
            of: rows, builtIns: reader.knowledge.builtIns, body: reader.knowledge.body,
            harmless: DeclaredHarmless(reader.target.harmless))
        let number = CatalogLoop.numbers.add(1, ordering: .relaxed).newValue
        fingerprint = found
        let validUntil = validUntil(seenAt)
        reader.publish { state in
            state.published = PublishedCatalog(number: number, snapshot: snapshot)
            state.number = number
            state.confirmedAt = seenAt
            state.validUntil = validUntil
            state.failure = nil
        }
    }

    private func rows(
        _ connection: ServerConnection, _ query: CatalogQuery, _ allowance: inout ServerConnection.Allowance
    ) throws(CatalogFailure) -> CatalogRows {
        var rows = CatalogRowReader(serverVersion: query.serverVersion)
        try connection.read(CatalogQuery.relations, &allowance) { cells throws(CatalogFailure) in
            try rows.relation(cells)
        }
        try connection.read(query.functions, &allowance) { cells throws(CatalogFailure) in
            try rows.function(cells)
        }
        try connection.read(CatalogQuery.operators, &allowance) { cells throws(CatalogFailure) in
            try rows.operation(cells)
        }
        try connection.read(CatalogQuery.types, &allowance) { cells throws(CatalogFailure) in
            try rows.type(cells)
        }
        try connection.read(CatalogQuery.classes, &allowance) { cells throws(CatalogFailure) in
            try rows.operatorClass(cells)
        }
        try connection.read(CatalogQuery.arrays, &allowance) { cells throws(CatalogFailure) in
            try rows.array(cells)
        }
        try connection.read(CatalogQuery.builtIns, &allowance) { cells throws(CatalogFailure) in
            try rows.builtIn(cells)
        }
        try connection.read(CatalogQuery.serverOperators, &allowance) { cells throws(CatalogFailure) in
            try rows.serverOperator(cells)
        }
        try connection.read(CatalogQuery.serverTypes, &allowance) { cells throws(CatalogFailure) in
            try rows.serverType(cells)
        }
        for links in query.links {
            try connection.read(links, &allowance) { cells throws(CatalogFailure) in try rows.link(cells) }
        }
        return rows.rows
    }

    /// A connection to the very replica that the probes attested, held to the same.
    private func connect(_ status: ReplicaStatus) throws(CatalogFailure) -> ServerConnection {
        do throws(ServerFault) {
            let deadline = ServerClock.now() &+ reader.settings.timing.timeout.wholeNanoseconds
            let fresh = try ServerConnection.connect(
                to: ServerLogin(to: reader.target, as: reader.settings, purpose: .catalog),
                by: reader.resolver, until: deadline)
            let asked = ServerClock.now()
            let report = try ProbeQuery.report(
                try fresh.query(ProbeQuery.sql, until: deadline), backendPID: fresh.backendPID,
                spki: fresh.spki(), address: fresh.address, roundTrip: .nanoseconds(ServerClock.now() - asked)
            )
            var expectation = AttestationExpectation(kind: reader.target.kind, attest: reader.target.attest)
            expectation.systemIdentifier = expectation.systemIdentifier ?? status.systemIdentifier
            if let difference = expectation.difference(from: report.facts) { throw .difference(difference) }
            return fresh
        } catch {
            switch error {
            case .failure(let failure): throw .replica(failure)
            case .difference(let difference): throw .difference(difference)
            }
        }
    }

    private func drop() {
        connection?.abandon()
        connection = nil
    }
}
