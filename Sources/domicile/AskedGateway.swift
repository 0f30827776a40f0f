import Admin
import Foundation
import GatewayConfiguration
import GatewayExplanation

/// What became of asking the gateway that runs with a configuration.
enum AskedGateway {
    case explained(ExplanationReport)
    /// It answers, and does not explain: the question is at fault.
    case failed(String)
    /// None answers; why.
    case notAsked(String)

    /// Asks the gateway whose admin socket a configuration file names. The gateway's secrets are not needed for that.
    static func of(_ file: String, _ question: ExplanationQuestion) async -> AskedGateway {
        let reading = ConfigurationFile.load(
            path: file, environment: AdminCallOptions.environment(for: file))
        guard let configuration = reading.configuration else { return .notAsked("the file has mistakes") }
        guard let socket = configuration.admin?.socket else {
            return .notAsked("the file has no admin section")
        }
        let call = AdminCall(socket: socket)
        let answer: (status: UInt, data: Data)
        do {
            answer = try await call.ask("POST", "explain", Body(question))
        } catch {
            return .notAsked("no gateway answers on \(socket): \(AdminCall.reason(error))")
        }
        guard answer.status == 200, var report = try? AdminCall.read(ExplanationReport.self, answer.data)
        else {
            return .failed(
                "the running gateway does not explain: \(AdminCall.reason(of: answer.data, answer.status))")
        }
        report.source.fileDigest = configuration.digest
        report.source.isFile = configuration.digest == report.digest
        if case .claims(_, let source) = question.identity { report.identity?.source = source }
        return .explained(report)
    }

    /// The question as the call takes it.
    private struct Body: Encodable {
        var token: String?
        var claims: [String: ClaimJSON]?
        var database: String
        var user: String?
        var region: String?
        var replication: Bool
        var statement: String?

        init(_ question: ExplanationQuestion) {
            switch question.identity {
            case .token(let bytes): token = String(decoding: bytes, as: UTF8.self)
            case .claims(let claims, _): self.claims = claims.mapValues(ClaimJSON.init)
            }
            database = question.database
            user = question.user
            region = question.region
            replication = question.replication
            statement = question.statement
        }
    }
}
