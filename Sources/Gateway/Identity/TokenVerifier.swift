import GatewayConfiguration
import GatewayPolicy

/// Decides about one token, given the issuers, their keys and the time. Pure: it fetches nothing and knows no
/// clock.
struct TokenVerifier {
    enum Outcome {
        case verified(VerifiedToken)
        case refused(TokenRefusal)
        /// Refused, unless the issuer has newer keys than these.
        case lacksKey(TokenRefusal, issuer: String)
    }

    /// All of a token that can be checked without keys.
    private struct Candidate {
        let token: CompactToken
        let source: Source
        let algorithm: Algorithm
        let claims: TokenClaims
    }

    /// An issuer, and its keys where they can be used now.
    struct Source {
        let issuer: Issuer
        let keys: KeySet?
    }

    let sources: [Source]
    let leeway: Duration
    let tokenLimit: Int

    /// The order is deliberate: what costs least and needs no trust first, the signature last, so that only a
    /// token with good claims can cause a fetch (F-ID-06).
    func verify(_ bytes: [UInt8], now: Int64) -> Outcome {
        let candidate: Candidate
        do {
            candidate = try read(bytes, now: now)
        } catch {
            return .refused(error)
        }
        let (token, issuer) = (candidate.token, candidate.source.issuer.issuer)
        guard let keys = candidate.source.keys else { return .lacksKey(.keysUnavailable, issuer: issuer) }
        switch keys.choose(algorithm: candidate.algorithm, keyID: token.header.keyID) {
        case .unknown: return .lacksKey(.unknownKey, issuer: issuer)
        case .unfit: return .refused(.keyUnfit)
        case .ambiguous: return .refused(.keyAmbiguous)
        case .key(let key):
            guard token.signature.count >= key.signatureLength else {
                return .refused(.truncated(bytes: token.length, .signature))
            }
            guard
                key.isValid(
                    signature: token.signature, of: token.signingInput, algorithm: candidate.algorithm)
            else {
                // Where the token names no key, a new one cannot be told from a forgery.
                return token.header.keyID == nil
                    ? .lacksKey(.signature, issuer: issuer) : .refused(.signature)
            }
            let claims = candidate.claims
            return .verified(
                VerifiedToken(
                    principal: claims.principal, expires: claims.expires, issued: claims.issued,
                    confirmation: claims.confirmation))
        }
    }

    private func read(_ bytes: [UInt8], now: Int64) throws(TokenRefusal) -> Candidate {
        let token = try CompactToken(bytes, limit: tokenLimit)
        guard case .string(let name) = token.claims["iss"],
            let source = sources.first(where: { $0.issuer.issuer.utf8.elementsEqual(name.utf8) })
        else { throw .unknownIssuer }
        let issuer = source.issuer
        guard let algorithm = token.header.algorithm(among: issuer.algorithms) else { throw .algorithm }
        guard token.header.typeAccepted(by: issuer.types) else { throw .type }
        guard token.signature.count >= algorithm.shortestSignature else {
            throw .truncated(bytes: token.length, .signature)
        }
        let claims = try TokenClaims(token.claims, issuer: issuer, leeway: leeway, now: now)
        return Candidate(token: token, source: source, algorithm: algorithm, claims: claims)
    }
}

extension Algorithm {
    /// Bytes that a signature by this algorithm has at least: of RSA with the smallest modulus accepted.
    fileprivate var shortestSignature: Int {
        switch self {
        case .rs256, .rs384, .rs512, .ps256, .ps384, .ps512: VerificationKey.rsaBits.lowerBound / 8
        case .es256, .edDSA: 64
        case .es384: 96
        case .es512: 132
        }
    }
}
