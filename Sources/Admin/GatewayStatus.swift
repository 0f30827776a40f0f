import Gateway
import GatewayConfiguration
import GatewayCredentials
import GatewayRouting

/// What the admin endpoint asks a gateway. Answers come from what is known already: asking waits for no replica,
/// issuer or executor (F-OPS-11, F-OPS-12).
package protocol GatewayStatus: Sendable {
    /// Each reason why no executor should be sent here; empty: ready.
    var unreadyReasons: [String] { get }
    /// Workers whose loop stands still; none: the gateway lives.
    var hangingWorkers: [Int] { get }
    /// What `/metrics` shows.
    var snapshot: GatewaySnapshot { get }
}

extension Gateway: GatewayStatus {
    package var snapshot: GatewaySnapshot {
        let configuration = configuration
        var snapshot = GatewaySnapshot(region: configuration.region)
        snapshot.certificates = configuration.endingCertificates.compactMap { file in
            CertificateEnd.of(file).map { .init(file: file, end: $0) }
        }
        snapshot.ready = unreadyReasons.isEmpty
        snapshot.draining = isDraining
        snapshot.connections = connections
        snapshot.revocations = revocationCount
        snapshot.logBudgets = logBudgets
        snapshot.take(counters)
        snapshot.bufferBytes = buffers.held
        snapshot.bufferLimit = buffers.limit
        snapshot.replicas = replicas(of: configuration)
        snapshot.issuers = issuerKeys.map { keys in
            GatewaySnapshot.IssuerKeys(
                issuer: keys.issuer, usable: keys.usable, count: keys.count, ageSeconds: keys.ageSeconds,
                fetches: keys.fetches, failures: keys.failures)
        }
        let memory = tokenMemory
        snapshot.rememberedTokens = memory.count
        snapshot.tokenMemoryHits = memory.hits
        snapshot.tokenMemoryMisses = memory.misses
        snapshot.logs = logCounters.map { region, counters, failure in
            var log = GatewaySnapshot.Log(
                region: region, takesRecords: failure == nil, records: counters.records,
                bytes: counters.bytes,
                segments: counters.segments, syncs: counters.syncs,
                syncTime: .microseconds(counters.syncMicros),
                lastSync: .microseconds(counters.lastSyncMicros),
                failures: counters.failures, refused: counters.refused, unsyncedBytes: counters.unsyncedBytes)
            log.signed = counters.signed
            log.removed = counters.retention?.first
            log.isRetained = counters.retention?.trouble == nil
            log.anchors = counters.anchors.map {
                .init(name: $0.name, anchored: $0.anchored, isWritten: $0.isWritten)
            }
            return log
        }
        snapshot.shipments = shipments.map { shipment in
            let status = shipment.status
            var shown = GatewaySnapshot.Shipment(
                region: shipment.target.log, destination: shipment.target.destination.name, up: status.isUp,
                stopped: status.stop != nil, rows: status.rows, bytes: status.bytes, behind: shipment.behind,
                passedOver: status.passedOver)
            shown.failures = status.failures
            return shown
        }
        return snapshot
    }

    /// In the order of the configuration; a replica that it no longer has is not shown, whatever sessions it still
    /// has (F-OPS-07).
    private func replicas(of configuration: Configuration) -> [GatewaySnapshot.Replica] {
        let statuses = replicaStatuses
        let sessions = sessionsByReplica
        let failures = probeFailures
        return configuration.databases.flatMap { database in
            database.replicas.map { replica in
                let id = ReplicaID(database: database.name, replica: replica.name)
                let status = statuses[id] ?? ReplicaStatus()
                var shown = GatewaySnapshot.Replica(
                    database: database.name, name: replica.name, region: replica.region,
                    up: status.health == .up,
                    attested: status.attested, quarantined: status.quarantined != nil, lag: status.lag,
                    roundTrip: status.roundTrip, sessions: sessions[id] ?? 0,
                    catalog: replicaCatalog(id).map { .init(number: $0.number, age: $0.age) })
                shown.lagBytes = status.lagBytes
                shown.timeline = status.timeline
                shown.readOnly = status.readOnly
                shown.connectionsLeft = status.connectionsLeft
                shown.probeFailures = failures[id] ?? [:]
                return shown
            }
        }
    }
}

extension GatewaySnapshot {
    mutating func take(_ counters: Counters) {
        acceptedConnections = counters.connections.value
        sessionsStarted = counters.sessionsStarted.value
        sessionsEnded = counters.sessionsEnded.value
        sessionsRevoked = counters.sessionsRevoked.value
        refusals = counters.refusalsBySQLState
        statements = counters.statements.value
        bytesIn = counters.bytesIn.value
        bytesOut = counters.bytesOut.value
        cancelsForwarded = counters.cancelsForwarded.value
        cancelsUnknown = counters.cancelsUnknown.value
        judgedStatements = counters.judgedStatements.value
        unparsedTexts = counters.unparsedTexts.value
        refusedStatements = counters.refusedStatementsByClass
        budgetWaits = counters.budgetWaits.value
        budgetWaitTime = .microseconds(counters.budgetWaitMicroseconds.value)
        summedRefusals = counters.summedRefusals.value
        textHits = counters.textHits.value
        textMisses = counters.textMisses.value
        textEvictions = counters.textEvictions.value
        textBytes = counters.textBytes.value
        bufferShortages = counters.bufferShortages.value
        protocolViolations = counters.protocolViolations.value
        reloads = counters.reloads.value
        reloadFailures = counters.reloadFailures.value
    }
}

extension Configuration {
    /// Files of the certificates that somebody has to renew: those of listeners, of roles, and of the CAs that sign
    /// roles' certificates; each once.
    fileprivate var endingCertificates: [String] {
        var files = listeners.compactMap { $0.tls?.certificate }
        for upstream in databases.map(\.upstream) {
            if let authority = upstream.certificateAuthority { files.append(authority.certificate) }
            for credential in upstream.roles.sorted(by: { $0.key < $1.key }).map(\.value) {
                switch credential {
                case .certificate(let certificate, _): files.append(certificate)
                case .password, .passwordFile, .minted, .trust: break
                }
            }
        }
        var seen: Set<String> = []
        return files.filter { seen.insert($0).inserted }
    }
}
