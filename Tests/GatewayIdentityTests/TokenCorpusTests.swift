import Foundation
import GatewayIdentity
import Testing

/// The corpus of tokens describes cases in words; the fixtures hold a token for each. Where
/// `DOMICILE_TOKEN_CORPUS` names its folder, its own list and its own verdicts are what is compared with.
@Suite struct TokenCorpusTests {
    private struct Line: Decodable {
        var name: String
        var expect: String
    }

    static let folder = ProcessInfo.processInfo.environment["DOMICILE_TOKEN_CORPUS"]

    @Test(
        "Each case of the corpus has a token here, and the verifier's verdict is the corpus's",
        .enabled(if: folder != nil, "NEEDS DOMICILE_TOKEN_CORPUS, the folder that holds cases.jsonl"))
    func corpus() async throws {
        let path = try #require(Self.folder) + "/cases.jsonl"
        let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").map {
            try JSONDecoder().decode(Line.self, from: Data($0.utf8))
        }
        #expect(lines.count >= 25)
        let fixtures = TokenFixtures.all
        for line in lines {
            let own = fixtures.cases.filter {
                $0.covers.contains("corpus") && ($0.name == line.name || $0.name.hasPrefix(line.name + " "))
            }
            #expect(!own.isEmpty, "no token for \(line.name)")
            for fixture in own {
                let verdict = try await verdict(fixture)
                #expect(verdict == line.expect, "\(fixture.name)")
            }
        }
    }

    /// `accept`, or the SQLSTATE of the refusal (interface: 28P01, or 08006 where the fault is the provider's).
    private func verdict(_ fixture: TokenFixtures.Case) async throws -> String {
        let fixtures = TokenFixtures.all
        var documents: [String: [UInt8]] = [:]
        for name in fixture.issuers {
            documents[try fixtures.issuer(name).issuer] = try fixtures.keySet(of: name)
        }
        let known = documents
        let service = IdentityService(
            issuers: try fixture.issuers.map { try fixtures.issuer($0) }, leeway: .seconds(fixtures.leeway),
            tokenLimit: 16384, logger: silent,
            fetch: { issuer in known[issuer.issuer].map { .success($0) } ?? .failure(.deadline) },
            uptime: { .zero })
        switch await service.login(Array(fixture.token.utf8), now: fixtures.now) {
        case .verified: return "accept"
        case .refused(let refusal): return refusal.isProviderUnavailable ? "08006" : "28P01"
        case .needsKeys: return "no verdict"
        }
    }
}
