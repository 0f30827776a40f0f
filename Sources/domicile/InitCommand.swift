import ArgumentParser
import Foundation
import Gateway
import GatewayConfiguration

/// `domicile init`: a commented configuration, and what it needs to be tried.
struct InitCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init",
        abstract: "Write a commented configuration that `check` accepts.",
        discussion: """
            On a terminal it asks for what no flag gives; with --yes, or without a terminal, it takes the defaults. \
            Beside domicile.yaml it writes roles.sql for the servers, passwords made at random (secrets/), the key that \
            signs the log (audit.key) and, where no --certificate is named, a certificate for trying; with servers in \
            several regions also a CA for the roles' certificates. What is there is not written over: domicile.yaml and \
            roles.sql only with --force, keys and passwords never. The exit status is 1 where a file is there or cannot \
            be written, 64 where something is missing or contradicts itself, 78 where `check` would not accept it.
            """)

    @Option(
        name: .long, help: ArgumentHelp("Where the files go; made where it is missing.", valueName: "folder"))
    var folder = "."

    @Option(
        name: .long,
        help: ArgumentHelp(
            "A region and the legal area that it lies in, such as eu-west-1=EU. The first is the gateway's own.",
            valueName: "name=jurisdiction"))
    var region: [StarterAnswers.Region] = []

    @Option(
        name: .long,
        help: ArgumentHelp(
            "A server: the database that executors ask for, its region, and where it is.",
            valueName: "database@region=host[:port]"))
    var replica: [StarterAnswers.Replica] = []

    @Option(name: .long, help: ArgumentHelp("`iss` of the tokens, an https URL.", valueName: "url"))
    var issuer: String?

    @Option(name: .long, help: "`aud` of the tokens. Default: domicile.")
    var audience: String?

    @Option(
        name: .long,
        help: ArgumentHelp("CAs for the issuer's certificate. Default: the system's.", valueName: "file"))
    var issuerCa: String?

    @Option(
        name: .long,
        help: ArgumentHelp("Where executors connect. Default: 0.0.0.0:6432.", valueName: "address:port"))
    var listen: String?

    @Option(
        name: .long,
        help: ArgumentHelp(
            "Metrics, health and the page. Default: 127.0.0.1:6480.", valueName: "address:port"))
    var admin: String?

    @Option(
        name: .long,
        help: ArgumentHelp(
            "The gateway's certificate, PEM. Default: one is made for trying.", valueName: "file"))
    var certificate: String?

    @Option(name: .long, help: ArgumentHelp("Its private key, PEM.", valueName: "file"))
    var key: String?

    @Option(
        name: .long,
        help: ArgumentHelp(
            "A name or address of the gateway, for the certificate that is made. Default: the host name; localhost is always in it.",
            valueName: "host"))
    var name: [String] = []

    @Option(
        name: .long,
        help: ArgumentHelp(
            "CAs that signed the servers' certificates. Default: the system's.", valueName: "file"))
    var upstreamCa: String?

    @Option(name: .long, help: "PostgreSQL role that executors get. Default: analyst.")
    var role: String?

    @Option(
        name: .long,
        help:
            "Group (claim `groups`) whose members may connect; with several jurisdictions one each, such as analysts-eu. Default: analysts."
    )
    var group: String?

    @Option(name: .long, help: "Group whose members operate the gateway. Default: dba.")
    var operators: String?

    @Option(name: .long, help: ArgumentHelp("Folder of the audit logs. Default: audit.", valueName: "folder"))
    var audit: String?

    @Option(
        name: .long,
        help: ArgumentHelp(
            "Key that signs the logs; made where it is missing. Default: audit.key.", valueName: "file"))
    var auditKey: String?

    @Option(
        name: .long,
        help: ArgumentHelp("Folder of what must survive a restart. Default: state.", valueName: "folder"))
    var state: String?

    @Flag(name: .shortAndLong, help: "Ask nothing.")
    var yes = false

    @Flag(name: .long, help: "Write over domicile.yaml and roles.sql.")
    var force = false

    func validate() throws {
        guard (certificate == nil) == (key == nil) else {
            throw ValidationError("Name both --certificate and --key, or neither.")
        }
    }

    func run() throws {
        var answers = given
        if !yes, isatty(STDIN_FILENO) == 1 {
            try InitQuestions(given: self).ask(&answers)
        }
        let lacking = answers.missing
        guard lacking.isEmpty else {
            throw ValidationError("Missing: " + lacking.joined(separator: "; "))
        }
        let wrong = answers.contradictions
        guard wrong.isEmpty else { throw ValidationError(wrong.joined(separator: "; ")) }
        let files = InitFiles(answers, folder: folder, names: name.isEmpty ? [InitFiles.hostName] : name)
        try files.write(force: force)
        print(files.report)
    }

    /// What the flags say, with the defaults of the rest.
    var given: StarterAnswers {
        var answers = StarterAnswers()
        answers.regions = region
        answers.replicas = replica
        if let listen { answers.listen = listen }
        if let admin { answers.admin = admin }
        if let certificate { answers.certificate = InitCommand.absolute(certificate) }
        if let key { answers.key = InitCommand.absolute(key) }
        if let issuer { answers.issuer = issuer }
        if let audience { answers.audience = audience }
        answers.issuerCA = issuerCa.map(InitCommand.absolute)
        if let upstreamCa { answers.upstreamCA = InitCommand.absolute(upstreamCa) }
        if let role { answers.role = role }
        if let group { answers.group = group }
        if let operators { answers.operators = operators }
        if let audit { answers.audit = audit }
        if let auditKey { answers.auditKey = auditKey }
        if let state { answers.state = state }
        return answers
    }

    /// Files that the arguments name are where the shell says; in the file, paths are relative to it.
    static func absolute(_ path: String) -> String { URL(fileURLWithPath: path).standardizedFileURL.path }
}

extension StarterAnswers.Region: ExpressibleByArgument {
    public init?(argument: String) { self.init(argument) }
}

extension StarterAnswers.Replica: ExpressibleByArgument {
    public init?(argument: String) { self.init(argument) }
}
