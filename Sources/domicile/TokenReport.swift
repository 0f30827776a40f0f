import Audit
import Foundation
import Gateway
import GatewayConfiguration
import GatewayExplanation
import GatewayIdentity
import GatewayPolicy

/// What `token` shows, as text and as JSON. Of the signature nothing is in it.
struct TokenReport: Encodable {
    struct Check: Encodable {
        var check: String
        var outcome: TokenExamination.Step.Outcome
        var detail: String?
    }

    struct Cut: Encodable {
        var bytes: Int
        var place: String
    }

    /// Claims of a token that are shown as text, and characters of one.
    private static let shownClaims = 100
    private static let shownCharacters = 240

    var file: String
    var bytes: Int
    var header: [String: ClaimJSON]?
    var claims: [String: ClaimJSON]?
    /// Why it is no token; nil where it has the form of one.
    var mistake: String?
    /// Where a token of this length is cut on its way.
    var cutBy: [Cut]
    /// The rest is there where a configuration was asked.
    var config: String?
    var checks: [Check]?
    var accepted: Bool?
    var refusal: ExecutorError?
    /// `exp`, Unix seconds, and how long that is from now.
    var expires: Int64?
    var secondsLeft: Int64?

    init(file: String, token: [UInt8], now: Int64) {
        let contents = TokenContents(token, limit: TokenFile.limit)
        self.file = file
        bytes = token.count
        header = contents.header.map { $0.mapValues(ClaimJSON.init) }
        claims = contents.claims.map { $0.mapValues(ClaimJSON.init) }
        mistake = contents.mistake?.detail
        cutBy = TokenLength.hurting(token.count).map { Cut(bytes: $0.bytes, place: $0.place) }
    }

    mutating func add(_ verdict: TokenExamination.Verdict, of configuration: Configuration, now: Int64) {
        config = configuration.file
        checks = verdict.steps.map { Check(check: $0.check, outcome: $0.outcome, detail: $0.detail) }
        refusal = verdict.refusal.map { ExecutorError($0) }
        accepted = refusal == nil
        expires = verdict.expires
        secondsLeft = verdict.expires.map { $0 - now }
    }

    /// - Parameter now: Unix seconds.
    func lines(now: Int64) -> [String] {
        let source = file == "-" ? "standard input" : VisibleText.of(file)
        var lines = ["token     \(bytes) bytes from \(source)"]
        lines += TokenReport.lines("header", header, now: now)
        lines += TokenReport.lines("claims", claims, now: now)
        if let checks {
            let width = checks.map(\.check.count).max() ?? 0
            for check in checks {
                let mark = TokenReport.mark(check.outcome)
                let name = check.detail == nil ? check.check : TokenReport.padded(check.check, width)
                lines.append("check     \(mark) \(name)\(check.detail.map { "  \($0)" } ?? "")")
            }
        } else if let mistake {
            lines.append("form      \(mistake)")
        }
        for cut in cutBy {
            lines.append("length    longer than \(cut.bytes) bytes, which cuts it in \(cut.place)")
        }
        if let refusal {
            lines += refusal.lines()
        } else if accepted == true {
            lines.append("decision  a gateway with this configuration takes it")
        }
        return lines
    }

    private static func mark(_ outcome: TokenExamination.Step.Outcome) -> String {
        switch outcome {
        case .passed: "yes"
        case .refused: "no "
        case .skipped: "-  "
        }
    }

    private static func lines(_ title: String, _ members: [String: ClaimJSON]?, now: Int64) -> [String] {
        guard let members else { return [padded(title, 8) + "  cannot be read"] }
        let order = ["alg", "typ", "kid", "iss", "sub", "aud", "exp", "nbf", "iat", "jti"]
        let names = members.keys.sorted { one, other in
            let (first, second) = (order.firstIndex(of: one), order.firstIndex(of: other))
            switch (first, second) {
            case (let first?, let second?): return first < second
            case (_?, nil): return true
            case (nil, _?): return false
            case (nil, nil): return one < other
            }
        }
        let shown = names.prefix(shownClaims)
        let width = shown.map { name(of: $0).count }.max() ?? 0
        var lines = shown.enumerated().map { index, key in
            let value = members[key].map { text(of: $0, named: key, now: now) } ?? ""
            return padded(index == 0 ? title : "", 8) + "  " + padded(name(of: key), width) + "  " + value
        }
        if members.isEmpty { lines.append(padded(title, 8) + "  none") }
        if names.count > shown.count {
            lines.append(padded("", 10) + "and \(names.count - shown.count) more: see --json")
        }
        return lines
    }

    private static func name(of claim: String) -> String { bounded(VisibleText.of(claim), 40) }

    private static func text(of claim: ClaimJSON, named name: String, now: Int64) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let json = try? encoder.encode(claim) else { return "cannot be shown" }
        let text = bounded(VisibleText.ofJSON([UInt8](json)), shownCharacters)
        guard ["exp", "nbf", "iat"].contains(name), case .integer(let seconds) = claim.value,
            let date = TimeText.date(seconds)
        else { return text }
        let distance =
            seconds >= now ? "in \(TimeText.span(seconds - now))" : "\(TimeText.span(now - seconds)) ago"
        return "\(text)  \(date), \(distance)"
    }

    private static func bounded(_ text: String, _ limit: Int) -> String {
        text.count > limit ? text.prefix(limit) + "…" : text
    }

    private static func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }

    /// JSON of several lines as a terminal may be given it.
    static func visible(_ json: String) -> String {
        json.split(separator: "\n", omittingEmptySubsequences: false).map {
            VisibleText.ofJSON(Array($0.utf8))
        }.joined(separator: "\n")
    }
}
