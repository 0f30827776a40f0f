import GatewayConfiguration
import GatewayPolicy

/// Every check that a login makes of a token, those behind the first that fails included: what `domicile token` shows.
/// The checks are the verifier's own functions, made in its order; nothing here accepts a token.
package struct TokenTrace: Sendable, Hashable {
    /// In the order in which a login makes them. `length` is that of the signature.
    package enum Check: String, Sendable, Hashable, CaseIterable {
        case form
        case issuer = "iss"
        case algorithm = "alg"
        case type = "typ"
        case length
        case audience = "aud"
        case expiry = "exp"
        case start = "nbf"
        case issued = "iat"
        case kind = "events"
        case subject, planner, task
        case tokenID = "jti"
        case narrowings = "authorization_details"
        case confirmation = "cnf"
        case key, signature
    }

    package enum Verdict: Sendable, Hashable {
        case passed
        case refused(TokenRefusal)
        /// Cannot be judged, since another check failed.
        case skipped
    }

    package struct Step: Sendable, Hashable {
        package let check: Check
        package let verdict: Verdict
    }

    package private(set) var steps: [Step] = []
    /// `exp`, where it can be read and its issuer is configured: Unix seconds, a fraction rounded down.
    package let expires: Int64?
    /// What the token is bound to.
    package let confirmation: TokenConfirmation?
    /// Whose the token says it is, where that can be read.
    package let claimed: Claimed?

    /// What revocations go by.
    package struct Claimed: Sendable, Hashable {
        package let issuer: String
        package let subject: String
        package let tokenID: String?
        /// `iat`: Unix seconds.
        package let issued: Int64?
    }

    /// What a login would be told: the first check that fails; nil where none does.
    package var refusal: TokenRefusal? {
        for step in steps {
            if case .refused(let refusal) = step.verdict { return refusal }
        }
        return nil
    }

    init(_ bytes: [UInt8], by verifier: TokenVerifier, now: Int64, keysAreCertain: Bool) {
        var verdicts: [Check: Verdict] = [:]
        let token = Self.made(.form, &verdicts) { () throws(TokenRefusal) in
            try CompactToken(bytes, limit: verifier.tokenLimit)
        }
        let source = token.flatMap { token in
            Self.made(.issuer, &verdicts) { () throws(TokenRefusal) in try verifier.source(of: token) }
        }
        guard let token, let source else {
            (expires, confirmation, claimed) = (nil, nil, nil)
            steps = Self.steps(verdicts)
            return
        }
        let algorithm = Self.made(.algorithm, &verdicts) { () throws(TokenRefusal) in
            try TokenVerifier.algorithm(of: token, source.issuer)
        }
        Self.made(.type, &verdicts) { () throws(TokenRefusal) in
            try TokenVerifier.checkType(of: token, source.issuer)
        }
        let claims = ClaimChecks(
            token.claims, issuer: source.issuer, leeway: verifier.leeway, now: now)
        confirmation = Self.check(claims, &verdicts)
        claimed = (try? claims.subject()).map { subject in
            Claimed(
                issuer: source.issuer.issuer, subject: subject, tokenID: (try? claims.name(.jti)) ?? nil,
                issued: ((try? claims.issued()) ?? nil).map { Int64($0.rounded(.down)) })
        }
        // The end of a token is of interest after it, too.
        let early = ClaimChecks(token.claims, issuer: source.issuer, leeway: .zero, now: 0)
        expires = (try? early.expiry()).map { Int64($0.rounded(.down)) }
        if let algorithm {
            Self.made(.length, &verdicts) { () throws(TokenRefusal) in
                try TokenVerifier.checkLength(of: token, algorithm)
            }
            Self.checkKey(token, algorithm, source, keysAreCertain, &verdicts)
        }
        steps = Self.steps(verdicts)
    }

    private static func check(
        _ claims: ClaimChecks, _ verdicts: inout [Check: Verdict]
    ) -> TokenConfirmation? {
        made(.audience, &verdicts) { () throws(TokenRefusal) in try claims.checkAudience() }
        made(.expiry, &verdicts) { () throws(TokenRefusal) in _ = try claims.expiry() }
        made(.start, &verdicts) { () throws(TokenRefusal) in try claims.checkStart() }
        made(.issued, &verdicts) { () throws(TokenRefusal) in _ = try claims.issued() }
        made(.kind, &verdicts) { () throws(TokenRefusal) in try claims.checkKind() }
        made(.subject, &verdicts) { () throws(TokenRefusal) in _ = try claims.subject() }
        made(.planner, &verdicts) { () throws(TokenRefusal) in _ = try claims.name(.planner) }
        made(.task, &verdicts) { () throws(TokenRefusal) in _ = try claims.name(.task) }
        made(.tokenID, &verdicts) { () throws(TokenRefusal) in _ = try claims.name(.jti) }
        made(.narrowings, &verdicts) { () throws(TokenRefusal) in _ = try claims.narrowings() }
        let confirmation = made(.confirmation, &verdicts) { () throws(TokenRefusal) in
            try claims.confirmation()
        }
        return confirmation ?? nil
    }

    private static func checkKey(
        _ token: CompactToken, _ algorithm: Algorithm, _ source: TokenVerifier.Source, _ keysAreCertain: Bool,
        _ verdicts: inout [Check: Verdict]
    ) {
        func refusal(_ failure: TokenVerifier.KeyFailure) -> Verdict {
            switch failure {
            case .refused(let refusal): .refused(refusal)
            case .outdated(let refusal): .refused(keysAreCertain ? refusal : .keysUnavailable)
            }
        }
        var check = Check.key
        do throws(TokenVerifier.KeyFailure) {
            let key = try TokenVerifier.key(for: token, algorithm, among: source.keys)
            verdicts[.key] = .passed
            check = .signature
            try TokenVerifier.checkSignature(of: token, algorithm, by: key)
            verdicts[.signature] = .passed
        } catch {
            verdicts[check] = refusal(error)
        }
    }

    /// What a check gives; nil where it fails.
    @discardableResult
    private static func made<Value>(
        _ check: Check, _ verdicts: inout [Check: Verdict], _ make: () throws(TokenRefusal) -> Value
    ) -> Value? {
        do throws(TokenRefusal) {
            let value = try make()
            verdicts[check] = .passed
            return value
        } catch {
            verdicts[check] = .refused(error)
            return nil
        }
    }

    private static func steps(_ verdicts: [Check: Verdict]) -> [Step] {
        Check.allCases.map { Step(check: $0, verdict: verdicts[$0] ?? .skipped) }
    }
}

extension IdentityService {
    /// Makes every check of a token, with the keys that are there: call `fetchKeys` before. What it says is what
    /// `verify` with `afterFetch: true` says.
    /// - Parameter now: Unix seconds.
    package func trace(_ token: [UInt8], now: Int64) -> TokenTrace {
        let verifier = verifier()
        let named = (try? CompactToken(token, limit: verifier.tokenLimit)).flatMap {
            try? verifier.source(of: $0)
        }
        let isCertain = named.map { !lastFetchFailed(of: $0.issuer.issuer) } ?? false
        return TokenTrace(token, by: verifier, now: now, keysAreCertain: isCertain)
    }

    /// The configured issuer that a token names, whatever else is wrong with it.
    package func issuer(namedBy token: [UInt8]) -> String? {
        let verifier = verifier()
        let named = (try? CompactToken(token, limit: verifier.tokenLimit)).flatMap {
            try? verifier.source(of: $0)
        }
        return named?.issuer.issuer
    }
}
