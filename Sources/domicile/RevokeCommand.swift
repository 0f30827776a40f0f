import Admin
import ArgumentParser
import Audit
import Foundation

/// `domicile revoke`: cuts off a subject, a token or an issuer; shows whom, and lifts that again.
struct RevokeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "revoke",
        abstract: "Revoke a subject's tokens, one token, or an issuer's tokens at a running gateway.",
        discussion: """
            Live sessions of exactly those tokens end with 57P01, and logins with them are refused (28000) from now on, \
            after a restart, too: the revocation is on disk when the command returns. A subject's and an issuer's \
            revocation is of the tokens issued until now; one issued later is accepted, so have the issuer stop issuing \
            first. With several issuers --subject and --token-id need --issuer beside them. --list shows the \
            revocations in force; --lift takes back the one of exactly that name, for good when the command returns.
            """)

    @Option(name: .long, help: ArgumentHelp("Every token of this subject.", valueName: "subject"))
    var subject: String?

    @Option(name: .long, help: ArgumentHelp("The token of this id (jti).", valueName: "jti"))
    var tokenId: String?

    @Option(
        name: .long,
        help: ArgumentHelp(
            "Every token of this issuer; beside the others: whose they are.", valueName: "issuer"))
    var issuer: String?

    @Flag(name: .long, help: "Show the revocations in force.")
    var list = false

    @Flag(name: .long, help: "Lift the revocation instead.")
    var lift = false

    @Option(name: .long, help: ArgumentHelp("Why, for the record.", valueName: "text"))
    var reason: String?

    @OptionGroup var gateway: AdminCallOptions

    func validate() throws {
        guard !list else {
            guard subject == nil, tokenId == nil, issuer == nil, reason == nil, !lift else {
                throw ValidationError("Expected nothing about a revocation beside '--list'")
            }
            return
        }
        guard subject == nil || tokenId == nil else {
            throw ValidationError("Expected one of '--subject <subject>' and '--token-id <jti>'")
        }
        guard subject != nil || tokenId != nil || issuer != nil else {
            throw ValidationError("Expected '--subject <subject>', '--token-id <jti>' or '--issuer <issuer>'")
        }
    }

    func run() async throws {
        let call = try gateway.call
        if list { return try show(await call.send("GET", "revocations")) }
        let data = try await call.send(
            "POST", lift ? "lift" : "revoke",
            ["subject": subject, "token_id": tokenId, "issuer": issuer, "reason": reason])
        if lift {
            for lifted in try gateway.report(RevocationsReport.self, data)?.revocations ?? [] {
                print(
                    "lifted the revocation of \(RevokeCommand.name(lifted.subject, lifted.tokenId, lifted.issuer))"
                )
            }
            return
        }
        guard let report = try gateway.report(RevocationReport.self, data) else { return }
        let what = RevokeCommand.name(report.subject, report.tokenId, report.issuer)
        print("revoked \(what); ended sessions: \(report.ended.count)")
        for session in report.ended { print(session) }
        if !report.complete {
            StandardError.print(
                "domicile: a part of the gateway did not answer; its sessions end as soon as it does")
        }
    }

    private static func name(_ subject: String?, _ tokenID: String?, _ issuer: String) -> String {
        let what = subject.map { "subject \($0) of " } ?? tokenID.map { "token \($0) of " } ?? "issuer "
        return VisibleText.of(what + issuer)
    }

    private func show(_ data: Data) throws {
        guard let report = try gateway.report(RevocationsReport.self, data) else { return }
        var rows = [["WHAT", "NAME", "ISSUER", "SINCE", "UNTIL"]]
        for revocation in report.revocations {
            let what = revocation.subject.map { ("subject", $0) } ?? revocation.tokenId.map { ("token", $0) }
            rows.append([
                what?.0 ?? "issuer", what?.1 ?? "-", revocation.issuer,
                TimeText.date(revocation.time) ?? "-", revocation.expires.flatMap(TimeText.date) ?? "-",
            ])
        }
        for line in Columns.lines(rows) { print(line) }
    }
}
