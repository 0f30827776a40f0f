import Foundation
import Glibc

/// CAs and keys made on the spot by the `openssl` command, in a folder of their own.
final class AuthorityFiles {
    struct CommandFailed: Error, CustomStringConvertible {
        let description: String
    }

    let folder: String

    init() throws {
        folder =
            FileManager.default.temporaryDirectory.appendingPathComponent(
                "domicile-credentials-\(UUID().uuidString)"
            ).path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    func path(_ name: String) -> String { "\(folder)/\(name)" }

    /// A certificate that signs itself, and its key; `algorithm` is the openssl command's word, `extensions` its lines
    /// of an extension file joined by `|`.
    func authority(
        _ name: String, algorithm: String = "ec -pkeyopt ec_paramgen_curve:P-256",
        extensions: [String] = [
            "basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,cRLSign",
        ],
        days: Int = 2
    ) throws {
        let added = extensions.map { " -addext \($0)" }.joined()
        try shell(
            "openssl req -x509 -newkey \(algorithm) -nodes -days \(days) -subj '/O=Orders/CN=\(name)'\(added)"
                + " -keyout \(path(name)).key -out \(path(name)).crt && chmod 600 \(path(name)).key")
    }

    /// A CA below another one.
    func intermediate(_ name: String, below parent: String) throws {
        try shell(
            "openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj '/CN=\(name)'"
                + " -keyout \(path(name)).key -out \(path(name)).csr && chmod 600 \(path(name)).key"
                + " && printf 'basicConstraints=critical,CA:TRUE\\nkeyUsage=critical,keyCertSign\\n' > \(path(name)).ext"
                + " && openssl x509 -req -in \(path(name)).csr -CA \(path(parent)).crt -CAkey \(path(parent)).key"
                + " -days 2 -extfile \(path(name)).ext -out \(path(name)).crt")
    }

    func write(_ name: String, _ bytes: [UInt8], mode: Int = 0o600) throws {
        try Data(bytes).write(to: URL(fileURLWithPath: path(name)))
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path(name))
    }

    /// What a command line prints, in this folder; ends it after 20 s.
    @discardableResult
    func shell(_ line: String, mayFail: Bool = false) throws -> String {
        let (script, output) = (path("script"), path("output"))
        try Data("cd \(folder)\n\(line)".utf8).write(to: URL(fileURLWithPath: script))
        let status = system("timeout 20 sh \(script) </dev/null >\(output) 2>&1")
        let text = String(decoding: try Data(contentsOf: URL(fileURLWithPath: output)), as: UTF8.self)
        guard mayFail || status == 0 else { throw CommandFailed(description: "\(line)\n\(text)") }
        return text
    }
}
