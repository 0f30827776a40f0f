import Foundation
import Glibc
import Testing
import Transport

@Suite("A client certificate from memory")
struct TLSIdentityTests {
    private let certificates: TestCertificates

    init() throws {
        certificates = try TestCertificates()
        try certificates.authority("roles")
        try certificates.leaf("writer", names: "DNS:writer", authority: "roles")
        for (name, kind) in [("writer", "x509"), ("roles", "x509")] {
            try TestCertificates.shell(
                "openssl \(kind) -in \(certificates.path(name)).crt -outform DER -out \(certificates.path(name)).der"
            )
        }
        for name in ["writer", "roles"] {
            try TestCertificates.shell(
                "openssl pkcs8 -topk8 -nocrypt -in \(certificates.path(name)).key -outform DER"
                    + " -out \(certificates.path(name)).key.der")
        }
    }

    private func bytes(_ name: String) throws -> [UInt8] {
        Array(try Data(contentsOf: URL(fileURLWithPath: certificates.path(name))))
    }

    private func shakeHands(showing identity: TLSIdentity?) throws -> (pair: SocketPair, Stream.Outcome) {
        let pair = try SocketPair()
        try pair.accepting.acceptTLS(
            try TLSContext(
                certificate: certificates.certificate, key: certificates.key,
                clientCA: certificates.path("roles.crt")))
        try pair.connecting.connectTLS(
            try TLSContext(trust: .authority(file: certificates.ca)), host: "gateway.test",
            verifiesHost: true,
            identity: identity)
        var outcome = Stream.Outcome.wouldBlock
        for _ in 0..<20 where outcome == .wouldBlock {
            pair.noteReady()
            _ = pair.connecting.handshake()
            outcome = pair.accepting.handshake()
            if outcome == .wouldBlock {
                _ = Descriptor.waits(pair.accepting.descriptor, for: POLLIN, milliseconds: 100)
            }
        }
        return (pair, outcome)
    }

    @Test("The peer that demands a certificate gets the one from memory, and without one the handshake fails")
    func shown() throws {
        let identity = try TLSIdentity(
            certificate: try bytes("writer.der"), chain: [try bytes("roles.der")],
            key: try bytes("writer.key.der"))
        for _ in 0..<2 {
            let (pair, outcome) = try shakeHands(showing: identity)
            #expect(outcome == .moved(0))
            let digest = try TestCertificates.shell(
                "openssl dgst -sha256 -r \(certificates.path("writer.der")) | cut -d' ' -f1")
            let shown = pair.accepting.peerCertificateDigest?.map { byte in
                (byte < 16 ? "0" : "") + String(byte, radix: 16)
            }
            #expect(shown?.joined() == digest.trimmingCharacters(in: .newlines))
        }
        guard case .failed = try shakeHands(showing: nil).1 else {
            Issue.record("a handshake without a certificate went through")
            return
        }
        #expect("\(identity)" == "<identity>")
    }

    @Test("A key of another certificate, and bytes that are none of either, make no identity")
    func wrong() throws {
        let (certificate, key) = (try bytes("writer.der"), try bytes("writer.key.der"))
        let other = try bytes("roles.key.der")
        #expect(throws: TransportError.self) {
            try TLSIdentity(certificate: certificate, chain: [], key: other)
        }
        for (certificate, chain, key) in [
            ([], [], key), (key, [], key), (certificate, [], []), (certificate, [], certificate),
            (certificate, [[]], key), (Array(certificate.dropLast()), [], key),
        ] as [([UInt8], [[UInt8]], [UInt8])] {
            #expect(throws: TransportError.self) {
                try TLSIdentity(certificate: certificate, chain: chain, key: key)
            }
        }
    }
}
