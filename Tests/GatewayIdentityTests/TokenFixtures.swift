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
        var tokenID: String?

        var testDescription: String { name }
    }

    var now: Int64
    var leeway: Int64
    var issuers: [String: Provider]
    var cases: [Case]

    /// A service whose issuers answer with the fixtures' keys, all fetched.
    static func service(_ names: [String]) async throws -> IdentityService {
        let fixtures = TokenFixtures.all
        var documents: [String: [UInt8]] = [:]
        var issuers: [Issuer] = []
        for name in names {
            let issuer = try fixtures.issuer(name)
            issuers.append(issuer)
            documents[issuer.issuer] = try fixtures.keySet(of: name)
        }
        let known = documents
        let service = IdentityService(
            issuers: issuers, leeway: .seconds(fixtures.leeway), tokenLimit: 16384, logger: silent,
            fetch: { issuer in known[issuer.issuer].map { .success($0) } ?? .failure(.deadline) },
            uptime: { .zero })
        for issuer in issuers { _ = await service.fetchedKeys(of: issuer.issuer) }
        return service
    }

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
        var issuer = try Issuer.configured(provider.issuer, keys: .discovery)
        issuer.audience = provider.audience
        issuer.algorithms = try provider.algorithms.map { try #require(Algorithm(rawValue: $0)) }
        issuer.types = provider.types
        issuer.claims = provider.claims
        return issuer
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
    /// An issuer as a configuration gives it, with another name and source of keys.
    static func configured(_ name: String, keys: Issuer.Keys, ca: String? = nil) throws -> Issuer {
        var issuer = try template.get()
        issuer.issuer = name
        issuer.keys = keys
        issuer.ca = ca
        return issuer
    }

    private static let template = Result<Issuer, any Error> {
        let text = """
            region: eu-west-1
            listen: [{ unix: run/.s.PGSQL.6432 }]
            issuers:
              - issuer: https://id.example.com
                audience: [domicile]
                algorithms: [RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, EdDSA]
                keys_max_age: 24h
                keys_refresh: 1h
            regions: { eu-west-1: { jurisdiction: EU, audit: audit } }
            databases:
              orders:
                replicas:
                  - { name: a, region: eu-west-1, kind: primary, host: 127.0.0.1, port: 5432, dbname: orders }
                upstream: { sslmode: disable, roles: { analyst: { trust: true } } }
            health: { user: health }
            rules:
              - { name: all, who: { groups: [all] }, databases: [orders], regions: [EU], roles: [analyst],
                  access: read_only }
            """
        let reading = ConfigurationFile.read(
            Array(text.utf8), file: "/nowhere/domicile.yaml", environment: [:])
        guard case .valid(let configuration, _) = reading, let issuer = configuration.issuers.first else {
            throw ConfigurationRefused(findings: reading.findings.map(\.message))
        }
        return issuer
    }

    struct ConfigurationRefused: Error { var findings: [String] }
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
