import Foundation
import Gateway
import GatewayConfiguration
import GatewayIdentity
import GatewayPolicy
import Logging

extension ExplainCommand {
    /// The principal of a token, verified as a gateway would: with the issuer's keys, fetched where they are
    /// not in a file.
    ///
    /// - Throws: `ExplainFailure` with what an executor would see.
    static func principal(fromTokenFile path: String, configuration: Configuration) async throws -> Principal
    {
        let token: [UInt8]
        do throws(TokenFileFailure) {
            token = try TokenFile.read(path)
        } catch {
            throw ExplainFailure(description: error.description)
        }
        let service = IdentityService(
            issuers: configuration.issuers, leeway: configuration.leeway,
            tokenLimit: configuration.limits.token,
            logger: Logger(label: "explain", factory: { _ in SwiftLogNoOpLogHandler() }))
        let now = Int64(Date().timeIntervalSince1970)
        var verification = service.verify(token, now: now)
        if case .needsKeys(let issuer) = verification {
            let outcome = await withCheckedContinuation { continuation in
                service.fetchKeys(issuer: issuer) { continuation.resume(returning: $0) }
            }
            if case .failed(let failure) = outcome {
                throw ExplainFailure(
                    description: "the keys of \(issuer) cannot be had: \(failure)",
                    refusal: ExecutorError(.keysUnavailable))
            }
            verification = service.verify(token, now: now, afterFetch: true)
        }
        switch verification {
        case .verified(let token): return token.principal
        case .refused(.keysUnavailable), .needsKeys:
            throw ExplainFailure(
                description: "the issuer's keys cannot be had", refusal: ExecutorError(.keysUnavailable))
        case .refused(let refusal):
            throw ExplainFailure(
                description: "token refused: \(refusal.detail)", refusal: ExecutorError(.token(refusal)))
        }
    }
}

extension ExecutorError {
    init(_ refusal: Refusal) {
        self.init(
            sqlstate: refusal.sqlstate, message: refusal.message, detail: refusal.detail, hint: refusal.hint)
    }
}
