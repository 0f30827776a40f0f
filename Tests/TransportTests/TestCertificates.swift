import Foundation
import Glibc
import Testing

/// Certificates made on the spot by the `openssl` command: a CA, and what it signed for `gateway.test` and
/// 127.0.0.1.
final class TestCertificates {
    struct CommandFailed: Error, CustomStringConvertible {
        let description: String
    }

    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        try authority("ca")
        try leaf("server", names: "DNS:gateway.test,IP:127.0.0.1")
    }

    func path(_ name: String) -> String { folder.file(name) }
    var ca: String { path("ca.crt") }
    var certificate: String { path("server.crt") }
    var key: String { path("server.key") }

    func authority(_ name: String) throws {
        try TestCertificates.shell(
            "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=\(name) "
                + "-addext basicConstraints=critical,CA:TRUE -keyout \(path(name)).key -out \(path(name)).crt"
        )
    }

    /// A certificate of the CA; `algorithm` and `digest` are the openssl command's words.
    func leaf(
        _ name: String, names: String, algorithm: String = "ec -pkeyopt ec_paramgen_curve:P-256",
        digest: String = "-sha256", authority: String = "ca"
    ) throws {
        let base = path(name)
        try TestCertificates.shell(
            "openssl req -newkey \(algorithm) -nodes -subj /CN=\(name)"
                + " -keyout \(base).key -out \(base).csr"
                + " && printf 'subjectAltName=\(names)' > \(base).ext"
                + " && openssl x509 -req -in \(base).csr -CA \(path(authority)).crt"
                + " -CAkey \(path(authority)).key -days 2 \(digest) -extfile \(base).ext -out \(base).crt")
    }

    /// A revocation list of a CA with these certificates in it.
    func revocationList(_ name: String, of revoked: [String], authority: String = "ca") throws -> String {
        let base = path(name)
        let settings =
            "[ca]\\ndefault_ca=it\\n[it]\\ndatabase=\(base).index\\ndefault_md=sha256\\ndefault_crl_days=2\\n"
        let signed = "-config \(base).cnf -cert \(path(authority)).crt -keyfile \(path(authority)).key"
        let revocations = revoked.map { "openssl ca \(signed) -revoke \(path($0)).crt && " }.joined()
        try TestCertificates.shell(
            "printf '\(settings)' > \(base).cnf && : > \(base).index && \(revocations)"
                + "openssl ca \(signed) -gencrl -out \(base).crl")
        return "\(base).crl"
    }

    /// A certificate that signs itself, so that its own key makes the signature.
    func selfSigned(_ name: String, algorithm: String) throws {
        try TestCertificates.shell(
            "openssl req -x509 -newkey \(algorithm) -nodes -days 2 -subj /CN=\(name) "
                + "-keyout \(path(name)).key -out \(path(name)).crt")
    }

    /// What a command line prints; ends it after 20 s.
    @discardableResult
    static func shell(_ line: String, mayFail: Bool = false) throws -> String {
        let folder = try TemporaryFolder()
        let (script, output) = (folder.file("script"), folder.file("output"))
        try Data(line.utf8).write(to: URL(fileURLWithPath: script))
        let status = system("timeout 20 sh \(script) </dev/null >\(output) 2>&1")
        let text = String(decoding: try Data(contentsOf: URL(fileURLWithPath: output)), as: UTF8.self)
        guard mayFail || status == 0 else { throw CommandFailed(description: "\(line)\n\(text)") }
        return text
    }
}
