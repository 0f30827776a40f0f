import Foundation
import Glibc
import Testing
import Transport

/// Both sides' handshakes until each has ended, or nothing moves any more.
private func shakeHands(_ pair: SocketPair) -> (connecting: Stream.Outcome, accepting: Stream.Outcome) {
    var connecting = Stream.Outcome.wouldBlock
    var accepting = Stream.Outcome.wouldBlock
    for _ in 0..<200 {
        pair.noteReady()
        if connecting == .wouldBlock { connecting = pair.connecting.handshake() }
        if case .failed = connecting { pair.connecting.close() }
        if accepting == .wouldBlock { accepting = pair.accepting.handshake() }
        if case .failed = accepting { pair.accepting.close() }
        if connecting != .wouldBlock, accepting != .wouldBlock { break }
        let waiting = connecting == .wouldBlock ? pair.connecting : pair.accepting
        _ = Descriptor.waits(waiting.descriptor, for: POLLIN, milliseconds: 100)
    }
    return (connecting, accepting)
}

@Suite struct TLSTests {
    private let certificates: TestCertificates

    init() throws { certificates = try TestCertificates() }

    private func accepting(clientCA: String? = nil) throws -> TLSContext {
        try TLSContext(certificate: certificates.certificate, key: certificates.key, clientCA: clientCA)
    }

    private func pair(
        host: String, verifiesHost: Bool = true, trust: TLSContext.Trust? = nil, accepting: TLSContext? = nil
    ) throws -> SocketPair {
        let pair = try SocketPair()
        try pair.accepting.acceptTLS(try accepting ?? self.accepting())
        try pair.connecting.connectTLS(
            try TLSContext(trust: trust ?? .authority(file: certificates.ca)), host: host,
            verifiesHost: verifiesHost)
        return pair
    }

    @Test(
        "verify-full takes the certificate's DNS name and its address, and data goes both ways",
        arguments: [
            "gateway.test", "127.0.0.1",
        ])
    func verified(host: String) throws {
        let pair = try pair(host: host)
        let outcome = shakeHands(pair)
        #expect(outcome.connecting == .moved(0))
        #expect(outcome.accepting == .moved(0))
        #expect(pair.connecting.isEncrypted)
        #expect(pair.accepting.isEncrypted)
        #expect(writeAll(pair.connecting, [1, 2, 3]) == .moved(3))
        #expect(readAll(pair.accepting, 3)?.bytes == [1, 2, 3])
        #expect(writeAll(pair.accepting, [4, 5]) == .moved(2))
        #expect(readAll(pair.connecting, 2)?.bytes == [4, 5])
        #expect(!pair.accepting.hasPostgreSQLProtocol)
    }

    @Test(
        "verify-full refuses every name and address that is not the certificate's",
        arguments: [
            "other.test", "gateway.test.example", "x.gateway.test", "127.0.0.2", "::1",
        ])
    func wrongName(host: String) throws {
        let outcome = shakeHands(try pair(host: host))
        guard case .failed(.tls(let reason)) = outcome.connecting else {
            Issue.record("the handshake ended in \(outcome.connecting)")
            return
        }
        #expect(reason.contains("mismatch"))
    }

    @Test("verify-ca takes another name, and still refuses another CA")
    func verifyCA() throws {
        #expect(shakeHands(try pair(host: "other.test", verifiesHost: false)).connecting == .moved(0))
        try certificates.authority("stranger")
        let trust = TLSContext.Trust.authority(file: certificates.path("stranger.crt"))
        let outcome = shakeHands(try pair(host: "gateway.test", verifiesHost: false, trust: trust))
        guard case .failed(.tls(let reason)) = outcome.connecting else {
            Issue.record("the handshake ended in \(outcome.connecting)")
            return
        }
        #expect(reason.hasPrefix("certificate verify failed"))
    }

