import Foundation
import GatewayConfiguration
import GatewayHealth
import GatewayRouting
import GatewayServers
import Synchronization
import Testing

extension HealthMonitorTests {
    @Test("An address outside the region's networks is not even connected to (F-POL-01)")
    func networks() throws {
        let server = try SharedServer.get()
        let silent = try SilentListener()
        let elsewhere = [Network(address: [10, 0, 0, 0], prefix: 8)]
        let watch = Watch([server.target(port: silent.port, networks: elsewhere)])
        let difference = AttestationFailure.networks(address: "127.0.0.1", region: "eu-west-1")
        #expect(watch.becomes { $0.difference == difference && $0.failuresInARow > 1 })
        #expect(!watch.status().attested)
        #expect(watch.transitions() == [.attestationLost(difference)])
        #expect(!silent.wasConnectedTo)
    }

    @Test(
        "A name that moves out of the networks is refused at the next connect; home again, it is used (F-POL-01)"
    )
    func nameMoves() throws {
        let server = try PostgresServer()
        let away = Mutex(false)
        let home = ResolvedAddress(bytes: [127, 0, 0, 1], text: "127.0.0.1")
        let abroad = ResolvedAddress(bytes: [10, 9, 8, 7], text: "10.9.8.7")
        let networks = [Network(address: [127, 0, 0, 0], prefix: 8)]
        let held = Held(away)
        let watch = Watch([server.target(host: "localhost", networks: networks)]) { _ in
            .success([held.value ? abroad : home])
        }
        #expect(watch.becomes { $0.attested })
        held.value = true
        try server.stop()
        let difference = AttestationFailure.networks(address: "10.9.8.7", region: "eu-west-1")
        #expect(watch.becomes { $0.difference == difference && !$0.attested })
        #expect(watch.transitions().contains(.attestationLost(difference)))
        try server.start()
        held.value = false
        #expect(watch.becomes { $0.attested && $0.health == .up })
    }

    @Test("A resolver that never answers holds up its own replica only (F-POL-12)")
    func deadResolver() throws {
        let server = try SharedServer.get()
        let watch = Watch([server.target("dead", host: "dead.example"), server.target("b")]) { _ in
            // Longer than the test; the thread is left to itself.
            _ = poll(nil, 0, 20_000)
            return .failure(NameLookupFailure(text: "late"))
        }
        #expect(watch.becomes("dead") { $0.health == .down && $0.failure == .resolutionTimeout })
        #expect(watch.becomes("b") { $0.health == .up })
        #expect(watch.status("dead").probedAt != nil)
        #expect(watch.monitor.stop())
    }

