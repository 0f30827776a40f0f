import Foundation
import GatewayCredentials
import Testing

/// Seconds since 1970: a minute ahead, so that every CA of these tests has begun.
private let now = Int64(Date().timeIntervalSince1970) + 60

@Suite("The CA of minted client certificates")
struct SigningAuthorityTests {
    let files: AuthorityFiles

    init() throws { files = try AuthorityFiles() }

    private func authority(_ name: String, at time: Int64 = now) throws -> SigningAuthority {
        try SigningAuthority(
            certificateFile: files.path("\(name).crt"), keyFile: files.path("\(name).key"), now: time)
    }

    /// Why a CA is not taken, and the file that is to blame.
    private func mistake(
        certificate: String, key: String, at time: Int64 = now
    ) -> (file: String, reason: String)? {
        do throws(SigningAuthority.Mistake) {
            _ = try SigningAuthority(
                certificateFile: files.path(certificate), keyFile: files.path(key), now: time)
            return nil
        } catch {
            return (String(error.file.dropFirst(files.folder.count + 1)), error.reason)
        }
    }

    @Test(
        "OpenSSL takes a minted certificate for a TLS client whatever the CA's key is, and the key belongs to it",
        arguments: [
            "ec -pkeyopt ec_paramgen_curve:P-256", "ec -pkeyopt ec_paramgen_curve:P-384",
            "ec -pkeyopt ec_paramgen_curve:P-521", "ed25519", "rsa:2048",
        ])
    func mints(algorithm: String) throws {
        try files.authority("ca", algorithm: algorithm)
        let minted = try authority("ca").mint(role: "writer", now: now, lifetime: 600)
        try files.write("role.der", minted.certificate)
        try files.write("key.der", minted.key)
        try files.shell("openssl x509 -inform DER -in role.der -out role.pem")
        #expect(
            try files.shell("openssl verify -x509_strict -purpose sslclient -CAfile ca.crt role.pem")
                == "role.pem: OK\n")
        // It is for nothing but clients.
        #expect(
            try files.shell("openssl verify -purpose sslserver -CAfile ca.crt role.pem", mayFail: true)
                .contains(
                    "unsuitable certificate purpose"))
        let ofCertificate = try files.shell("openssl x509 -in role.pem -noout -pubkey")
        #expect(try files.shell("openssl pkey -inform DER -in key.der -pubout") == ofCertificate)
        #expect(
            try files.shell("openssl pkey -inform DER -in key.der -noout -text").contains("NIST CURVE: P-256")
        )
        #expect(minted.chain.isEmpty)
    }

    @Test(
        "CN is the role byte by byte and the only name, and the times are those that were asked for",
        arguments: [
            "writer", "Writer of, orders+x=\"1\"", "Jürgen", "ж", String(repeating: "r", count: 63),
        ])
    func names(role: String) throws {
        try files.authority("ca")
        let minted = try authority("ca").mint(role: role, now: now, lifetime: 600)
        try files.write("role.der", minted.certificate)
        let text = try files.shell(
            "openssl x509 -inform DER -in role.der -noout -subject -startdate -enddate -serial"
                + " -nameopt multiline,utf8,-esc_msb -dateopt iso_8601")
        let names = text.split(separator: "\n").filter { $0.contains("commonName") }
        #expect(names.map { String($0.drop { $0 != "=" }.dropFirst(2)) } == [role])
        #expect(!text.contains("organizationName"))
        let end = Date(timeIntervalSince1970: Double(now + 600))
        // Five minutes ago, or where the CA begins, which is this moment.
        #expect(minted.notBefore > now - 300 && minted.notBefore <= now, "\(minted.notBefore)")
        #expect(
            text.contains("notAfter=" + end.formatted(.iso8601).replacingOccurrences(of: "T", with: " ")),
            "\(text)")
        #expect(minted.notAfter == now + 600)
        #expect(
            try files.shell("openssl x509 -inform DER -in role.der -noout -checkend 590").contains(
                "will not expire"))
        let second = try authority("ca").mint(role: role, now: now, lifetime: 600)
        #expect(second.key != minted.key)
        #expect(second.certificate != minted.certificate)
    }

    @Test(
        "A CA that is no root sends its own certificate and those above it along, and the chain holds by its root"
    )
    func intermediate() throws {
        try files.authority("root")
        try files.intermediate("below", below: "root")
        try files.shell("cat below.crt root.crt > chain.crt")
        let authority = try SigningAuthority(
            certificateFile: files.path("chain.crt"), keyFile: files.path("below.key"), now: now)
        let minted = try authority.mint(role: "writer", now: now, lifetime: 600)
        #expect(minted.chain.count == 2)
        try files.write("role.der", minted.certificate)
        try files.write("below.der", minted.chain[0])
        try files.shell(
            "openssl x509 -inform DER -in role.der -out role.pem && openssl x509 -inform DER -in below.der -out sent.pem"
        )
        #expect(
            try files.shell("openssl verify -purpose sslclient -CAfile root.crt -untrusted sent.pem role.pem")
                == "role.pem: OK\n")
    }

    @Test("No certificate outlives its CA, and when that has ended, or has not begun, none is made")
    func endOfAuthority() throws {
        try files.authority("ca", days: 1)
        let authority = try authority("ca")
        let end = authority.notAfter
        #expect(abs(end - now - 86_400) <= 120)
        #expect(try authority.mint(role: "w", now: end - 60, lifetime: 600).notAfter == end)
        #expect(throws: MintingFailure.authorityExpired) {
            try authority.mint(role: "w", now: end, lifetime: 600)
        }
        #expect(throws: MintingFailure.authorityNotYetValid) {
            try authority.mint(role: "w", now: authority.notBefore - 1, lifetime: 600)
        }
        #expect(
            try authority.mint(role: "w", now: authority.notBefore, lifetime: 600).notBefore
                == authority.notBefore)
    }

    @Test("What cannot sign is said when it is read, with the file that is to blame")
    func mistakes() throws {
        try files.authority("ca")
        try files.authority("other")
        try files.authority("leaf", extensions: ["basicConstraints=critical,CA:FALSE"])
        try files.authority(
            "usage", extensions: ["basicConstraints=critical,CA:TRUE", "keyUsage=critical,cRLSign"])
        try files.authority("weak", algorithm: "rsa:1024")
        try files.shell("openssl ec -in ca.key -aes128 -passout pass:x -out old.key && chmod 600 old.key")
        try files.shell(
            "openssl pkcs8 -topk8 -in ca.key -passout pass:x -out locked.key && chmod 600 locked.key")
        try files.shell("openssl genpkey -algorithm x25519 -out x.key && chmod 600 x.key")
        try files.write("empty", [])
        try files.write(
            "rubbish", Array("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".utf8))
        let cases: [(certificate: String, key: String, file: String, reason: String)] = [
            ("gone", "ca.key", "gone", "cannot be opened"),
            ("ca.crt", "gone", "gone", "cannot be opened: No such file or directory"),
            ("ca.crt", "other.key", "other.key", "is not the key of"),
            ("leaf.crt", "leaf.key", "leaf.crt", "is not a CA's certificate"),
            ("usage.crt", "usage.key", "usage.crt", "is not for signing"),
            (
                "weak.crt", "weak.key", "weak.crt",
                "is no PEM file of certificates with ECDSA, Ed25519 or RSA keys (RSA from 2048 bits)"
            ),
            ("ca.crt", "locked.key", "locked.key", "is encrypted"),
            ("ca.crt", "old.key", "old.key", "is encrypted"),
            ("ca.crt", "x.key", "x.key", "is no key that can be used"),
            ("ca.crt", "ca.crt", "ca.crt", "is open to others"),
            ("empty", "ca.key", "empty", "is empty or cannot be read"),
            ("ca.crt", "empty", "empty", "is no PEM file of a private key"),
            ("rubbish", "ca.key", "rubbish", "is no PEM file of certificates"),
            ("ca.key", "ca.key", "ca.key", "is no PEM file of certificates"),
            (".", "ca.key", ".", "is empty or cannot be read"),
            ("ca.crt", ".", ".", "is no file"),
        ]
        for one in cases {
            let found = mistake(certificate: one.certificate, key: one.key)
            #expect(found?.file == one.file, "\(one): \(String(describing: found))")
            #expect(found?.reason.hasPrefix(one.reason) == true, "\(one): \(String(describing: found))")
        }
        #expect(mistake(certificate: "ca.crt", key: "ca.key") == nil)
        let late = mistake(certificate: "ca.crt", key: "ca.key", at: now + 3 * 86_400)
        #expect(late?.file == "ca.crt")
        #expect(late?.reason.hasPrefix("ended 20") == true)
        let early = mistake(certificate: "ca.crt", key: "ca.key", at: now - 86_400)
        #expect(early?.reason.hasPrefix("holds only from") == true)
    }

    @Test(
        "The key's file may be read by its owner alone, or by a group where it is root's",
        arguments: [
            (0o600, true), (0o400, true), (0o604, false), (0o602, false), (0o660, false), (0o610, false),
        ])
    func mode(mode: Int, isTaken: Bool) throws {
        try files.authority("ca")
        try files.shell("chmod \(String(mode, radix: 8)) ca.key")
        let found = mistake(certificate: "ca.crt", key: "ca.key")
        #expect((found == nil) == isTaken)
        if !isTaken { #expect(found?.reason == "is open to others than its owner; chmod 600 it") }
        try files.shell("chmod 640 ca.key")
        let ownedByRoot = getuid() == 0
        #expect((mistake(certificate: "ca.crt", key: "ca.key") == nil) == ownedByRoot)
    }

    @Test("Files are taken at their limit of 64 KiB and refused one byte beyond; of certificates eight are")
    func limits() throws {
        try files.authority("ca")
        let size = SigningAuthority.fileLimit
        #expect(size == 65_536)
        try files.shell(
            "for f in ca.crt ca.key; do head -c $((\(size) - $(stat -c %s $f))) /dev/zero | tr '\\0' '\\n' > pad;"
                + " cat $f pad > full.$f; cp full.$f over.$f; echo >> over.$f; chmod 600 full.$f over.$f; done"
        )
        #expect(mistake(certificate: "full.ca.crt", key: "full.ca.key") == nil)
        #expect(mistake(certificate: "over.ca.crt", key: "ca.key")?.reason == "has more than 65536 bytes")
        #expect(mistake(certificate: "ca.crt", key: "over.ca.key")?.reason == "has more than 65536 bytes")
        try files.shell(
            "for i in 1 2 3 4 5 6 7 8; do cat ca.crt; done > eight.crt; cat eight.crt ca.crt > nine.crt")
        #expect(mistake(certificate: "eight.crt", key: "ca.key") == nil)
        #expect(mistake(certificate: "nine.crt", key: "ca.key")?.reason == "holds more than 8 certificates")
    }

    @Test("Neither an authority nor what it minted shows its key when it is printed or looked into")
    func secrets() throws {
        try files.authority("ca")
        let authority = try authority("ca")
        let minted = try authority.mint(role: "writer", now: now, lifetime: 600)
        #expect("\(authority)" == "<signing authority>")
        #expect("\(minted)" == "<redacted>")
        var dumped = ""
        dump(minted, to: &dumped)
        #expect(!dumped.contains("\(minted.key[8])\n"))
        #expect(Mirror(reflecting: minted).children.isEmpty)
    }
}
