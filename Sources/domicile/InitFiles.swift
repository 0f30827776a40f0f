import ArgumentParser
import Audit
import Foundation
import Gateway
import GatewayConfiguration
import GatewayCredentials

/// The files of `domicile init`, and what to do with them.
struct InitFiles {
    private let answers: StarterAnswers
    private let starter: StarterConfiguration
    private let folder: String
    /// Of the certificate that is made.
    private let names: [String]

    private static let configuration = "domicile.yaml"
    private static let roles = "roles.sql"
    private static let passwordBytes = 24

    /// The host's name, as far as a certificate can hold it.
    static var hostName: String { ProcessInfo.processInfo.hostName }

    init(_ answers: StarterAnswers, folder: String, names: [String]) {
        self.answers = answers
        starter = StarterConfiguration(answers)
        self.folder = folder
        self.names = names + ["localhost", "127.0.0.1"].filter { !names.contains($0) }
    }

    /// Writes all of them. Nothing is written where the configuration would have a mistake.
    ///
    /// - Throws: an exit code; what was wrong is on standard error.
    func write(force: Bool) throws {
        try checkAnswers()
        try InitFiles.explained("make", folder) {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            try FileManager.default.createDirectory(
                atPath: path("secrets"), withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700])
        }
        let there = [InitFiles.configuration, InitFiles.roles].filter {
            FileManager.default.fileExists(atPath: path($0))
        }
        guard force || there.isEmpty else {
            StandardError.print(
                "domicile: \(there.map(path).joined(separator: ", ")): there already; --force writes over it")
            throw ExitCode.failure
        }
        try makeSecrets()
        try put(starter.text, InitFiles.configuration, mode: 0o644, over: true)
        try put(
            StarterRoles(answers, verifiers: try verifiers()).text, InitFiles.roles, mode: 0o600, over: true)
        try checkFiles()
    }

    // MARK: Checks

    /// The text alone: values that `check` would not accept.
    private func checkAnswers() throws {
        let reading = ConfigurationFile.read(
            Array(starter.text.utf8), file: path(InitFiles.configuration), environment: [:], purpose: .policy)
        guard reading.configuration == nil else { return }
        for finding in reading.findings where finding.severity == .mistake {
            StandardError.print("domicile: \(finding.message)")
        }
        StandardError.print("domicile: nothing was written")
        throw ExitCode(CheckCommand.wrongConfiguration)
    }

    /// With the files that it names, as `check` does.
    private func checkFiles() throws {
        let file = path(InitFiles.configuration)
        let reading = ConfigurationFile.load(path: file, materials: .openSSL)
        for finding in reading.findings { print(finding) }
        print(CheckReport(reading, file: file).summary)
        guard reading.configuration != nil else { throw ExitCode(CheckCommand.wrongConfiguration) }
    }

    // MARK: Files

    private func path(_ name: String) -> String { folder == "." ? name : "\(folder)/\(name)" }

    /// What is there is kept.
    private func makeSecrets() throws {
        try put(InitFiles.password(), StarterConfiguration.healthPassword, mode: 0o600)
        if answers.mintsCertificates {
            try pair(StarterConfiguration.roleAuthority, StarterConfiguration.roleAuthorityKey) { now in
                try OwnCertificates.roleAuthority(now: now)
            }
        } else {
            try put(InitFiles.password(), starter.rolePassword, mode: 0o600)
        }
        if answers.certificate == StarterAnswers.ownCertificate {
            try pair(StarterAnswers.ownCertificate, StarterAnswers.ownKey) { now in
                try OwnCertificates.trial(names: names, now: now)
            }
        }
        let key = answers.auditKey.hasPrefix("/") ? answers.auditKey : path(answers.auditKey)
        guard !FileManager.default.fileExists(atPath: key) else { return }
        try InitFiles.explained("make", key) { try AuditKeyFile.create(InitCommand.absolute(key)) }
    }

    /// What servers are to keep of the passwords, by their files.
    private func verifiers() throws -> [String: String] {
        var verifiers: [String: String] = [:]
        for file in StarterRoles.passwordFiles(answers) {
            let secret = try InitFiles.explained("read", path(file)) {
                try String(contentsOfFile: path(file), encoding: .utf8)
            }
            verifiers[file] = ScramVerifier.text(
                of: Array((secret.hasSuffix("\n") ? String(secret.dropLast()) : secret).utf8))
        }
        return verifiers
    }

    /// A certificate and its key, where neither is there.
    private func pair(
        _ certificate: String, _ key: String, _ make: (Int64) throws -> OwnCertificates.Pair
    ) throws {
        guard
            ![certificate, key].contains(where: { FileManager.default.fileExists(atPath: path($0)) })
        else { return }
        try InitFiles.explained("make", path(certificate)) {
            let pair = try make(Int64(Date().timeIntervalSince1970))
            try put(pair.key, key, mode: 0o600)
            try put(pair.certificate, certificate, mode: 0o644)
        }
    }

    /// - Parameter over: whether a file that is there is written anew, or kept.
    private func put(_ text: String, _ name: String, mode: mode_t, over: Bool = false) throws {
        let file = path(name)
        guard over || !FileManager.default.fileExists(atPath: file) else { return }
        try InitFiles.explained("write", file) {
            // With its mode from the start, and whole or not at all.
            let draft = "\(file).new"
            try? FileManager.default.removeItem(atPath: draft)
            let descriptor = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
            guard descriptor >= 0 else { throw POSIXError.last }
            let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
            try handle.write(contentsOf: Data(text.utf8))
            try handle.close()
            guard rename(draft, file) == 0 else { throw POSIXError.last }
        }
    }

    /// 192 bits, in letters, digits, `-` and `_`.
    private static func password() -> String {
        var generator = SystemRandomNumberGenerator()
        let bytes = (0..<passwordBytes).map { _ in UInt8.random(in: 0...255, using: &generator) }
        return Data(bytes).base64EncodedString().replacing("+", with: "-").replacing("/", with: "_") + "\n"
    }

    private static func explained<Value>(_ what: String, _ file: String, _ body: () throws -> Value) throws
        -> Value
    {
        do {
            return try body()
        } catch let code as ExitCode {
            throw code
        } catch {
            let reason =
                (error as? POSIXError).map { String(cString: strerror($0.code.rawValue)) }
                ?? (error as? CocoaError)?.localizedDescription ?? "\(error)"
            StandardError.print("domicile: cannot \(what) \(file): \(reason)")
            throw ExitCode.failure
        }
    }

    // MARK: What to do next

    var report: String {
        let database = answers.databases.first ?? ""
        let port = answers.listen.split(separator: ":").last ?? "6432"
        let isTrial = answers.certificate == StarterAnswers.ownCertificate
        let authority = isTrial ? path(StarterAnswers.ownCertificate) : "ca.pem"
        let primary = answers.replicas.first { $0.database == database }
        let file = path(InitFiles.configuration)
        let roles = path(InitFiles.roles)
        let audit = answers.audit.hasPrefix("/") ? answers.audit : path(answers.audit)
        let trust = "sslmode=verify-full sslrootcert=\(authority)"
        var steps = [
            "The roles, on the primary of each database as a superuser; the second on the server itself:\n"
                + "psql -X -v ON_ERROR_STOP=1 \"host=\(primary?.host ?? "") port=\(primary?.port ?? 5432) "
                + "dbname=\(database) user=postgres\" < \(roles)\n"
                + "sudo -u postgres psql -X -v ON_ERROR_STOP=1 \(StarterRoles.local(primary)) < \(roles)\n"
                + "What \(answers.role) may read is yours to grant; \(roles) ends with how.",
            "The logs' folders, and the verifier keys for whoever checks the logs:\n"
                + "domicile audit init --config \(file)",
            "Whether each server lets the gateway in, and what its roles may do there:\n"
                + "domicile check --connect --config \(file)",
            "The gateway, which stays in the foreground:\ndomicile serve --config \(file)",
            "A first query, with a token whose `groups` hold \(starter.group(answers.regions.first?.jurisdiction ?? "")), and its record:\n"
                + "PGPASSWORD=$TOKEN psql \"host=localhost port=\(port) dbname=\(database) user=\(answers.role) "
                + "\(trust)\"\ndomicile audit tail \(audit)\n"
                + "domicile token FILE --config \(file)     # what the gateway thinks of a token, and why",
            "Who read what: by the command; in psql and on the page with a token whose `groups` hold \(answers.operators):\n"
                + "domicile audit search \(audit) --since today --relation TABLE\n"
                + "PGPASSWORD=$TOKEN psql \"host=localhost port=\(port) dbname=domicile user=auto \(trust)\"\n"
                + "http://\(answers.admin)/",
        ]
        if isTrial {
            steps.append(
                "Before others use it: a certificate of your own in place of \(path(StarterAnswers.ownCertificate)), which ends after "
                    + "\(OwnCertificates.trialDays) days.")
        }
        let numbered = steps.enumerated().map { number, step in
            let lines = step.split(separator: "\n")
            return (["\(number + 1). \(lines[0])"] + lines.dropFirst().map { "     \($0)" }).joined(
                separator: "\n")
        }
        return "\nNext:\n" + numbered.joined(separator: "\n")
    }
}

extension POSIXError {
    /// What the last system call of this thread failed with.
    fileprivate static var last: POSIXError { POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
}
