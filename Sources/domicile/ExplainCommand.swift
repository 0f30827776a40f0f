import Admin
import ArgumentParser
import Foundation
import GatewayConfiguration
import GatewayExplanation

/// `domicile explain`: what the policy answers, rule by rule, where a session would go, and what it may run.
struct ExplainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Show the decision for a principal and a database, rule by rule.",
        discussion: """
            A gateway that runs with the configuration is asked through its admin socket, and explains by its own \
            policy and by what it knows of its replicas; else, and with --from-file, the file is read and each replica \
            probed from here. The first line says which. With --token the token is verified as at a login. With \
            --claims nothing is verified: the file is a JSON object with iss, sub and whatever the rules look at. With \
            --statement the statement is judged as in the session that was decided. The exit status is 0 where all is \
            allowed and 1 where something is refused.
            """)

    @Option(name: .long, help: ArgumentHelp("The configuration file.", valueName: "file"))
    var config: String

    @Option(name: .long, help: ArgumentHelp("A file that holds the token.", valueName: "file"))
    var token: String?

    @Option(name: .long, help: ArgumentHelp("A JSON file with the claims.", valueName: "file"))
    var claims: String?

    @Option(name: .long, help: "The database, as in dbname: orders, or orders@EU.")
    var database: String

    @Option(name: .long, help: "The role, as in user; absent or auto: the rule's first.")
    var user: String?

    @Option(name: .long, help: "The region or jurisdiction, as in domicile.region.")
    var region: String?

    @Flag(name: .long, help: "A replication connection.")
    var replication = false

    @Option(name: .long, help: ArgumentHelp("A statement to be judged, at most 64 KiB.", valueName: "sql"))
    var statement: String?

    @Flag(name: .long, help: "Ask no running gateway: explain by the file, and probe from here.")
    var fromFile = false

    @Flag(name: .long, help: "Print JSON.")
    var json = false

    func validate() throws {
        guard (token == nil) != (claims == nil) else {
            throw ValidationError("Expected one of '--token <file>' and '--claims <file>'")
        }
        guard (statement?.utf8.count ?? 0) <= ExplanationQuestion.statementLimit else {
            throw ValidationError(
                "Expected a '--statement <sql>' of at most \(ExplanationQuestion.statementLimit) bytes")
        }
    }

    func run() async throws {
        let report: ExplanationReport
        do {
            let question = try question()
            let running = fromFile ? .notAsked("--from-file") : await AskedGateway.of(config, question)
            switch running {
            case .explained(let answer): report = answer
            case .failed(let reason): throw ExplanationFailure.question(reason)
            case .notAsked(let reason): report = try await explain(question, reason)
            }
        } catch let failure as ExplanationFailure {
            switch failure {
            case .question(let reason), .refused(_, let reason): StandardError.print(reason)
            }
            throw ExitCode.failure
        }
        print(json ? try JSONText.of(report) : report.text)
        if let cause = report.cause, !json { StandardError.print(cause) }
        if !report.isWhollyAllowed { throw ExitCode.failure }
    }

    private func question() throws(ExplanationFailure) -> ExplanationQuestion {
        ExplanationQuestion(
            identity: try identity(), database: database, user: user, region: region,
            replication: replication, statement: statement)
    }

    private func identity() throws(ExplanationFailure) -> ExplanationQuestion.Identity {
        if let token {
            do throws(TokenFileFailure) {
                return .token(try TokenFile.read(token))
            } catch {
                throw .question(error.description)
            }
        }
        let file = claims ?? ""
        guard let data = FileManager.default.contents(atPath: file) else {
            throw .question("\(file): the file cannot be read")
        }
        guard data.count <= ExplanationQuestion.identityLimit else {
            throw .question("\(file): longer than \(ExplanationQuestion.identityLimit) bytes")
        }
        return .claims(try ClaimedPrincipal.claims(in: Array(data), source: file), source: file)
    }

    /// By the file alone.
    ///
    /// - Throws: `ExplanationFailure`, or an exit code where the file has mistakes.
    private func explain(_ question: ExplanationQuestion, _ reason: String) async throws -> ExplanationReport
    {
        let reading = ConfigurationFile.load(path: config, materials: .openSSL)
        guard let configuration = reading.configuration else {
            for finding in reading.findings { StandardError.print("\(finding)") }
            throw ExitCode(CheckCommand.wrongConfiguration)
        }
        let ground = ProbedGround(configuration, reason: reason, readsCatalog: question.statement != nil)
        return try await Explanation.explain(question, on: ground)
    }
}
