import AuditShipping
import Foundation
import GatewayConfiguration
import GatewayCredentials
import GatewayHealth
import GatewayPolicy
import GatewayRouting
import Synchronization
import Transport

/// `domicile check --connect`: every replica and every role of its database, tried from this machine, all replicas at
/// once, a thread each.
package enum ConnectCheck {
    /// Stack of a replica's thread: libpq, OpenSSL and getaddrinfo take part of it.
    private static let stackSize = 1 << 20

    /// In the order of the configuration. No role is tried before it is known of every replica whether it is attested.
    package static func examine(_ configuration: Configuration) async -> [ReplicaExamination] {
        ReplicaExamination.prepare()
        let settings = ProbeSettings(configuration.health)
        let targets = ReplicaTarget.all(of: configuration).map { ($0, roles(of: $0, configuration)) }
        let looked = await each(targets) { target, roles in
            ReplicaExamination(target, settings: settings, roles: roles)
        }
        return await each(Array(zip(compared(looked), targets.map(\.1)))) { examination, roles in
            var examination = examination
            examination.logIn(as: roles, settings: settings)
            return examination
        }
    }

    /// Where logs are copied to, in the order of the configuration.
    package static func examineDestinations(_ configuration: Configuration) async -> [DestinationExamination]
    {
        ReplicaExamination.prepare()
        return await each(configuration.audit.ship) { destination in
            DestinationExamination(
                destination, networks: configuration.region(named: destination.region)?.networks ?? [],
                shapes: shapes(of: destination, configuration))
        }
    }

    /// What the tables that something goes to must be like.
    private static func shapes(
        of destination: ShippingDestination, _ configuration: Configuration
    ) -> [TableShape] {
        var shapes: [TableShape] = []
        for region in configuration.regions where destination.takes(logOf: region.name) {
            let target = ShipTarget(
                log: region.name, folder: region.audit, origin: region.name, destination: destination,
                networks: [])
            if !shapes.contains(target.shape) { shapes.append(target.shape) }
        }
        let isAnchor = configuration.audit.anchors.contains { anchor in
            switch anchor {
            case .table(let taken, _): taken == destination
            case .file, .url: false
            }
        }
        return isAnchor ? shapes + [.checkpoints(destination.checkpoints)] : shapes
    }

    /// All at once, a thread each; in their order.
    private static func each<Subject: Sendable, Found: Sendable>(
        _ subjects: [Subject], _ body: @escaping @Sendable (Subject) -> Found
    ) async -> [Found] {
        var found: [Int: Found] = [:]
        await withTaskGroup(of: (Int, Found).self) { group in
            for (at, subject) in subjects.enumerated() {
                group.addTask { (at, await onThread { body(subject) }) }
            }
            for await (at, examination) in group { found[at] = examination }
        }
        return subjects.indices.compactMap { found[$0] }
    }

    /// All replicas of a database are of one cluster: the first that answers says of which.
    private static func compared(_ examinations: [ReplicaExamination]) -> [ReplicaExamination] {
        var first: [String: (replica: String, identifier: String)] = [:]
        return examinations.map { examination in
            var examination = examination
            let id = examination.target.id
            if let known = first[id.database] {
                examination.isOfAnotherCluster(than: known.replica, identifier: known.identifier)
            } else if examination.problem == nil, let facts = examination.report?.facts {
                first[id.database] = (id.replica, facts.systemIdentifier)
            }
            return examination
        }
    }

    private static func onThread<Found: Sendable>(_ body: @escaping @Sendable () -> Found) async -> Found {
        await withCheckedContinuation { continuation in
            let thread = Foundation.Thread { continuation.resume(returning: body()) }
            thread.stackSize = stackSize
            thread.start()
        }
    }

    // MARK: - Roles

    /// Those that rules hand out for the database, each once; then those with a credential only.
    private static func roles(
        of target: ReplicaTarget, _ configuration: Configuration
    ) -> [ReplicaExamination.Role] {
        guard let database = configuration.database(named: target.id.database) else { return [] }
        let rules = configuration.rules.filter { rule in
            rule.mode == .enforce && rule.databases.contains { $0.matches(database.name) }
        }
        return database.upstream.roles.keys.sorted().map { name in
            let readsOnly = rules.contains { rule in
                rule.access == .readOnly && rule.roles.contains { $0.hasSameBytes(as: name) }
            }
            return ReplicaExamination.Role(
                name: name, readsOnly: readsOnly, credential: credential(of: name, database.upstream))
        }
    }

    private static func credential(
        of role: String, _ upstream: Upstream
    ) -> ReplicaExamination.Credential {
        switch upstream.roles[role] {
        case .password(let secret): return .password(secret)
        case .passwordFile(let file): return .passwordFile(file)
        case .certificate(let certificate, let key): return .certificate(certificate: certificate, key: key)
        case .trust: return .trust
        case .minted: return minted(role, upstream)
        case nil: return .unusable("it has no credential")
        }
    }

    private static func minted(_ role: String, _ upstream: Upstream) -> ReplicaExamination.Credential {
        guard let files = upstream.certificateAuthority else {
            return .unusable("there is no upstream_ca that signs its certificate")
        }
        let now = Clock.wall() / 1_000_000
        do throws(SigningAuthority.Mistake) {
            let authority = try SigningAuthority(
                certificateFile: files.certificate, keyFile: files.key, now: now)
            do throws(MintingFailure) {
                let pair = try authority.mint(
                    role: role, now: now, lifetime: files.lifetime.components.seconds)
                let chain = ([pair.certificate] + pair.chain).map { pem("CERTIFICATE", $0) }
                return .minted(certificate: chain.joined(), key: pem("PRIVATE KEY", pair.key))
            } catch {
                return .unusable("its certificate cannot be made: \(error)")
            }
        } catch {
            return .unusable("its certificate cannot be made: \(error)")
        }
    }

    /// RFC 7468 section 2.
    private static func pem(_ label: String, _ der: [UInt8]) -> String {
        let text = Data(der).base64EncodedString(options: [.lineLength64Characters, .endLineWithLineFeed])
        return "-----BEGIN \(label)-----\n\(text)\n-----END \(label)-----\n"
    }
}
