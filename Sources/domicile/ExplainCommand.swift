import ArgumentParser
import Foundation
import Gateway
import GatewayConfiguration
import GatewayPolicy

/// `domicile explain`: what the policy answers, rule by rule.
struct ExplainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Show the decision for a principal and a database, rule by rule.",
        discussion: """
            With --token the token is verified as the gateway would, with the issuer's keys. With --claims nothing is \
            verified: the file is a JSON object with iss, sub and whatever the rules look at. The exit status is 0 \
            where the request is allowed and 1 where it is refused.
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

    @Flag(name: .long, help: "Print JSON.")
    var json = false

    func validate() throws {
        guard (token == nil) != (claims == nil) else {
            throw ValidationError("Expected one of '--token <file>' and '--claims <file>'")
        }
    }

    func run() async throws {
        let reading = ConfigurationFile.load(path: config, materials: .openSSL)
        guard let configuration = reading.configuration else {
            for finding in reading.findings { ExplainCommand.complain("\(finding)") }
            throw ExitCode(CheckCommand.wrongConfiguration)
        }
        let identity: ExplainedIdentity
        let request: AccessRequest
        do {
            identity = try await self.identity(configuration)
            request = try accessRequest(identity.principal)
        } catch let failure as ExplainFailure {
            try show(failure, configuration)
            throw ExitCode.failure
        }
        let trace = Policy(configuration).explain(request)
        var replicas: [ReplicaLine] = []
        if case .success(let decision) = trace.outcome {
            replicas = await ExplainCommand.replicas(for: decision, configuration: configuration)
        }
        let explanation = Explanation(
            configuration: configuration, identity: identity, request: request, trace: trace,
            replicas: replicas)
        print(json ? try JSONText.of(explanation.report) : explanation.text)
        if explanation.refusal != nil { throw ExitCode.failure }
    }

    /// A login that ends before the policy is asked, or a question that cannot be read.
    private func show(_ failure: ExplainFailure, _ configuration: Configuration) throws {
        guard let refusal = failure.refusal else { return ExplainCommand.complain(failure.description) }
        if json {
            print(try JSONText.of(EarlyRefusalReport(configuration, refusal)))
        } else {
            print(Explanation.lines(refusal).joined(separator: "\n"))
            ExplainCommand.complain(failure.description)
        }
    }

    private func identity(_ configuration: Configuration) async throws -> ExplainedIdentity {
        if let token {
            let principal = try await ExplainCommand.principal(
                fromTokenFile: token, configuration: configuration)
            return ExplainedIdentity(principal: principal, source: token, isVerified: true)
        }
        let file = claims ?? ""
        let principal = try ClaimsFile.principal(path: file, configuration: configuration)
        return ExplainedIdentity(principal: principal, source: file, isVerified: false)
    }

    private func accessRequest(_ principal: Principal) throws -> AccessRequest {
        do throws(DatabaseNameMistake) {
            let name = try DatabaseName(parsing: database)
            var asked = name.region.map { [$0] } ?? []
            if let region { asked.append(try DatabaseName.regionAsked(region)) }
            return AccessRequest(
                principal: principal, database: name.database, regionsAsked: asked,
                role: user == "auto" || user == principal.subject ? nil : user, replication: replication)
        } catch {
            throw ExplainFailure(
                description: "refused: \(error)", refusal: ExecutorError(.databaseName("\(error)")))
        }
    }

    private static func complain(_ line: String) {
        FileHandle.standardError.write(Data((line + "\n").utf8))
    }
}

/// Why there is no principal to explain for.
struct ExplainFailure: Error, CustomStringConvertible {
    var description: String
    /// What an executor would be told; nil where the question itself could not be read.
    var refusal: ExecutorError?
}

/// Who is explained for, and whether anything proved it.
struct ExplainedIdentity {
    var principal: Principal
    /// The file that the token or the claims came from.
    var source: String
    var isVerified: Bool
}

/// A replica in an explanation: the one that would serve, or why it was passed over.
struct ReplicaLine: Encodable, Hashable {
    enum Outcome: String, Encodable {
        case selected
        /// Would serve if the one selected did not.
        case candidate
        case passedOver = "passed_over"
    }
    var name: String
    var region: String
    var outcome: Outcome
    /// Why it was passed over or comes behind; nil for the one selected.
    var reason: String?
}
