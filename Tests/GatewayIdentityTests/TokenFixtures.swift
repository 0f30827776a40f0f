import Foundation
import GatewayConfiguration
import GatewayIdentity
import Logging
import Testing

/// Tokens that `Fixtures/generate.py` had signed and judged by other implementations.
struct TokenFixtures: Decodable, Sendable {
    struct Provider: Decodable, Sendable {
        var issuer: String
        var audience: [String]
        var algorithms: [String]
        var claims: [String: [String]]
        var types: [String]?
        var jwks: JSON?
    }

    struct Case: Decodable, Sendable, CustomTestStringConvertible {
        var name: String
        var token: String
        var expect: String
        var covers: [String]
        var issuers: [String]
        var subject: String?
        var expires: Int64?
        var truncation: Bool?
        var planner: String?
        var task: String?
        var token_id: String?

        var testDescription: String { name }
    }

    var now: Int64
    var leeway: Int64
    var issuers: [String: Provider]
    var cases: [Case]

    static let all: TokenFixtures = {
        do {
            let url = try #require(
                Bundle.module.url(forResource: "tokens", withExtension: "json", subdirectory: "Fixtures"))
            return try JSONDecoder().decode(TokenFixtures.self, from: Data(contentsOf: url))
        } catch {
            preconditionFailure("tokens.json cannot be read: \(error)")
        }
    }()

    func issuer(_ name: String) throws -> Issuer {
        let provider = try #require(issuers[name])
        return Issuer(
            issuer: provider.issuer, audience: provider.audience,
            algorithms: try provider.algorithms.map { try #require(Algorithm(rawValue: $0)) },
            keys: .discovery, types: provider.types, claims: provider.claims)
    }

    /// The JWKS of an issuer as JSON, nil where it is never reachable.
    func keySet(of name: String) throws -> [UInt8]? {
        guard let jwks = try #require(issuers[name]).jwks else { return nil }
        return try Array(JSONEncoder().encode(jwks))
    }

    func token(_ name: String) throws -> [UInt8] {
        Array(try #require(cases.first { $0.name == name }).token.utf8)
    }
}

extension Issuer {
    init(
        issuer: String, audience: [String] = ["domicile"], algorithms: [Algorithm] = Algorithm.allCases,
        keys: Issuer.Keys, ca: String? = nil, types: [String]? = nil,
        claims: [String: [String]] = ["subject": ["sub"]]
    ) {
        self.init(
            issuer: issuer, audience: audience, algorithms: algorithms, keys: keys, ca: ca, types: types,
            claims: claims, keysMaxAge: .seconds(86400), keysRefresh: .seconds(3600))
    }
}

extension IdentityService {
    /// The outcome of `fetchKeys`.
    func fetchedKeys(of issuer: String) async -> KeysOutcome {
        await withCheckedContinuation { continuation in
            fetchKeys(issuer: issuer) { continuation.resume(returning: $0) }
        }
    }

    /// What a session does: verify, fetch where keys are needed, verify again.
    func login(_ token: [UInt8], now: Int64) async -> Verification {
        let first = verify(token, now: now)
        guard case .needsKeys(let issuer) = first else { return first }
        _ = await fetchedKeys(of: issuer)
        return verify(token, now: now, afterFetch: true)
    }
}

extension Verification {
    var refusal: TokenRefusal? {
        if case .refused(let refusal) = self { refusal } else { nil }
    }

    var token: VerifiedToken? {
        if case .verified(let token) = self { token } else { nil }
    }
}

let silent = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })

/// Any JSON value, to be written out again.
indirect enum JSON: Codable, Sendable {
    case string(String)
    case integer(Int)
    case array([JSON])
    case object([String: JSON])

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let value = try? container.decode(String.self) {
            self = .string(value)
        } else if let value = try? container.decode(Int.self) {
            self = .integer(value)
        } else if let value = try? container.decode([JSON].self) {
            self = .array(value)
        } else {
            self = .object(try container.decode([String: JSON].self))
        }
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .string(let value): try container.encode(value)
        case .integer(let value): try container.encode(value)
        case .array(let value): try container.encode(value)
        case .object(let value): try container.encode(value)
        }
    }
}
