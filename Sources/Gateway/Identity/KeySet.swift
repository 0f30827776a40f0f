import Crypto
import GatewayConfiguration
import GatewayPolicy

/// An issuer's keys at one moment (JWKS, RFC 7517 section 5), immutable.
package struct KeySet: Sendable {
    package enum Mistake: Error, Hashable, Sendable {
        case json(JSONMistake)
        /// No object with an array `keys`.
        case form
        /// Not one key in it that we could use.
        case empty
    }

    enum Choice: Sendable {
        case key(VerificationKey)
        /// No key of that name, or without a name none for the algorithm: a newer set may have it.
        case unknown
        /// The named key is not for the algorithm.
        case unfit
        case ambiguous
    }

    /// Entries looked at: what 256 KiB could hold would make a slow search of each login.
    static let entryLimit = 200

    /// How many keys can be used.
    package var count: Int { keys.count }
    let keys: [VerificationKey]
    /// Entries that were not understood, not for signatures, or not sound.
    package let skipped: Int
    /// Of the document: two sets that differ in it may hold other keys.
    let fingerprint: SHA256.Digest

    /// Reads a JWKS. What is not understood is skipped (RFC 7517 section 5): one bad key must not take the
    /// issuer down.
    package init(json: [UInt8]) throws(Mistake) {
        let document: ClaimValue
        do {
            document = try StrictJSON.parse(json)
        } catch {
            throw .json(error)
        }
        guard case .object(let members) = document, case .array(let entries) = members["keys"] else {
            throw .form
        }
        var found: [VerificationKey] = []
        for entry in entries.prefix(Self.entryLimit) {
            guard let key = VerificationKey(entry) else { continue }
            let known = found.contains {
                $0.keyID == key.keyID && $0.algorithm == key.algorithm && $0.isSameKey(as: key)
            }
            if !known { found.append(key) }
        }
        guard !found.isEmpty else { throw .empty }
        keys = found
        skipped = entries.count - found.count
        fingerprint = SHA256.hash(data: json)
    }

    /// The one key for a header's `kid` and `alg`. An unknown name never falls back to another key.
    func choose(algorithm: Algorithm, keyID: [UInt8]?) -> Choice {
        let named = keyID.map { wanted in keys.filter { $0.keyID == wanted } } ?? keys
        guard !named.isEmpty else { return .unknown }
        let fitting = named.filter { $0.fits(algorithm) }
        guard let key = fitting.first else { return keyID == nil ? .unknown : .unfit }
        return fitting.count == 1 ? .key(key) : .ambiguous
    }
}

extension KeySet.Mistake {
    /// A clause that is safe to print.
    package var description: String {
        switch self {
        case .json(let mistake): "the key set's JSON \(mistake.description)"
        case .form: "the key set is not an object with an array of keys"
        case .empty: "the key set holds no usable key"
        }
    }
}
