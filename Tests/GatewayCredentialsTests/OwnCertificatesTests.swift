import Foundation
import GatewayCredentials
import Testing
import Transport

/// Seconds since 1970.
private let now = Int64(Date().timeIntervalSince1970)

@Suite("Certificates that init makes")
struct OwnCertificatesTests {
    let files: AuthorityFiles

    init() throws { files = try AuthorityFiles() }

    private func write(_ pair: OwnCertificates.Pair, _ name: String) throws {
        try files.write("\(name).crt", Array(pair.certificate.utf8))
        try files.write("\(name).key", Array(pair.key.utf8))
        chmod(files.path("\(name).key"), 0o600)
    }

    @Test(
        "A certificate for trying is a server's alone, for each name and address and no other, and vouches for itself"
    )
    func trial() throws {
        try write(
            try OwnCertificates.trial(names: ["gw.example", "localhost", "127.0.0.1"], now: now), "gateway")
        _ = try TLSContext(certificate: files.path("gateway.crt"), key: files.path("gateway.key"))
        func verified(_ arguments: String) throws -> Bool {
            try files.shell("openssl verify -CAfile gateway.crt \(arguments) gateway.crt", mayFail: true)
                .hasSuffix(": OK\n")
        }
        for name in ["gw.example", "localhost"] {
            #expect(try verified("-purpose sslserver -verify_hostname \(name)"))
        }
        #expect(try verified("-purpose sslserver -verify_ip 127.0.0.1"))
        #expect(try !verified("-verify_hostname other.example"))
        #expect(try !verified("-verify_ip 127.0.0.2"))
        #expect(try !verified("-purpose sslclient"))
        let end = now + OwnCertificates.trialDays * 86_400
        #expect(try verified("-attime \(end - 1)"))
        #expect(try !verified("-attime \(end + 1)"))
    }

    @Test("A CA for roles is one that the gateway takes, and OpenSSL takes what it mints for a client")
    func authority() throws {
        try write(try OwnCertificates.roleAuthority(now: now), "role-ca")
        let authority = try SigningAuthority(
            certificateFile: files.path("role-ca.crt"), keyFile: files.path("role-ca.key"), now: now)
        let minted = try authority.mint(role: "analyst", now: now, lifetime: 600)
        try files.write("role.der", minted.certificate)
        try files.shell("openssl x509 -inform DER -in role.der -out role.pem")
        #expect(
            try files.shell("openssl verify -x509_strict -purpose sslclient -CAfile role-ca.crt role.pem")
                == "role.pem: OK\n")
        // It signs no other CA.
        #expect(try files.shell("openssl x509 -in role-ca.crt -noout -text").contains("CA:TRUE, pathlen:0"))
    }

    @Test("F-OPS-19: the end of the first certificate of a file is read; a key or no file has none")
    func end() throws {
        try write(try OwnCertificates.trial(names: ["gw.example"], now: now), "gateway")
        try write(try OwnCertificates.roleAuthority(now: now), "role-ca")
        #expect(CertificateEnd.of(files.path("gateway.crt")) == now + OwnCertificates.trialDays * 86_400)
        try files.shell("cat gateway.key role-ca.crt gateway.crt >all.pem")
        #expect(CertificateEnd.of(files.path("all.pem")) == now + OwnCertificates.authorityDays * 86_400)
        #expect(CertificateEnd.of(files.path("gateway.key")) == nil)
        #expect(CertificateEnd.of(files.path("nothing")) == nil)
    }

    @Test("No key is in what is printed of a pair")
    func redacted() throws {
        let pair = try OwnCertificates.roleAuthority(now: now)
        #expect("\(pair)" == "<redacted>")
    }
}
