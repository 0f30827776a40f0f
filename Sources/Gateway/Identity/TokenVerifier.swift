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

    /// What the issuer's keys say of a token that is otherwise good.
    enum KeyFailure: Error {
        case refused(TokenRefusal)
        /// Newer keys could say otherwise.
        case outdated(TokenRefusal)
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
        do {
            let key = try Self.key(
                for: candidate.token, candidate.algorithm, among: candidate.source.keys)
            try Self.checkSignature(of: candidate.token, candidate.algorithm, by: key)
        } catch {
            switch error {
            case .refused(let refusal): return .refused(refusal)
            case .outdated(let refusal):
                return .lacksKey(refusal, issuer: candidate.source.issuer.issuer)
            }
        }
        let claims = candidate.claims
        return .verified(
            VerifiedToken(
                principal: claims.principal, expires: claims.expires, issued: claims.issued,
                confirmation: claims.confirmation))
    }

    private func read(_ bytes: [UInt8], now: Int64) throws(TokenRefusal) -> Candidate {
        let token = try CompactToken(bytes, limit: tokenLimit)
        let source = try source(of: token)
        let algorithm = try Self.algorithm(of: token, source.issuer)
        try Self.checkType(of: token, source.issuer)
        try Self.checkLength(of: token, algorithm)
        let claims = try TokenClaims(
            ClaimChecks(token.claims, issuer: source.issuer, leeway: leeway, now: now))
        return Candidate(token: token, source: source, algorithm: algorithm, claims: claims)
    }

    // MARK: Checks, in their order

    func source(of token: CompactToken) throws(TokenRefusal) -> Source {
        guard case .string(let name) = token.claims["iss"],
            let source = sources.first(where: { $0.issuer.issuer.utf8.elementsEqual(name.utf8) })
        else { throw .unknownIssuer }
        return source
    }

    static func algorithm(of token: CompactToken, _ issuer: Issuer) throws(TokenRefusal) -> Algorithm {
        guard let algorithm = token.header.algorithm(among: issuer.algorithms) else { throw .algorithm }
        return algorithm
    }

    static func checkType(of token: CompactToken, _ issuer: Issuer) throws(TokenRefusal) {
        guard token.header.typeAccepted(by: issuer.types) else { throw .type }
    }

    /// Whether the signature can be whole, as far as that is known without the key.
    static func checkLength(of token: CompactToken, _ algorithm: Algorithm) throws(TokenRefusal) {
        guard token.signature.count >= algorithm.shortestSignature else {
            throw .truncated(bytes: token.length, .signature)
        }
    }

    /// The one key that the token names, or that alone fits.
    static func key(
        for token: CompactToken, _ algorithm: Algorithm, among keys: KeySet?
    ) throws(KeyFailure) -> VerificationKey {
        guard let keys else { throw .outdated(.keysUnavailable) }
        switch keys.choose(algorithm: algorithm, keyID: token.header.keyID) {
        case .unknown: throw .outdated(.unknownKey)
        case .unfit: throw .refused(.keyUnfit)
        case .ambiguous: throw .refused(.keyAmbiguous)
        case .key(let key): return key
        }
    }

    static func checkSignature(
        of token: CompactToken, _ algorithm: Algorithm, by key: VerificationKey
    ) throws(KeyFailure) {
        guard token.signature.count >= key.signatureLength else {
            throw .refused(.truncated(bytes: token.length, .signature))
        }
        guard key.isValid(signature: token.signature, of: token.signingInput, algorithm: algorithm) else {
            // Where the token names no key, a new one cannot be told from a forgery.
            throw token.header.keyID == nil ? .outdated(.signature) : .refused(.signature)
        }
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