    @Test("An untrusted CA is refused under verify-full too, and trusting anyone asks for nothing")
    func trust() throws {
        try certificates.authority("stranger")
        let stranger = TLSContext.Trust.authority(file: certificates.path("stranger.crt"))
        let refused = shakeHands(try pair(host: "gateway.test", trust: stranger)).connecting
        guard case .failed = refused else {
            Issue.record("the handshake ended in \(refused)")
            return
        }
        #expect(
            shakeHands(try pair(host: "other.test", verifiesHost: false, trust: .anyone)).connecting
                == .moved(0))
    }

    @Test(
        "A revoked certificate is refused, one that is not is taken, and a CA without a list proves neither")
    func revoked() throws {
        func connecting(_ lists: String) throws -> Stream.Outcome {
            let trust = TLSContext.Trust.authority(file: certificates.ca, revocationLists: lists)
            return shakeHands(try pair(host: "gateway.test", trust: trust)).connecting
        }
        #expect(try connecting(certificates.revocationList("empty", of: [])) == .moved(0))
        try certificates.leaf("sibling", names: "DNS:sibling.test")
        #expect(try connecting(certificates.revocationList("other", of: ["sibling"])) == .moved(0))
        for lists in [
            try certificates.revocationList("revoked", of: ["server"]),
            try {
                try certificates.authority("stranger")
                return try certificates.revocationList("strange", of: [], authority: "stranger")
            }(),
        ] {
            guard case .failed(.tls(let reason)) = try connecting(lists) else {
                Issue.record("taken with \(lists)")
                continue
            }
            #expect(reason.hasPrefix("certificate verify failed"), "\(reason)")
        }
    }

    @Test("A file without a revocation list is refused when it is loaded")
    func noList() throws {
        let file = certificates.path("none.crl")
        try Data("nothing\n".utf8).write(to: URL(fileURLWithPath: file))
        #expect(throws: TransportError.self) {
            try TLSContext(trust: .authority(file: certificates.ca, revocationLists: file))
        }
    }

    @Test("Bytes that came together with the peer's Finished can be read at once, though the socket is empty")
    func bytesBehindFinished() throws {
        let pair = try pair(host: "gateway.test")
        pair.noteReady()
        #expect(pair.connecting.handshake() == .wouldBlock)
        try #require(Descriptor.waits(pair.accepting.descriptor, for: POLLIN))
        #expect(pair.accepting.handshake() == .wouldBlock)
        #expect(!pair.accepting.isReadable)
        try #require(Descriptor.waits(pair.connecting.descriptor, for: POLLIN))
        #expect(pair.connecting.handshake() == .moved(0))
        #expect(writeAll(pair.connecting, Array("startup".utf8)) == .moved(7))
        try #require(Descriptor.waits(pair.accepting.descriptor, for: POLLIN))
        #expect(pair.accepting.handshake() == .moved(0))
        #expect(pair.accepting.peekFirstByte() == nil)
        #expect(pair.accepting.isReadable)
        var buffer = ByteBuffer(pool: BufferPool())
        let outcome = pair.accepting.read(into: &buffer)
        #expect(outcome == .moved(7))
    }

    @Test("The end of a TLS peer comes after all its bytes; its half-close leaves the other direction open")
    func end() throws {
        let pair = try pair(host: "gateway.test")
        #expect(shakeHands(pair).accepting == .moved(0))
        writeAll(pair.connecting, [1, 2, 3])
        pair.connecting.shutdownWrite()
        let result = try #require(readAll(pair.accepting, 10))
        #expect(result.bytes == [1, 2, 3])
        #expect(result.last == .closed)
        #expect(writeAll(pair.accepting, [9]) == .moved(1))
        #expect(readAll(pair.connecting, 1)?.bytes == [9])
        pair.accepting.close()
        #expect(readAll(pair.connecting, 1)?.last == .closed)
    }

    @Test("A peer that goes without close_notify is closed, one that speaks no TLS is a failure")
    func noTLS() throws {
        let abrupt = try pair(host: "gateway.test")
        #expect(shakeHands(abrupt).accepting == .moved(0))
        shutdown(abrupt.connecting.descriptor, Int32(SHUT_RDWR))
        #expect(readAll(abrupt.accepting, 1)?.last == .closed)

        let plain = try SocketPair()
        plain.noteReady()
        try plain.accepting.acceptTLS(try accepting())
        writeAll(plain.connecting, Array("GET / HTTP/1.1\r\n\r\n".utf8))
        try #require(Descriptor.waits(plain.accepting.descriptor, for: POLLIN))
        guard case .failed(.tls) = plain.accepting.handshake() else {
            Issue.record("took plain text for TLS")
            return
        }
    }

    @Test("A handshake without TLS having begun fails and is no trap")
    func handshakeWithoutTLS() throws {
        let pair = try SocketPair()
        #expect(pair.accepting.handshake() == .failed(.tls(reason: "no TLS was begun")))
        #expect(pair.accepting.peerPublicKeyPin == nil)
        #expect(pair.accepting.serverEndPoint == nil)
    }

    // MARK: The peer's certificate

    @Test(
        "The pin of the peer's public key is what the openssl command computes, for EC, RSA and Ed25519",
        arguments: [
            "ec -pkeyopt ec_paramgen_curve:P-256", "rsa:2048", "ed25519",
        ])
    func pin(algorithm: String) throws {
        try certificates.leaf("pinned", names: "DNS:gateway.test", algorithm: algorithm)
        let file = certificates.path("pinned.crt")
        let context = try TLSContext(certificate: file, key: certificates.path("pinned.key"))
        let pair = try pair(host: "gateway.test", accepting: context)
        #expect(shakeHands(pair).connecting == .moved(0))
        let printed = try TestCertificates.shell(
            "openssl x509 -in \(file) -noout -pubkey | openssl pkey -pubin -outform der "
                + "| openssl dgst -sha256 -binary | base64")
        #expect(pair.connecting.peerPublicKeyPin == "sha256/" + printed.trimmingCharacters(in: .newlines))
        #expect(pair.accepting.peerPublicKeyPin == nil)
    }

    @Test(
        "tls-server-end-point is the certificate's hash under its signature's own hash function",
        arguments: [
            ("-sha256", "sha256"), ("-sha384", "sha384"), ("-sha512", "sha512"),
        ])
    func endPoint(signedWith: String, hashedWith: String) throws {
        try certificates.leaf("hashed", names: "DNS:gateway.test", algorithm: "rsa:2048", digest: signedWith)
        let file = certificates.path("hashed.crt")
        let context = try TLSContext(certificate: file, key: certificates.path("hashed.key"))
        let pair = try pair(host: "gateway.test", verifiesHost: false, trust: .anyone, accepting: context)
        #expect(shakeHands(pair).connecting == .moved(0))
        let printed = try TestCertificates.shell(
            "openssl x509 -in \(file) -outform der | openssl dgst -\(hashedWith) -r | cut -d' ' -f1")
        let found = pair.connecting.serverEndPoint?.map { byte in
            (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }
        #expect(found?.joined() == printed.trimmingCharacters(in: .newlines))
    }

    @Test("F-WIRE-31: a certificate signed with Ed25519 has no tls-server-end-point")
    func endPointOfEd25519() throws {
        try certificates.selfSigned("ed", algorithm: "ed25519")
        let context = try TLSContext(
            certificate: certificates.path("ed.crt"), key: certificates.path("ed.key"))
        let pair = try pair(host: "ed", verifiesHost: false, trust: .anyone, accepting: context)
        #expect(shakeHands(pair).connecting == .moved(0))
        #expect(pair.connecting.serverEndPoint == nil)
    }

    // MARK: Material

    @Test("Certificates, keys and CA files that cannot be used are refused with their path")
    func material() throws {
        let (certificate, key) = (certificates.certificate, certificates.key)
        let missing = certificates.path("missing")
        func path(_ body: () throws(TransportError) -> TLSContext) -> String {
            do throws(TransportError) { _ = try body() } catch {
                if case .material(let path, _) = error { return path }
            }
            return "taken"
        }
        try certificates.leaf("other", names: "DNS:other.test")
        let other = certificates.path("other.key")
        try Data("no PEM".utf8).write(to: URL(fileURLWithPath: certificates.path("rubbish")))
        let rubbish = certificates.path("rubbish")
        #expect(
            path { () throws(TransportError) in try TLSContext(certificate: missing, key: key) } == missing)
        #expect(
            path { () throws(TransportError) in try TLSContext(certificate: certificate, key: missing) }
                == missing)
        #expect(
            path { () throws(TransportError) in try TLSContext(certificate: certificate, key: other) }
                == other)
        #expect(
            path { () throws(TransportError) in try TLSContext(certificate: rubbish, key: key) } == rubbish)
        #expect(
            path { () throws(TransportError) in try TLSContext(trust: .authority(file: missing)) } == missing)
        #expect(
            path { () throws(TransportError) in try TLSContext(trust: .authority(file: rubbish)) } == rubbish)
        #expect(
            path { () throws(TransportError) in
                try TLSContext(certificate: certificate, key: key, clientCA: missing)
            } == missing)
    }

    @Test(
        "With a client CA a peer must show a certificate of that CA, which is told by the digest that openssl computes"
    )
    func mutual() throws {
        try certificates.leaf("executor", names: "DNS:executor.test")
        let context = try accepting(clientCA: certificates.ca)
        let without = try pair(host: "gateway.test", accepting: context)
        guard case .failed = shakeHands(without).accepting else {
            Issue.record("let a peer in that showed no certificate")
            return
        }
        #expect(without.accepting.peerCertificateDigest == nil)
        let pair = try SocketPair()
        try pair.accepting.acceptTLS(context)
        try pair.connecting.connectTLS(
            try TLSContext(
                trust: .authority(file: certificates.ca), certificate: certificates.path("executor.crt"),
                key: certificates.path("executor.key")), host: "gateway.test", verifiesHost: true)
        let outcome = shakeHands(pair)
        #expect(outcome.connecting == .moved(0))
        #expect(outcome.accepting == .moved(0))
        let printed = try TestCertificates.shell(
            "openssl x509 -in \(certificates.path("executor.crt")) -outform der | sha256sum")
        let expected = try #require(printed.split(separator: " ").first)
        let digest = try #require(pair.accepting.peerCertificateDigest)
        #expect(digest.map { String(format: "%02x", $0) }.joined() == expected)
    }
}