    @Test("A certificate of another authority, or for another name, is not the replica's")
    func tlsIdentity() throws {
        let server = try SharedServer.get()
        var foreign = server.target("foreign")
        foreign.sslrootcert = "/etc/ssl/certs/ca-certificates.crt"
        let misnamed = server.target("misnamed", host: "other.example")
        let watch = Watch([foreign, misnamed]) { _ in
            .success([ResolvedAddress(bytes: [127, 0, 0, 1], text: "127.0.0.1")])
        }
        for name in ["foreign", "misnamed"] {
            #expect(
                watch.becomes(name) { status in
                    if case .tlsIdentity = status.difference { return !status.attested }
                    return false
                }, "\(watch.status(name))")
        }
    }

    @Test("The pin is the SHA-256 of the key that openssl sees; another key quarantines until reload")
    func pin() throws {
        let server = try SharedServer.get()
        let text = try run(
            "/bin/sh",
            [
                "-c",
                "openssl x509 -in \(server.certificate) -pubkey -noout | openssl pkey -pubin -outform DER "
                    + "| openssl dgst -sha256 -binary | openssl base64",
            ])
        let right = "sha256/" + text.trimmingCharacters(in: .whitespacesAndNewlines)
        let wrong = "sha256/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
        let watch = Watch([
            server.target("right", attest: Attestation(tlsSPKI: right)),
            server.target("wrong", attest: Attestation(tlsSPKI: wrong)),
        ])
        #expect(watch.becomes("right") { $0.attested })
        let difference = AttestationFailure.spkiMismatch(expected: wrong, found: right)
        #expect(watch.becomes("wrong") { $0.quarantined == difference })
        watch.monitor.reload(
            targets: [server.target("wrong", attest: Attestation(tlsSPKI: right))], settings: Watch.settings()
        )
        #expect(watch.becomes("wrong") { $0.attested && $0.quarantined == nil })
        #expect(watch.monitor.snapshot().count == 1)
    }

    @Test(
        "F-POL-08: a server with another key than the pin is told apart before the health role logs in there")
    func pinBeforeLogin() throws {
        let server = try PostgresServer(settings: ["log_connections = on"])
        let wrong = "sha256/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
        let watch = Watch([server.target("wrong", attest: Attestation(tlsSPKI: wrong))])
        #expect(watch.becomes("wrong") { $0.quarantined != nil })
        func log() throws -> String { try String(contentsOfFile: server.data + "/log", encoding: .utf8) }
        #expect(try log().contains("connection received"))
        #expect(try !log().contains("user=\(Watch.settings().user)"))
        watch.monitor.reload(targets: [server.target("wrong")], settings: Watch.settings())
        #expect(watch.becomes("wrong") { $0.attested })
        #expect(try log().contains("user=\(Watch.settings().user)"))
    }

    @Test(
        "A reload that changes only what certificates are verified by leaves nobody without a replica meanwhile"
    )
    func otherTrust() throws {
        let server = try SharedServer.get()
        let folder = try PostgresServer.folder("trust")
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try FileManager.default.copyItem(atPath: server.certificate, toPath: "\(folder)/ca.crt")
        let watch = Watch([server.target("trusted"), server.target("distrusted")])
        #expect(watch.becomes("trusted") { $0.attested })
        #expect(watch.becomes("distrusted") { $0.attested })
        var trusted = server.target("trusted")
        trusted.sslrootcert = "\(folder)/ca.crt"
        trusted.trustDigest = "of what stands in it now"
        var distrusted = server.target("distrusted")
        distrusted.sslrootcert = "/etc/ssl/certs/ca-certificates.crt"
        watch.monitor.reload(targets: [trusted, distrusted], settings: Watch.settings())
        // No probe can have answered yet.
        let status = watch.status("trusted")
        #expect(status.health == .up && status.attested)
        #expect(
            watch.becomes("distrusted") { status in
                if case .tlsIdentity = status.difference { return !status.attested }
                return false
            })
        // The status stands before those who watch are told.
        #expect(
            eventually {
                if case .attestationLost(.tlsIdentity) = watch.transitions("distrusted").last { return true }
                return false
            }, "told \(String(describing: watch.transitions("distrusted").last))")
        let probed = watch.status("trusted").probedAt ?? 0
        #expect(watch.becomes("trusted") { ($0.probedAt ?? 0) > probed && $0.attested })
        #expect(watch.transitions("trusted") == [.up, .attested])
    }

    @Test("cluster_name is the operator's region marker: another one quarantines, an operator clears it")
    func clusterName() throws {
        let server = try PostgresServer(settings: ["cluster_name = 'orders-us-a'"])
        let watch = Watch([server.target(attest: Attestation(clusterName: "orders-eu-a"))])
        let difference = AttestationFailure.clusterNameMismatch(expected: "orders-eu-a", found: "orders-us-a")
        #expect(watch.becomes { $0.quarantined == difference && $0.health == .up })
        #expect(watch.monitor.clear(watch.id("a")))
        #expect(watch.becomes { $0.quarantined == difference })
        #expect(watch.transitions().filter { $0 == .quarantined(difference) }.count == 2)
    }

    @Test("A server of another cluster behind the same port is quarantined (F-POL-08, F-POL-14)")
    func otherCluster() throws {
        var server: PostgresServer? = try PostgresServer(.one)
        let port = server?.port ?? 0
        let target = try #require(server?.target())
        let watch = Watch([target])
        #expect(watch.becomes { $0.attested })
        let identifier = watch.status().systemIdentifier
        server = nil
        let other = try PostgresServer(.two, port: port)
        #expect(
            watch.becomes { status in
                if case .systemIdentifierMismatch(let expected, _) = status.quarantined {
                    return expected == identifier
                }
                return false
            }, "\(watch.status())")
        #expect(!watch.status().attested)
        #expect(watch.status().systemIdentifier == identifier)
        try other.stop()
    }

    @Test("A primary configured as standby is healthy and not attested")
    func kindMismatch() throws {
        let server = try SharedServer.get()
        let watch = Watch([server.target(kind: .standby)])
        let difference = AttestationFailure.kindMismatch(expected: .standby, found: .primary)
        #expect(watch.becomes { $0.health == .up && $0.difference == difference })
        #expect(watch.status().quarantined == nil)
        #expect(!watch.status().attested)
    }
}

/// A flag that a test sets and a lookup reads.
final class Held: Sendable {
    private let flag: Mutex<Bool>

    init(_ value: consuming Mutex<Bool>) { flag = value }

    var value: Bool {
        get { flag.withLock { $0 } }
        set { flag.withLock { $0 = newValue } }
    }
}
